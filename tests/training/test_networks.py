"""The learning rate and the precision."""

import numpy as np
import pytest

from training import networks
from training.networks import FINAL_RATE, LEARNING_RATE, WARM_UP, half_precision_is_faster, learning_rate


def test_learning_rate_rises_and_falls():
    assert learning_rate(0, 0) == pytest.approx(LEARNING_RATE / WARM_UP)
    assert learning_rate(10, 0.05) > 0.9 * LEARNING_RATE  # a short run
    assert learning_rate(WARM_UP, 0) == pytest.approx(LEARNING_RATE)
    late = [learning_rate(10**6, part) for part in np.linspace(0, 1, 20)]
    assert late == sorted(late, reverse=True)
    assert learning_rate(10**6, 1.2) == pytest.approx(LEARNING_RATE * FINAL_RATE)


@pytest.mark.parametrize(
    ("single", "half", "faster"), [(0.1, 0.05, True), (0.1, 0.4, False), (0.1, 0.1, False), (0.1, 0.095, False)]
)
def test_half_precision_must_be_clearly_faster(single, half, faster):
    seconds = {"float32": single, "mixed_bfloat16": half}
    assert half_precision_is_faster(seconds.__getitem__) is faster


class FakeKeras:
    """Knows a device, and remembers the precision that is set."""

    def __init__(self, device: str) -> None:
        self.ops = self.mixed_precision = self
        self.device = device
        self.policy = "float32"

    def zeros(self, _shape):
        return self

    def set_global_policy(self, policy: str) -> None:
        self.policy = policy


DEVICES = {
    "TensorFlow": ("/job:localhost/replica:0/task:0/device:CPU:0", "/job:localhost/replica:0/task:0/device:GPU:0"),
    "JAX": ("TFRT_CPU_0", "cuda:0"),
    "PyTorch": ("cpu", "cuda:0"),
}


@pytest.mark.parametrize(("cpu", "accelerator"), DEVICES.values(), ids=DEVICES.keys())
def test_a_processor_is_measured_and_an_accelerator_is_not(monkeypatch, cpu, accelerator):
    seconds = {"float32": 2.0}

    def time_step(keras, dtype):
        assert keras.device == cpu
        return seconds[dtype]

    monkeypatch.setattr(networks, "time_step", time_step)
    for seconds["mixed_bfloat16"], policy in ((1.0, "mixed_bfloat16"), (28.0, "float32")):
        keras = FakeKeras(cpu)
        networks.choose_precision(keras)
        assert keras.policy == policy
    keras = FakeKeras(accelerator)
    networks.choose_precision(keras)
    assert keras.policy == "mixed_bfloat16"

"""The learning rate, the precision, and the weights to start from."""

import numpy as np
import pytest

import model
from common import UserError
from network.weights import save_weights
from training import networks
from training.networks import FINAL_RATE, LEARNING_RATE, WARM_UP, half_precision_is_faster, learning_rate, load_start


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


def test_a_run_that_goes_on_keeps_its_precision():
    """Whatever is faster now: another precision has other losses."""
    for precision in networks.PRECISIONS:
        for device in ("cpu", "cuda:0"):
            keras = FakeKeras(device)
            assert networks.choose_precision(keras, precision) == precision
            assert keras.policy == precision


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """The weights of the network, at random."""
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in model.weight_shapes().items()}


def test_weights_to_start_from_are_read_whole(tmp_path, arrays, capsys):
    save_weights(tmp_path / "w.npz", arrays)
    assert load_start(tmp_path / "w.npz").keys() == arrays.keys()
    assert not capsys.readouterr().out


def test_a_head_that_is_new_or_has_changed_starts_from_nothing(tmp_path, arrays, capsys):
    kept = {name: array for name, array in arrays.items() if name != "reader/characters/kernel"}
    kept["reader/presence/kernel"] = kept["reader/presence/kernel"][..., :1, :]
    kept["reader/spelling/kernel"] = np.ones((1, 1, 2, 2))  # a head that the network has no more
    save_weights(tmp_path / "w.npz", kept)
    found = load_start(tmp_path / "w.npz")
    assert arrays.keys() - found.keys() == {
        f"reader/{head}/{part}" for head in ("characters", "presence") for part in ("kernel", "bias")
    }
    assert found.keys() <= arrays.keys()
    said = capsys.readouterr().out
    assert said == f"{tmp_path}/w.npz lacks reader/characters, reader/presence, which start from nothing\n"


def test_weights_of_another_network_are_refused(tmp_path, arrays):
    save_weights(tmp_path / "w.npz", {f"other/{name}": array for name, array in arrays.items()})
    with pytest.raises(UserError, match="does not fit this network"):
        load_start(tmp_path / "w.npz")

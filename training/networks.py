"""The finder and the reader as models to train: optimisers, learning rate, precision, the weights they start from."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import model
from common import WINDOW_SHAPE, UserError
from network.keras_net import standardised_convolution
from network.weights import read_weights
from training.losses import get_learning_models
from training.machines import Machine
from training.minibatches import MODELS
from training.report import say

LEARNING_RATE = 1e-3  # at its peak; usual for AdamW; not tuned
FINAL_RATE = 0.01  # of the peak, at the end of the cosine; not tuned
WARM_UP = 1000  # steps, of both networks, over which the rate rises to its peak while Adam's variances settle
WARM_UP_SHARE = 0.05  # of the run: the rise takes no longer, however short the run is
WEIGHT_DECAY = 0.02  # AdamW's, of kernels alone; not tuned
CLIP_NORM = 2.0  # longest gradient of a step, so that a few wild windows do not move everything

TRIAL_WINDOWS = 4  # in a measured step: mostly convolutions, and still under a second in emulated bfloat16
TRIAL_STEPS = 5  # timed steps; the fastest one counts
PRECISIONS = ("float32", "mixed_bfloat16")
HALF_PRECISION_GAIN = 1.1  # bfloat16 is taken when it is this many times as fast: a clear gain, not noise


def make_networks(keras, machine: Machine) -> dict:
    """The two models by name, each compiled with its own optimiser, in the order of MODELS."""
    with machine.scope():
        networks = dict(zip(MODELS, get_learning_models(machine.replicas), strict=True))
        for network in networks.values():
            clip = CLIP_NORM / machine.replicas  # each replica's part of the gradient is clipped before they are added
            optimizer = keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY, global_clipnorm=clip)
            optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
            network.compile(optimizer)
            optimizer.build(network.trainable_variables)
            if machine.strategy:
                network.train_function = machine.make_train_function(network)
    return networks


def load_start(path: Path) -> dict[str, np.ndarray]:
    """The weights of the file `path` to start from, by name. A head that is new since they were trained is left out.

    Raises UserError when the file is missing or damaged, or is of another network altogether.
    """
    shapes = model.weight_shapes()
    arrays = read_weights(path, shapes, partly=True).arrays
    layers = {name.rpartition("/")[0] for name in shapes}
    new = sorted(layer for layer in layers if not {f"{layer}/kernel", f"{layer}/bias"} <= arrays.keys())
    if len(new) > len(layers) / 2:
        raise UserError(f"{path}: does not fit this network, which has {len(new)} other layers; start from nothing")
    if new:
        say(f"{path} lacks {', '.join(new)}, which start from nothing")
    return {name: array for name, array in arrays.items() if name.rpartition("/")[0] not in new}


def make_step(keras, network) -> Callable:
    """A function of a minibatch (x, y) that trains `network` by one step and returns the loss, a scalar.

    With TensorFlow the loss stays on the device, so that nobody waits for the step's end before the loss is looked
    at. Keras's `train_on_batch` waits.
    """
    if keras.backend.backend() != "tensorflow":
        return network.train_on_batch
    network.make_train_function()

    def step(x, y):
        network.reset_metrics()  # or the loss would be the mean since the first step
        return network.train_function(iter([(x, y)]))["loss"]

    return step


def learning_rate(steps: int, fraction: float) -> float:
    """The rate after `steps` steps and at `fraction` (0..1) of the run: a linear rise, then a cosine."""
    rise = min(1, max((steps + 1) / WARM_UP, fraction / WARM_UP_SHARE))
    cosine = FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * min(fraction, 1))) / 2
    return LEARNING_RATE * rise * cosine


def choose_precision(keras, wanted: str = "") -> str:
    """Let networks that are made from now on compute in bfloat16 where that is faster than float32.

    An accelerator gets bfloat16. A processor is measured, because the names of its instructions do not tell how well
    the backend uses them. Variables stay float32. A precision that is `wanted` is not measured: the user's, or that of
    a run that goes on, because another one has other losses. Returns the precision.
    """
    on_cpu = "cpu" in str(keras.ops.zeros(1).device).lower()
    single, half = PRECISIONS
    precision = wanted
    if not precision:
        precision = half if not on_cpu or half_precision_is_faster(lambda dtype: time_step(keras, dtype)) else single
    keras.mixed_precision.set_global_policy(precision)
    return precision


def half_precision_is_faster(seconds: Callable[[str], float]) -> bool:
    """Whether a step in bfloat16 takes clearly less time; `seconds` gives the time of a step under a dtype policy."""
    single, half = map(seconds, PRECISIONS)
    return single > HALF_PRECISION_GAIN * half


def time_step(keras, dtype: str) -> float:
    """Seconds that a training step takes a stack of convolutions like the reader's, under the policy `dtype`.

    They are the processors' seconds. The clock's would be longer where other programs run, and the choice be chance.
    """
    conv = standardised_convolution()
    window = keras.Input((*WINDOW_SHAPE, 3))
    x = window
    for filters, size, strides in ((48, 5, (2, 2)), (64, 3, (2, 1)), (128, 3, (2, 2)), (192, 3, (2, 1))):
        x = keras.ops.relu(conv(filters, (size, size), strides, "same", 1.0, dtype=dtype)(x))
    network = keras.Model(window, keras.ops.mean(keras.ops.cast(x, "float32"), axis=(1, 2, 3)))
    network.compile(keras.optimizers.SGD(0.0), loss="mean_squared_error", jit_compile=False)
    images = keras.ops.zeros((TRIAL_WINDOWS, *WINDOW_SHAPE, 3))
    truth = keras.ops.zeros((TRIAL_WINDOWS,))
    network.train_on_batch(images, truth)  # the first step makes the graph
    times = []
    for _ in range(TRIAL_STEPS):
        started = time.process_time()
        network.train_on_batch(images, truth)  # returns when the step is over
        times.append(time.process_time() - started)
    return min(times)

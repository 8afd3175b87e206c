"""The machines and devices that train together."""

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Sequence

import numpy as np

from common import UserError


def import_keras():
    """Import Keras and its backend, and keep their messages off stderr. TensorFlow is the backend by default.

    The import is in a function because it takes seconds. Worker processes and --help do without Keras.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow uses oneDNN's kernels on some processors only; they were 1.23 times as fast on one where it does not
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # TensorFlow's C++ writes there before it knows its log level
    try:
        import keras
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
    return keras


def make_strategy(keras, machines: int):
    """TensorFlow's strategy, which averages gradients over several machines or GPUs; None for a single device.

    Raises UserError when another backend is to train on several machines.
    """
    if keras.backend.backend() != "tensorflow":
        if machines > 1:
            raise UserError("TF_CONFIG: only TensorFlow trains on several machines; leave out KERAS_BACKEND")
        return None
    import tensorflow as tf

    if machines > 1:
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.MirroredStrategy() if len(tf.config.list_physical_devices("GPU")) > 1 else None


@dataclasses.dataclass(frozen=True)
class Machine:
    """This machine, one of those that train together."""

    number: int = 0  # from 0; machine 0 tests and writes
    count: int = 1  # machines that train together
    strategy: object = None  # of `make_strategy`

    @property
    def is_first(self) -> bool:
        """Whether this machine tests, writes and speaks for all."""
        return self.number == 0

    @property
    def replicas(self) -> int:
        """How many devices all machines have."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    @property
    def devices(self) -> int:
        """How many devices this machine has."""
        return self.replicas // self.count

    def scope(self) -> contextlib.AbstractContextManager:
        """The context in which networks must be made and compiled."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def share_out(self, arrays):
        """Nested `arrays` as tensors. Each device of this machine gets an equal part of the first axis."""
        import keras

        devices = self.devices

        def part(context=None):
            place = context.replica_id_in_sync_group % devices if context else 0
            return keras.tree.map_structure(lambda a: keras.ops.convert_to_tensor(np.split(a, devices)[place]), arrays)

        return self.strategy.experimental_distribute_values_from_function(part) if self.strategy else part()

    def gather(self, row: Sequence[float]) -> np.ndarray:
        """The rows of all machines, (machines, N), where `row` (N,) is this machine's. Waits for the others."""
        if self.count == 1:
            return np.array([row], float)
        rows = np.zeros((self.replicas, len(row)))
        rows[self.number] = row
        return self.strategy.reduce("SUM", self.share_out(rows), axis=None).numpy()

    def make_train_function(self, network):
        """The function by which `network` trains a step on all replicas, each on its own windows. Needs a strategy.

        Keras's own function gives every GPU the same windows. On several machines it fails, because it cannot average
        their losses.
        """
        import tensorflow as tf

        @tf.function(autograph=False)
        def step(x, y):
            losses = self.strategy.run(network.train_step, [(x, y)])["loss"]
            return {"loss": self.strategy.reduce("MEAN", losses, axis=None)}

        return lambda batches: step(*next(batches)[:2])


def find_machine() -> Machine:
    """This machine by TF_CONFIG, without its strategy. Raises UserError when TF_CONFIG is wrong."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        return Machine()
    try:
        config = json.loads(text)
        count = len(config["cluster"]["worker"])
        number = config["task"]["index"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError('TF_CONFIG: does not give the "worker"s and the "index" of this one; see README.md') from None
    if type(number) is not int or not 0 <= number < count:
        raise UserError(f'TF_CONFIG: "index" is {number!r}, not one of 0 to {count - 1}; see README.md')
    return Machine(number, count)

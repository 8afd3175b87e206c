"""What the tests of training share: train.py as a process, small runs, and networks that need no Keras."""

import csv
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
from window_batches import make_batch

from synthesis.storage import write_windows
from synthesis.windows import Settings, Synthesizer
from training.checkpoint import Checkpoint, load_checkpoint

ROOT = Path(__file__).parent.parent
SMALL = ("--batches", "2", "--batch", "384", "--bgs", "none", "--formats", "in", "--out", "weights.npz")
SMALL += ("--precision", "float32")  # beside other tests a run may measure now one, now the other as the faster one
LONGEST = 3000  # seconds that a run may take, however busy the machine is, before it counts as hanging
MADE = ["checkpoint.npz", "test", "training.csv", "training.png", "weights.npz"]


def start_training(folder: Path, *options: str, **environment: str) -> subprocess.Popen:
    """Start train.py in `folder`, in a process group of its own, as a shell does."""
    command = [sys.executable, ROOT / "train.py", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, process_group=0, **pipes)


def run_training(folder: Path, *options: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of train.py in `folder`."""
    process = start_training(folder, *options, **environment)
    stdout, stderr = process.communicate(timeout=LONGEST)
    return process.returncode, stdout, stderr


def make_test_windows(folder: Path) -> None:
    """Make fewer test windows than train.py would, of the settings in SMALL."""
    (folder / "test").mkdir()
    settings = Settings("in", backgrounds="none")
    write_windows(folder / "test", 0, 100, [make_batch(0, 100, 0, settings)], Synthesizer(settings).describe(0))


def read_table(folder: Path) -> list[dict[str, str]]:
    """The rows of training.csv."""
    with (folder / "training.csv").open() as file:
        return list(csv.DictReader(file))


def read_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`."""
    return load_checkpoint(folder / "checkpoint.npz", folder / "weights.npz")


class FakeVariable:
    """An array as Keras's variables hold it."""

    def __init__(self, value) -> None:
        self.value = np.array(value, np.float32)

    shape = property(lambda self: self.value.shape)
    dtype = "float32"

    def assign(self, value) -> None:
        self.value = np.array(value, np.float32)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.value)


class FakeNetwork:
    """Has one weight, three equal numbers, an optimiser with a learning rate, and nothing else."""

    def __init__(self, value: float) -> None:
        self.weights = self.variables = [FakeVariable([value] * 3)]
        rate = FakeVariable(1.0)
        self.optimizer = types.SimpleNamespace(learning_rate=rate, variables=[rate])

    def get_weights(self) -> list[np.ndarray]:
        return [np.array(weight) for weight in self.weights]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        for weight, value in zip(self.weights, weights, strict=True):
            weight.assign(value)

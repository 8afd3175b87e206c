"""The checkpoint: the whole state of a run, from which it goes on exactly."""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from common import UserError, show, write_beside
from media.arrays import read_arrays
from training.evaluation import FIGURES
from training.minibatches import MODELS
from training.networks import PRECISIONS
from training.options import KEPT, is_count

CHECKPOINT_VERSION = 1
COLUMNS = (  # of training.csv, in their order
    *("batch", "windows", "hours", "windows_per_second"),
    *(f"{name}_loss" for name in MODELS),
    *FIGURES,
    "score",
)


@dataclasses.dataclass
class Progress:
    """How far a run has come. Its random numbers depend on --seed and these counts alone."""

    batch: int = 0  # batches gone through
    step: int = 0  # minibatches of the present batch gone through
    planned: int = 1  # minibatches of the present batch
    steps: int = 0  # minibatches of the whole run
    windows: int = 0  # windows trained on; one that is gone through twice counts twice
    seconds: float = 0.0  # training so far, synthesis and tests included
    rate: float = 1.0  # of the learning rate; less where the run started from weights
    setbacks: int = 0  # times that the run went back because a loss was not finite
    precision: str = ""  # of networks.PRECISIONS; a checkpoint of an earlier version does not tell
    losses: dict = dataclasses.field(default_factory=lambda: {name: [] for name in MODELS})  # of the present batch
    history: list = dataclasses.field(default_factory=list)  # a row of training.csv a batch


@dataclasses.dataclass
class Checkpoint:
    """What a checkpoint file holds."""

    path: Path
    options: dict  # some of TrainingOptions, by name
    progress: Progress
    arrays: dict[str, np.ndarray]  # of the networks, their optimisers and the averages


def get_state(networks: dict, averages: dict) -> dict[str, np.ndarray]:
    """All arrays that training changes, by name: what `restore` needs.

    `networks` and `averages` are model name -> model, averaged weights.
    """
    arrays = {}
    for name, network in networks.items():
        for part, variables in trained_variables(network).items():
            arrays |= {f"{name}/{part}/{i}": np.array(variable) for i, variable in enumerate(variables)}
        arrays |= {f"{name}/average/{i}": average for i, average in enumerate(averages[name])}
    return arrays


def trained_variables(network) -> dict[str, list]:
    """All variables that the training of `network` changes, in a fixed order."""
    return {"variables": network.variables, "optimizer": network.optimizer.variables}


def save_checkpoint(path: Path, options: dict, progress: Progress, arrays: dict[str, np.ndarray]) -> None:
    """Write the whole state of a run; `arrays` are those of `get_state`."""
    state = {"version": CHECKPOINT_VERSION, "options": options, **dataclasses.asdict(progress)}
    with write_beside(path) as temporary:
        np.savez(temporary, state=json.dumps(state), **arrays)


def load_checkpoint(path: Path, weights: Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote. Raises UserError when the file is missing or damaged.

    `weights` are those of the same run. The messages name them, because they are what is left of a run whose checkpoint
    is damaged.
    """
    if not path.exists():
        raise UserError(f"{path}: not found; start a run without --resume")
    remedy = (
        f"train.py {weights} goes on from the run's best weights" if os.path.exists(weights) else "start another run"
    )
    arrays = read_arrays(path, remedy)
    damaged = UserError(f"{path}: is damaged or no checkpoint; {remedy}")
    try:
        state = json.loads(str(arrays.pop("state")))
        version = state.pop("version")
        if version != CHECKPOINT_VERSION:
            raise UserError(f"{path}: has version {show(version)}, not {CHECKPOINT_VERSION}; {remedy}")
        options = {"out": None} | state.pop("options")
        progress = Progress(**state)
        if not is_sound(progress) or not are_sound(options):
            raise damaged
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise damaged from None
    return Checkpoint(path, options, progress, arrays)


def are_sound(options: dict) -> bool:
    """Whether the options are those that a checkpoint keeps, with values that `train.py` takes."""
    return options.keys() == KEPT.keys() and all(KEPT[key](value) for key, value in options.items())


def is_sound(progress: Progress) -> bool:
    """Whether each field has a value that a run can have."""
    counts = progress.batch, progress.step, progress.planned, progress.steps, progress.windows, progress.setbacks
    return (
        all(map(is_count, counts))
        and progress.step < progress.planned
        and are_numbers([progress.seconds, progress.rate])
        and 0 < progress.rate <= 1
        and progress.precision in ("", *PRECISIONS)
        and progress.losses.keys() == set(MODELS)
        and all(map(are_numbers, progress.losses.values()))
        and len(progress.history) == progress.batch
        and all(row.keys() == set(COLUMNS) and are_numbers(row.values()) for row in progress.history)
    )


def are_numbers(values: Iterable) -> bool:
    """Whether all values are numbers that a float can be: not infinite, not NaN, and no whole number beyond all."""
    return all(type(value) in (int, float) and abs(value) <= sys.float_info.max for value in values)


def restore(arrays: dict[str, np.ndarray], networks: dict, path: Path) -> dict[str, list[np.ndarray]]:
    """Put the arrays of `get_state` into the models and their optimisers; returns the averaged weights.

    Raises UserError, which names `path`, when they do not fit.
    """
    averages = {}
    for name, network in networks.items():
        average = [arrays.get(f"{name}/average/{i}") for i in range(len(network.weights))]
        pairs = list(zip(average, network.weights, strict=True))
        for part, variables in trained_variables(network).items():
            pairs += [(arrays.get(f"{name}/{part}/{i}"), variable) for i, variable in enumerate(variables)]
        if not all(fits(array, variable) for array, variable in pairs):
            raise UserError(
                f"{path}: is of another network; start a run without --resume, with --out in another folder"
            )
        for array, variable in pairs[len(average) :]:
            variable.assign(array)
        averages[name] = average
    return averages


def fits(array: np.ndarray | None, variable) -> bool:
    """Whether `array` can be the value of `variable`."""
    if array is None or array.shape != tuple(variable.shape) or array.dtype.name != str(variable.dtype):
        return False
    return bool(np.isfinite(array).all())

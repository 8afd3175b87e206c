"""The checkpoint: the whole state of a run, from which it goes on exactly."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from common import UserError, write_beside
from media.arrays import UNREADABLE_ARCHIVE
from training.minibatches import MODELS

CHECKPOINT_VERSION = 1


@dataclasses.dataclass
class Progress:
    """How far a run has come. Its random numbers depend on --seed and these counts alone."""

    batch: int = 0  # batches gone through
    step: int = 0  # minibatches of the present batch gone through
    planned: int = 1  # minibatches of the present batch
    steps: int = 0  # minibatches of the whole run
    windows: int = 0  # windows trained on; one that is gone through twice counts twice
    seconds: float = 0.0  # training so far, synthesis and tests included
    setbacks: int = 0  # times that the run went back because a loss was not finite
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


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote. Raises UserError when the file is missing or damaged."""
    try:
        with np.load(path) as data:
            arrays = {key: data[key] for key in data.files}
        state = json.loads(str(arrays.pop("state")))
        version, options = state.pop("version"), state.pop("options")
        progress = Progress(**state)
    except FileNotFoundError:
        raise UserError(f"{path}: not found; start a run without --resume") from None
    except (OSError, *UNREADABLE_ARCHIVE):
        raise UserError(f"{path}: is damaged or no checkpoint; start a run without --resume") from None
    if version != CHECKPOINT_VERSION:
        raise UserError(f"{path}: has version {version}, not {CHECKPOINT_VERSION}; start a run without --resume")
    return Checkpoint(path, options, progress, arrays)


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
        if any(array is None or array.shape != tuple(variable.shape) for array, variable in pairs):
            raise UserError(f"{path}: is of another network; start a run without --resume")
        for array, variable in pairs[len(average) :]:
            variable.assign(array)
        averages[name] = average
    return averages

"""TODO."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from common import UserError, write_beside
from media.arrays import UNREADABLE_ARCHIVE
from training.minibatches import MODELS

CHECKPOINT_VERSION = 1
KEPT_OPTIONS = ("hours", "batches", "seed", "formats", "fonts", "bgs", "data", "batch")  # --resume takes them up again


@dataclasses.dataclass
class Progress:
    """How far a run has come. Random numbers depend on --seed and these counts alone, so nothing else is kept."""

    batch: int = 0  # batches gone through
    step: int = 0  # minibatches of the present batch gone through
    planned: int = 1  # minibatches of the present batch
    steps: int = 0  # minibatches of the whole run
    windows: int = 0  # windows trained on; one that is gone through twice counts twice
    seconds: float = 0.0  # training so far, synthesis and tests included
    losses: dict = dataclasses.field(default_factory=lambda: {name: [] for name in MODELS})  # of the present batch
    history: list = dataclasses.field(default_factory=list)  # a row of training.csv a batch


def save_checkpoint(path: Path, options: dict, progress: Progress, networks: dict, averages: dict) -> None:
    """Write the whole state of a run; `networks` and `averages` are model name -> model, averaged weights."""
    arrays = {"state": json.dumps({"version": CHECKPOINT_VERSION, "options": options, **dataclasses.asdict(progress)})}
    for name, network in networks.items():
        for part, variables in checkpointed(network).items():
            arrays |= {f"{name}/{part}/{i}": np.asarray(variable) for i, variable in enumerate(variables)}
        arrays |= {f"{name}/average/{i}": average for i, average in enumerate(averages[name])}
    with write_beside(path) as temporary:
        np.savez(temporary, **arrays)


def checkpointed(network) -> dict[str, list]:
    """All variables that the training of `network` changes, in a fixed order."""
    return {"variables": network.variables, "optimizer": network.optimizer.variables}


def load_checkpoint(path: Path) -> tuple[dict, Progress, dict[str, np.ndarray]]:
    """The options, the progress and the arrays of a checkpoint; UserError when it is missing or damaged."""
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
    return options, progress, arrays


def restore(arrays: dict, networks: dict) -> dict[str, list[np.ndarray]]:
    """Put the arrays of a checkpoint into the models and their optimisers; returns the averaged weights.

    Raises UserError when they do not fit.
    """
    averages = {}
    for name, network in networks.items():
        average = [arrays.get(f"{name}/average/{i}") for i in range(len(network.weights))]
        pairs = list(zip(average, network.weights, strict=True))
        for part, variables in checkpointed(network).items():
            pairs += [(arrays.get(f"{name}/{part}/{i}"), variable) for i, variable in enumerate(variables)]
        if any(array is None or array.shape != tuple(variable.shape) for array, variable in pairs):
            raise UserError("checkpoint.npz: is of another network; start a run without --resume")
        for array, variable in pairs[len(average) :]:
            variable.assign(array)
        averages[name] = average
    return averages

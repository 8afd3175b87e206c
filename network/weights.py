"""The file of weights, `weights.npz`: its header and its arrays, all of which are checked when it is read."""

import json
import os
from typing import NamedTuple

import numpy as np

from common import ALPHABET, WINDOW_SHAPE, UserError, show, write_beside
from media.arrays import read_arrays
from media.limits import WEIGHTS_BYTES
from network.quantised_net import Ranges

FORMAT_VERSION = 2  # 1 had slots in place of frames
LARGEST_WEIGHT = float(np.finfo(np.float16).max)  # the files hold half precision
REMEDY = "fetch weights.npz again, or make one with train.py"

Shapes = dict[str, tuple[int, ...]]  # by the name of an array


class WeightsFile(NamedTuple):
    """The content of a weights file."""

    arrays: dict[str, np.ndarray]  # the weights by name, float32
    scores: dict[str, float]  # 0..1 by figure; empty where they were not tested
    ranges: Ranges  # of the tensors between the layers; empty where they were not measured


def description() -> dict:
    """The entries of a file's header that must be those of this program."""
    return {"format": FORMAT_VERSION, "alphabet": ALPHABET, "window": list(WINDOW_SHAPE)}


def save_weights(
    path: str | os.PathLike,
    arrays: dict[str, np.ndarray],
    scores: dict[str, float] | None = None,
    ranges: Ranges | None = None,
) -> None:
    """Write the weights `arrays`, their `scores`, 0..1 by figure, and their `ranges` to the file `path`.

    Half precision halves the file and costs no accuracy that can be measured. Raises UserError when `path` cannot be
    written.
    """
    header = np.array(json.dumps({**description(), "scores": scores or {}, "ranges": ranges or {}}))
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    with write_beside(path) as temporary:
        np.savez_compressed(temporary, header=header, **halves)


def read_weights(path: str | os.PathLike, shapes: Shapes, partly: bool = False) -> WeightsFile:
    """The content of a weights file, whose arrays must have these `shapes`.

    With `partly` arrays may be missing, and arrays of other shapes or names are left out. Raises UserError when the
    file is missing or damaged, or does not fit.
    """
    arrays = read_arrays(path, REMEDY, WEIGHTS_BYTES)
    header = arrays.pop("header", None)
    try:
        entries, scores, ranges = parse_header(str(header))
    except (ValueError, RecursionError):
        raise UserError(f"{path}: is damaged or no file of weights; {REMEDY}") from None
    if partly:
        arrays = {name: array for name, array in arrays.items() if array.shape == shapes.get(name)}
        shapes = {name: shapes[name] for name in arrays}
    differences = list_differences(entries, arrays, shapes)
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise UserError(f"{path}: does not fit this network: {differences[0]}{more}; train again with train.py")
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not (np.abs(array) <= LARGEST_WEIGHT).all():  # false where one is not a number
            raise UserError(f"{path}: is damaged: {name} has values that are no weights; {REMEDY}")
    return WeightsFile({name: restore(name, array) for name, array in arrays.items()}, scores, ranges)


def parse_header(text: str) -> tuple[dict, dict[str, float], Ranges]:
    """The entries of `description` in a file's header, and the file's scores and ranges.

    Raises ValueError or RecursionError when `text` is no header.
    """
    header = json.loads(text)
    if not isinstance(header, dict) or not isinstance(header.get("scores"), dict):
        raise ValueError("no table, or none of scores")
    entries = {name: header.get(name) for name in description()}
    if None in entries.values():
        raise ValueError("an entry is missing")
    for score in header["scores"].values():
        if type(score) not in (int, float) or not 0 <= score <= 1:
            raise ValueError("a score that is none")
    scores = {name: float(score) for name, score in header["scores"].items()}
    return entries, scores, parse_ranges(header.get("ranges", {}))


def parse_ranges(table: object) -> Ranges:
    """The ranges in a file's header. Raises ValueError when they are none."""
    if not isinstance(table, dict):
        raise ValueError("no table of ranges")
    for limits in table.values():
        if not isinstance(limits, list) or [type(limit) for limit in limits] != [float, float]:
            raise ValueError("a range that is none")
        least, greatest = limits
        if not -LARGEST_WEIGHT <= least <= greatest <= LARGEST_WEIGHT:
            raise ValueError("a range out of bounds")
    return {name: tuple(limits) for name, limits in table.items()}


def list_differences(entries: dict, arrays: dict[str, np.ndarray], shapes: Shapes) -> list[str]:
    """How a file with these header's `entries` and `arrays` differs from `description` and `shapes`."""
    wanted = description()
    differences = []
    for name, entry in entries.items():
        if entry != wanted[name]:
            differences.append(f"its {name} is {show(entry)}, not {wanted[name]!r}")
    for name, shape in shapes.items():
        if name not in arrays:
            differences.append(f"it lacks {name}")
        elif arrays[name].shape != shape:
            differences.append(f"its {name} has shape {arrays[name].shape}, not {shape}")
    for name in arrays:
        if name not in shapes:
            differences.append(f"it has {show(name)}, which the network lacks")
    return differences


def restore(name: str, array: np.ndarray) -> np.ndarray:
    """An array as it was before half precision, float32: the mean of a kernel's filter is 0 again."""
    array = array.astype(np.float32)
    if name.endswith("/kernel"):
        array -= array.mean((0, 1, 2))
    return array

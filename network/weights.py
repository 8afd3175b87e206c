"""The file of weights, `weights.npz`: its header and its arrays, checked when it is read."""

import json

import numpy as np

from common import ALPHABET, WINDOW_SHAPE, UserError, write_beside
from media.arrays import UNREADABLE_ARCHIVE

FORMAT_VERSION = 2  # of weights.npz; 1 had slots in place of frames


def description() -> dict:
    """What a weights file must agree with, kept in it as JSON."""
    return {"format": FORMAT_VERSION, "alphabet": ALPHABET, "window": list(WINDOW_SHAPE)}


def save_weights(path, arrays: dict[str, np.ndarray], scores: dict[str, float] | None = None) -> None:
    """Write `arrays` as half precision, which loses nothing that shows and halves the file, and what they scored."""
    header = np.array(json.dumps({**description(), "scores": scores or {}}))
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    with write_beside(path) as temporary:
        np.savez_compressed(temporary, header=header, **halves)


def read_weights(path, shapes: dict[str, tuple], partly: bool = False) -> tuple[dict, dict[str, np.ndarray]]:
    """The header of a weights file and its arrays, float32, which must have these `shapes` by name.

    With `partly` arrays may be missing, and those that do not fit are left out. Raises UserError when the file is
    missing or damaged, or does not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        header = json.loads(str(arrays.pop("header")))
        wanted = description()
        found = {key: header[key] for key in wanted}
        header["scores"] = {str(name): float(score) for name, score in header["scores"].items()}
        if any(array.dtype.kind != "f" for array in arrays.values()):
            raise ValueError("weights are real numbers")
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file; train.py makes one, and the project ships weights.npz"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); fetch weights.npz again") from None
    except UNREADABLE_ARCHIVE:
        raise UserError(
            f"{path}: is damaged or no weights file; fetch weights.npz again, or train.py makes one"
        ) from None
    if partly:
        arrays = {name: array for name, array in arrays.items() if array.shape == shapes.get(name)}
        shapes = {name: shapes[name] for name in arrays}
    differences = [f"its {key} is {found[key]!r}, not {wanted[key]!r}" for key in wanted if found[key] != wanted[key]]
    differences += [f"it lacks {name}" for name in shapes if name not in arrays]
    differences += [f"it has {name}, which the network lacks" for name in arrays if name not in shapes]
    differences += [
        f"its {name} has shape {arrays[name].shape}, not {shape}"
        for name, shape in shapes.items()
        if name in arrays and arrays[name].shape != shape
    ]
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise UserError(f"{path}: does not fit this network: {differences[0]}{more}; train again with train.py")
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise UserError(f"{path}: holds numbers that are not finite; fetch weights.npz again")
    for name in (name for name in arrays if name.endswith("/kernel")):  # half precision moved their means from 0
        arrays[name] -= arrays[name].mean((0, 1, 2))
    return header, arrays

"""Folders of windows: as pictures, which people and the tests of the weights look at, or as batches for training.

Each .npz file in such a folder is named by its first window's index. A folder's windows all belong to the same
settings, which SETTINGS_FILE keeps (see `windows.Synthesizer.describe`). Windows of other settings replace them.
"""

import itertools
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from common import LONGEST_CODE, WINDOW_SHAPE, UserError, write_beside
from media.arrays import read_arrays, read_shapes
from media.files import read_bytes
from media.limits import TEXT_BYTES
from media.pictures import read_image


class ArrayKind(NamedTuple):
    """What an array of a batch of N windows is."""

    shape: tuple[int, ...]  # without its first axis, N
    kind: str  # as numpy.dtype names it


ARRAYS = {
    "images": ArrayKind((*WINDOW_SHAPE, 3), "uint8"),  # BGR
    "codes": ArrayKind((), f"<U{LONGEST_CODE}"),  # of the plate or its part that the window shows; empty without one
    "presence": ArrayKind((), "uint8"),  # 1 when the plate is wholly in the window and at the right scale
    "corners": ArrayKind((4, 2), "float32"),  # window fractions; 0 without a plate, or with too little of one to tell
    "centres": ArrayKind((LONGEST_CODE, 2), "float32"),  # of each character: x in 0..1, and line; -1 past the end
    "rectified": ArrayKind((), "uint8"),  # 1 for the reader's windows, 0 for the finder's
}
BATCH = 10_000  # windows in a file of a folder of batches; 246 MB
REMEDY = "make the windows again with gen.py"
SETTINGS_FILE = "settings.json"
PICTURE = re.compile(r"(\d{8,})_[A-Z0-9]*_[01]\.png")  # the name of a window's picture: index, code, presence
ARCHIVE = re.compile(r"(\d{8,})\.npz")
ALL = range(10**255)  # indices; the name of a file has no more than 255 digits


def concatenate(parts: list[dict]) -> dict[str, np.ndarray]:
    """Batches as one."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def stack(windows: list[dict]) -> dict[str, np.ndarray]:
    """Windows as the arrays of a batch."""
    return {key: np.stack([window[key] for window in windows]) for key in windows[0]}


# --- what a folder holds --------------------------------------------------------------------------------------------


def settings_of(folder: Path) -> dict | None:
    """The settings that the windows in `folder` belong to; None where it holds none, or does not say."""
    try:
        settings = json.loads(read_bytes(folder / SETTINGS_FILE, TEXT_BYTES))
    except (UserError, ValueError, RecursionError):
        return None
    return settings if isinstance(settings, dict) else None


def list_files(folder: Path, name: re.Pattern) -> list[tuple[int, Path]]:
    """The files in `folder` whose names are like `name`, PICTURE or ARCHIVE, each with its index, in their order."""
    matches = [(name.fullmatch(path.name), path) for path in folder.iterdir()] if folder.is_dir() else []
    return sorted((int(match[1]), path) for match, path in matches if match)


def holds_windows(folder: Path) -> bool:
    """Whether there are windows in `folder`, whole or not."""
    return any(list_files(folder, name) for name in (PICTURE, ARCHIVE))


def claim_folder(folder: Path, settings: dict, first: int, end: int, kept: Iterable[range] = ()) -> None:
    """Make place in `folder` for windows first .. end - 1 of `settings`.

    Where the folder belongs to other settings, all windows in it are removed, and the folder belongs to `settings` from
    then on. Otherwise the archives that have a window in common with the new ones are removed with all their pictures,
    and so are the pictures that belong to no archive and have a new one's index. Archives of the windows `kept` stay.
    """
    try:
        if settings_of(folder) != settings:
            if holds_windows(folder):
                print(f"{folder}: the windows in it have other settings; they are replaced", file=sys.stderr)
            (folder / SETTINGS_FILE).unlink(missing_ok=True)
            remove_windows(folder, [ALL], ())
            with write_beside(folder / SETTINGS_FILE) as temporary:
                temporary.write_text(json.dumps(settings, indent=1) + "\n")
        remove_windows(folder, [range(first, end)], kept)
    except OSError as error:
        raise UserError(f"{folder}: old windows cannot be removed ({error.strerror}); name another folder") from None


def remove_windows(folder: Path, stale: list[range], kept: Iterable[range]) -> None:
    """Remove the archives with windows in `stale` from `folder`, and all pictures of these archives and of `stale`."""
    kept = set(kept)
    for _, path in list_files(folder, ARCHIVE):
        held = windows_in(path)
        overlaps = any(held.start < indices.stop and indices.start < held.stop for indices in stale)
        if overlaps and held not in kept:
            path.unlink(missing_ok=True)
            stale = [*stale, held]
    for index, path in list_files(folder, PICTURE):
        if any(index in indices for indices in stale):
            path.unlink(missing_ok=True)


def windows_in(path: Path) -> range:
    """The indices of the windows in the archive `path`; the first alone where it cannot be read."""
    first = int(path.stem)
    try:
        count, *_ = read_shapes(path, REMEDY)["presence"]
    except (UserError, KeyError, ValueError):  # damaged, or none of this project's
        count = 1
    return range(first, first + count)


def read_archive(path: Path, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """The arrays `keys` of an archive of windows; UserError when it is damaged or holds others."""
    batch = read_arrays(path, REMEDY)
    keys = list(keys)
    if batch.keys() != set(keys):
        raise UserError(f"{path}: holds other arrays than gen.py makes; {REMEDY}")
    count = len(batch["presence"]) if batch["presence"].ndim else 0
    for key in keys:
        shape, kind = ARRAYS[key]
        if batch[key].shape != (count, *shape) or batch[key].dtype != kind or not count:
            raise UserError(f"{path}: its {key} are not as gen.py makes them; {REMEDY}")
    return batch


# --- windows as pictures --------------------------------------------------------------------------------------------


def write_windows(folder: Path, first: int, end: int, chunks: Iterable[dict], settings: dict) -> None:
    """Write windows first .. end - 1 as PNG files that are named by index, code and presence.

    All their arrays but the images go to an archive that is named by the first index, and is written last.
    `claim_folder` removes windows that an earlier call left in `folder`. Raises UserError when they cannot be written.
    """
    claim_folder(folder, settings, first, end)
    truths = []
    index = first
    with tqdm(total=end - first, unit=" windows") as bar:
        for chunk in chunks:
            truths.append({key: array for key, array in chunk.items() if key != "images"})
            for image, code, presence in zip(chunk["images"], chunk["codes"], chunk["presence"], strict=True):
                write_picture(folder / picture_name(index, code, presence), image)
                index += 1
            bar.update(len(chunk["images"]))
    with write_beside(folder / f"{first:08d}.npz") as temporary:
        np.savez_compressed(temporary, **concatenate(truths))


def picture_name(index: int, code: str, presence: int) -> str:
    return f"{index:08d}_{code}_{presence}.png"


def write_picture(path: Path, image: np.ndarray) -> None:
    """Write a window, (64, 128, 3) uint8. Filters and strong compression would take longer than the window itself."""
    data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    with write_beside(path) as temporary:
        temporary.write_bytes(data.tobytes())


def read_windows(folder: Path) -> dict[str, np.ndarray]:
    """The windows that `write_windows` left in `folder`, as one batch: the arrays of ARRAYS.

    Raises UserError when there are none, or some are missing or damaged.
    """
    parts = []
    for first, path in list_files(folder, ARCHIVE):
        part = read_archive(path, ARRAYS.keys() - {"images"})
        names = map(picture_name, itertools.count(first), part["codes"], part["presence"])
        images = [read_window(folder / name) for name in names]
        parts.append({"images": np.stack(images), **part})
    if not parts:
        raise UserError(f"{folder}: holds no windows of gen.py; make some with gen.py 1000 --out {folder}")
    return concatenate(parts)


def read_window(path: Path) -> np.ndarray:
    """A window, (64, 128, 3) uint8; UserError when it is missing, damaged or of another size."""
    image = read_image(path)
    if image.shape != ARRAYS["images"].shape:
        raise UserError(f"{path}: is no window of 128x64 pixels; {REMEDY}")
    return image


# --- batches --------------------------------------------------------------------------------------------------------


def write_batches(folder: Path, first: int, end: int, chunks: Iterable[dict], settings: dict) -> None:
    """Write windows first .. end - 1 as archives of BATCH windows each, named by the first, for `train.py --data`.

    `claim_folder` removes windows that an earlier call left in `folder`. Raises UserError when they cannot be written.
    """
    kept = [range(start, min(start + BATCH, end)) for start in range(first, end, BATCH)]
    claim_folder(folder, settings, first, end, kept)  # they are replaced one by one
    parts, held, start = [], 0, first
    with tqdm(total=end - first, unit=" windows") as bar:
        for chunk in chunks:
            parts.append(chunk)
            held += len(chunk["images"])
            bar.update(len(chunk["images"]))
            if held >= BATCH or start + held == end:
                with write_beside(folder / f"{start:08d}.npz") as temporary:
                    np.savez(temporary, **concatenate(parts))
                parts, held, start = [], 0, start + held


def list_batches(folder: str | Path) -> list[Path]:
    """The .npz files in `folder`, none where there is no such folder."""
    if not os.path.isdir(folder):  # `Path.glob` raises OSError at a long name
        return []
    return sorted(Path(folder).glob("*.npz"))


def read_batches(folder: str, seed: int, first: int, step: int = 1) -> Iterator[dict]:
    """The batches in `folder` for ever, each epoch in another order: number `first` and every `step`th after it.

    The next batch takes the place of one that is damaged, which is named on stderr. Raises UserError when none can be
    read.
    """
    paths = list_batches(folder)
    for number in itertools.count(first, step):
        epoch, place = divmod(number, len(paths))
        order = np.random.default_rng([seed, epoch]).permutation(len(paths))
        yield read_first_sound_batch([paths[i] for i in np.roll(order, -place)])


def read_first_sound_batch(paths: list[Path]) -> dict[str, np.ndarray]:
    """The first batch of `paths` that can be read; the others are named on stderr. UserError when there is none."""
    for path in paths:
        try:
            return read_archive(path, ARRAYS)
        except UserError as error:
            print(f"{error}; left out", file=sys.stderr)
    raise UserError(f"{paths[0].parent}: none of its {len(paths)} .npz files can be read; make them again with gen.py")

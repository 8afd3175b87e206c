"""TODO."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from common import SLOTS, WINDOW_SHAPE, UserError, write_beside
from media.arrays import UNREADABLE_ARCHIVE
from media.pictures import read_image

ARRAYS = {  # of a batch of N windows: the shape of each without its first axis, N
    "images": (*WINDOW_SHAPE, 3),  # uint8, BGR
    "codes": (),  # str, empty without a plate
    "presence": (),  # uint8, 1 when the plate is wholly in the window and at the right scale
    "corners": (4, 2),  # float32, window fractions; 0 where there is no plate, or too little of one to tell
    "centres": (SLOTS, 2),  # float32, of each character: x as a fraction of the width, line; -1 past the end
    "rectified": (),  # uint8, 1 for the reader's windows, 0 for the finder's
}
BATCH = 10_000  # windows in a file of a folder of batches


def concatenate(parts: list[dict]) -> dict[str, np.ndarray]:
    """Batches as one."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def stack(windows: list[dict]) -> dict[str, np.ndarray]:
    """Windows as the arrays of a batch."""
    return {key: np.stack([window[key] for window in windows]) for key in windows[0]}


def write_windows(folder: Path, first: int, end: int, chunks: Iterator[dict]) -> None:
    """Write windows first .. end - 1 as PNG files named by index, code and presence, and what else is true of them.

    The latter, all arrays but the images, goes to an .npz file named by the first index. Windows that
    an earlier call left at the same indices are replaced.
    """
    indices = range(first, end)
    for stale in (*folder.glob("[0-9]" * 8 + "_*_[01].png"), *folder.glob("[0-9]" * 8 + ".npz")):
        if int(stale.name[:8]) in indices:
            stale.unlink()
    names, truths = iter(indices), []
    with tqdm(total=end - first, unit=" windows") as bar:
        for chunk in chunks:
            images = chunk.pop("images")
            truths.append(chunk)
            for image, code, presence in zip(images, chunk["codes"], chunk["presence"], strict=True):
                # filters and strong compression would take longer than the window itself
                data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
                with write_beside(folder / f"{next(names):08d}_{code}_{presence}.png") as temporary:
                    temporary.write_bytes(data.tobytes())
            bar.update(len(images))
    with write_beside(folder / f"{first:08d}.npz") as temporary:
        np.savez_compressed(temporary, **concatenate(truths))


def read_windows(folder: Path) -> dict[str, np.ndarray]:
    """The windows that `write_windows` left in `folder`, as `gen.make_batch` would have made them.

    Raises UserError when there are none, or some are missing or damaged.
    """
    parts = []
    for path in sorted(folder.glob("[0-9]" * 8 + ".npz")):
        try:
            with np.load(path) as data:
                part = dict(data)
            names = zip(itertools.count(int(path.stem)), part["codes"], part["presence"], strict=False)
        except (OSError, *UNREADABLE_ARCHIVE):
            raise UserError(f"{path}: is damaged; make the windows again with gen.py") from None
        part["images"] = np.stack([read_image(folder / f"{i:08d}_{code}_{present}.png") for i, code, present in names])
        parts.append(part)
    if not parts:
        raise UserError(f"{folder}: holds no windows of gen.py; make some with gen.py 1000 --out {folder}")
    return concatenate(parts)


def draw_sheet(batch: dict[str, np.ndarray], columns: int = 10) -> np.ndarray:
    """A contact sheet: each window with its corners outlined, and beneath it its code, green for presence 1."""
    height, width = WINDOW_SHAPE
    rows = -(-len(batch["images"]) // columns)
    sheet = np.full((rows * (height + 20), columns * (width + 6), 3), 32, np.uint8)
    for i, (image, code, presence) in enumerate(zip(batch["images"], batch["codes"], batch["presence"], strict=True)):
        y, x = i // columns * (height + 20), i % columns * (width + 6)
        tile = image.copy()
        colour = (90, 220, 90) if presence else (90, 90, 230)
        if batch["corners"][i].any():
            outline = (batch["corners"][i] * (width, height)).round().astype(np.int32)
            cv2.polylines(tile, [outline], True, colour, 1, cv2.LINE_AA)
        sheet[y : y + height, x : x + width] = tile
        text = code or "no plate"
        cv2.putText(sheet, text, (x + 2, y + height + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
    return sheet


def write_batches(folder: Path, first: int, end: int, chunks: Iterator[dict]) -> None:
    """Write windows first .. end - 1 as .npz files of BATCH windows each, named by the first, for `train.py --data`."""
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
    return sorted(Path(folder).glob("*.npz"))


def read_batches(folder: str, seed: int, first: int, step: int = 1) -> Iterator[dict]:
    """The batches in `folder` for ever, each epoch in another order: number `first` and every `step`th after it.

    In the place of a file that is damaged comes the next; it is named on stderr. UserError when none can be read.
    """
    paths = list_batches(folder)
    for number in itertools.count(first, step):
        epoch, place = divmod(number, len(paths))
        order = np.random.default_rng([seed, epoch]).permutation(len(paths))
        for i in np.roll(order, -place):
            try:
                batch = read_batch(paths[i])
            except UserError as error:
                print(f"{error}; left out", file=sys.stderr)
            else:
                break
        else:
            raise UserError(f"{folder}: none of its {len(paths)} .npz files can be read; make them again with gen.py")
        yield batch


def read_batch(path: Path) -> dict[str, np.ndarray]:
    """A batch that `gen.py --batches` wrote; UserError when it is damaged or none."""
    try:
        with np.load(path) as data:
            batch = {key: data[key] for key in ARRAYS}
    except (OSError, *UNREADABLE_ARCHIVE):
        raise UserError(f"{path}: is damaged or no batch of windows; make it again with gen.py --batches") from None
    if any(batch[key].shape != (len(batch["images"]), *shape) for key, shape in ARRAYS.items()):
        raise UserError(f"{path}: its arrays have other shapes than those of gen.py; make it again")
    return batch

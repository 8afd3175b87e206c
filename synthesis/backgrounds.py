"""The background of a plate: a photograph out of a folder, or a painted one; half of them with a vehicle's body.

A *hard negative* is a place in one of these photographs that detect.py once took for a plate. mine.py lists them in
HARD_NEGATIVES beside the photographs.
"""

import functools
import os
import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from common import UserError
from media.files import read_bytes
from media.limits import PICTURE_PIXELS, TABLE_BYTES
from media.pictures import list_images, read_image
from media.tables import read_row, write_row
from synthesis.paint import draw_noise, jitter_colour, spread, stretch

HARD_NEGATIVES = "hard_negatives.tsv"
BLOCK = 250  # windows that share a choice of photographs, so that few photographs are decoded
BLOCK_BACKGROUNDS = 40  # photographs of a block; 250 windows see each about six times
PHOTOGRAPH_PIXELS = 1 << 19  # of a photograph once it is read; so a block has at most 63 MB
BODY_COLOURS = (  # RGB: white, silver, gray, black, blue, brown, teal
    *((225, 225, 225), (165, 165, 165), (70, 70, 70), (22, 22, 24)),
    *((35, 30, 150), (110, 50, 25), (60, 150, 170)),
)
LAMP_COLOURS = ((30, 20, 190), (230, 240, 240), (20, 130, 240))  # BGR: tail light, headlight, indicator
LARGEST_COORDINATE = 1e6  # pixels; no picture has as many


# --- photographs ----------------------------------------------------------------------------------------------------


class Backgrounds:
    """The photographs of a folder; painted ones where it holds none.

    Raises UserError when `folder` is there and is no folder, or cannot be read.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = folder
        self.paths = backgrounds_in(folder)
        self.told = set()  # photographs that cannot be read and were named

    @functools.lru_cache(maxsize=1)  # noqa: B019 - backgrounds live as long as their process
    def photographs_of(self, block: int, seed: int) -> list[np.ndarray]:
        """The photographs behind the windows of a block. Those that cannot be read are left out, and named once.

        Raises UserError when all of them are gone.
        """
        if not self.paths:
            return []
        rng = np.random.default_rng((seed, block, 1))
        paths = [self.paths[i] for i in rng.integers(len(self.paths), size=BLOCK_BACKGROUNDS)]
        photographs = [self.read(path, PHOTOGRAPH_PIXELS) for path in paths]
        photographs = [photograph for photograph in photographs if photograph is not None]
        if not photographs and not any(map(os.path.lexists, paths)):
            raise UserError(f"{self.folder}: its pictures are gone; bring them back, and begin again")
        return photographs

    def read(self, path: Path, most_pixels: int = PICTURE_PIXELS) -> np.ndarray | None:
        """A photograph, (H, W, 3) uint8, as `read_image` reads it; None when it cannot be read, which is said once."""
        try:
            return read_image(path, most_pixels)
        except UserError as error:
            if path not in self.told:
                self.told.add(path)
                print(f"{error}; left out of the backgrounds", file=sys.stderr)
            return None

    def draw(self, shape: tuple[int, int], index: int, seed: int, rng: np.random.Generator) -> np.ndarray:
        """The background of window `index`, (h, w, 3) float32, 0..255."""
        photographs = self.photographs_of(index // BLOCK, seed)
        if photographs:
            image = cut_piece(photographs[rng.integers(len(photographs))], shape, rng)
        else:
            image = paint_background(shape, rng)
        if rng.random() < 0.5:
            paint_body(image, rng)
        return image


def backgrounds_in(folder: str | os.PathLike) -> list[Path]:
    """The background photographs in `folder`, none where there is no such folder.

    Raises UserError when it is no folder, or cannot be read.
    """
    if not os.path.lexists(folder):
        return []
    try:
        return list_images(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be read as a folder ({error.strerror}); name one with pictures") from None


def cut_piece(photograph: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A piece of `photograph`, (H, W, 3) uint8, enlarged or reduced to `shape`, as (h, w, 3) float32."""
    height, width = shape
    rows, columns = photograph.shape[:2]
    zoom = min(rows / height, columns / width) * rng.uniform(0.35, 1)
    h = min(rows, max(2, int(height * zoom)))
    w = min(columns, max(2, int(width * zoom)))
    y = rng.integers(rows - h + 1)
    x = rng.integers(columns - w + 1)
    piece = cv2.resize(photograph[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)
    mirrored = rng.random() < 0.5
    return (piece[:, ::-1] if mirrored else piece).astype(np.float32)


# --- painted backgrounds --------------------------------------------------------------------------------------------


def paint_background(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A background for want of photographs, (h, w, 3) float32: patches of colour, boxes and texture."""
    height, width = shape
    rows = int(rng.integers(2, 6))
    columns = int(rng.integers(2, 9))
    patches = rng.uniform(0, 255, (rows, columns, 3)).astype(np.float32)
    interpolation = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_NEAREST
    image = cv2.resize(patches, (width, height), interpolation=interpolation)
    count = int(rng.integers(0, 10))
    places = rng.uniform(-0.2, 1, (count, 2)) * [width, height]
    ends = places + rng.uniform(0.02, 0.6, (count, 2)) * [width, height]
    boxes = np.concatenate([places, ends], axis=1).round().astype(int).tolist()
    colours = rng.uniform(0, 255, (count, 3)).tolist()
    for (x0, y0, x1, y1), colour in zip(boxes, colours, strict=True):
        weight = -1 if rng.random() < 0.7 else 1  # filled, or an outline
        cv2.rectangle(image, (x0, y0), (x1, y1), colour, weight)
    return cv2.scaleAdd(spread(draw_noise(shape, rng)), rng.uniform(0, 25), image)


def paint_body(image: np.ndarray, rng: np.random.Generator) -> None:
    """Paint something like a vehicle's body over `image`, (h, w, 3) float32, in place."""
    height = len(image)
    shade = np.linspace(*rng.uniform(0.7, 1.25, 2), height, dtype=np.float32)[:, None]
    panel = jitter_colour(BODY_COLOURS[rng.integers(len(BODY_COLOURS))], rng, 20) * shade
    edges = rng.uniform(-0.3, 0.4) * height, rng.uniform(0.6, 1.4) * height
    upper = max(0, round(edges[0]))
    lower = min(height, round(edges[1]))
    if upper < lower:
        image[upper:lower] = stretch(panel[upper:lower], image.shape[1])
    draw_seams(image, rng)
    if rng.random() < 0.3:
        draw_lamp(image, rng)
    if rng.random() < 0.2:  # a grille
        step = int(rng.integers(3, 9))
        image[upper:lower:step] = float(rng.uniform(0, 70))


def draw_seams(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw seams and the edge of a bumper: parallel lines, nearly level."""
    height, width = image.shape[:2]
    slope = rng.normal(0, 0.04) * width
    for _ in range(rng.integers(1, 5)):
        y = rng.uniform(0, height)
        brightest = 255 if rng.random() < 0.4 else 60  # most seams are dark
        gray = float(rng.uniform(0, brightest))
        weight = max(1, round(height * rng.uniform(0.005, 0.05)))
        cv2.line(image, (0, round(y)), (width, round(y + slope)), (gray,) * 3, weight)


def draw_lamp(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw half of a lamp at the left or right edge."""
    height, width = image.shape[:2]
    radii = rng.uniform(0.05, 0.25, 2) * [width, height]
    centre = rng.choice([0.0, 1.0]) * width, rng.uniform(0, 1) * height
    colour = LAMP_COLOURS[rng.integers(len(LAMP_COLOURS))]
    cv2.ellipse(image, (centre, tuple(2 * radii), 0.0), tuple(map(float, colour)), -1)


# --- hard negatives -------------------------------------------------------------------------------------------------


class HardNegative(NamedTuple):
    """A place in a photograph that was once taken for a plate."""

    path: Path  # of the photograph
    corners: np.ndarray  # (4, 2) float32, pixels


def load_hard_negatives(path: Path) -> list[HardNegative]:
    """The places that mine.py listed in the file `path`; none where there is no file.

    Raises UserError where the file cannot be read or is damaged.
    """
    if not os.path.lexists(path):
        return []
    remedy = "remove it, or make it anew with mine.py"
    lines = read_bytes(path, TABLE_BYTES, remedy).split(b"\n")
    if not lines[-1]:  # after the last line's end
        lines.pop()
    places = []
    for number, line in enumerate(lines, 1):
        try:
            name, corners = read_hard_negative(line)
        except ValueError:
            raise UserError(f"{path}: line {number} is damaged; {remedy}") from None
        places.append(HardNegative(path.parent / name, corners))
    return places


def read_hard_negative(line: bytes) -> tuple[str, np.ndarray]:
    """The photograph's name and the corners (4, 2) that `write_hard_negative` wrote; ValueError where it did not."""
    name, *numbers = read_row(line)
    corners = np.array(numbers, np.float64).reshape(4, 2)  # numpy warns where a number is too large for float32
    if name != os.path.basename(name) or name in ("", ".", "..") or "\0" in name:
        raise ValueError("no name of a file in the folder")
    if not (np.abs(corners) <= LARGEST_COORDINATE).all():  # false for NaN too
        raise ValueError("no coordinates of a picture")
    corners = corners.astype(np.float32)
    if not np.ptp(corners, axis=0).all():
        raise ValueError("no place")
    return name, corners


def write_hard_negative(name: str, corners: np.ndarray) -> bytes:
    """A line of the file HARD_NEGATIVES: the name of a photograph beside it, and a place's corners (4, 2) in pixels."""
    return write_row([name, *(f"{x:.1f}" for x in corners.ravel())])

"""The background of a plate: a photograph out of a folder, or a painted one; half of them with a vehicle's body.

A *hard negative* is a place in one of these photographs that detect.py once took for a plate. mine.py lists them in
HARD_NEGATIVES beside the photographs.
"""

import functools
import os
from pathlib import Path

import cv2
import numpy as np

from common import UserError
from media.pictures import list_images
from synthesis.plates import jitter_colour

HARD_NEGATIVES = "hard_negatives.tsv"
BLOCK = 250  # windows that share a choice of photographs, so that few photographs are decoded
BLOCK_BACKGROUNDS = 40  # photographs of a block; 250 windows see each about six times


class Backgrounds:
    """The photographs of a folder; painted ones where it holds none."""

    def __init__(self, folder: str | os.PathLike) -> None:
        self.paths = backgrounds_in(folder)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - backgrounds live as long as their process
    def photographs_of(self, block: int, seed: int) -> list[np.ndarray]:
        """The photographs behind the windows of a block, without those that cannot be read."""
        if not self.paths:
            return []
        rng = np.random.default_rng((seed, block, 1))
        paths = (self.paths[i] for i in rng.integers(len(self.paths), size=BLOCK_BACKGROUNDS))
        photographs = (cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths)
        return [photograph for photograph in photographs if photograph is not None]

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


def cut_piece(photograph: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A piece of `photograph`, (H, W, 3) uint8, enlarged or reduced to `shape`, as (h, w, 3) float32."""
    height, width = shape
    rows, columns = photograph.shape[:2]
    zoom = min(rows / height, columns / width) * rng.uniform(0.35, 1)
    h = max(2, int(height * zoom))
    w = max(2, int(width * zoom))
    y = rng.integers(rows - h + 1)
    x = rng.integers(columns - w + 1)
    piece = cv2.resize(photograph[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)
    mirrored = rng.random() < 0.5
    return (piece[:, ::-1] if mirrored else piece).astype(np.float32)


def paint_background(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A background (h, w, 3) float32 for want of photographs: patches of colour, boxes and texture."""
    height, width = shape
    coarse = rng.uniform(0, 255, (int(rng.integers(2, 6)), int(rng.integers(2, 9)), 3)).astype(np.float32)
    image = np.clip(
        cv2.resize(coarse, (width, height), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_NEAREST])), 0, 255
    )
    for _ in range(rng.integers(0, 10)):
        x, y = rng.uniform(-0.2, 1, 2) * [width, height]
        w, h = rng.uniform(0.02, 0.6, 2) * [width, height]
        box = (round(x), round(y)), (round(x + w), round(y + h))
        cv2.rectangle(image, *box, tuple(rng.uniform(0, 255, 3)), -1 if rng.random() < 0.7 else 1)
    return image + rng.normal(0, rng.uniform(0, 25), (height, width, 1)).astype(np.float32)


def paint_body(image: np.ndarray, rng: np.random.Generator) -> None:
    """Paint something like a vehicle's body over `image`, in place: a panel with seams, a bumper line, lamps."""
    height, width = image.shape[:2]
    paint = rng.choice(
        [(225, 225, 225), (165, 165, 165), (70, 70, 70), (22, 22, 24), (35, 30, 150), (110, 50, 25), (60, 150, 170)]
    )
    shade = np.linspace(*rng.uniform(0.7, 1.25, 2), height, dtype=np.float32)[:, None, None]
    panel = jitter_colour(paint, rng, 20) * shade
    y0, y1 = sorted((rng.uniform(-0.3, 0.4) * height, rng.uniform(0.6, 1.4) * height))
    y0, y1 = max(0, round(y0)), min(height, round(y1))
    image[y0:y1] = panel[y0:y1]
    slope = rng.normal(0, 0.04) * width
    for _ in range(rng.integers(1, 5)):
        y, tint = rng.uniform(0, height), float(rng.uniform(0, 255) if rng.random() < 0.4 else rng.uniform(0, 60))
        weight = max(1, round(height * rng.uniform(0.005, 0.05)))
        cv2.line(image, (0, round(y)), (width, round(y + slope)), (tint,) * 3, weight)
    if rng.random() < 0.3:
        axes = rng.uniform(0.05, 0.25, 2) * [width, height]
        centre = rng.choice([0.0, 1.0]) * width, rng.uniform(0, 1) * height
        cv2.ellipse(
            image,
            (centre, tuple(2 * axes), 0.0),
            tuple(map(float, rng.choice([(30, 20, 190), (230, 240, 240), (20, 130, 240)]))),
            -1,
        )
    if rng.random() < 0.2:  # a grille
        step, tint = int(rng.integers(3, 9)), float(rng.uniform(0, 70))
        image[y0:y1:step] = tint


def load_hard_negatives(path: Path) -> list[tuple[Path, np.ndarray]]:
    """Pictures and corners (4, 2) in pixels, a row each of the file that mine.py writes; none where there is no file.

    Raises UserError where it is damaged.
    """
    try:
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        return [(path.parent / name, np.array(numbers, np.float32).reshape(4, 2)) for name, *numbers in rows]
    except FileNotFoundError:
        return []
    except ValueError:
        raise UserError(f"{path}: is damaged; remove it, or make it anew with mine.py") from None


def backgrounds_in(folder: str | os.PathLike) -> list[Path]:
    """The background photographs in `folder`, none where there is no such folder."""
    return list_images(folder) if Path(folder).is_dir() else []

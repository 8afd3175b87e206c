"""Phase 1: the finder slides over a photograph at every scale and says where plates may be.

The finder sees a photograph as a pyramid of smaller and smaller pictures, its *levels*. On each level it answers at
every eighth pixel. Positions that show the same plate are merged, so that each plate is one *candidate*.
"""

import collections
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from onnxruntime import InferenceSession as Session

import model
from reading.geometry import group, overlaps, sound

# The pyramid. Pixels are those of a level.
PLATE_WIDTHS = (38, 58)  # narrowest and widest plate, in pixels, that the finder answers to
LEVEL_STEP = 2**-0.5  # scale from one level to the next: more than 38/58, so that the ranges of neighbours overlap
BORDER = 16  # pixels around a level, so that a plate at the photo's edge can stand in the middle of a patch
GRAY = (90, 90, 90)  # BGR of the border: repeated edge pixels would make a plate at the edge look longer
STRIP_PIXELS = 350_000  # size of the strips in which the finder sees a level; much larger ones leave the cache
# The candidates.
FINDER_PRESENCE = 0.3  # least presence of a position that counts; low, because the reader decides later
MAX_POSITIONS = 1000  # most positions that are merged, those with the highest presence; not tuned
SAME_IOU = 0.5  # least overlap of two positions that show the same plate, as a share of the boxes' union
# The photograph.
NARROWEST_PLATE = 20  # pixels of the photo: nobody can read a narrower plate


class Strip(NamedTuple):
    """A part of a level, from its left to its right."""

    image: np.ndarray  # (h, W, 3) uint8
    first: int  # the number of its first row of positions, in the level with its border
    to_photo: np.ndarray  # (2,) takes x and y of the level to those of the photo


def scales(min_plate: float, max_plate: float) -> np.ndarray:
    """The scales of the pyramid's levels, finest first, for plates from `min_plate` to `max_plate` pixels wide.

    Every plate in this range has a width in PLATE_WIDTHS on at least one level. On the coarsest level the widest plate
    is as narrow as the finder accepts, because a plate of two lines is nearly square and must fit into a patch.
    """
    narrowest = PLATE_WIDTHS[0]
    finest = narrowest / min_plate
    steps = np.log(narrowest / (finest * max_plate)) / np.log(LEVEL_STEP)
    return finest * LEVEL_STEP ** np.arange(1 + max(0, int(np.ceil(steps))))


def pyramid(photo: np.ndarray, min_plate: float, max_plate: float) -> Iterator[np.ndarray]:
    """Yield the levels of `photo` (H, W, 3) on which the finder looks for plates of these widths, finest first.

    A photo that is narrower than `min_plate` may be a plate itself, so it has a level too. A photo that is narrower
    than NARROWEST_PLATE has none.
    """
    height, width = photo.shape[:2]
    if width < NARROWEST_PLATE:
        return
    latest = collections.deque(maxlen=2)  # levels; a large photo has more than should be kept
    for scale in scales(min(min_plate, width), min(max_plate, width)):
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # The level of twice this size has far fewer pixels than the photo and gives nearly the same result.
        source = latest[0] if len(latest) == 2 and 2 * scale <= 1 else photo
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        latest.append(cv2.resize(source, size, interpolation=method))
        yield latest[-1]


def cut_strips(level: np.ndarray, shape: tuple[int, ...]) -> Iterator[Strip]:
    """Yield a `level` (H, W, 3) of a photo of `shape` with its border in strips.

    Their positions together are those of the whole level.
    """
    to_photo = np.divide(shape[1::-1], level.shape[1::-1])
    image = add_border(level)
    patch_height, stride = model.FINDER_SHAPE[0], model.FINDER_STRIDE
    rows = (image.shape[0] - patch_height) // stride + 1
    step = max(1, STRIP_PIXELS // (image.shape[1] * stride))
    for first in range(0, rows, step):
        last = min(first + step, rows) - 1
        yield Strip(image[first * stride : last * stride + patch_height], first, to_photo)


def search(finder: Session, strip: Strip) -> tuple[np.ndarray, np.ndarray]:
    """The positions of `strip` that may show a plate: presence (N,) in 0..1, and corners (N, 4, 2) in the photo.

    A position sees its own patch alone, so the strips together give the same result as the whole level.
    """
    presence, corners = finder.run(["presence", "corners"], {"image": strip.image[None]})
    row, column = np.nonzero(presence[0] > FINDER_PRESENCE)
    origin = np.stack([column, row + strip.first], axis=-1) * model.FINDER_STRIDE - BORDER  # (N, 2)
    fractions = corners[0, row, column].reshape(-1, 4, 2)
    inside = fractions * model.FINDER_SHAPE[::-1] + origin[:, None]  # in pixels of the level
    return presence[0, row, column], inside * strip.to_photo


def add_border(level: np.ndarray) -> np.ndarray:
    """`level` (H, W, 3) with BORDER gray pixels around it, and more where it would be smaller than a patch."""
    patch_height, patch_width = model.FINDER_SHAPE
    bottom = max(BORDER, patch_height - BORDER - level.shape[0])
    right = max(BORDER, patch_width - BORDER - level.shape[1])
    return cv2.copyMakeBorder(level, BORDER, bottom, BORDER, right, cv2.BORDER_CONSTANT, value=GRAY)


def find(
    finder: Session,
    photo: np.ndarray,
    min_plate: float,
    max_plate: float,
    map_strips: Callable[[Callable, Iterable], Iterable] = map,
) -> tuple[np.ndarray, np.ndarray]:
    """Every position of `photo` (H, W, 3) that may show a plate of `min_plate` to `max_plate` pixels in width.

    `map_strips` does for the strips what `map` does, and may do it for several at once. Returns presence (N,) in 0..1,
    highest first, and corners (N, 4, 2) in pixels of `photo`.
    """
    levels = pyramid(photo, min_plate, max_plate)
    strips = (strip for level in levels for strip in cut_strips(level, photo.shape))
    presences = [np.zeros(0, np.float32)]
    quads = [np.zeros((0, 4, 2), np.float32)]
    for presence, corners in map_strips(functools.partial(search, finder), strips):
        presences.append(presence)
        quads.append(corners)
    presence = np.concatenate(presences)
    corners = np.concatenate(quads).astype(np.float32)
    likeliest = np.argsort(-presence, kind="stable")[:MAX_POSITIONS]
    likeliest = likeliest[sound(corners[likeliest])]
    return presence[likeliest], corners[likeliest]


def merge(presence: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Merge the positions, presence (N,) and corners (N, 4, 2), that show the same plate into candidates.

    Returns each candidate's support (G,), highest first, and its corners (G, 4, 2). The support is the sum of the
    members' presences; it tells plates from chance better than the highest presence. The corners are the members'
    mean, which is more precise than the corners of the best member.
    """
    groups = group(presence, overlaps(corners)[0] >= SAME_IOU)
    support = np.array([presence[members].sum() for members in groups], np.float32)
    means = [np.average(corners[members], axis=0, weights=presence[members] ** 2) for members in groups]
    order = np.argsort(-support, kind="stable")
    return support[order], np.array(means, np.float32).reshape(-1, 4, 2)[order]

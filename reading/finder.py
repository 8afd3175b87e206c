"""TODO."""

from collections.abc import Iterator

import cv2
import numpy as np
from onnxruntime import InferenceSession as Session

import model
from reading.geometry import group, overlaps, sound

# Phase 1. Widths and pixels are those of a level of the pyramid: half the resolution of the reader's window.
PLATE_WIDTHS = (38, 58)  # narrowest and widest plate, in pixels, that the finder answers to
LEVEL_STEP = 2**-0.5  # from one level to the next: less than 58/38, so that neighbours overlap
BORDER = 16  # pixels added around a level, so that a plate at the photo's edge can stand in the middle of a patch
GRAY = (90, 90, 90)  # of that border: the photo's own edge pixels, repeated, would make a plate there look longer
STRIP_PIXELS = 1_000_000  # the finder sees a level in strips of about so many pixels, which bounds its memory
FINDER_PRESENCE = 0.3  # below this a position is no candidate: lenient, for the reader decides
MAX_POSITIONS = 1000  # candidates that are merged, at most
SAME_IOU = 0.5  # positions whose boxes overlap by this share of their union are merged
NARROWEST_PLATE = 20  # pixels of the photo: what is narrower cannot be read


def scales(min_plate: float, max_plate: float) -> np.ndarray:
    """The scales of the pyramid's levels, finest first.

    At one of them, at least, every plate from `min_plate` to `max_plate` pixels wide is as wide as the finder asks. At
    the coarsest the widest plate is no wider than the narrowest that it answers to, for a plate of two lines is nearly
    square and must fit into the height of a patch.
    """
    narrowest = PLATE_WIDTHS[0]
    finest = narrowest / min_plate
    steps = np.log(narrowest / (finest * max_plate)) / np.log(LEVEL_STEP)
    return finest * LEVEL_STEP ** np.arange(1 + max(0, int(np.ceil(steps))))


def pyramid(photo: np.ndarray, min_plate: float, max_plate: float) -> list[np.ndarray]:
    """`photo` (H, W, 3) at every scale at which the finder looks for plates of these widths, finest first.

    A photo narrower than `min_plate` may be a plate that fills it; one too narrow to be read has no level.
    """
    height, width = photo.shape[:2]
    if width < NARROWEST_PLATE:
        return []
    levels = []
    for scale in scales(min(min_plate, width), min(max_plate, width)):
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # from twice the size rather than from the photo: far fewer pixels, and hardly a difference
        source = levels[-2] if len(levels) >= 2 and 2 * scale <= 1 else photo
        levels.append(cv2.resize(source, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
    return levels


def slide(finder: Session, image: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Presence (N,) and corners (N, 4, 2), in pixels of `image` (H, W, 3), where the finder may have seen a plate.

    A position sees nothing but its own patch, so strips that overlap give what the whole image would give.
    """
    patch_height, patch_width = model.FINDER_SHAPE
    stride = model.FINDER_STRIDE
    rows = (image.shape[0] - patch_height) // stride + 1
    step = max(1, STRIP_PIXELS // (image.shape[1] * stride))
    for first in range(0, rows, step):
        last = min(first + step, rows) - 1
        strip = image[first * stride : last * stride + patch_height]
        presence, corners = finder.run(["presence", "corners"], {"image": strip[None].astype(np.float32)})
        row, column = np.nonzero(presence[0] > FINDER_PRESENCE)
        origin = np.stack([column, row + first], axis=-1) * stride  # (N, 2)
        fractions = corners[0, row, column].reshape(-1, 4, 2)
        yield presence[0, row, column], fractions * (patch_width, patch_height) + origin[:, None]


def find(finder: Session, photo: np.ndarray, min_plate: float, max_plate: float) -> tuple[np.ndarray, np.ndarray]:
    """Presence (N,) in 0..1 and corners (N, 4, 2), in pixels of `photo`, of every position that may show a plate."""
    presences, quads = [np.zeros(0, np.float32)], [np.zeros((0, 4, 2), np.float32)]
    for level in pyramid(photo, min_plate, max_plate):
        to_photo = np.divide(photo.shape[1::-1], level.shape[1::-1])
        bottom, right = (max(BORDER, n - BORDER - m) for n, m in zip(model.FINDER_SHAPE, level.shape, strict=False))
        padded = cv2.copyMakeBorder(level, BORDER, bottom, BORDER, right, cv2.BORDER_CONSTANT, value=GRAY)
        for presence, corners in slide(finder, padded):
            presences.append(presence)
            quads.append((corners - BORDER) * to_photo)
    presence, corners = np.concatenate(presences), np.concatenate(quads).astype(np.float32)
    likeliest = np.argsort(-presence, kind="stable")[:MAX_POSITIONS]
    likeliest = likeliest[sound(corners[likeliest])]
    return presence[likeliest], corners[likeliest]


def merge(presence: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the positions, presence (N,) and corners (N, 4, 2), that show the same plate.

    Returns each plate's support (G,), the sum of its members' presences, which tells plates from chance better than
    the best one, and the mean (G, 4, 2) of their corners, more precise than those of the best one; most support first.
    """
    groups = group(presence, overlaps(corners)[0] >= SAME_IOU)
    support = np.array([presence[members].sum() for members in groups], np.float32)
    means = [np.average(corners[members], axis=0, weights=presence[members] ** 2) for members in groups]
    order = np.argsort(-support, kind="stable")
    return support[order], np.array(means, np.float32).reshape(-1, 4, 2)[order]

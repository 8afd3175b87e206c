"""Colours of paint, and laying them on a picture. Pictures are (h, w, 3) float32, 0..255, blue, green, red.

numpy is ten times as slow where an array (h, w, 3) meets one of (3,) or (h, w, 1), because its inner loop then has
three steps. The functions here bring both to one shape first.
"""

import math

import cv2
import numpy as np

Tint = tuple[float, float, float]  # blue, green, red of 0..255, as OpenCV's drawing functions take it
# Noise of deviation 1. A picture takes a part of it, because drawing noise of its own took a tenth of a window's time.
NOISE = np.random.default_rng(0).standard_normal(1 << 20, np.float32)


def jitter_colour(colour, rng: np.random.Generator, amount: float = 14) -> np.ndarray:
    """An (r, g, b) of a format as float32 BGR, varied as paint, age and lamps vary it."""
    common, *own = rng.normal(0, amount, 4).tolist()
    shifted = (value + common + shift for value, shift in zip(colour[::-1], own, strict=True))
    return np.array([min(max(value, 0), 255) for value in shifted], np.float32)


def to_tint(colour: np.ndarray) -> Tint:
    """A colour (3,) as OpenCV's drawing functions take it."""
    return tuple(map(float, colour))


def fill(image: np.ndarray, colour: np.ndarray) -> None:
    """Give all pixels of `image`, (h, w, 3), the `colour` (3,), in place. The rows may be a part of a picture's."""
    image[:] = np.tile(colour, image.shape[1]).reshape(1, -1, 3)


def stretch(rows: np.ndarray, width: int) -> np.ndarray:
    """A picture (h, width, 3) float32 whose pixels have the colour of their row in `rows` (h, 3)."""
    return cv2.resize(rows[:, None].astype(np.float32), (width, len(rows)), interpolation=cv2.INTER_NEAREST)


def spread(plane: np.ndarray) -> np.ndarray:
    """`plane`, (h, w) float32 or uint8, in each of three channels, (h, w, 3)."""
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)


def tinted(plane: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """`plane`, (h, w) float32, times each channel of `colour` (3,), as (h, w, 3) float32."""
    return cv2.merge([plane * value for value in np.asarray(colour, np.float32)])


def multiply_colours(image: np.ndarray, gains: np.ndarray) -> None:
    """Multiply each channel of `image`, (h, w, 3) float32, by one of `gains` (3,), in place."""
    image *= np.tile(gains.astype(np.float32), image.shape[1]).reshape(1, -1, 3)


def change_contrast(image: np.ndarray, level: float, gain: float, target: float) -> None:
    """Multiply how far each pixel of `image` is from `level` by `gain`, and move `level` to `target`, in place."""
    image -= np.float32(level)
    image *= np.float32(gain)
    image += np.float32(target)


def blend(image: np.ndarray, share: np.ndarray, colour: np.ndarray) -> None:
    """Paint `colour` (3,) over `image` in place, as much of it as `share`, (h, w) float32 of 0..1, says."""
    image *= spread(1 - share)
    image += tinted(share, colour)


def lay_ink(image: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
    """Lay `ink`, (3,) or one number, on `image`, (h, w, 3) float32, in place, where `mask`, (h, w) uint8, says."""
    x, y, width, height = cv2.boundingRect(mask)  # of the ink; all else stays as it is
    if width and height:
        place = slice(y, y + height), slice(x, x + width)
        blend(image[place], mask[place] * np.float32(1 / 255), np.broadcast_to(ink, 3))


def draw_noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Noise of deviation 1, `shape` float32: a part of NOISE, which is not to be changed."""
    size = math.prod(shape)
    start = int(rng.integers(NOISE.size - size))
    return NOISE[start : start + size].reshape(shape)

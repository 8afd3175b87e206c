"""Colours of paint, and laying them on a picture. Pictures are (h, w, 3) float32, 0..255, blue, green, red."""

import numpy as np

Tint = tuple[float, float, float]  # blue, green, red of 0..255, as OpenCV's drawing functions take it


def jitter_colour(colour, rng: np.random.Generator, amount: float = 14) -> np.ndarray:
    """An (r, g, b) of a format as float32 BGR, varied as paint, age and lamps vary it."""
    return np.clip(np.array(colour[::-1], np.float32) + rng.normal(0, amount, 3) + rng.normal(0, amount), 0, 255)


def to_tint(colour: np.ndarray) -> Tint:
    """A colour (3,) as OpenCV's drawing functions take it."""
    return tuple(map(float, colour))


def lay_ink(image: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
    """Lay `ink`, (3,) float32 or one number, on `image`, (h, w, 3) float32, in place, where `mask`, (h, w) uint8, says.

    Channel by channel, because numpy is twice as slow along a last axis of three.
    """
    share = mask * np.float32(1 / 255)
    for channel, value in enumerate(np.broadcast_to(ink, 3)):
        plane = image[..., channel]
        plane += share * (value - plane)

"""Light and weather on a scene: (h, w, 3) float32 pixels, 0..255 and beyond, changed in place."""

import math

import cv2
import numpy as np

from synthesis.paint import change_contrast, multiply_colours, spread, tinted

# The shares of windows in this module were set by eye; none was tuned by a search.
DIM_SHARE = 0.12  # of windows by day: little light is left, at dusk or because the camera is set for the bright sky


def light(image: np.ndarray, rng: np.random.Generator, dim: float = DIM_SHARE) -> None:
    """Light the scene as the hour, the sky and the weather do. `dim` is the probability that little light is left."""
    shine(image, rng.random() < dim, rng)
    if rng.random() < 0.08:
        glare(image, rng)
    if rng.random() < 0.15:  # fog, haze, a dusty lens
        image += np.float32(rng.uniform(0.1, 0.6)) * (np.float32(rng.uniform(120, 235)) - image)
    if rng.random() < 0.04:
        rain(image, rng)
    if rng.random() < 0.2:
        expose_badly(image, rng)


def axes(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places across (w,) and down (h, 1) the picture, float32, -1..1."""
    height, width = image.shape[:2]
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return across, down


def shine(image: np.ndarray, dim: bool, rng: np.random.Generator) -> None:
    """Multiply by the light that falls on each pixel: a slope, the edge of a shadow, a tint; `dim` leaves little."""
    gain = np.float32(rng.uniform(0.75, 1.15))
    if rng.random() < 0.5:  # brighter at one side
        across, down = axes(image)
        gain = gain + rng.uniform(-0.35, 0.35) * across + rng.uniform(-0.35, 0.35) * down
    if rng.random() < 0.25:  # the edge of a shadow, hard or soft
        across, down = axes(image)
        angle = rng.uniform(0, 2 * np.pi)
        offset = rng.uniform(-0.7, 0.7)
        softness = rng.uniform(0.02, 0.5)
        distance = (math.cos(angle) * across + math.sin(angle) * down) - offset
        side = np.clip(distance / softness, 0, 1)
        gain = gain * (1 - side * np.float32(rng.uniform(0.25, 0.7)))
    if dim:
        gain = gain * np.float32(rng.uniform(0.2, 0.5))
    tint = rng.uniform(0.85, 1.15, 3)
    if gain.ndim == 2:
        image *= tinted(gain, tint)
    else:
        multiply_colours(image, gain * tint)


def glare(image: np.ndarray, rng: np.random.Generator) -> None:
    """A headlight, or the sun in a window."""
    across, down = axes(image)
    x = rng.uniform(-1, 1)
    y = rng.uniform(-1, 1)
    radius = rng.uniform(0.1, 0.7)
    spot = np.exp(-((across - x) ** 2 + (down - y) ** 2) / radius**2) * rng.uniform(60, 200)
    image += spread(spot)


def rain(image: np.ndarray, rng: np.random.Generator) -> None:
    """Bright streaks, nearly upright."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(5, 30)):
        x = rng.uniform(0, width)
        y = rng.uniform(0, height)
        length = height * rng.uniform(0.05, 0.25)
        end = round(x + length * 0.15), round(y + length)
        cv2.line(image, (round(x), round(y)), end, (float(rng.uniform(120, 255)),) * 3, 1)


def expose_badly(image: np.ndarray, rng: np.random.Generator) -> None:
    """Change the contrast about the mean, and move the mean: too much or too little light on the sensor."""
    mean = image.mean()
    gain = rng.uniform(0.5, 1.8)
    change_contrast(image, mean, gain, np.clip(mean + rng.normal(0, 40), 50, 200))

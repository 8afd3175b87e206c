"""TODO."""

import cv2
import numpy as np

from synthesis.lettering import draw_line, set_line
from synthesis.typefaces import CHARACTERS, Typeface


def draw_sign(faces: list[Typeface], width: int, rng: np.random.Generator) -> np.ndarray:
    """Lettering that is no plate, (h, w, 4) float32: shops' names, prices, telephone numbers, in one to four lines.

    The last channel is how much the sign covers what is behind it, 0..255: nearly half is letters alone.
    """
    rows = int(rng.integers(1, 5))
    height = max(12, round(width * rng.uniform(0.12, 0.3) * rows**0.7))
    ground, ink = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    if abs(ground.mean() - ink.mean()) < 60:
        ink = ground + 128 - 256 * (ground.mean() > 127)
    image, mask = np.empty((height, width, 3), np.float32), np.zeros((height, width), np.uint8)
    image[:] = ground
    for row in range(rows):
        kind, size = rng.random(), height / rows * rng.uniform(0.4, 0.85)
        if kind < 0.4:  # words
            text = " ".join(
                "".join(rng.choice(list(CHARACTERS[:26]), rng.integers(2, 9))) for _ in range(rng.integers(1, 4))
            )
            text = text.title() if rng.random() < 0.3 else text
        elif kind < 0.65:  # the day and the hour, as cameras print them
            year, month, day, hour, minute, second = rng.integers((1, 1, 1, 0, 0, 0), (100, 13, 32, 24, 60, 60))
            mark, point = rng.choice(["-", ".", ""]), rng.choice(["-", ".", " "])
            text = f"{rng.choice(['', '20'])}{year:02}{mark}{month:02}{mark}{day:02}"
            text += f" {hour:02}{point}{minute:02}{point}{second:02}"
        elif kind < 0.8:  # a long number
            text = "".join(rng.choice(list("0123456789 -"), rng.integers(9, 16)))
        else:
            text = "".join(rng.choice(list(CHARACTERS), rng.integers(1, 5)))
        face = faces[rng.integers(len(faces))]
        line = set_line(text, face, width * 0.03, width * 0.97, (row + 0.5) * height / rows - size / 2, size, rng)
        draw_line(mask, line, face)
    image += mask[..., None] / np.float32(255) * (np.clip(ink, 0, 255).astype(np.float32) - image)
    cover = mask if rng.random() < 0.45 else np.full_like(mask, 255)
    return np.concatenate([image, cover[..., None].astype(np.float32)], axis=-1)


def scramble(image: np.ndarray, rng: np.random.Generator) -> None:
    """Take the sense out of a plate's `image`, (h, w, 3), in place: what has its shape or texture and is none."""
    height, width = image.shape[:2]
    kind = rng.random()
    if kind < 0.5:  # strips narrower than a character, in another order
        cuts = np.sort(rng.choice(np.arange(1, width), min(width - 1, int(rng.integers(16, 40))), replace=False))
        strips = np.split(image.copy(), cuts, axis=1)
        image[:] = np.concatenate([strips[i][:: rng.choice([-1, 1])] for i in rng.permutation(len(strips))], axis=1)
    elif kind < 0.75:  # a blank panel, or a blurred one
        image[:] = cv2.blur(image, (width // 2, max(1, round(height * rng.uniform(0.02, 1)))))
    else:  # bars: a grille, a blind, a zebra crossing
        period = rng.uniform(0.03, 0.15) * width
        along = np.arange(width) if rng.random() < 0.6 else np.arange(height)[:, None]
        bars = (along / period % 1 < rng.uniform(0.2, 0.8)) * np.ones((height, width))
        dark, bright = image.min((0, 1)), image.max((0, 1))
        image[:] = dark + bars[..., None] * (bright - dark)

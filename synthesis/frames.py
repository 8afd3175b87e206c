"""The frame that holds a plate on the vehicle, with the name of a dealer on some.

The shares and ranges were set by eye, and none was tuned.
"""

import numpy as np

from common import UNIT_SQUARE
from synthesis.lettering import draw_characters, draw_line, set_line
from synthesis.paint import fill, jitter_colour, lay_ink
from synthesis.typefaces import CHARACTERS, Typeface

FRAMED_SHARE = 0.55  # of the plates with four straight edges
DEALER_SHARE = 0.4  # of the frames: those with a name


def mount(plate: np.ndarray, faces: tuple[Typeface, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put a flat plate (h, w, 3) in a frame, or leave it as it is.

    Returns the board and its corners (4, 2) as fractions of the plate. A plate with a cover of its own, (h, w, 4), is
    no rectangle, so it has no frame.
    """
    height, width = plate.shape[:2]
    if plate.shape[2] == 4 or rng.random() >= FRAMED_SHARE:
        return plate, UNIT_SQUARE.copy()
    edge = max(1, round(height * rng.uniform(0.02, 0.1)))
    strip = round(height * rng.uniform(0.1, 0.22)) if rng.random() < DEALER_SHARE else edge
    above = rng.random() < 0.2
    top, bottom = (strip, edge) if above else (edge, strip)
    frame = jitter_colour((30, 30, 30) if rng.random() < 0.75 else rng.uniform(0, 255, 3), rng)
    board = np.empty((height + top + bottom, width + 2 * edge, 3), np.float32)
    fill(board, frame)
    board[top : top + height, edge : edge + width] = plate
    if strip > edge:
        draw_dealer(board[:strip] if above else board[-strip:], 255 - frame, faces, rng)
    x, y0, y1 = edge / width, top / height, bottom / height
    return board, np.array([[-x, -y0], [1 + x, -y0], [1 + x, 1 + y1], [-x, 1 + y1]], np.float32)


def draw_dealer(strip: np.ndarray, ink: np.ndarray, faces: tuple[Typeface, ...], rng: np.random.Generator) -> None:
    """Write a dealer's name on a `strip` of a frame, (h, w, 3) float32, in place."""
    room, width = strip.shape[:2]
    words = draw_characters(CHARACTERS, rng.integers(6, 22), rng)
    face = faces[rng.integers(len(faces))]
    size = room * rng.uniform(0.45, 0.7)
    mask = np.zeros((room, width), np.uint8)
    line = set_line(words, face, width * 0.1, width * 0.9, (room - size) / 2, size, rng)
    draw_line(mask, line, face)
    lay_ink(strip, mask, ink)

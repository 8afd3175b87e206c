"""A photograph of a subject: its board is laid into the background, the scene is lit, and the camera takes it."""

import cv2
import numpy as np

from common import UNIT_SQUARE
from synthesis.camera import take
from synthesis.light import light
from synthesis.plates import jitter_colour


def photograph(
    background: np.ndarray, board: np.ndarray | None, outline: np.ndarray, pitch: float, rng: np.random.Generator
) -> np.ndarray:
    """Photograph `board`, if any, with its corners at `outline` (4, 2) in pixels. Returns (h, w, 3) uint8.

    `background` is (h, w, 3) float32, 0..255, and is drawn over; `board` as in `subject.Subject`. `pitch`, pixels a
    character, bounds the camera's faults.
    """
    if board is not None:
        if rng.random() < 0.4:
            draw_plinth(background, outline, rng)
        lay(background, board, outline, rng)
    light(background, rng)
    return take(background, pitch, rng)


def draw_plinth(image: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a recess or a plinth behind the board at `outline` (4, 2) on `image`, (h, w, 3) float32, in place."""
    grown = outline + (outline - outline.mean(0)) * rng.uniform(0.05, 0.5, 2)
    if rng.random() < 0.6:
        tint = jitter_colour((40, 40, 40), rng)
    else:
        tint = image.mean((0, 1)) * rng.uniform(0.5, 1.3)
    cv2.fillConvexPoly(image, grown.round().astype(np.int32), tuple(map(float, tint)), cv2.LINE_AA)


def lay(image: np.ndarray, board: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Lay `board` into `image`, (h, w, 3) float32, in place, with its corners at `outline` (4, 2)."""
    height, width = board.shape[:2]
    cover = draw_cover((height, width), rng)
    if board.shape[2] == 4:  # it has a cover of its own
        cover = board[..., 3:].astype(np.uint8)
    colours = np.clip(board[..., :3], 0, 255).astype(np.uint8)
    weighted = cv2.multiply(colours, cv2.merge([cover] * 3), scale=1 / 255)
    corners = (UNIT_SQUARE * (width, height) - 0.5).astype(np.float32)
    homography = cv2.getPerspectiveTransform(corners, outline.astype(np.float32) - np.float32(0.5))
    layers = np.concatenate([weighted, cover], axis=-1)  # (h, w, 4)
    seen = cv2.warpPerspective(layers, homography, image.shape[1::-1], flags=cv2.INTER_LINEAR)
    seen = seen.astype(np.float32)
    # outside the board all four channels fade to 0 alike, because its colours are weighted by its cover
    image += seen[..., :3] - image * (seen[..., 3:] * np.float32(1 / 255))


def draw_cover(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """How much a board of `shape` covers, (h, w, 1) uint8: all, but for the corners where they are rounded."""
    height, width = shape
    cover = np.full((height, width, 1), 255, np.uint8)
    if rng.random() < 0.4:
        radius = max(1, round(height * rng.uniform(0.03, 0.12)))
        left, right = radius, width - 1 - radius
        upper, lower = radius, height - 1 - radius
        for x, y in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
            cv2.rectangle(cover, (x - radius, y - radius), (x + radius, y + radius), 0, -1)
        for centre in ((left, upper), (right, upper), (left, lower), (right, lower)):
            cv2.circle(cover, centre, radius, 255, -1)
    return cover

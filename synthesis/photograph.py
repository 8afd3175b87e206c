"""A photograph of a subject: its board is laid into the background, the scene is lit, and the camera takes it."""

import cv2
import numpy as np

from common import UNIT_SQUARE, pixels_around
from synthesis.camera import take
from synthesis.light import DIM_SHARE, light
from synthesis.night import darken, draw_night, light_board, mirror_lamps
from synthesis.paint import change_contrast, jitter_colour, spread

LETTERING_COVER = 0.6 * 255  # of a board, on average; a plate with slanted sides covers more, letters alone less
LEAST_CONTRAST = 70  # of 0..255, between letters and ground; less is illegible at night
LEAST_DEVIATION = 12  # of 0..255, of a plate's pixels after the light
MORE_DEVIATION = 80  # more of it, divided by the pixels a character, because small characters need more contrast
MOST_GAIN = 4  # of contrast, because a blank sign has none that could be raised


def photograph(
    background: np.ndarray,
    board: np.ndarray | None,
    outline: np.ndarray,
    pitch: float,
    rng: np.random.Generator,
    seen: tuple[slice, slice] = (slice(None), slice(None)),
    night: tuple[str, ...] | None = None,
) -> np.ndarray:
    """Photograph `board`, if any, with its corners at `outline` (4, 2) in pixels. Returns the part `seen`, uint8.

    `background` is (h, w, 3) float32, 0..255, and is drawn over; `board` as in `subject.Subject`. `seen` are rows and
    columns of the background. `pitch`, pixels a character, bounds the camera's faults. `night` are the names of its
    effects, which are drawn where none are given.
    """
    if night is None:
        night = draw_night(rng)
    if board is not None:
        if rng.random() < 0.4:
            draw_plinth(background, outline, rng)
        if is_lettering(board):
            clear_ground(background, board, outline, rng)
        board = light_board(board, background, night, rng)
        lay(background, board, draw_cover(board, rng), outline)
    if "mirrored" in night:
        mirror_lamps(background, outline, rng)
    light(background, rng, 0 if night else DIM_SHARE)
    darken(background, outline, night, rng)
    if board is not None:
        keep_legible(background, outline, pitch)
    return take(np.ascontiguousarray(background[seen]), pitch, rng)


def draw_plinth(image: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a recess or a plinth behind the board at `outline` (4, 2) on `image`, (h, w, 3) float32, in place."""
    grown = outline + (outline - outline.mean(0)) * rng.uniform(0.05, 0.5, 2)
    if rng.random() < 0.6:
        tint = jitter_colour((40, 40, 40), rng)
    else:
        tint = np.array(cv2.mean(image)[:3]) * rng.uniform(0.5, 1.3)
    cv2.fillConvexPoly(image, grown.round().astype(np.int32), tuple(map(float, tint)), cv2.LINE_AA)


def is_lettering(board: np.ndarray) -> bool:
    """Whether most of `board` covers nothing: letters that are painted straight on what is behind them."""
    return board.shape[2] == 4 and float(board[..., 3].mean()) < LETTERING_COVER


def clear_ground(image: np.ndarray, board: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Paint the ground behind letters alone, on `image` in place, where they would not stand out from it.

    The ground has the colour that `board`, (h, w, 4), has beside its letters.
    """
    grown = (outline + (outline - outline.mean(0)) * rng.uniform(0.05, 0.6, 2)).round().astype(np.int32)
    area = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(area, grown, 255)
    ink = mean_colour(board, board[..., 3])
    mean, deviation = (values.ravel() for values in cv2.meanStdDev(image, mask=area))
    contrast = abs(ink.mean() - mean.mean())
    if contrast < LEAST_CONTRAST or contrast < 2 * deviation.mean():
        ground = mean_colour(board, 255 - board[..., 3])
        cv2.fillConvexPoly(image, grown, tuple(map(float, ground)), cv2.LINE_AA)


def keep_legible(image: np.ndarray, outline: np.ndarray, pitch: float) -> None:
    """Raise the contrast of `image`, (h, w, 3) float32, in place, where light left too little of it on the board.

    The board is at `outline` (4, 2) in pixels, and its characters are `pitch` pixels wide.
    """
    plate = image[pixels_around(outline, image.shape[:2])]
    mean, deviation = cv2.meanStdDev(plate)
    least = LEAST_DEVIATION + MORE_DEVIATION / pitch
    # the channel that shows most counts, because light of one colour leaves one channel
    gain = min(max(1, least / max(float(deviation.max()), 1)), MOST_GAIN)
    level = float(mean.mean())
    target = min(max(level, 1.2 * least), 255 - 1.2 * least)  # nearer to black or white the contrast would be cut off
    if gain > 1 or target != level:
        change_contrast(image, level, gain, target)


def mean_colour(board: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean colour (3,) of `board`, (h, w, 4), whose pixels count as `weights`, (h, w) of 0..255, says."""
    weights = weights.ravel() + np.float32(1e-3)  # never all 0
    return weights @ board.reshape(-1, 4)[:, :3] / weights.sum()


def lay(image: np.ndarray, board: np.ndarray, cover: np.ndarray, outline: np.ndarray) -> None:
    """Lay `board` into `image`, (h, w, 3) float32, in place, with its corners at `outline` (4, 2).

    `cover`, (h, w, 1) uint8, is how much the board covers.
    """
    height, width = board.shape[:2]
    rows, columns = pixels_around(outline, image.shape[:2], 1)
    ground = image[rows, columns]  # (y, x, 3), the part that the board may cover
    colours = board if board.shape[2] == 3 else cv2.cvtColor(board, cv2.COLOR_BGRA2BGR)
    colours = np.clip(colours, 0, 255).astype(np.uint8)
    weighted = cv2.multiply(colours, spread(cover), scale=1 / 255)
    corners = (UNIT_SQUARE * (width, height) - 0.5).astype(np.float32)
    homography = cv2.getPerspectiveTransform(
        corners, (outline - (columns.start + 0.5, rows.start + 0.5)).astype(np.float32)
    )
    layers = cv2.merge([weighted, cover])  # (h, w, 4)
    seen = cv2.warpPerspective(layers, homography, ground.shape[1::-1], flags=cv2.INTER_LINEAR)
    # outside the board all four channels fade to 0 alike, because its colours are weighted by its cover
    ground *= spread(1 - seen[..., 3] * np.float32(1 / 255))  # the share of each pixel that the board leaves free
    ground += cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR)


def draw_cover(board: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How much `board`, (h, w, 3 or 4), covers, (h, w, 1) uint8: its last channel, or all but for rounded corners."""
    if board.shape[2] == 4:
        return np.clip(board[..., 3:], 0, 255).astype(np.uint8)
    height, width = board.shape[:2]
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

"""A contact sheet: many windows on one picture, to be looked at."""

import cv2
import numpy as np

from common import WINDOW_SHAPE

COLUMNS = 10  # windows in a row
GAP = 6  # pixels between two windows
TEXT_HEIGHT = 20  # pixels below a window, for its code
GREEN, RED = (90, 220, 90), (90, 90, 230)  # BGR, of windows with and without a plate


def draw_sheet(batch: dict[str, np.ndarray]) -> np.ndarray:
    """The windows of `batch` with their corners outlined and their codes below, (H, W, 3) uint8."""
    height, width = WINDOW_SHAPE
    cell_height = height + TEXT_HEIGHT
    cell_width = width + GAP
    rows = -(-len(batch["images"]) // COLUMNS)
    sheet = np.full((rows * cell_height, COLUMNS * cell_width, 3), 32, np.uint8)
    windows = zip(batch["images"], batch["codes"], batch["presence"], batch["corners"], strict=True)
    for i, (image, code, presence, corners) in enumerate(windows):
        row, column = divmod(i, COLUMNS)
        y = row * cell_height
        x = column * cell_width
        colour = GREEN if presence else RED
        sheet[y : y + height, x : x + width] = outline_plate(image, corners, colour)
        place = x + 2, y + height + 14
        cv2.putText(sheet, code or "no plate", place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
    return sheet


def outline_plate(image: np.ndarray, corners: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """A copy of a window with a line around the plate at `corners` (4, 2), window fractions; none where all are 0."""
    outlined = image.copy()
    if corners.any():
        height, width = WINDOW_SHAPE
        outline = (corners * (width, height)).round().astype(np.int32)
        cv2.polylines(outlined, [outline], True, colour, 1, cv2.LINE_AA)
    return outlined

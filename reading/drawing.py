"""Drawing: the outline of each plate on its photo, and a label with the code."""

import cv2
import numpy as np

from reading.plate import Plate

# Sizes, chosen by eye.
LINE_WIDTH = 0.0016  # of the bright line, as a share of the photo's diagonal
TEXT_HEIGHT = 0.02  # of a label's letters, as a share of the photo's diagonal
MIN_TEXT_HEIGHT = 12  # pixels
MAX_TEXT_WIDTH = 0.9  # as a share of the photo's width
MAX_TEXT_HEIGHT = 1 / 3  # as a share of the photo's height
SHIFT = 4  # binary digits of OpenCV's fractions of a pixel
# Colours, BGR.
BRIGHT = (70, 240, 255)  # lines and the ground of labels
DARK = (30, 20, 10)  # the edges of lines, and letters


def load_typeface() -> None:
    """Have OpenCV load the typeface of the labels, so that the first label need not wait for it: 20 ms."""
    cv2.getTextSize("A", cv2.FONT_HERSHEY_SIMPLEX, 3, 6)


def lettering(text: str, height: int, max_width: int) -> np.ndarray:
    """`text` as ink (h, w) uint8, 0..255, `height` pixels high, or less where it would be wider than `max_width`."""
    (width, above), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 3, 6)
    ink = np.zeros((2 * (above + below), width + 2 * above), np.uint8)
    cv2.putText(ink, text, (above, above + below), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, 6, cv2.LINE_AA)
    x, y, width, above = cv2.boundingRect(ink)
    scale = min(height / above, max_width / width)
    size = max(1, int(width * scale)), max(1, int(above * scale))
    return cv2.resize(ink[y : y + above, x : x + width], size, interpolation=cv2.INTER_AREA)


def draw_label(photo: np.ndarray, text: str, box: tuple[int, int, int, int], gap: int) -> None:
    """Write `text` on a label above `box` (x, y, width, height), or below it, `gap` pixels away.

    The whole label stays in `photo` (H, W, 3) uint8, which is changed in place.
    """
    photo_height, photo_width = photo.shape[:2]
    height = max(MIN_TEXT_HEIGHT, round(TEXT_HEIGHT * np.hypot(photo_height, photo_width)))
    height = max(1, min(height, int(photo_height * MAX_TEXT_HEIGHT)))
    ink = lettering(text, height, max(1, int(photo_width * MAX_TEXT_WIDTH)))
    pad = min(max(1, ink.shape[0] // 3), (photo_width - ink.shape[1]) // 2, (photo_height - ink.shape[0]) // 2)
    ink = cv2.copyMakeBorder(ink, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    height, width = ink.shape
    x, y, w, h = box
    left = int(np.clip(x + (w - width) // 2, 0, photo_width - width))
    above = y - gap - height
    below = y + h + gap
    top = above if above >= 0 else min(below, photo_height - height)
    part = photo[top : top + height, left : left + width]
    share = ink[..., None] / 255.0
    part[:] = np.round(share * DARK + (1 - share) * BRIGHT)


def draw(photo: np.ndarray, plates: list[Plate]) -> np.ndarray:
    """Outline the plates on `photo` (H, W, 3) uint8 BGR and write their codes beside them.

    `photo` itself is changed and returned.
    """
    diagonal = np.hypot(*photo.shape[:2])
    line = max(1, round(LINE_WIDTH * diagonal))
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    for plate in plates:
        outline = plate.corners + 1.5 * line * outwards  # so that the line covers no character
        outline = np.clip(outline, -diagonal, 2 * diagonal)
        outline = [np.round(outline * 2**SHIFT).astype(np.int32)]
        cv2.polylines(photo, outline, True, DARK, 3 * line, cv2.LINE_AA, SHIFT)
        cv2.polylines(photo, outline, True, BRIGHT, line, cv2.LINE_AA, SHIFT)
    for plate in reversed(plates):  # so that the label of the surest plate is on top
        draw_label(photo, plate.code, plate.box, 4 * line)
    return photo

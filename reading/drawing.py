"""TODO."""

import cv2
import numpy as np

from reading.plate import Plate

# Drawing, in shares of the photo's diagonal.
LINE_WIDTH, TEXT_HEIGHT, MIN_TEXT_HEIGHT = 0.0016, 0.02, 12  # the last one in pixels
BRIGHT, DARK = (70, 240, 255), (30, 20, 10)  # BGR


def lettering(text: str, height: int, max_width: int) -> np.ndarray:
    """`text` as (h, w) ink in 0..255, `height` pixels high or, where that would be wider than `max_width`, less."""
    (width, above), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 3, 6)
    ink = np.zeros((2 * (above + below), width + 2 * above), np.uint8)
    cv2.putText(ink, text, (above, above + below), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, 6, cv2.LINE_AA)
    x, y, width, above = cv2.boundingRect(ink)
    scale = min(height / above, max_width / width)
    size = max(1, int(width * scale)), max(1, int(above * scale))
    return cv2.resize(ink[y : y + above, x : x + width], size, interpolation=cv2.INTER_AREA)


def draw_label(photo: np.ndarray, text: str, box: tuple[int, int, int, int], gap: int) -> None:
    """Write `text` on a label above `box` (x, y, w, h), or below it, wherever the whole of it is in the picture."""
    photo_height, photo_width = photo.shape[:2]
    height = max(MIN_TEXT_HEIGHT, round(TEXT_HEIGHT * np.hypot(photo_height, photo_width)))
    ink = lettering(text, max(1, min(height, photo_height // 3)), max(1, int(photo_width * 0.9)))
    pad = min(max(1, ink.shape[0] // 3), (photo_width - ink.shape[1]) // 2, (photo_height - ink.shape[0]) // 2)
    ink = cv2.copyMakeBorder(ink, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    height, width = ink.shape
    x, y, w, h = box
    left = int(np.clip(x + (w - width) // 2, 0, photo_width - width))
    above, below = y - gap - height, y + h + gap
    top = above if above >= 0 else min(below, photo_height - height)
    part = photo[top : top + height, left : left + width]
    share = ink[..., None] / 255.0
    part[:] = np.round(share * DARK + (1 - share) * BRIGHT)


def draw(photo: np.ndarray, plates: list[Plate]) -> np.ndarray:
    """Outline the plates on `photo` (H, W, 3) uint8 BGR itself and write their codes beside them; returns it."""
    diagonal = np.hypot(*photo.shape[:2])
    line = max(1, round(LINE_WIDTH * diagonal))
    for plate in plates:
        outline = plate.corners + 1.5 * line * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])  # off the characters
        outline = np.clip(outline, -diagonal, 2 * diagonal)
        outline = [np.round(outline * 16).astype(np.int32)]  # in sixteenths of a pixel
        cv2.polylines(photo, outline, True, DARK, 3 * line, cv2.LINE_AA, 4)
        cv2.polylines(photo, outline, True, BRIGHT, line, cv2.LINE_AA, 4)
    for plate in reversed(plates):  # the surest one's label on top
        draw_label(photo, plate.code, plate.box, 4 * line)
    return photo

"""Everything on a plate beside its code and its pictures: bands, flags, emblems, stickers, screws, dirt, captions."""

import cv2
import numpy as np

from formats.plate_format import PlateStyle
from synthesis.lettering import TextLine, caption_text, draw_line, set_line
from synthesis.typefaces import Typeface

Colour = tuple[float, float, float]


def jitter_colour(colour, rng: np.random.Generator, amount: float = 14) -> np.ndarray:
    """An (r, g, b) of a format as float32 BGR, varied as paint, age and lamps vary it."""
    return np.clip(np.array(colour[::-1], np.float32) + rng.normal(0, amount, 3) + rng.normal(0, amount), 0, 255)


def lay_ink(image: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
    """Lay `ink`, (3,) float32 or one number, on `image`, (h, w, 3) float32, in place, where `mask`, (h, w) uint8, says.

    Channel by channel, because numpy is twice as slow along a last axis of three.
    """
    share = mask * np.float32(1 / 255)
    for channel, value in enumerate(np.broadcast_to(ink, 3)):
        plane = image[..., channel]
        plane += share * (value - plane)


def draw_bands(
    image: np.ndarray, style: PlateStyle, aspect: float, faces: list[Typeface], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Draw the bands of `style` on a plate. Returns the place that is left for the code: x0, x1, y0 in pixels."""
    height, width = image.shape[:2]
    x0, x1, y0 = width * rng.uniform(0.015, 0.06), width * (1 - rng.uniform(0.015, 0.06)), 0.0
    band = max(2, round(rng.uniform(0.75, 1.1) * (width * 0.085 if aspect > 2.4 else width * 0.13)))
    if style.band == "top":
        y0 = height * rng.uniform(0.18, 0.26)
        draw_band(image, (0, 0, width, round(y0)), style, faces, rng)
    if style.band in ("left", "both"):
        draw_band(image, (0, 0, band, height), style, faces, rng)
        x0 = band + width * rng.uniform(0.01, 0.04)
    if style.band in ("right", "both"):
        draw_band(image, (width - band, 0, width, height), style, faces, rng)
        x1 = width - band - width * rng.uniform(0.01, 0.04)
    return x0, x1, y0


def draw_band(image: np.ndarray, box, style: PlateStyle, faces: list[Typeface], rng: np.random.Generator) -> None:
    """The coloured band at a plate's edge, `box` = (x0, y0, x1, y1), with letters and an emblem or a flag."""
    x0, y0, x1, y1 = box
    lies = x1 - x0 > y1 - y0
    image[y0:y1, x0:x1] = jitter_colour(style.band_colour, rng)
    if style.band_text and rng.random() < 0.9:
        size = min((y1 - y0) * 0.75, (x1 - x0) * 0.5, 0.28 * image.shape[0]) * rng.uniform(0.5, 1)
        y = (y0 + y1 - size) / 2 if lies else y1 - size * 1.5
        mask = np.zeros(image.shape[:2], np.uint8)
        face = faces[rng.integers(len(faces))]
        words = caption_text(style.band_text[rng.integers(len(style.band_text))])
        draw_line(mask, set_line(words, face, x0 + 1, x1 - 1, y, size, rng), face)
        lay_ink(image[y0:y1], mask[y0:y1], jitter_colour((245, 245, 245), rng))
    if style.flag and rng.random() < 0.85:
        draw_band_flag(image, box, style.flag, rng)
    elif not lies and rng.random() < 0.7:  # a ring of stars or a hologram
        centre = (x0 + x1) // 2, round(y0 + (y1 - y0) * 0.3)
        radius = max(1, round((x1 - x0) * rng.uniform(0.2, 0.35)))
        tint = tuple(map(float, rng.choice([(60, 210, 240), (240, 240, 240), (170, 160, 150)])))
        cv2.circle(image, centre, radius, tint, max(1, radius // 3) if rng.random() < 0.7 else -1)


def draw_band_flag(image: np.ndarray, band, colours, rng: np.random.Generator) -> None:
    """A flag in a `band` (x0, y0, x1, y1): at one end of a lying band, in the upper half of an upright one."""
    x0, y0, x1, y1 = band
    if x1 - x0 > y1 - y0:
        tall = (y1 - y0) * rng.uniform(0.5, 0.75)
        wide = 1.5 * tall
        left = x1 - wide * rng.uniform(1.2, 1.6) if rng.random() < 0.8 else x0 + wide * rng.uniform(0.2, 0.6)
        top = y0 + (y1 - y0 - tall) / 2
    else:
        wide = (x1 - x0) * rng.uniform(0.6, 0.9)
        tall = wide * rng.uniform(0.55, 0.75)
        left = x0 + (x1 - x0 - wide) / 2
        top = y0 + (y1 - y0) * rng.uniform(0.08, 0.35)
    draw_flag(image, (left, top, left + wide, top + tall), colours, rng)


def draw_flag(image: np.ndarray, box, colours, rng: np.random.Generator) -> None:
    """A flag of stripes in `colours`, each (r, g, b), in `box` = (x0, y0, x1, y1), pixels; upright stripes at times."""
    x0, y0, x1, y1 = box
    upright = rng.random() < 0.5
    for i, colour in enumerate(colours):
        tint = tuple(map(float, jitter_colour(colour, rng)))
        low, high = i / len(colours), (i + 1) / len(colours)
        if upright:
            ends = (x0 + low * (x1 - x0), y0), (x0 + high * (x1 - x0), y1)
        else:
            ends = (x0, y0 + low * (y1 - y0)), (x1, y0 + high * (y1 - y0))
        first, last = (tuple(np.round(end).astype(int)) for end in ends)
        cv2.rectangle(image, first, last, tint, -1)


def draw_beside_code(
    image: np.ndarray, style: PlateStyle, span: tuple[float, float], rng: np.random.Generator
) -> tuple[float, float]:
    """Perhaps a flag and a symbol at an end of the code. Returns what is left of `span` (x0, x1), pixels."""
    height, width = image.shape[:2]
    if style.flag and not style.band and rng.random() < 0.85:
        wide = min(rng.uniform(0.06, 0.12) * width, 0.4 * height)
        left, span = reserve(span, 1.25 * wide, rng)
        top = height * rng.uniform(0.1, 0.7)
        draw_flag(image, (left, top, left + wide, top + wide * rng.uniform(0.55, 0.75)), style.flag, rng)
    if rng.random() < 0.22:  # an emblem, the sign for the disabled, a seal, a picture
        room = min(rng.uniform(0.12, 0.24) * width, 0.6 * height)
        left, span = reserve(span, room, rng)
        x, y = left + room / 2, height * rng.uniform(0.3, 0.7)
        for _ in range(rng.integers(2, 6) if rng.random() < 0.4 else 1):
            place = x + room * rng.normal(0, 0.12), y + room * rng.normal(0, 0.12)
            draw_symbol(image, place, room * rng.uniform(0.15, 0.5), rng)
    return span


def reserve(span: tuple[float, float], room: float, rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """Take `room` from either end of `span` (x0, x1). Returns the left edge of the room, and the rest of the span."""
    x0, x1 = span
    if rng.random() < 0.6:
        return x0, (x0 + room, x1)
    return x1 - room, (x0, x1 - room)


def draw_symbol(image: np.ndarray, centre: tuple[float, float], radius: float, rng: np.random.Generator) -> None:
    """Draw a small coloured shape on `image` in place: a seal, a coat of arms, a maker's ring, a state's outline."""
    for size in (radius, radius * 0.55)[: rng.integers(1, 3)]:
        tint = tuple(map(float, rng.uniform(0, 230, 3)))
        if rng.random() < 0.4:
            weight = -1 if rng.random() < 0.7 else max(1, round(size * rng.uniform(0.1, 0.4)))
            cv2.circle(image, (round(centre[0]), round(centre[1])), max(1, round(size)), tint, weight)
        else:  # a star or a ragged outline
            count = int(rng.integers(3, 12))
            angles = np.sort(rng.uniform(0, 2 * np.pi, count))
            reach = size * rng.uniform(0.5, 1.3, count)
            outline = centre + np.stack([np.cos(angles), np.sin(angles)], -1) * reach[:, None]
            cv2.fillPoly(image, [outline.round().astype(np.int32)], tint, cv2.LINE_AA)


def draw_caption(
    image: np.ndarray,
    style: PlateStyle,
    ink: np.ndarray,
    face: Typeface,
    place: tuple[float, float, float, float],
    rng: np.random.Generator,
) -> None:
    """Write one of the captions of `style` on `image`, (h, w, 3) float32, in place.

    `place` is x0, x1, the top of the room, and the height of the capitals, in pixels. The caption has the colour
    `ink` or another one, and a light rim at times, as slogans on pictures have it.
    """
    x0, x1, y, size = place
    inset = (x1 - x0) * rng.uniform(0, 0.25)
    words = caption_text(style.captions[rng.integers(len(style.captions))])
    written = np.zeros(image.shape[:2], np.uint8)
    draw_line(written, set_line(words, face, x0 + inset, x1 - inset, y, size, rng), face)
    top, bottom = max(0, int(y - 0.2 * size)), min(image.shape[0], int(y + 1.2 * size) + 1)
    part, mask = image[top:bottom], written[top:bottom]
    if not part.size:
        return
    if rng.random() < 0.12:  # upside down, like a script that the alphabet does not have
        mask = mask[::-1]
    colour = ink if rng.random() < 0.6 else rng.uniform(0, 255, 3).astype(np.float32)
    if rng.random() < 0.2:
        rim = cv2.dilate(mask, np.ones((3, 3), np.uint8))
        lay_ink(part, rim, np.float32(245) if colour.mean() < 150 else np.float32(20))
    lay_ink(part, mask, colour)


def decorate(
    image: np.ndarray, lines: list[TextLine], style: PlateStyle, faces: list[Typeface], rng: np.random.Generator
) -> None:
    """Draw what else sits on a plate, in place: emblems in the gaps, stickers, screws, dirt."""
    height, width = image.shape[:2]
    if rng.random() < style.emblem:
        draw_emblem(image, lines, rng)
    for _ in range(rng.integers(1, 3) if rng.random() < 0.2 else 0):
        draw_sticker(image, faces, rng)
    if rng.random() < 0.45:  # screws, in pairs, anywhere they do not belong
        y, inset = height * rng.choice([0.12, 0.2, 0.5, 0.85]), width * rng.uniform(0.03, 0.35)
        radius, tint = max(1, round(height * rng.uniform(0.02, 0.06))), (float(rng.uniform(10, 220)),) * 3
        for x in (inset, width - inset):
            cv2.circle(image, (round(x), round(y + rng.normal(0, 0.02) * height)), radius, tint, -1)
    if rng.random() < 0.25:  # dirt: patches, thicker along the lower edge
        patches = cv2.resize(rng.random((4, 8), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        patches = np.clip(patches + np.linspace(-0.4, 0.3, height, dtype=np.float32)[:, None], 0, 1)
        image += (patches * np.float32(rng.uniform(0.2, 0.8)))[..., None] * (jitter_colour((110, 100, 85), rng) - image)


def draw_emblem(image: np.ndarray, lines: list[TextLine], rng: np.random.Generator) -> None:
    """One or two symbols in a gap of the code, if it has one."""
    gaps = [(x, line) for line in lines for x, c in zip(line.centres, line.text, strict=True) if c in " -.·"]
    if not gaps:
        return
    x, line = gaps[rng.integers(len(gaps))]
    radius = line.height * rng.uniform(0.1, 0.3)
    for y in (0.3, 0.72) if rng.random() < 0.4 else (rng.uniform(0.3, 0.7),):
        draw_symbol(image, (x, line.y + line.height * y), radius, rng)


def draw_sticker(image: np.ndarray, faces: list[Typeface], rng: np.random.Generator) -> None:
    """A sticker near the upper or the lower edge, with the month or the year on some."""
    height, width = image.shape[:2]
    w, h = width * rng.uniform(0.04, 0.11), height * rng.uniform(0.08, 0.2)
    x, y = rng.uniform(0, width - w), rng.choice([rng.uniform(0, 0.06), rng.uniform(0.82, 0.9)]) * height
    tint = rng.uniform(0, 255, 3)
    cv2.rectangle(image, (round(x), round(y)), (round(x + w), round(y + h)), tuple(tint), -1)
    if rng.random() < 0.5:
        words = f"{rng.integers(100):02}" if rng.random() < 0.5 else str(rng.choice(_MONTHS))
        face, size = faces[rng.integers(len(faces))], 0.7 * h
        mask = np.zeros((height, width), np.uint8)
        draw_line(mask, set_line(words, face, x + 1, x + w - 1, y + 0.15 * h, size, rng), face)
        rows = slice(int(y), int(y + h) + 1)
        lay_ink(image[rows], mask[rows], np.float32(20) if tint.mean() > 128 else np.float32(235))


_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

"""Everything on a plate beside its code and its pictures: bands, flags, emblems, captions, stickers, screws, dirt.

All places are in pixels. The shares and ranges were set by eye, and none was tuned.
"""

import cv2
import numpy as np

from formats.plate_format import LETTERS, PICTURE, PlateStyle
from synthesis.chance import pick
from synthesis.layout import Layout, reserve
from synthesis.lettering import TextLine, caption_text, draw_characters, draw_line, set_line
from synthesis.paint import blend, fill, jitter_colour, lay_ink, to_tint
from synthesis.pictures import draw_thing
from synthesis.typefaces import Typeface

Box = tuple[float, float, float, float]  # x0, y0, x1, y1

BAND_WIDTHS = (0.085, 0.13)  # of a long plate's width, of a short one's
LONG_ASPECT = 2.4  # width / height from which a plate is long
WHITE = (245, 245, 245)  # of a band's letters
STAR_TINTS = [(60, 210, 240), (240, 240, 240), (170, 160, 150)]  # b, g, r: yellow and white stars, a gray hologram
BESIDE_SHARES = {"symbols": 0.22, "things": 0.1, "seal": 0.0}  # of the plates: those with one at an end of the code
PICTURED_SHARES = {"symbols": 0.16, "things": 0.2, "seal": 0.14}  # the same where a style has pictures: clubs, causes
FLAG_SHARE = 0.85  # of the plates whose style has a flag: those that show it
LEAST_CAPTION_ROOM = 0.07  # of a plate's height: captions in less are illegible
MOST_CAPTION = 0.6  # of a character's height: the room that a caption takes; its letters are lower
STICKER_SHARE = 0.2  # of the plates
SCREWS_SHARE = 0.45
DIRT_SHARE = 0.25
DIRT = (110, 100, 85)
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
PICTURE_KINDS = {"thing": 0.45, "symbols": 0.3, "seal": 0.25}  # shares of the pictures in a code
GAP_MARKS = " -.·"  # where an emblem may be in the code


# --- bands and flags --------------------------------------------------------------------------------------------------


def draw_bands(
    image: np.ndarray, style: PlateStyle, aspect: float, faces: tuple[Typeface, ...], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Draw the bands of `style` on a plate in place. Returns the place that they leave to the code: x0, x1, y0."""
    height, width = image.shape[:2]
    x0 = width * rng.uniform(0.015, 0.06)
    x1 = width * (1 - rng.uniform(0.015, 0.06))
    y0 = 0.0
    share = BAND_WIDTHS[0] if aspect > LONG_ASPECT else BAND_WIDTHS[1]
    band = max(2, round(rng.uniform(0.75, 1.1) * width * share))
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


def draw_band(
    image: np.ndarray, box: Box, style: PlateStyle, faces: tuple[Typeface, ...], rng: np.random.Generator
) -> None:
    """Draw a coloured band at `box` in place, with its letters, and a flag, stars or a hologram on some."""
    x0, y0, x1, y1 = box
    lies = x1 - x0 > y1 - y0
    fill(image[y0:y1, x0:x1], jitter_colour(style.band_colour, rng))
    if style.band_text and rng.random() < 0.9:
        size = min((y1 - y0) * 0.75, (x1 - x0) * 0.5, 0.28 * image.shape[0]) * rng.uniform(0.5, 1)
        y = (y0 + y1 - size) / 2 if lies else y1 - size * 1.5
        words = caption_text(style.band_text[rng.integers(len(style.band_text))])
        write_words(image, words, (x0 + 1, x1 - 1), y, size, jitter_colour(WHITE, rng), faces, rng)
    if style.flag and rng.random() < FLAG_SHARE:
        draw_flag(image, place_band_flag(box, rng), style.flag, rng)
    elif not lies and rng.random() < 0.7:
        draw_stars(image, box, rng)


def draw_stars(image: np.ndarray, box: Box, rng: np.random.Generator) -> None:
    """Draw a ring of stars or a hologram in the upper half of an upright band at `box`, in place."""
    x0, y0, x1, y1 = box
    centre = (x0 + x1) // 2, round(y0 + (y1 - y0) * 0.3)
    radius = max(1, round((x1 - x0) * rng.uniform(0.2, 0.35)))
    tint = to_tint(pick(STAR_TINTS, rng))
    weight = max(1, radius // 3) if rng.random() < 0.7 else -1
    cv2.circle(image, centre, radius, tint, weight)


def place_band_flag(band: Box, rng: np.random.Generator) -> Box:
    """Where a flag is in a `band`: at an end of a lying band, in the upper half of an upright one."""
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
    return left, top, left + wide, top + tall


def draw_flag(image: np.ndarray, box: Box, colours, rng: np.random.Generator) -> None:
    """Draw a flag of stripes in `colours`, each (r, g, b), at `box` in place; the stripes are upright at times."""
    x0, y0, x1, y1 = box
    upright = rng.random() < 0.5
    for i, colour in enumerate(colours):
        tint = to_tint(jitter_colour(colour, rng))
        low, high = i / len(colours), (i + 1) / len(colours)
        if upright:
            ends = (x0 + low * (x1 - x0), y0), (x0 + high * (x1 - x0), y1)
        else:
            ends = (x0, y0 + low * (y1 - y0)), (x1, y0 + high * (y1 - y0))
        first, last = (tuple(np.round(end).astype(int)) for end in ends)
        cv2.rectangle(image, first, last, tint, -1)


# --- beside the code --------------------------------------------------------------------------------------------------


def draw_beside_code(
    image: np.ndarray,
    style: PlateStyle,
    span: tuple[float, float],
    faces: tuple[Typeface, ...],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Draw a flag, and symbols, things or a seal, at the ends of the code on some plates, in place.

    Returns what is left of `span`. A span is (x0, x1).
    """
    height, width = image.shape[:2]
    if style.flag and not style.band and rng.random() < FLAG_SHARE:
        wide = min(rng.uniform(0.06, 0.12) * width, 0.4 * height)
        left, span = reserve(span, 1.25 * wide, rng)
        top = height * rng.uniform(0.1, 0.7)
        box = left, top, left + wide, top + wide * rng.uniform(0.55, 0.75)
        draw_flag(image, box, style.flag, rng)
    shares = PICTURED_SHARES if style.picture else BESIDE_SHARES
    kind = pick((*shares, ""), rng, (*shares.values(), 1 - sum(shares.values())))
    if kind == "symbols":  # an emblem, the sign for the disabled, a seal
        room = min(rng.uniform(0.12, 0.24) * width, 0.6 * height)
        left, span = reserve(span, room, rng)
        x = left + room / 2
        y = height * rng.uniform(0.3, 0.7)
        for _ in range(rng.integers(2, 6) if rng.random() < 0.4 else 1):
            place = x + room * rng.normal(0, 0.12), y + room * rng.normal(0, 0.12)
            draw_symbol(image, place, room * rng.uniform(0.15, 0.5), rng)
    elif kind == "things":
        room = min(rng.uniform(0.12, 0.3) * width, 0.9 * height)
        left, span = reserve(span, room, rng)
        size = min(1.5 * room, height * rng.uniform(0.4, 0.9))
        foot = (height + size) / 2 + rng.uniform(-0.5, 0.5) * (height - size)
        for _ in range(rng.integers(1, 4)):
            place = left + room * rng.uniform(0.3, 0.7), foot - size * rng.uniform(0, 0.3)
            draw_thing(image, place, size * rng.uniform(0.5, 1), rng)
    elif kind == "seal":  # about as high as the code
        radius = min(rng.uniform(0.18, 0.45) * height, 0.15 * width)
        left, span = reserve(span, 2.1 * radius, rng)
        y = height / 2 + rng.uniform(-0.8, 0.8) * (height / 2 - radius)
        draw_seal(image, (left + 1.05 * radius, y), radius, faces, rng)
    return span


def draw_symbol(image: np.ndarray, centre: tuple[float, float], radius: float, rng: np.random.Generator) -> None:
    """Draw a small coloured shape on `image` in place: a seal, a coat of arms, a maker's ring, a state's outline."""
    for size in (radius, radius * 0.55)[: rng.integers(1, 3)]:
        tint = to_tint(rng.uniform(0, 230, 3))
        if rng.random() < 0.4:
            weight = -1 if rng.random() < 0.7 else max(1, round(size * rng.uniform(0.1, 0.4)))
            cv2.circle(image, (round(centre[0]), round(centre[1])), max(1, round(size)), tint, weight)
        else:  # a star or a ragged outline
            count = int(rng.integers(3, 12))
            angles = np.sort(rng.uniform(0, 2 * np.pi, count))
            reach = size * rng.uniform(0.5, 1.3, count)
            outline = centre + np.stack([np.cos(angles), np.sin(angles)], -1) * reach[:, None]
            cv2.fillPoly(image, [outline.round().astype(np.int32)], tint, cv2.LINE_AA)


# --- captions ---------------------------------------------------------------------------------------------------------


def draw_captions(
    image: np.ndarray,
    style: PlateStyle,
    layout: Layout,
    span: tuple[float, float],
    ink: np.ndarray,
    faces: tuple[Typeface, ...],
    rng: np.random.Generator,
) -> None:
    """Write captions of `style` above and below the code, in place, where there is room in `span` (x0, x1).

    The letters are up to half as high as a character of the code, as the names of American states are.
    """
    character = max(line.height for line in layout.lines)
    face = faces[rng.integers(len(faces))]
    least = LEAST_CAPTION_ROOM * image.shape[0]
    rooms = [(top, bottom) for top, bottom in (layout.above, layout.below) if bottom - top > least]
    if len(rooms) == 2 and rng.random() < 0.4:  # in the larger room alone
        rooms = [max(rooms, key=lambda room: room[1] - room[0])]
    for top, bottom in rooms:
        size = min(0.9 * (bottom - top), MOST_CAPTION * character) * rng.uniform(0.45, 0.95)
        words = caption_text(style.captions[rng.integers(len(style.captions))])
        inset = (span[1] - span[0]) * rng.uniform(0, 0.25)
        line = set_line(words, face, span[0] + inset, span[1] - inset, (top + bottom - size) / 2, size, rng)
        draw_caption(image, line, face, ink, rng)


def draw_caption(image: np.ndarray, line: TextLine, face: Typeface, ink: np.ndarray, rng: np.random.Generator) -> None:
    """Write the caption `line` on `image`, (h, w, 3) float32, in place, in the colour `ink` or another one.

    Some captions have a light or dark rim, as slogans on pictures have.
    """
    written = np.zeros(image.shape[:2], np.uint8)
    draw_line(written, line, face)
    top = max(0, int(line.y - 0.2 * line.height))
    bottom = min(image.shape[0], int(line.y + 1.2 * line.height) + 1)
    if top >= bottom:
        return
    part, mask = image[top:bottom], written[top:bottom]
    if rng.random() < 0.12:  # upside down, like a script that the alphabet does not have
        mask = mask[::-1]
    colour = ink if rng.random() < 0.6 else rng.uniform(0, 255, 3).astype(np.float32)
    if rng.random() < 0.2:
        rim = cv2.dilate(mask, np.ones((3, 3), np.uint8))
        lay_ink(part, rim, np.float32(245) if colour.mean() < 150 else np.float32(20))
    lay_ink(part, mask, colour)


# --- on top of everything ---------------------------------------------------------------------------------------------


def decorate(
    image: np.ndarray, lines: list[TextLine], style: PlateStyle, faces: tuple[Typeface, ...], rng: np.random.Generator
) -> None:
    """Draw what else sits on a plate, in place: emblems in the gaps of the code, stickers, screws, dirt."""
    for line in lines:
        for i, character in enumerate(line.text):
            if character == PICTURE:
                draw_picture_in_line(image, line, i, faces, rng)
    if rng.random() < style.emblem:
        draw_emblem(image, lines, rng)
    for _ in range(rng.integers(1, 3) if rng.random() < STICKER_SHARE else 0):
        draw_sticker(image, faces, rng)
    if rng.random() < SCREWS_SHARE:
        draw_screws(image, rng)
    if rng.random() < DIRT_SHARE:
        draw_dirt(image, rng)


def draw_emblem(image: np.ndarray, lines: list[TextLine], rng: np.random.Generator) -> None:
    """Draw one or two symbols in a gap of the code, in place, if it has one."""
    gaps = [(x, line) for line in lines for x, c in zip(line.centres, line.text, strict=True) if c in GAP_MARKS]
    if not gaps:
        return
    x, line = gaps[rng.integers(len(gaps))]
    radius = line.height * rng.uniform(0.1, 0.3)
    for y in (0.3, 0.72) if rng.random() < 0.4 else (rng.uniform(0.3, 0.7),):
        draw_symbol(image, (x, line.y + line.height * y), radius, rng)


def draw_picture_in_line(
    image: np.ndarray, line: TextLine, place: int, faces: tuple[Typeface, ...], rng: np.random.Generator
) -> None:
    """Draw the picture that is number `place` of the characters of `line`, in place: a thing, symbols, or a seal."""
    x, width = line.centres[place], line.widths[place]
    middle = line.y + line.height * rng.uniform(0.4, 0.6)
    kind = pick(tuple(PICTURE_KINDS), rng, tuple(PICTURE_KINDS.values()))
    if kind == "thing":
        height = min(line.height * rng.uniform(0.6, 1.2), 1.6 * width)  # most things are higher than wide
        draw_thing(image, (x, middle + height / 2), height, rng)
    elif kind == "symbols":
        for _ in range(rng.integers(1, 5)):
            draw_symbol(image, rng.normal((x, middle), 0.1 * width), width * rng.uniform(0.2, 0.6), rng)
    else:
        radius = min(line.height, width) * rng.uniform(0.4, 0.55)
        draw_seal(image, (x, middle), radius, faces, rng)


def draw_seal(
    image: np.ndarray, centre: tuple[float, float], radius: float, faces: tuple[Typeface, ...], rng: np.random.Generator
) -> None:
    """Draw a disc with rings and one to three letters, as of a club or an army, in place."""
    tint = rng.uniform(0, 255, 3)
    place = round(centre[0]), round(centre[1])
    cv2.circle(image, place, max(2, round(radius)), to_tint(tint), -1, cv2.LINE_AA)
    for share in rng.uniform(0.6, 1, rng.integers(3)):
        weight = max(1, round(0.1 * radius))
        cv2.circle(image, place, max(1, round(share * radius)), to_tint(rng.uniform(0, 255, 3)), weight, cv2.LINE_AA)
    letters = draw_characters(LETTERS, rng.integers(1, 4), rng)
    size = radius * rng.uniform(0.5, 1.1)
    span = centre[0] - 0.7 * radius, centre[0] + 0.7 * radius
    write_words(image, letters, span, centre[1] - size / 2, size, contrast_to(tint), faces, rng)


def draw_sticker(image: np.ndarray, faces: tuple[Typeface, ...], rng: np.random.Generator) -> None:
    """Draw a sticker near the upper or the lower edge, in place, with a month or a year on half of them."""
    height, width = image.shape[:2]
    w, h = width * rng.uniform(0.04, 0.11), height * rng.uniform(0.08, 0.2)
    x = rng.uniform(0, width - w)
    y = pick((rng.uniform(0, 0.06), rng.uniform(0.82, 0.9)), rng) * height
    tint = rng.uniform(0, 255, 3)
    cv2.rectangle(image, (round(x), round(y)), (round(x + w), round(y + h)), to_tint(tint), -1)
    if rng.random() < 0.5:
        words = f"{rng.integers(100):02}" if rng.random() < 0.5 else pick(MONTHS, rng)
        write_words(image, words, (x + 1, x + w - 1), y + 0.15 * h, 0.7 * h, contrast_to(tint), faces, rng)


def write_words(
    image: np.ndarray,
    words: str,
    span: tuple[float, float],
    top: float,
    height: float,
    ink: np.ndarray,
    faces: tuple[Typeface, ...],
    rng: np.random.Generator,
) -> None:
    """Write `words` in any typeface on `image`, in place, within `span` (x0, x1), with capitals `height` high.

    `top` is the top of the capitals. All lengths are in pixels.
    """
    face = faces[rng.integers(len(faces))]
    mask = np.zeros(image.shape[:2], np.uint8)
    draw_line(mask, set_line(words, face, *span, top, height, rng), face)
    lay_ink(image, mask, ink)


def contrast_to(tint: np.ndarray) -> np.ndarray:
    """A gray level that is legible on `tint` (3,), 0..255."""
    return np.float32(20 if tint.mean() > 128 else 235)


def draw_screws(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a pair of screws, in place, anywhere on one height, also across the code."""
    height, width = image.shape[:2]
    y, inset = height * pick((0.12, 0.2, 0.5, 0.85), rng), width * rng.uniform(0.03, 0.35)
    radius, gray = max(1, round(height * rng.uniform(0.02, 0.06))), float(rng.uniform(10, 220))
    for x in (inset, width - inset):
        cv2.circle(image, (round(x), round(y + rng.normal(0, 0.02) * height)), radius, (gray, gray, gray), -1)


def draw_dirt(image: np.ndarray, rng: np.random.Generator) -> None:
    """Lay patches of dirt on the plate, in place, thicker along the lower edge."""
    height, width = image.shape[:2]
    patches = cv2.resize(rng.random((4, 8), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    patches += np.linspace(-0.4, 0.3, height, dtype=np.float32)[:, None]
    cover = np.clip(patches, 0, 1) * np.float32(rng.uniform(0.2, 0.8))
    blend(image, cover, jitter_colour(DIRT, rng))

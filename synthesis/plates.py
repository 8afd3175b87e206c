"""TODO."""

import dataclasses

import cv2
import numpy as np

from formats.plate_format import LINE_BREAK, SEPARATORS, PlateFormat, PlateStyle
from synthesis.lettering import (
    CHARACTERS,
    TextLine,
    Typeface,
    caption_text,
    choose_typeface,
    draw_line,
    set_line,
    stack_letters,
    vary_groups,
)


@dataclasses.dataclass
class FlatPlate:
    """A plate laid out flat: pixels (h, w, 3) float32 0..255, its code, and the place of each of its characters."""

    image: np.ndarray
    code: str
    centres: np.ndarray  # (len(code), 3): x and y as fractions of the plate, and the line, 0 or 1


def jitter_colour(colour, rng: np.random.Generator, amount: float = 14) -> np.ndarray:
    """An (r, g, b) of a format as float32 BGR, varied as paint, age and lamps vary it."""
    return np.clip(np.array(colour[::-1], np.float32) + rng.normal(0, amount, 3) + rng.normal(0, amount), 0, 255)


def draw_plate(
    form: PlateFormat, style: PlateStyle, text: str, faces: list[Typeface], width: int, rng: np.random.Generator
) -> FlatPlate:
    """Lay out a plate of `form` and `style` that says `text`, `width` pixels wide."""
    aspect = style.size[0] / style.size[1] * rng.uniform(0.92, 1.08)
    height = max(16, round(width / aspect))
    unit = height / style.size[1]  # pixels a mm, by height
    face = choose_typeface(form, faces, rng)
    colour, ink = jitter_colour(style.colour, rng), jitter_colour(style.text_colour, rng)
    image = np.empty((height, width, 3), np.float32)
    image[:] = colour
    if rng.random() < 0.15:  # printed backgrounds: a second tint from one edge
        ramp = np.clip(np.linspace(*rng.permutation([-0.5, 1.5]), height, dtype=np.float32), 0, 1)[:, None, None]
        image += ramp * (rng.uniform(120, 255, 3).astype(np.float32) - image) * rng.uniform(0.2, 0.9)
    x0, x1, y_top = draw_bands(image, style, aspect, faces, rng)

    stacked = rng.random() < style.stacked
    texts = break_text(text, style.lines, stacked, rng)
    heights = np.array([style.upper_height, style.glyph_height][-len(texts) :]) * unit * rng.uniform(0.88, 1.1)
    number = texts[-1].replace("-", " ").split(" ")[-1]  # the last group of the code
    beside = len(texts) == 2 and aspect > 1.7 and 1 < len(number) < len(texts[-1]) and rng.random() < 0.07
    heights *= min(1, (height - y_top) * 0.93 / (heights.sum() * (1.08 if len(texts) == 2 else 1)))
    free = height - y_top - heights.sum()
    captioned = style.captions and rng.random() < style.caption and free > 0.16 * height
    lean = rng.uniform(0.35, 0.65)  # share of the free room that is above the code
    if captioned:
        above = rng.random() < 0.6
        lean = rng.uniform(0.6, 0.9) if above else rng.uniform(0.1, 0.4)
    gaps = free * np.array([lean, 1 - lean] if len(texts) == 1 else [lean * 0.75, 0.25, 0.75 - lean * 0.75])
    slant = rng.normal(0, 0.15) if rng.random() < 0.12 else 0.0
    bridge = rng.uniform(0.08, 0.25) if rng.random() < style.stencil else 0.0
    tops = y_top + np.cumsum(gaps[:-1]) + np.cumsum([0, *heights[:-1]])
    if beside:
        lines = set_beside(texts, number, face, (x0, x1), tops, heights, rng)
    else:
        lines = set_lines(texts, face, (x0, x1), tops, heights, stacked, rng)

    mask = np.zeros((height, width), np.uint8)
    for line in lines:
        draw_line(mask, line, face, slant, bridge)
    if len(texts) == 2 and rng.random() < 0.15:  # a rule between the lines
        y = round(y_top + gaps[0] + heights[0] + gaps[1] / 2)
        rule = jitter_colour((190, 20, 20) if rng.random() < 0.5 else style.text_colour, rng)
        cv2.line(image, (0, y), (width, y), tuple(map(float, rule)), max(1, round(height * rng.uniform(0.01, 0.04))))
    if captioned:
        y, room = (y_top, gaps[0]) if above else (height - gaps[-1], gaps[-1])
        draw_caption(mask, style.captions, faces, (x0, x1), y, room, rng)
    if rng.random() < style.border:
        inset, weight = round(height * rng.uniform(0.02, 0.06)), max(1, round(height * rng.uniform(0.01, 0.035)))
        cv2.rectangle(mask, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, weight)
    if rng.random() < 0.3:  # heavier or worn strokes
        kernel = np.ones((1, 2) if rng.random() < 0.5 else (2, 1), np.uint8)
        mask = cv2.dilate(mask, kernel) if rng.random() < 0.6 else np.maximum(cv2.erode(mask, kernel), mask // 2)

    cover = mask.astype(np.float32)[..., None] * np.float32(1 / 255)
    image += cover * (ink - image)
    if rng.random() < 0.4:  # embossed: light catches one flank of each stroke
        flank = cv2.filter2D(mask, cv2.CV_32F, np.array([[1, 0, 0], [0, 0, 0], [0, 0, -1]], np.float32))
        image += flank[..., None] * np.float32(rng.uniform(-0.35, 0.35))
    decorate(image, lines, style, rng)
    centres = [
        (x / width, (line.y + line.height / 2) / height, line.row)
        for line in lines
        for x, c in zip(line.centres, line.text, strict=True)
        if c.isalnum()
    ]
    code = "".join(c for t in texts for c in t if c.isalnum())
    return FlatPlate(image, code, np.array(centres, np.float32).reshape(-1, 3))


def draw_bands(
    image: np.ndarray, style: PlateStyle, aspect: float, faces: list[Typeface], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Draw the bands of `style`, and perhaps a symbol, on a plate. Returns what is left for the code: x0, x1, y0."""
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
    if rng.random() < 0.22:  # a symbol beside the code: an emblem, the sign for the disabled, a seal, a picture
        room = min(rng.uniform(0.12, 0.24) * width, 0.6 * height)
        at_left = rng.random() < 0.6
        x, y = x0 + room / 2 if at_left else x1 - room / 2, height * rng.uniform(0.3, 0.7)
        for _ in range(rng.integers(2, 6) if rng.random() < 0.4 else 1):
            place = x + room * rng.normal(0, 0.12), y + room * rng.normal(0, 0.12)
            draw_symbol(image, place, room * rng.uniform(0.15, 0.5), rng)
        x0, x1 = (x0 + room, x1) if at_left else (x0, x1 - room)
    return x0, x1, y0


def break_text(text: str, lines: int, early: bool, rng: np.random.Generator) -> list[str]:
    """The lines that a plate of one or two `lines` shows of what it says.

    Two break at one of the marks in `text`, and `early` at the first of them.
    """
    if lines == 2 and LINE_BREAK in text:
        marks = [i for i, c in enumerate(text) if c == LINE_BREAK]
        mark = marks[0 if early else rng.integers(len(marks))]
        texts = [text[:mark].replace(LINE_BREAK, " "), text[mark + 1 :].replace(LINE_BREAK, " ")]
    else:
        texts = [text.replace(LINE_BREAK, " " if rng.random() < 0.6 else "")]
    return [t.strip(SEPARATORS) for t in texts]


def set_lines(texts, face: Typeface, span: tuple[float, float], tops, heights, stacked: bool, rng) -> list[TextLine]:
    """Set `texts` at `tops` with capitals of `heights`, all in `span` (x0, x1); letters before a number `stacked`."""
    (x0, x1), lines = span, []
    for row, (text, y, cap) in enumerate(zip(texts, tops, heights, strict=True)):
        letters, rest = text[:2], text[2:].strip(SEPARATORS)
        if row and letters.isalpha() and rest.isdigit() and stacked:
            x = x0 + (x1 - x0) * rng.uniform(0.05, 0.09)
            lines += stack_letters(letters, face, x, y, cap, x1 - x0)
            text, x0 = rest, x + (x1 - x0) * 0.06
        line = set_line(text, face, x0, x1, y, cap, rng)
        line.row = row
        lines += vary_groups(line, rng) if rng.random() < 0.08 else [line]
    return lines


def set_beside(texts, number: str, face: Typeface, span: tuple[float, float], tops, heights, rng) -> list[TextLine]:
    """Set two `texts` at the left of `span` (x0, x1), and at its right, high as both, the `number` that ends them."""
    x0, x1 = span
    edge = x0 + (x1 - x0) * rng.uniform(0.36, 0.5)
    upper = set_line(texts[0], face, x0, edge, tops[0], heights[0], rng)
    lower = set_line(texts[1].removesuffix(number).strip(SEPARATORS), face, x0, edge, tops[1], heights[1], rng)
    top = upper.y + rng.uniform(0, 0.3) * upper.height
    large = set_line(number, face, edge + 0.04 * (x1 - x0), x1, top, tops[1] + heights[1] - top, rng)
    lower.row = large.row = 1
    return [upper, lower, large]


def draw_caption(mask: np.ndarray, captions, faces: list[Typeface], span, y: float, room: float, rng) -> None:
    """Write one of `captions` into `mask`, (h, w) uint8, in place: within `span` (x0, x1), `room` pixels from `y`."""
    height, width = mask.shape
    size = min(room, 0.2 * height) * rng.uniform(0.45, 0.8)
    y += (room - size) / 2
    inset = width * rng.uniform(0.05, 0.25)
    words, face = caption_text(captions[rng.integers(len(captions))]), faces[rng.integers(len(faces))]
    written = np.zeros_like(mask)
    draw_line(written, set_line(words, face, span[0] + inset, span[1] - inset, y, size, rng), face)
    if rng.random() < 0.2:  # upside down, like a script that the alphabet does not have
        top, bottom = max(0, int(y)), min(height, int(y + size) + 1)
        written[top:bottom] = written[top:bottom][::-1]
    mask |= written


def draw_band(image: np.ndarray, box, style, faces: list[Typeface], rng: np.random.Generator) -> None:
    """The coloured band at a plate's edge, `box` = (x0, y0, x1, y1), with its letters and perhaps an emblem."""
    x0, y0, x1, y1 = box
    image[y0:y1, x0:x1] = jitter_colour(style.band_colour, rng)
    if style.band_text and rng.random() < 0.9:
        size = min((y1 - y0) * 0.75, (x1 - x0) * 0.5, 0.28 * image.shape[0]) * rng.uniform(0.5, 1)
        y = (y0 + y1 - size) / 2 if x1 - x0 > y1 - y0 else y1 - size * 1.5
        mask = np.zeros(image.shape[:2], np.uint8)
        face = faces[rng.integers(len(faces))]
        words = caption_text(style.band_text[rng.integers(len(style.band_text))])
        draw_line(mask, set_line(words, face, x0 + 1, x1 - 1, y, size, rng), face)
        image += (mask[..., None] / np.float32(255)) * (jitter_colour((245, 245, 245), rng) - image)
    if x1 - x0 < y1 - y0 and rng.random() < 0.7:  # a ring of stars, a flag or a hologram
        centre, radius = (
            ((x0 + x1) // 2, round(y0 + (y1 - y0) * 0.3)),
            max(1, round((x1 - x0) * rng.uniform(0.2, 0.35))),
        )
        tint = tuple(map(float, rng.choice([(60, 210, 240), (240, 240, 240), (170, 160, 150)])))
        cv2.circle(image, centre, radius, tint, max(1, radius // 3) if rng.random() < 0.7 else -1)


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


def decorate(image: np.ndarray, lines: list[TextLine], style, rng: np.random.Generator) -> None:
    """What else sits on a plate, in place: emblems in the gaps, stickers, screws, dirt."""
    height, width = image.shape[:2]
    if rng.random() < style.emblem:
        gaps = [(x, line) for line in lines for x, c in zip(line.centres, line.text, strict=True) if not c.isalnum()]
        if gaps:
            x, line = gaps[rng.integers(len(gaps))]
            radius = line.height * rng.uniform(0.1, 0.3)
            for y in (0.3, 0.72) if rng.random() < 0.4 else (rng.uniform(0.3, 0.7),):
                draw_symbol(image, (x, line.y + line.height * y), radius, rng)
    for _ in range(rng.integers(1, 3) if rng.random() < 0.2 else 0):  # stickers near an edge
        w, h = width * rng.uniform(0.03, 0.08), height * rng.uniform(0.08, 0.2)
        x, y = rng.uniform(0, width - w), rng.choice([rng.uniform(0, 0.08), rng.uniform(0.82, 0.9)]) * height
        cv2.rectangle(image, (round(x), round(y)), (round(x + w), round(y + h)), tuple(rng.uniform(0, 255, 3)), -1)
    if rng.random() < 0.45:  # screws, in pairs, anywhere they do not belong
        y, inset = height * rng.choice([0.12, 0.2, 0.5, 0.85]), width * rng.uniform(0.03, 0.35)
        radius, tint = max(1, round(height * rng.uniform(0.02, 0.06))), (float(rng.uniform(10, 220)),) * 3
        for x in (inset, width - inset):
            cv2.circle(image, (round(x), round(y + rng.normal(0, 0.02) * height)), radius, tint, -1)
    if rng.random() < 0.25:  # dirt: patches, thicker along the lower edge
        patches = cv2.resize(rng.random((4, 8), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        patches = np.clip(patches + np.linspace(-0.4, 0.3, height, dtype=np.float32)[:, None], 0, 1)
        image += (patches * np.float32(rng.uniform(0.2, 0.8)))[..., None] * (jitter_colour((110, 100, 85), rng) - image)


def mount(plate: np.ndarray, faces: list[Typeface], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put a flat plate (h, w, 3) in a frame, or none. Returns the board and its corners (4, 2) in plate fractions."""
    height, width = plate.shape[:2]
    if rng.random() < 0.45:
        return plate, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    edge = max(1, round(height * rng.uniform(0.02, 0.1)))
    strip = round(height * rng.uniform(0.1, 0.22)) if rng.random() < 0.4 else edge  # with a dealer's name
    above = rng.random() < 0.2
    top, bottom = (strip, edge) if above else (edge, strip)
    frame = jitter_colour((30, 30, 30) if rng.random() < 0.75 else rng.uniform(0, 255, 3), rng)
    board = np.empty((height + top + bottom, width + 2 * edge, 3), np.float32)
    board[:] = frame
    board[top : top + height, edge : edge + width] = plate
    if strip > edge:
        mask = np.zeros(board.shape[:2], np.uint8)
        words = "".join(rng.choice(list(CHARACTERS), rng.integers(6, 22)))
        face, size = faces[rng.integers(len(faces))], strip * rng.uniform(0.45, 0.7)
        y = (strip - size) / 2 if above else board.shape[0] - (strip + size) / 2
        draw_line(mask, set_line(words, face, width * 0.1, width * 0.9, y, size, rng), face)
        board += mask[..., None] / np.float32(255) * (255 - frame - board)
    x, y0, y1 = edge / width, top / height, bottom / height
    return board, np.array([[-x, -y0], [1 + x, -y0], [1 + x, 1 + y1], [-x, 1 + y1]], np.float32)

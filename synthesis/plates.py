"""Plates laid out flat: the ground, the code, everything beside it, and the frame that holds the plate."""

import dataclasses

import cv2
import numpy as np

from formats.plate_format import LINE_BREAK, SEPARATORS, PlateFormat, PlateStyle
from synthesis.lettering import (
    TextLine,
    draw_line,
    scale_letters,
    set_line,
    set_prefix,
    split_prefix,
    stack_letters,
    vary_groups,
)
from synthesis.ornaments import decorate, draw_bands, draw_beside_code, draw_caption, jitter_colour, lay_ink
from synthesis.pictures import draw_picture, keep_contrast
from synthesis.typefaces import CHARACTERS, Typeface, choose_typeface

LEAST_HEIGHT = 16  # pixels of a flat plate; the lines of a lower one would be illegible
LEAST_ASPECT_BESIDE = 1.7  # of a plate with a large number beside two short rows; on a narrower one it is too narrow


@dataclasses.dataclass
class FlatPlate:
    """A plate laid out flat: its pixels, its code, and the place of each of its characters."""

    image: np.ndarray  # (h, w, 3) float32 0..255, or 4 channels, the last how much of it covers what is behind
    code: str
    centres: np.ndarray  # (len(code), 3): x and y as fractions of the plate, and the line, 0 or 1


@dataclasses.dataclass
class Layout:
    """Where a plate's code stands, and where there is room above and below it. Pixels."""

    lines: list[TextLine]
    top: float  # of the room in which the code stands
    bottom: float
    above: tuple[float, float]  # the room for a caption: top, bottom
    below: tuple[float, float]
    middle: float | None = None  # between two lines


def draw_plate(
    form: PlateFormat, style: PlateStyle, text: str, faces: list[Typeface], width: int, rng: np.random.Generator
) -> FlatPlate:
    """Lay out a plate of `form` and `style` that says `text`, `width` pixels wide."""
    aspect = style.size[0] / style.size[1] * rng.uniform(0.92, 1.08)
    height = max(LEAST_HEIGHT, round(width / aspect))
    face = choose_typeface(form, faces, rng)
    ink = jitter_colour(style.text_colour, rng)
    image = draw_ground(style, (height, width), rng)
    pictured = rng.random() < style.picture
    if pictured:
        draw_picture(image, rng)
    x0, x1, top = draw_bands(image, style, aspect, faces, rng)
    span = draw_beside_code(image, style, (x0, x1), rng)

    captioned = bool(style.captions) and rng.random() < style.caption
    layout = lay_out(style, text, face, (*span, top, height), (height, width), captioned, rng)
    if style.panel:
        draw_panel(image, style, layout, rng)
    elif pictured:
        top, bottom = layout.above[1], layout.below[0]
        keep_contrast(image, (span[0], top, span[1], bottom), ink)
    marks = jitter_colour(style.panel, rng) if style.panel else ink  # the colour of what stands on the rim
    if captioned:
        draw_captions(image, style, layout, (x0, x1), marks, faces, rng)
    if layout.middle is not None and rng.random() < 0.15:
        draw_rule(image, style, layout.middle, rng)

    mask = draw_code(style, layout.lines, face, (height, width), rng)
    lay_ink(image, mask, ink)
    if rng.random() < style.border:
        draw_border(image, style, marks, rng)
    if rng.random() < 0.4:
        emboss(image, mask, rng)
    decorate(image, layout.lines, style, faces, rng)
    if rng.random() < style.painted:
        image = paint_on_body(image, mask, rng)
    elif style.taper:
        image = cut_taper(image, style.taper)
    code = "".join(c for c in text if c.isalnum())
    return FlatPlate(image, code, find_centres(layout.lines, (height, width)))


def find_centres(lines: list[TextLine], shape: tuple[int, int]) -> np.ndarray:
    """x and y of each character of `lines` as fractions of a plate of `shape`, and its line: (N, 3) float32."""
    height, width = shape
    centres = [
        (x / width, (line.y + line.height / 2) / height, line.row)
        for line in lines
        for x, c in zip(line.centres, line.text, strict=True)
        if c.isalnum()
    ]
    return np.array(centres, np.float32).reshape(-1, 3)


# --- the ground -------------------------------------------------------------------------------------------------------


def draw_ground(style: PlateStyle, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """An empty plate of `shape` in the colour of `style`, (h, w, 3) float32; a second tint at times."""
    height, width = shape
    image = np.empty((height, width, 3), np.float32)
    image[:] = jitter_colour(style.colour, rng)
    if rng.random() < 0.15 and not style.panel:
        ramp = np.clip(np.linspace(*rng.permutation([-0.5, 1.5]), height, dtype=np.float32), 0, 1)[:, None, None]
        image += ramp * (rng.uniform(120, 255, 3).astype(np.float32) - image) * rng.uniform(0.2, 0.9)
    return image


def draw_panel(image: np.ndarray, style: PlateStyle, layout: Layout, rng: np.random.Generator) -> None:
    """Draw the panel on which the code stands, in place; the rim that it leaves has the colour of the plate."""
    height, width = image.shape[:2]
    inset = max(1, round(width * rng.uniform(0.008, 0.035)))
    first, last = (inset, round(layout.top)), (width - 1 - inset, round(layout.bottom))
    colour = tuple(map(float, jitter_colour(style.panel, rng)))
    cv2.rectangle(image, first, last, colour, -1)
    if rng.random() < 0.3:  # a thin line round the rim
        cv2.rectangle(image, (0, 0), (width - 1, height - 1), colour, max(1, round(0.015 * height)))


def draw_rule(image: np.ndarray, style: PlateStyle, y: float, rng: np.random.Generator) -> None:
    """Draw a rule between the two lines of a plate, at `y` pixels, in place."""
    height, width = image.shape[:2]
    colour = jitter_colour((190, 20, 20) if rng.random() < 0.5 else style.text_colour, rng)
    weight = max(1, round(height * rng.uniform(0.01, 0.04)))
    cv2.line(image, (0, round(y)), (width, round(y)), tuple(map(float, colour)), weight)


# --- where the code stands --------------------------------------------------------------------------------------------


def lay_out(
    style: PlateStyle,
    text: str,
    face: Typeface,
    room: tuple[float, float, float, float],
    shape: tuple[int, int],
    captioned: bool,
    rng: np.random.Generator,
) -> Layout:
    """Set the code of `text` in `room` (x0, x1, y0, y1) of a plate of `shape`, pixels, with room for captions."""
    height, width = shape
    x0, x1, y0, y1 = room
    stacked = rng.random() < style.stacked
    beside = style.lines == 2 and width / height > LEAST_ASPECT_BESIDE and rng.random() < style.beside
    texts = break_text(text, style.lines, stacked or beside, rng)
    gap = 0.08 if len(texts) == 2 else 0.0  # at least, between two lines, as a share of their height
    heights = np.array([style.upper_height, style.glyph_height][-len(texts) :])
    heights = heights * height / style.size[1] * rng.uniform(0.88, 1.1)
    heights *= min(1, (y1 - y0) * 0.93 / (heights.sum() * (1 + gap)))

    inner = place_panel(heights.sum() * (1 + gap), (y0, y1), rng) if style.panel else (y0, y1)
    lean = rng.uniform(0.35, 0.65)  # share of the free room that is above the code
    if captioned and not style.panel:
        lean = rng.choice([rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.4), lean], p=[0.4, 0.25, 0.35])
    free = inner[1] - inner[0] - heights.sum()
    shares = [lean, 1 - lean] if len(texts) == 1 else [lean * 0.75, 0.25, 0.75 - lean * 0.75]
    gaps = free * np.array(shares)
    tops = inner[0] + np.cumsum(gaps[:-1]) + np.cumsum([0, *heights[:-1]])

    spans = [taper_span((x0, x1), style.taper * width * (1 - top / height)) for top in tops]
    number = last_group(texts[-1])
    if beside and len(texts) == 2 and 1 < len(number) < len(texts[-1]):
        lines = set_beside(texts, number, face, spans[0], tops, heights, rng)
    else:
        lines = set_lines(texts, style, face, spans, tops, heights, stacked, rng)
    bottom = tops[-1] + heights[-1]
    middle = (tops[0] + heights[0] + tops[1]) / 2 if len(texts) == 2 else None
    if style.panel:
        return Layout(lines, *inner, (y0, inner[0]), (inner[1], y1), middle)
    return Layout(lines, y0, y1, (y0, tops[0]), (bottom, y1), middle)


def place_panel(code_height: float, room: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """Top and bottom of a panel for a code `code_height` high in `room` (y0, y1), pixels."""
    y0, y1 = room
    height = min(code_height * rng.uniform(1.12, 1.5), 0.95 * (y1 - y0))
    top = y0 + (y1 - y0 - height) * rng.uniform(0.35, 0.75)
    return top, top + height


def taper_span(span: tuple[float, float], narrower: float) -> tuple[float, float]:
    """`span` (x0, x1) on a row at which the plate is `narrower` by so many pixels."""
    return span[0] + narrower / 2, span[1] - narrower / 2


def last_group(text: str) -> str:
    """The characters of `text` after its last separator."""
    for separator in SEPARATORS:
        text = text.replace(separator, " ")
    return text.split(" ")[-1]


def break_text(text: str, lines: int, early: bool, rng: np.random.Generator) -> list[str]:
    """The lines of a plate that says `text` on one or two `lines`.

    Two lines break at one of the LINE_BREAKs in `text`, and `early` at the first of them.
    """
    if lines == 2 and LINE_BREAK in text:
        marks = [i for i, c in enumerate(text) if c == LINE_BREAK]
        mark = marks[0 if early else rng.integers(len(marks))]
        texts = [text[:mark].replace(LINE_BREAK, " "), text[mark + 1 :].replace(LINE_BREAK, " ")]
    else:
        texts = [text.replace(LINE_BREAK, " " if rng.random() < 0.6 else "")]
    return [strip_separators(t) for t in texts]


def strip_separators(text: str) -> str:
    """`text` without the separators at its ends, but for a bracket that encloses a group, as in "(TC) 91"."""
    text = text.strip(" -.·/")
    if text[:1] in ")]" or (text[:1] in "([" and not set(text) & set(")]")):
        text = text[1:].strip(SEPARATORS)
    if text[-1:] in "([" or (text[-1:] in ")]" and not set(text) & set("([")):
        text = text[:-1].strip(SEPARATORS)
    return text


def set_lines(
    texts: list[str],
    style: PlateStyle,
    face: Typeface,
    spans: list[tuple[float, float]],
    tops: np.ndarray,
    heights: np.ndarray,
    stacked: bool,
    rng: np.random.Generator,
) -> list[TextLine]:
    """Set `texts` at `tops` with capitals of `heights`, each in its span (x0, x1), pixels."""
    lines = []
    for row, (text, (x0, x1), y, cap) in enumerate(zip(texts, spans, tops, heights, strict=True)):
        letters, rest = text[:2], text[2:].strip(SEPARATORS)
        prefix, after = split_prefix(text)
        if row and letters.isalpha() and rest.isdigit() and stacked:
            x = x0 + (x1 - x0) * rng.uniform(0.05, 0.09)
            lines += stack_letters(letters, face, x, y, cap, x1 - x0)
            text, x0 = rest, x + (x1 - x0) * 0.06
        elif not row and prefix and rng.random() < style.small_prefix:
            small, x0 = set_prefix(prefix, face, (x0, x1), y, cap, row, rng)
            lines += small
            text = after
        line = set_line(text, face, x0, x1, y, cap, rng)
        line.row = row
        if style.letter_scale < 1:
            lines += scale_letters(line, style.letter_scale, rng)
        else:
            lines += vary_groups(line, rng) if rng.random() < 0.08 else [line]
    return lines


def set_beside(
    texts: list[str],
    number: str,
    face: Typeface,
    span: tuple[float, float],
    tops: np.ndarray,
    heights: np.ndarray,
    rng: np.random.Generator,
) -> list[TextLine]:
    """Set two `texts` at the left of `span` (x0, x1), and at its right, high as both, the `number` that ends them."""
    x0, x1 = span
    edge = x0 + (x1 - x0) * rng.uniform(0.3, 0.5)
    upper = set_line(texts[0], face, x0, edge, tops[0], heights[0], rng)
    lower = set_line(strip_separators(texts[1].removesuffix(number)), face, x0, edge, tops[1], heights[1], rng)
    top = upper.y + rng.uniform(0, 0.3) * upper.height
    large = set_line(number, face, edge + 0.04 * (x1 - x0), x1, top, tops[1] + heights[1] - top, rng)
    lower.row = large.row = 1
    return [upper, lower, large]


# --- ink --------------------------------------------------------------------------------------------------------------


def draw_code(
    style: PlateStyle, lines: list[TextLine], face: Typeface, shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """The ink of the code, a mask of `shape` uint8: upright or slanted, whole or stencilled, heavy or worn."""
    slant = rng.normal(0, 0.15) if rng.random() < 0.12 else 0.0
    bridge = rng.uniform(0.08, 0.25) if rng.random() < style.stencil else 0.0
    mask = np.zeros(shape, np.uint8)
    for line in lines:
        draw_line(mask, line, face, slant, bridge)
    if rng.random() < 0.3:  # heavier or worn strokes
        kernel = np.ones((1, 2) if rng.random() < 0.5 else (2, 1), np.uint8)
        mask = cv2.dilate(mask, kernel) if rng.random() < 0.6 else np.maximum(cv2.erode(mask, kernel), mask // 2)
    return mask


def draw_captions(
    image: np.ndarray,
    style: PlateStyle,
    layout: Layout,
    span: tuple[float, float],
    ink: np.ndarray,
    faces: list[Typeface],
    rng: np.random.Generator,
) -> None:
    """Write captions above and below the code, in place, where there is room: up to half as high as a capital."""
    cap = max(line.height for line in layout.lines)
    face = faces[rng.integers(len(faces))]
    rooms = [room for room in (layout.above, layout.below) if room[1] - room[0] > 0.07 * image.shape[0]]
    if len(rooms) == 2 and rng.random() < 0.4:  # in the larger room alone
        rooms = [max(rooms, key=lambda room: room[1] - room[0])]
    for top, bottom in rooms:
        size = min(0.9 * (bottom - top), 0.6 * cap) * rng.uniform(0.45, 0.95)
        y = (top + bottom - size) / 2
        draw_caption(image, style, ink, face, (*span, y, size), rng)


def draw_border(image: np.ndarray, style: PlateStyle, ink: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a line round the plate, in place; its upper corners are closer together where the plate tapers."""
    height, width = image.shape[:2]
    inset, weight = round(height * rng.uniform(0.02, 0.06)), max(1, round(height * rng.uniform(0.01, 0.035)))
    narrower = style.taper * width / 2
    low, high = inset, height - 1 - inset
    corners = [(inset + narrower, low), (width - 1 - inset - narrower, low), (width - 1 - inset, high), (inset, high)]
    cv2.polylines(image, [np.array(corners).round().astype(np.int32)], True, tuple(map(float, ink)), weight)


def emboss(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> None:
    """Let light catch one flank of each stroke of `mask`, in place."""
    flank = cv2.filter2D(mask, cv2.CV_32F, np.array([[1, 0, 0], [0, 0, 0], [0, 0, -1]], np.float32))
    image += flank[..., None] * np.float32(rng.uniform(-0.35, 0.35))


# --- outlines ---------------------------------------------------------------------------------------------------------


def paint_on_body(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`image` with a fourth channel: the code in `mask` covers the bodywork.

    Half of the time some of the plate's ground is painted under the code; it fades out, so that no board is seen.
    """
    if rng.random() < 0.5:
        return np.concatenate([image, mask[..., None].astype(np.float32)], axis=-1)
    height, width = mask.shape
    fade = rng.uniform(0.05, 0.2)  # share of the width and of the height
    across = np.clip(np.minimum(np.arange(width), np.arange(width)[::-1]) / (fade * width), 0, 1)
    down = np.clip(np.minimum(np.arange(height), np.arange(height)[::-1]) / (fade * height), 0, 1)
    strength = rng.uniform(0.5, 1) * 255
    ground = (strength * down[:, None] * across).astype(np.float32)
    return np.concatenate([image, np.maximum(ground, mask)[..., None]], axis=-1)


def cut_taper(image: np.ndarray, taper: float) -> np.ndarray:
    """`image` with a fourth channel that covers a trapezoid, narrower at the top by the share `taper` of its width."""
    height, width = image.shape[:2]
    inset = taper * width / 2
    corners = np.array([[inset, 0], [width - 1 - inset, 0], [width - 1, height - 1], [0, height - 1]])
    cover = np.zeros((height, width, 1), np.float32)
    cv2.fillConvexPoly(cover, corners.round().astype(np.int32), 255, cv2.LINE_AA)
    return np.concatenate([image, cover], axis=-1)


# --- the frame --------------------------------------------------------------------------------------------------------


def mount(plate: np.ndarray, faces: list[Typeface], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put a flat plate (h, w, 3) in a frame, or none. Returns the board and its corners (4, 2) in plate fractions.

    A plate with a cover of its own, (h, w, 4), has no frame.
    """
    height, width = plate.shape[:2]
    if plate.shape[2] == 4 or rng.random() < 0.45:
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
        y = 0 if above else board.shape[0] - strip
        draw_dealer(board, (y, strip), 255 - frame, faces, rng)
    x, y0, y1 = edge / width, top / height, bottom / height
    return board, np.array([[-x, -y0], [1 + x, -y0], [1 + x, 1 + y1], [-x, 1 + y1]], np.float32)


def draw_dealer(
    board: np.ndarray, strip: tuple[float, float], ink: np.ndarray, faces: list[Typeface], rng: np.random.Generator
) -> None:
    """Write a dealer's name on a `strip` (top, height) of a frame, in place."""
    width = board.shape[1]
    words = "".join(rng.choice(list(CHARACTERS), rng.integers(6, 22)))
    face, size = faces[rng.integers(len(faces))], strip[1] * rng.uniform(0.45, 0.7)
    y = strip[0] + (strip[1] - size) / 2
    mask = np.zeros(board.shape[:2], np.uint8)
    draw_line(mask, set_line(words, face, width * 0.1, width * 0.9, y, size, rng), face)
    lay_ink(board, mask, ink)

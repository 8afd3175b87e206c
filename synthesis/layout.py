"""Where a plate's code stands: its lines, the groups in them, and the room above and below. All places are in pixels.

The shares and ranges were set by eye, and none was tuned.
"""

import dataclasses

import numpy as np

from formats.plate_format import CLASS_MARK, DIGITS, LETTERS, LINE_BREAK, SEPARATORS, PlateStyle
from synthesis.chance import pick
from synthesis.lettering import (
    STACKED_WIDTH,
    TextLine,
    draw_characters,
    measure_ink,
    scale_letters,
    set_line,
    set_prefix,
    split_prefix,
    squeeze_letters,
    stack_letters,
    vary_groups,
)
from synthesis.typefaces import Typeface

START_SHARE = 0.6  # of what stands beside a code: what stands before it
LEAST_ASPECT_BESIDE = 1.7  # width / height of a plate with a number beside two rows, which is too narrow on others
MOST_HEIGHT = 0.93  # of the room: the height of the code's lines with the gap between them
MUCH_LOWER = 0.6  # of the lower line's height: a text with a lower upper line breaks as late as it may, at its number
LINE_GAP = 0.08  # of the height of both lines: the least gap between them
VARIED_SHARE = 0.08  # of the lines: those with groups of several heights
BESIDE_GAP = 0.04  # of the width, between two short rows and the number beside them
CLASS_LETTERS = (0.25, 0.55, 0.2)  # shares of one, two and three letters
CLASS_DIGITS_SHARE = 0.1  # of them: digits in place of letters, which number a county
CLASS_ROOM = (0.1, 0.22)  # of the width of the line: the room for them
CLASS_FILL = 0.82  # of that room that the letters take at most; the rest keeps them from touching the code
CLASS_WIDTHS = (0.9, 1.7)  # of stacked class letters: most are as broad as high, unlike the characters of the code
CLASS_HEIGHTS = (0.8, 1.1)  # of stacked class letters, times their usual height
CLASS_BEYOND = (-0.03, 0.15)  # of the line's height: by so much the stack goes beyond the line, above and below
SQUEEZED_GAP = (0.005, 0.03)  # of the width, between squeezed letters and the number after them
STACK_ROOM = 0.06  # of the width, from the middle of stacked letters to the number after them


@dataclasses.dataclass
class Layout:
    """Where a plate's code stands, and where there is room above and below it."""

    lines: list[TextLine]
    top: float  # of the room in which the code stands
    bottom: float
    above: tuple[float, float]  # top and bottom of the room for a caption above the code
    below: tuple[float, float]
    middle: float | None = None  # y between two lines
    beside: bool = False  # a number stands beside two rows
    class_letters: list[TextLine] = dataclasses.field(default_factory=list)  # beside the code, and no part of it


def lay_out(
    style: PlateStyle,
    text: str,
    face: Typeface,
    room: tuple[float, float, float, float],
    shape: tuple[int, int],
    captioned: bool,
    rng: np.random.Generator,
) -> Layout:
    """Set the code of `text` in `room` (x0, x1, y0, y1) of a plate of `shape` (height, width).

    On a `captioned` plate the code is higher or lower, so that there is more room on one side.
    """
    height, width = shape
    x0, x1, y0, y1 = room
    marked = CLASS_MARK in text
    at_start = text.startswith(CLASS_MARK) if marked else rng.random() < START_SHARE
    text = text.replace(CLASS_MARK, "")
    small = choose_small(style, rng)
    beside = style.lines == 2 and width / height > LEAST_ASPECT_BESIDE and rng.random() < style.beside
    place = None
    if small or beside:
        place = 0
    elif style.upper_height < MUCH_LOWER * style.glyph_height:
        place = -1
    texts = break_text(text, style.lines, place, rng)
    heights = choose_heights(style, len(texts), height / style.size[1], y1 - y0, rng)

    if style.panel:
        inner = place_panel(heights.sum() * (1 + LINE_GAP * (len(texts) - 1)), (y0, y1), rng)
    else:
        inner = y0, y1
    lean = choose_lean(captioned and not style.panel, rng)
    tops = place_lines(heights, inner, lean).tolist()
    heights = heights.tolist()  # plain numbers, with which all that follows is faster
    spans = [narrow_span((x0, x1), width, style.taper * (1 - top / height)) for top in tops]
    class_letters = []
    if len(texts) == 1 and (marked or rng.random() < style.class_letters):
        class_letters, spans[0] = set_class_letters(face, spans[0], tops[0], heights[0], at_start, rng)
    number = last_group(texts[-1])
    beside = beside and len(texts) == 2 and 1 < len(number) < len(texts[-1])
    if beside:
        lines = set_beside(texts, number, face, spans[0], tops, heights, rng)
    else:
        lines = set_lines(texts, style, face, spans, tops, heights, small, rng)

    bottom = tops[-1] + heights[-1]
    middle = (tops[0] + heights[0] + tops[1]) / 2 if len(texts) == 2 else None
    if style.panel:
        return Layout(lines, *inner, (y0, inner[0]), (inner[1], y1), middle, beside, class_letters)
    return Layout(lines, y0, y1, (y0, tops[0]), (bottom, y1), middle, beside, class_letters)


def choose_small(style: PlateStyle, rng: np.random.Generator) -> str:
    """How the letters before the number on the lower line are smaller than it: "stacked", "squeezed", or ""."""
    chance = rng.random()
    if chance < style.stacked:
        return "stacked"
    return "squeezed" if chance < style.stacked + style.squeezed else ""


# --- heights and places of the lines ----------------------------------------------------------------------------------


def choose_heights(style: PlateStyle, count: int, unit: float, room: float, rng: np.random.Generator) -> np.ndarray:
    """The heights of the capitals on `count` lines, (count,), which fit in `room`; `unit` is pixels a millimetre."""
    heights = np.array([style.upper_height, style.glyph_height][-count:]) * unit * rng.uniform(0.88, 1.1)
    needed = heights.sum() * (1 + LINE_GAP * (count - 1))
    return heights * min(1, room * MOST_HEIGHT / needed)


def choose_lean(captioned: bool, rng: np.random.Generator) -> float:
    """The share of the free height that is above the code."""
    lean = rng.uniform(0.35, 0.65)
    if captioned:
        lean = pick((rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.4), lean), rng, (0.4, 0.25, 0.35))
    return lean


def place_lines(heights: np.ndarray, room: tuple[float, float], lean: float) -> np.ndarray:
    """The tops of lines of `heights` in `room` (y0, y1), with the share `lean` of the free height above them.

    Between two lines is a quarter of the free height.
    """
    free = room[1] - room[0] - heights.sum()
    if len(heights) == 1:
        return np.array([room[0] + free * lean])
    first = room[0] + free * lean * 0.75
    return np.array([first, first + heights[0] + free * 0.25])


def place_panel(code_height: float, room: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """Top and bottom of a panel for a code `code_height` high in `room` (y0, y1)."""
    y0, y1 = room
    height = min(code_height * rng.uniform(1.12, 1.5), 0.95 * (y1 - y0))
    top = y0 + (y1 - y0 - height) * rng.uniform(0.35, 0.75)
    return top, top + height


def narrow_span(span: tuple[float, float], width: float, narrower: float) -> tuple[float, float]:
    """The part of `span` (x0, x1) that is on a plate of `width` where it is narrower by the share `narrower`."""
    inset = narrower * width / 2
    return max(span[0], inset), min(span[1], width - inset)


# --- the text ---------------------------------------------------------------------------------------------------------


def break_text(text: str, lines: int, place: int | None, rng: np.random.Generator) -> list[str]:
    """The lines of a plate that says `text` on one or two `lines`.

    Two lines break at the LINE_BREAK in `text` that is number `place` of them: 0 is the first, and -1 the last. They
    break at any of them where `place` is None.
    """
    if lines == 2 and LINE_BREAK in text:
        breaks = [i for i, character in enumerate(text) if character == LINE_BREAK]
        at = breaks[rng.integers(len(breaks)) if place is None else place]
        texts = [text[:at].replace(LINE_BREAK, " "), text[at + 1 :].replace(LINE_BREAK, " ")]
    else:
        texts = [text.replace(LINE_BREAK, " " if rng.random() < 0.6 else "")]
    return [strip_separators(part) for part in texts]


def strip_separators(text: str) -> str:
    """`text` without the separators at its ends; a bracket stays there if its partner is in `text`, as in "(TC) 91"."""
    text = text.strip(" -.·/")
    if text[:1] in tuple(")]") or (text[:1] in tuple("([") and not set(text) & set(")]")):
        text = text[1:].strip(SEPARATORS)
    if text[-1:] in tuple("([") or (text[-1:] in tuple(")]") and not set(text) & set("([")):
        text = text[:-1].strip(SEPARATORS)
    return text


def reserve(span: tuple[float, float], room: float, rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """Take `room` from either end of `span` (x0, x1). Returns the left edge of the room, and the rest of the span."""
    return reserve_at(span, room, rng.random() < START_SHARE)


def reserve_at(span: tuple[float, float], room: float, at_start: bool) -> tuple[float, tuple[float, float]]:
    """Take `room` from the left end of `span` (x0, x1), or from the right end. Returns what `reserve` does."""
    x0, x1 = span
    if at_start:
        return x0, (x0 + room, x1)
    return x1 - room, (x0, x1 - room)


def last_group(text: str) -> str:
    """The characters of `text` after its last separator."""
    for separator in SEPARATORS:
        text = text.replace(separator, " ")
    return text.split(" ")[-1]


# --- lines ------------------------------------------------------------------------------------------------------------


def set_lines(
    texts: list[str],
    style: PlateStyle,
    face: Typeface,
    spans: list[tuple[float, float]],
    tops: list[float],
    heights: list[float],
    small: str,
    rng: np.random.Generator,
) -> list[TextLine]:
    """Set `texts` at `tops` with capitals of `heights`, each in its span (x0, x1)."""
    lines = []
    for row, (text, span, top, height) in enumerate(zip(texts, spans, tops, heights, strict=True)):
        start, text, x0 = set_start(text, style, face, span, top, height, row, small, rng)
        line = set_line(text, face, x0, span[1], top, height, rng)
        line.row = row
        lines += start + vary_line(line, style, rng)
    return lines


def set_start(
    text: str,
    style: PlateStyle,
    face: Typeface,
    span: tuple[float, float],
    top: float,
    height: float,
    row: int,
    small: str,
    rng: np.random.Generator,
) -> tuple[list[TextLine], str, float]:
    """Set the small characters at the start of line `row`: letters before a number, or a small prefix.

    `small` is "stacked" or "squeezed", as the letters are, or empty. Returns the small characters, the rest of `text`,
    and the x from which it may stand.
    """
    x0, x1 = span
    number = text.lstrip(LETTERS).strip(SEPARATORS)
    letters = text.removesuffix(number).strip(SEPARATORS)
    if row and small == "squeezed" and 0 < len(letters) < 4 and letters.isalpha() and number.isdigit():
        line = squeeze_letters(letters, face, x0, top, height, x1 - x0, rng)
        line.row = row
        return [line], number, line.x[-1] + line.widths[-1] + (x1 - x0) * rng.uniform(*SQUEEZED_GAP)
    if row and small == "stacked" and len(letters) == 2 and letters.isalpha() and number.isdigit():
        x = x0 + (x1 - x0) * rng.uniform(0.05, 0.09)
        return stack_letters(letters, face, x, top, height, x1 - x0), number, x + (x1 - x0) * STACK_ROOM
    prefix, rest = split_prefix(text)
    if not row and prefix and rng.random() < style.small_prefix:
        lines, x0 = set_prefix(prefix, face, span, top, height, row, rng)
        return lines, rest, x0
    return [], text, x0


def set_class_letters(
    face: Typeface, span: tuple[float, float], top: float, height: float, at_start: bool, rng: np.random.Generator
) -> tuple[list[TextLine], tuple[float, float]]:
    """Set one to three small letters at the start or at the end of `span` (x0, x1).

    They stand beside a line `height` high from `top` down. They tell the kind of vehicle, as C/U does on a lorry's
    plate, and are no part of the code. Returns them and the rest of the span.
    """
    width = span[1] - span[0]
    kinds = DIGITS if rng.random() < CLASS_DIGITS_SHARE else LETTERS
    letters = draw_characters(kinds, pick((1, 2, 3), rng, CLASS_LETTERS), rng)
    room = width * rng.uniform(*CLASS_ROOM)
    left, span = reserve_at(span, room, at_start)
    x = left + room / 2
    if len(letters) > 1:
        broadest = CLASS_FILL * room / (STACKED_WIDTH * width)
        scale = min(rng.uniform(*CLASS_WIDTHS), broadest), rng.uniform(*CLASS_HEIGHTS)
        beyond = height * rng.uniform(*CLASS_BEYOND)
        top, height = max(0.0, top - beyond), height + 2 * beyond
        return stack_letters(letters, face, x, top, height, width, scale=scale), span
    size = height * rng.uniform(0.35, 0.6)
    ink = min(measure_ink(letters, face, rng) * size, CLASS_FILL * room)
    y = top + pick((0, 0.5, 1), rng) * (height - size)
    return [TextLine(letters, np.array([x - ink / 2]), np.array([ink]), y, size)], span


def vary_line(line: TextLine, style: PlateStyle, rng: np.random.Generator) -> list[TextLine]:
    """`line`, cut where its letters are lower than its digits, or where its groups differ in height."""
    if style.letter_scale < 1:
        return scale_letters(line, style.letter_scale, rng)
    if rng.random() < VARIED_SHARE:
        return vary_groups(line, rng)
    return [line]


def set_beside(
    texts: list[str],
    number: str,
    face: Typeface,
    span: tuple[float, float],
    tops: list[float],
    heights: list[float],
    rng: np.random.Generator,
) -> list[TextLine]:
    """Set two `texts` at the left of `span` (x0, x1), and at its right, high as both, the `number` that ends them."""
    x0, x1 = span
    edge = x0 + (x1 - x0) * rng.uniform(0.3, 0.5)
    upper = set_line(texts[0], face, x0, edge, tops[0], heights[0], rng)
    lower = set_line(strip_separators(texts[1].removesuffix(number)), face, x0, edge, tops[1], heights[1], rng)
    top = upper.y + rng.uniform(0, 0.3) * upper.height
    height = tops[1] + heights[1] - top
    large = set_line(number, face, edge + BESIDE_GAP * (x1 - x0), x1, top, height, rng)
    lower.row = large.row = 1
    return [upper, lower, large]

"""Lines of text on a plate: where each glyph goes, and drawing the glyphs there. All places are in pixels.

The shares and ranges were set by eye, and none was tuned.
"""

import dataclasses
import itertools
import re

import cv2
import numpy as np

from formats.plate_format import PICTURE
from synthesis.chance import pick
from synthesis.typefaces import CAP_HEIGHT, CHARACTERS, GLYPH_PAD, Typeface

# Share of a plate's width by which a stacked letter counts as standing left of the next one: two frames of the reader,
# which is what a letter spans there.
STACK_STEP = 0.07
STACKED_HEIGHTS = {2: 0.46, 3: 0.3}  # count of stacked letters -> height of each, as a share of the line's
STACKED_WIDTH = 0.1  # of the plate's width: a stacked letter is no wider
SQUEEZED_WIDTHS = (0.04, 0.075)  # of the plate's width: a squeezed letter; a digit beside it is three times as wide
PICTURE_WIDTHS = (0.45, 1.3)  # of a line's height: the room for a picture in the line
ENCLOSING = "ABDOPQR04689"  # the characters that a stencil needs bridges for


@dataclasses.dataclass
class TextLine:
    """One line of text set in a typeface: where each glyph goes, before it is drawn."""

    text: str
    x: np.ndarray  # (len(text),) left edge of each glyph's ink
    widths: np.ndarray  # (len(text),) of the ink
    y: float  # top of the capitals
    height: float  # of the capitals
    row: int = 0  # 0 for the upper or only line of the plate, 1 for the lower
    order: float = 0.0  # added to the centres, where glyphs stand one above the other, to tell which is read first

    @property
    def centres(self) -> np.ndarray:
        """(len(text),) x of the middle of each glyph, in the order in which the glyphs are read."""
        return self.x + self.widths / 2 + self.order


# --- setting ----------------------------------------------------------------------------------------------------------


def set_line(
    text: str, face: Typeface, x0: float, x1: float, y: float, height: float, rng: np.random.Generator
) -> TextLine:
    """Set `text` between x0 and x1 with capitals `height` high from `y` down, condensed where it would not fit."""
    room = max(x1 - x0, 1)  # crowded plates may leave none
    inks = [measure_ink(character, face, rng) * height for character in text]
    stretch = rng.uniform(0.75, 1.1)
    cells, spacing = choose_cells(text, inks, height, rng)
    gaps = len(text) - 1
    total = sum(cells) * stretch + spacing * gaps
    fit = room / total
    if fit < 1:
        spacing *= fit
        stretch *= fit
        total = room
    elif rng.random() < 0.35:  # spread over the plate
        looser = min((room - total) / max(gaps, 1), height * rng.uniform(0.1, 0.5))
        spacing += looser
        total += looser * gaps
    start = x0 + (room - total) * (0.5 if rng.random() < 0.7 else rng.random())
    lefts = itertools.accumulate((cell * stretch + spacing for cell in cells[:-1]), initial=start)
    widths = [stretch * min(ink, cell * 1.1) for ink, cell in zip(inks, cells, strict=True)]
    # an empty text has a left edge but no cell
    x = [left + (cell * stretch - width) / 2 for left, cell, width in zip(lefts, cells, widths, strict=False)]
    return TextLine(text, np.array(x), np.array(widths), y, height)


def draw_characters(characters: str, count: int, rng: np.random.Generator) -> str:
    """`count` of the `characters`, each as likely as the others."""
    return "".join(characters[i] for i in rng.integers(len(characters), size=count).tolist())


def measure_ink(character: str, face: Typeface, rng: np.random.Generator) -> float:
    """The width of a `character` or a picture, as a share of the height of the capitals."""
    if character == PICTURE:
        return rng.uniform(*PICTURE_WIDTHS)
    return face.glyph(character).shape[1] / CAP_HEIGHT


def choose_cells(text: str, inks: list[float], height: float, rng: np.random.Generator) -> tuple[list[float], float]:
    """The width of the cell of each character of `text`, and the spacing between cells.

    `inks` are the widths of the glyphs. Some plates give letters and digits cells of one width, as most stamped plates
    do. These are lists, because numpy is slower with so few numbers.
    """
    spacing = height * rng.uniform(0.06, 0.22)
    space = height * rng.uniform(0.15, 0.75)
    cells = [space if character == " " else ink for character, ink in zip(text, inks, strict=True)]
    letters = [ink for character, ink in zip(text, inks, strict=True) if character.isalnum()]
    if rng.random() < 0.4 and letters:
        one = max(max(letters) * 0.9, sum(letters) / len(letters))
        cells = [one if character.isalnum() else cell for character, cell in zip(text, cells, strict=True)]
        spacing *= 0.5
    return cells, spacing


# --- characters of several heights ------------------------------------------------------------------------------------


def vary_groups(line: TextLine, rng: np.random.Generator) -> list[TextLine]:
    """`line` with each of its groups in a height of its own, as in a small TN 59 before a large 1515."""
    starts = [0]
    for i in range(1, len(line.text)):
        if line.text[i].isalnum() and not line.text[i - 1].isalnum():
            starts.append(i)
    lean = rng.uniform(0, 1)
    scales = [1 - pick((0, rng.uniform(0.1, 0.4)), rng) for _ in starts]
    return scale_parts(line, starts, scales, lean)


def scale_letters(line: TextLine, scale: float, rng: np.random.Generator) -> list[TextLine]:
    """`line` with its letters `scale` times as high as its digits, on the foot of the digits as a rule."""
    changes = [i for i in range(1, len(line.text)) if line.text[i].isalpha() != line.text[i - 1].isalpha()]
    starts = [0, *changes]
    scales = [scale if line.text[start].isalpha() else 1.0 for start in starts]
    lean = 1.0 if rng.random() < 0.6 else rng.uniform(0, 1)
    return scale_parts(line, starts, scales, lean)


def scale_parts(line: TextLine, starts: list[int], scales: list[float], lean: float) -> list[TextLine]:
    """`line` cut into parts at `starts`, each scaled by one of `scales`, at most 1.

    The parts stand on the line's foot when `lean` is 1, and hang from its top when it is 0.
    """
    lines = []
    for (start, end), scale in zip(itertools.pairwise([*starts, len(line.text)]), scales, strict=True):
        part = slice(start, end)
        widths = line.widths[part] * (1 + scale) / 2  # narrower too, but less so
        x = line.x[part] + (line.widths[part] - widths) / 2
        y = line.y + lean * (1 - scale) * line.height
        lines.append(TextLine(line.text[part], x, widths, y, scale * line.height, line.row))
    return lines


def stack_letters(
    letters: str,
    face: Typeface,
    x: float,
    y: float,
    height: float,
    width: float,
    row: int = 1,
    scale: tuple[float, float] = (1.0, 1.0),
) -> list[TextLine]:
    """Two or three small letters one above the other about `x`, on a line `height` high of a plate `width` wide.

    They are read downwards, so the first counts as standing a little further left. `scale` is how many times as wide
    and as high as usual they are.
    """
    size = height * STACKED_HEIGHTS[len(letters)] * scale[1]
    last = len(letters) - 1
    lines = []
    for i, letter in enumerate(letters):
        ink = scale[0] * min(face.glyph(letter).shape[1] * size / CAP_HEIGHT, STACKED_WIDTH * width)
        top = y + i * (height - size) / last
        order = (i - last / 2) * STACK_STEP * width
        lines.append(TextLine(letter, np.array([x - ink / 2]), np.array([ink]), top, size, row, order))
    return lines


def squeeze_letters(
    letters: str, face: Typeface, x0: float, y: float, height: float, width: float, rng: np.random.Generator
) -> TextLine:
    """One to three narrow letters from `x0` on, as high as the line, of a plate `width` wide.

    `height` is the line's, from `y` down.
    """
    ink = rng.uniform(*SQUEEZED_WIDTHS) * width
    step = ink * rng.uniform(1.1, 1.5)
    widths = np.array([ink * min(1, 2 * measure_ink(letter, face, rng)) for letter in letters])  # an I stays thin
    shorter = rng.uniform(0, 0.12) * height
    x = x0 + rng.uniform(0.01, 0.04) * width + step * np.arange(len(letters)) + (ink - widths) / 2
    return TextLine(letters, x, widths, y + rng.random() * shorter, height - shorter)


def split_prefix(text: str) -> tuple[str, str]:
    """The first group of `text`, of one to three characters, and the rest; ("", text) where it has no such group.

    A group ends at a separator. In a text without separators, letters before a digit are a group too.
    """
    found = re.match(r"([A-Z0-9]{1,3})[^A-Z0-9]+(?=[A-Z0-9])", text)
    if found is None and text.isalnum():
        found = re.match(r"([A-Z]{1,3})(?=[0-9])", text)
    if found is None:
        return "", text
    return found[1], text[found.end() :]


def set_prefix(
    prefix: str, face: Typeface, span: tuple[float, float], y: float, height: float, row: int, rng: np.random.Generator
) -> tuple[list[TextLine], float]:
    """Set `prefix` small at the left of `span` (x0, x1), before a line `height` high from `y` down.

    Half of the prefixes of two and three characters stand one above the other, as on American plates of a profession.
    Returns the prefix and the x from which the line may stand.
    """
    x0, x1 = span
    gap = height * rng.uniform(0.08, 0.3)
    if len(prefix) > 1 and rng.random() < 0.5:
        x = x0 + (x1 - x0) * rng.uniform(0.05, 0.08)
        lines = stack_letters(prefix, face, x, y, height, x1 - x0, row)
        reach = max(line.widths[0] / 2 for line in lines)
        reach = max(reach, lines[-1].order)  # the line's characters are read after the last of the stack
        return lines, x + reach + gap
    size = height * rng.uniform(0.35, 0.65)
    top = y + pick((0, 0.5, 1), rng) * (height - size)
    end = min(x0 + size * 0.85 * len(prefix), x0 + (x1 - x0) * 0.3)
    line = set_line(prefix, face, x0, end, top, size, rng)
    line.row = row
    return [line], end + gap


# --- drawing ----------------------------------------------------------------------------------------------------------


def draw_line(mask: np.ndarray, line: TextLine, face: Typeface, slant: float = 0.0, bridge: float = 0.0) -> None:
    """Draw `line` into `mask`, (h, w) uint8, in place; its glyphs lean by `slant` of their height to the right.

    Glyphs that enclose something are cut in two by a gap of `bridge` of their width, as a stencil leaves it.
    """
    pad = line.height * GLYPH_PAD / CAP_HEIGHT
    top = round(line.y - pad)
    rows = max(2, round(line.height + 2 * pad))
    for character, x, width in zip(line.text, line.x.tolist(), line.widths.tolist(), strict=True):
        if character in (" ", PICTURE):  # `ornaments` draws the picture
            continue
        left = round(x)
        columns = max(1, round(width))
        glyph = cv2.resize(face.glyph(character), (columns, rows), interpolation=cv2.INTER_AREA)
        if bridge and character in ENCLOSING:
            gap = max(1, round(bridge * columns))
            glyph[:, (columns - gap) // 2 :][:, :gap] = 0
        if slant:
            glyph, reach = slant_glyph(glyph, slant)
            left -= reach
        paste_glyph(mask, glyph, left, top)


def slant_glyph(glyph: np.ndarray, slant: float) -> tuple[np.ndarray, int]:
    """`glyph`, leaning by `slant` of its height to the right, and the columns that it needs more at each side."""
    rows, columns = glyph.shape
    reach = round(abs(slant) * rows / 2)
    shear = np.array([[1, -slant, slant * rows / 2 + reach], [0, 1, 0]], np.float32)
    return cv2.warpAffine(glyph, shear, (columns + 2 * reach, rows)), reach


def paste_glyph(mask: np.ndarray, glyph: np.ndarray, left: int, top: int) -> None:
    """Lay `glyph`, (rows, columns) uint8, into `mask`, (h, w) uint8, in place, as far as it lies inside."""
    rows, columns = glyph.shape
    y0, y1 = max(top, 0), min(top + rows, mask.shape[0])
    x0, x1 = max(left, 0), min(left + columns, mask.shape[1])
    if y0 < y1 and x0 < x1:
        target = mask[y0:y1, x0:x1]
        np.maximum(target, glyph[y0 - top : y1 - top, x0 - left : x1 - left], out=target)


def caption_text(words: str) -> str:
    """`words` in capitals, with a space for every character that is in no typeface."""
    return "".join(character if character in CHARACTERS else " " for character in words.upper()) or "-"

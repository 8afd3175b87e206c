"""TODO."""

import dataclasses
import functools
import itertools
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from common import UserError

CAP_HEIGHT = 48  # pixels of a capital in a typeface's glyph masks
GLYPH_PAD = 6  # pixels kept above and below a capital, for round overshoot and the tail of a Q
ENCLOSING = "ABDOPQR04689"  # what a stencil needs bridges for
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.·"


class Typeface:
    """The glyphs of a font file as masks, CAP_HEIGHT + 2 * GLYPH_PAD rows of 0..255, cropped to their ink."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.stem
        try:
            top, bottom = ImageFont.truetype(str(path), 100).getbbox("H", anchor="ls")[1::2]
            self.font = ImageFont.truetype(str(path), round(100 * CAP_HEIGHT / (bottom - top)))
        except (OSError, ZeroDivisionError, ValueError):
            raise UserError(f"{path}: is no font that Pillow can read, or lacks capitals; remove it") from None

    @functools.cache  # noqa: B019 - typefaces live as long as the process
    def glyph(self, character: str) -> tuple[np.ndarray, float]:
        """Mask (rows, width) and advance, both in units of CAP_HEIGHT pixels a capital."""
        advance = self.font.getlength(character)
        picture = Image.new("L", (int(advance) + 40, CAP_HEIGHT + 2 * GLYPH_PAD))
        ImageDraw.Draw(picture).text((20, CAP_HEIGHT + GLYPH_PAD), character, 255, self.font, anchor="ls")
        mask = np.asarray(picture)
        ink = np.flatnonzero(mask.max(0) > 40)
        if not ink.size:
            return np.zeros((mask.shape[0], 1), np.uint8), advance
        return np.ascontiguousarray(mask[:, ink[0] : ink[-1] + 1]), advance


def load_typefaces(folders: tuple[str, ...]) -> list[Typeface]:
    """Every .ttf and .otf in or below `fonts/` and `folders`. Raises UserError for a folder without any."""
    typefaces = []
    for folder in (Path(__file__).parent.parent / "fonts", *map(Path, folders)):
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".ttf", ".otf"))
        if not files:
            raise UserError(f"{folder}: holds no .ttf or .otf file; name a folder that does with --fonts")
        typefaces += map(Typeface, files)
    return typefaces


@dataclasses.dataclass
class TextLine:
    """One line of text set in a typeface: where each glyph goes, before it is drawn. Pixels."""

    text: str
    x: np.ndarray  # (len(text),) left edge of each glyph's ink
    widths: np.ndarray  # (len(text),) of the ink
    y: float  # top of the capitals
    height: float  # of the capitals
    row: int = 0  # 0 for the upper or only line of the plate, 1 for the lower
    order: float = 0.0  # added to the centres, where glyphs stand one above the other, to tell which is read first

    @property
    def centres(self) -> np.ndarray:
        return self.x + self.widths / 2 + self.order


def set_line(
    text: str, face: Typeface, x0: float, x1: float, y: float, height: float, rng: np.random.Generator
) -> TextLine:
    """Set `text` between x0 and x1: in cells or by the typeface's advances, condensed where it would not fit."""
    scale = height / CAP_HEIGHT
    widths = np.array([face.glyph(c)[0].shape[1] for c in text], np.float32) * scale
    letters = np.array([c.isalnum() for c in text])
    stretch = rng.uniform(0.75, 1.1)
    spacing = height * rng.uniform(0.06, 0.22)
    cells = np.where(letters, widths, np.where(np.array(list(text)) == " ", height * rng.uniform(0.15, 0.75), widths))
    if rng.random() < 0.4 and letters.any():  # cells of one width, as on most stamped plates
        cells = np.where(letters, max(widths[letters].max() * 0.9, widths[letters].mean()), cells)
        spacing *= 0.5
    cells = cells * stretch
    total = cells.sum() + spacing * (len(text) - 1)
    fit = (x1 - x0) / total
    if fit < 1:
        cells, spacing, stretch, total = cells * fit, spacing * fit, stretch * fit, x1 - x0
    elif rng.random() < 0.35:  # spread over the plate
        looser = min((x1 - x0 - total) / max(len(text) - 1, 1), height * rng.uniform(0.1, 0.5))
        spacing, total = spacing + looser, total + looser * max(len(text) - 1, 0)
    start = x0 + (x1 - x0 - total) * (0.5 if rng.random() < 0.7 else rng.random())
    lefts = start + np.concatenate([[0], np.cumsum(cells[:-1] + spacing)])
    widths = np.minimum(widths * stretch, cells * 1.1)
    return TextLine(text, lefts + (cells - widths) / 2, widths, y, height)


def vary_groups(line: TextLine, rng: np.random.Generator) -> list[TextLine]:
    """`line` with each group of its glyphs, as spaces and marks divide it, of its own height: a small TN 59, 1515."""
    starts = [i for i, c in enumerate(line.text) if c.isalnum() and (i == 0 or not line.text[i - 1].isalnum())]
    lean = rng.uniform(0, 1)  # the groups stand on the foot of the highest one (1), or hang from its top (0)
    lines = []
    for start, end in itertools.pairwise([*starts, len(line.text)]):
        part, scale = slice(start, end), 1 - rng.choice([0, rng.uniform(0.1, 0.4)])
        x, widths = line.x[part], line.widths[part] * (1 + scale) / 2  # narrower too, but less so
        x = x + (line.widths[part] - widths) / 2
        y = line.y + lean * (1 - scale) * line.height
        lines.append(TextLine(line.text[part], x, widths, y, scale * line.height, line.row))
    return lines


def stack_letters(letters: str, face: Typeface, x: float, y: float, height: float, width: float) -> list[TextLine]:
    """Two small letters one above the other about `x`, before the number on the lower line of a plate `width` wide.

    As most auto-rickshaws have them. They are read downwards, so the first counts as standing a little further left.
    """
    size = height * 0.46
    lines = []
    for i, letter in enumerate(letters):
        ink = min(face.glyph(letter)[0].shape[1] * size / CAP_HEIGHT, 0.1 * width)
        top = y + i * (height - size)
        order = (i - 0.5) * 0.07 * width  # two frames of the reader, which a letter spans
        lines.append(TextLine(letter, np.array([x - ink / 2]), np.array([ink]), top, size, 1, order))
    return lines


def draw_line(mask: np.ndarray, line: TextLine, face: Typeface, slant: float = 0.0, bridge: float = 0.0) -> None:
    """Draw `line` into `mask`, (h, w) uint8, in place; its glyphs lean by `slant` of their height to the right.

    Those that enclose something are cut in two by a gap of `bridge` of their width, as a stencil leaves it.
    """
    pad = line.height * GLYPH_PAD / CAP_HEIGHT
    top, rows = round(line.y - pad), max(2, round(line.height + 2 * pad))
    for character, x, width in zip(line.text, line.x, line.widths, strict=True):
        if character == " ":
            continue
        left, columns = round(x), max(1, round(width))
        glyph = cv2.resize(face.glyph(character)[0], (columns, rows), interpolation=cv2.INTER_AREA)
        if bridge and character in ENCLOSING:
            gap = max(1, round(bridge * columns))
            glyph[:, (columns - gap) // 2 :][:, :gap] = 0
        if slant:
            reach = round(abs(slant) * rows / 2)  # columns more at each side
            shear = np.array([[1, -slant, slant * rows / 2 + reach], [0, 1, 0]], np.float32)
            glyph, left = cv2.warpAffine(glyph, shear, (columns + 2 * reach, rows)), left - reach
        paste_glyph(mask, glyph, left, top)


def paste_glyph(mask: np.ndarray, glyph: np.ndarray, left: int, top: int) -> None:
    """Lay `glyph`, (rows, columns) uint8, into `mask` in place, as far as it lies inside; `left`, `top` are pixels."""
    rows, columns = glyph.shape
    y0, y1 = max(top, 0), min(top + rows, mask.shape[0])
    x0, x1 = max(left, 0), min(left + columns, mask.shape[1])
    if y0 < y1 and x0 < x1:
        target = mask[y0:y1, x0:x1]
        np.maximum(target, glyph[y0 - top : y1 - top, x0 - left : x1 - left], out=target)


def caption_text(words: str) -> str:
    """`words` with what no glyph mask is made for left out."""
    return "".join(c if c in CHARACTERS else " " for c in words.upper()) or "-"


def choose_typeface(form, faces: list[Typeface], rng: np.random.Generator) -> Typeface:
    """One of the typefaces that the format names, half of the time; any otherwise."""
    if rng.random() < 0.5:
        prefixes = tuple(t.lower() for t in form.typefaces)
        typical = [f for f in faces if f.name.lower().startswith(prefixes)] if prefixes else []
        if typical:
            return typical[rng.integers(len(typical))]
    return faces[rng.integers(len(faces))]

"""Plates laid out flat, as `formats/` describe them: text set in a typeface, bands, emblems, captions, screws and dirt.

`gen.py` puts them before a background and takes their picture. All coordinates are pixels unless a docstring says
otherwise; all pictures are BGR, float32 in 0..255, which light and camera may exceed before they are done.
"""

import dataclasses
import functools
import itertools
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from common import LINE_BREAK, SEPARATORS, PlateFormat, PlateStyle, UserError

__all__ = ["Plate", "Typeface", "draw_plate", "draw_sign", "jitter_colour", "load_typefaces", "mount", "scramble"]

CAP_HEIGHT = 48  # pixels of a capital in a typeface's glyph masks
GLYPH_PAD = 6  # pixels kept above and below a capital, for round overshoot and the tail of a Q
ENCLOSING = "ABDOPQR04689"  # what a stencil needs bridges for
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.·"


# --- typefaces ----------------------------------------------------------------------------------------------------


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
    for folder in (Path(__file__).parent / "fonts", *map(Path, folders)):
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".ttf", ".otf"))
        if not files:
            raise UserError(f"{folder}: holds no .ttf or .otf file; name a folder that does with --fonts")
        typefaces += map(Typeface, files)
    return typefaces


# --- a plate, flat ------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Line:
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
) -> Line:
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
    return Line(text, lefts + (cells - widths) / 2, widths, y, height)


def vary_groups(line: Line, rng: np.random.Generator) -> list[Line]:
    """`line` with each group of its glyphs, as spaces and marks divide it, of its own height: a small TN 59, 1515."""
    starts = [i for i, c in enumerate(line.text) if c.isalnum() and (i == 0 or not line.text[i - 1].isalnum())]
    lean = rng.uniform(0, 1)  # the groups stand on the foot of the highest one (1), or hang from its top (0)
    lines = []
    for start, end in itertools.pairwise([*starts, len(line.text)]):
        part, scale = slice(start, end), 1 - rng.choice([0, rng.uniform(0.1, 0.4)])
        x, widths = line.x[part], line.widths[part] * (1 + scale) / 2  # narrower too, but less so
        x = x + (line.widths[part] - widths) / 2
        y = line.y + lean * (1 - scale) * line.height
        lines.append(Line(line.text[part], x, widths, y, scale * line.height, line.row))
    return lines


def stack_letters(letters: str, face: Typeface, x: float, y: float, height: float, width: float) -> list[Line]:
    """Two small letters one above the other about `x`, before the number on the lower line of a plate `width` wide.

    As most auto-rickshaws have them. They are read downwards, so the first counts as standing a little further left.
    """
    size = height * 0.46
    lines = []
    for i, letter in enumerate(letters):
        ink = min(face.glyph(letter)[0].shape[1] * size / CAP_HEIGHT, 0.1 * width)
        top = y + i * (height - size)
        order = (i - 0.5) * 0.07 * width  # two frames of the reader, which a letter spans
        lines.append(Line(letter, np.array([x - ink / 2]), np.array([ink]), top, size, 1, order))
    return lines


def draw_line(mask: np.ndarray, line: Line, face: Typeface, slant: float = 0.0, bridge: float = 0.0) -> None:
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
        y0, x0 = max(top, 0), max(left, 0)
        target = mask[y0 : top + rows, x0 : left + columns]
        if target.size:
            np.maximum(target, glyph[y0 - top :, x0 - left :][: target.shape[0], : target.shape[1]], out=target)


@dataclasses.dataclass
class Plate:
    """A plate laid out flat: pixels (h, w, 3) float32 0..255, its code, and the place of each of its characters."""

    image: np.ndarray
    code: str
    centres: np.ndarray  # (len(code), 3): x and y as fractions of the plate, and the line, 0 or 1


def jitter_colour(colour, rng: np.random.Generator, amount: float = 14) -> np.ndarray:
    """An (r, g, b) of a format as float32 BGR, varied as paint, age and lamps vary it."""
    return np.clip(np.array(colour[::-1], np.float32) + rng.normal(0, amount, 3) + rng.normal(0, amount), 0, 255)


def draw_plate(
    form: PlateFormat, style: PlateStyle, text: str, faces: list[Typeface], width: int, rng: np.random.Generator
) -> Plate:
    """Lay out a plate of `form` and `style` that says `text`, `width` pixels wide."""
    aspect = style.size[0] / style.size[1] * rng.uniform(0.92, 1.08)
    height = max(16, round(width / aspect))
    unit = height / style.size[1]  # pixels a mm, by height
    face = choose_typeface(form, faces, rng)
    colour, ink = jitter_colour(style.colour, rng), jitter_colour(style.text, rng)
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
        rule = jitter_colour((190, 20, 20) if rng.random() < 0.5 else style.text, rng)
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
    return Plate(image, code, np.array(centres, np.float32).reshape(-1, 3))


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


def set_lines(texts, face: Typeface, span: tuple[float, float], tops, heights, stacked: bool, rng) -> list[Line]:
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


def set_beside(texts, number: str, face: Typeface, span: tuple[float, float], tops, heights, rng) -> list[Line]:
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


def decorate(image: np.ndarray, lines: list[Line], style, rng: np.random.Generator) -> None:
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


def draw_sign(faces: list[Typeface], width: int, rng: np.random.Generator) -> np.ndarray:
    """Lettering that is no plate, (h, w, 4) float32: shops' names, prices, telephone numbers, in one to four lines.

    The last channel is how much the sign covers what is behind it, 0..255: nearly half is letters alone.
    """
    rows = int(rng.integers(1, 5))
    height = max(12, round(width * rng.uniform(0.12, 0.3) * rows**0.7))
    ground, ink = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    if abs(ground.mean() - ink.mean()) < 60:
        ink = ground + 128 - 256 * (ground.mean() > 127)
    image, mask = np.empty((height, width, 3), np.float32), np.zeros((height, width), np.uint8)
    image[:] = ground
    for row in range(rows):
        kind, size = rng.random(), height / rows * rng.uniform(0.4, 0.85)
        if kind < 0.4:  # words
            text = " ".join(
                "".join(rng.choice(list(CHARACTERS[:26]), rng.integers(2, 9))) for _ in range(rng.integers(1, 4))
            )
            text = text.title() if rng.random() < 0.3 else text
        elif kind < 0.65:  # the day and the hour, as cameras print them
            year, month, day, hour, minute, second = rng.integers((1, 1, 1, 0, 0, 0), (100, 13, 32, 24, 60, 60))
            mark, point = rng.choice(["-", ".", ""]), rng.choice(["-", ".", " "])
            text = f"{rng.choice(['', '20'])}{year:02}{mark}{month:02}{mark}{day:02}"
            text += f" {hour:02}{point}{minute:02}{point}{second:02}"
        elif kind < 0.8:  # a long number
            text = "".join(rng.choice(list("0123456789 -"), rng.integers(9, 16)))
        else:
            text = "".join(rng.choice(list(CHARACTERS), rng.integers(1, 5)))
        face = faces[rng.integers(len(faces))]
        line = set_line(text, face, width * 0.03, width * 0.97, (row + 0.5) * height / rows - size / 2, size, rng)
        draw_line(mask, line, face)
    image += mask[..., None] / np.float32(255) * (np.clip(ink, 0, 255).astype(np.float32) - image)
    cover = mask if rng.random() < 0.45 else np.full_like(mask, 255)
    return np.concatenate([image, cover[..., None].astype(np.float32)], axis=-1)


def scramble(image: np.ndarray, rng: np.random.Generator) -> None:
    """Take the sense out of a plate's `image`, (h, w, 3), in place: what has its shape or texture and is none."""
    height, width = image.shape[:2]
    kind = rng.random()
    if kind < 0.5:  # strips narrower than a character, in another order
        cuts = np.sort(rng.choice(np.arange(1, width), min(width - 1, int(rng.integers(16, 40))), replace=False))
        strips = np.split(image.copy(), cuts, axis=1)
        image[:] = np.concatenate([strips[i][:: rng.choice([-1, 1])] for i in rng.permutation(len(strips))], axis=1)
    elif kind < 0.75:  # a blank panel, or a blurred one
        image[:] = cv2.blur(image, (width // 2, max(1, round(height * rng.uniform(0.02, 1)))))
    else:  # bars: a grille, a blind, a zebra crossing
        period = rng.uniform(0.03, 0.15) * width
        along = np.arange(width) if rng.random() < 0.6 else np.arange(height)[:, None]
        bars = (along / period % 1 < rng.uniform(0.2, 0.8)) * np.ones((height, width))
        dark, bright = image.min((0, 1)), image.max((0, 1))
        image[:] = dark + bars[..., None] * (bright - dark)


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

"""Typefaces: the glyphs of a font file as masks, and the fonts that are refused because their glyphs are no letters."""

import functools
import io
import multiprocessing
import os
import sys
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from common import ALPHABET, UserError
from formats.plate_format import PlateFormat
from media.files import read_bytes
from media.limits import FONT_BYTES

CAP_HEIGHT = 48  # pixels of a capital in a typeface's glyph masks
GLYPH_PAD = 6  # pixels kept above and below a capital, for round overshoot and the tail of a Q
BRACKETS = "/()[]"  # few typefaces for plates have them, and on plates they are as high as a capital
POINTS = "-.·:"
CHARACTERS = ALPHABET + POINTS + BRACKETS  # all that is ever drawn
UNMAPPED = "\ufdd0"  # a noncharacter, which no font maps: it is drawn as the font's glyph for missing characters

TYPICAL_SHARE = 0.5  # of a format's plates: those in a typeface that the format names; not tuned

OWN_FONTS = Path(__file__).parent.parent / "fonts"
CHECK_SIZE = 24  # pixels in the em of the glyphs that are compared: enough to tell letters, and quick
INK = 40  # of 255: a darker pixel of a glyph is ink
LEAST_CAPITAL = 20  # pixels, in an em of 100; capitals have about 70
LARGEST_GLYPH = 8  # ems, in width and height; the widest characters of any script have about 4
LEAST_DIFFERENT = 30  # of the 36 letters and digits; some fonts draw O as 0, or I as 1
# Share of a font's letters that must be among the four letters and digits of the project's own fonts that they are
# most like. It is 0.58 and more in 260 fonts of Debian, scripts and serifs among them; 0.38 and less in its fonts of
# Greek letters and of dingbats.
LEAST_ALIKE = 0.5
NEAREST = 4


class Typeface:
    """The glyphs of a font file as masks, CAP_HEIGHT + 2 * GLYPH_PAD rows of 0..255, cropped to their ink.

    Raises UserError for a file that is no font, and for a font without the letters and digits of plates.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self.sought_name = self.name.lower()
        data = read_bytes(path, FONT_BYTES, "remove it")
        try:
            top, bottom = open_font(data, 100).getbbox("H", anchor="ls")[1::2]
            height = bottom - top  # of a capital, pixels
            if height < LEAST_CAPITAL:
                raise UserError(f"{path}: has no capitals that can be seen; remove it")
            self.font = open_font(data, round(100 * CAP_HEIGHT / height))
            if path not in _own_files():
                check_letters(path, open_font(data, CHECK_SIZE))
                for character in CHARACTERS:  # FreeType tells of a damaged glyph or table at its first use
                    self.glyph(character)
        except (OSError, ValueError, MemoryError):
            raise UserError(f"{path}: is no font that Pillow can read; remove it") from None

    @functools.cache  # noqa: B019 - typefaces live as long as the process
    def glyph(self, character: str) -> np.ndarray:
        """The mask (rows, width) uint8 of a character, with CAP_HEIGHT pixels a capital."""
        if character in BRACKETS:
            return self._draw_bracket(character)
        if character in POINTS and not self.has(character):
            return draw_plain_point(character)
        if not is_drawable(self.font, character):
            return np.zeros((CAP_HEIGHT + 2 * GLYPH_PAD, 1), np.uint8)
        advance = self.font.getlength(character)
        picture = Image.new("L", (int(advance) + 40, CAP_HEIGHT + 2 * GLYPH_PAD))
        ImageDraw.Draw(picture).text((20, CAP_HEIGHT + GLYPH_PAD), character, 255, self.font, anchor="ls")
        mask = np.asarray(picture)
        ink = np.flatnonzero(mask.max(0) > INK)
        if not ink.size:
            return np.zeros((mask.shape[0], 1), np.uint8)
        return np.ascontiguousarray(mask[:, ink[0] : ink[-1] + 1])

    def has(self, character: str) -> bool:
        """Whether the font maps `character` to a glyph with ink, other than the one for missing characters."""
        if not is_drawable(self.font, character):
            return False
        glyph = render(self.font, character)
        return bool(glyph.any()) and not np.array_equal(glyph, render(self.font, UNMAPPED))

    def _draw_bracket(self, character: str) -> np.ndarray:
        """`glyph` of one of BRACKETS: the font's own, as high as a capital, or a plain one where the font has none."""
        picture = crop(render(self.font, character)) if self.has(character) else draw_plain_bracket(character)
        width = picture.shape[1]
        ink = cv2.resize(picture, (width, CAP_HEIGHT + GLYPH_PAD), interpolation=cv2.INTER_AREA)
        mask = np.zeros((CAP_HEIGHT + 2 * GLYPH_PAD, width), np.uint8)
        mask[GLYPH_PAD // 2 : -(GLYPH_PAD // 2)] = ink
        return mask


def load_typefaces(folders: tuple[str, ...]) -> tuple[Typeface, ...]:
    """Every usable .ttf and .otf in or below `fonts/` and `folders`.

    A font that cannot be used is named on stderr and left out. Raises UserError for a folder without any that can.
    """
    typefaces = []
    for folder in (OWN_FONTS, *map(Path, folders)):
        files = list_fonts(folder)
        if not files:
            raise UserError(f"{folder}: holds no .ttf or .otf file; name a folder that does with --fonts")
        typefaces += _load_usable(files)
    return tuple(typefaces)


def list_fonts(folder: Path) -> list[Path]:
    """The .ttf and .otf files in or below `folder`. Raises UserError where one of the folders cannot be read."""

    def refuse(error: OSError) -> NoReturn:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror}); name another folder with --fonts")

    paths = (Path(below) / name for below, _, names in os.walk(folder, onerror=refuse) for name in names)
    return sorted(path for path in paths if path.suffix.lower() in (".ttf", ".otf"))


def _load_usable(files: list[Path]) -> list[Typeface]:
    """The typefaces in `files`, none empty, that can be used. Raises UserError when none can."""
    typefaces, refused = [], []
    for path in files:
        try:
            typefaces.append(Typeface(path))
        except UserError as error:
            refused.append(str(error))
    if not typefaces:
        raise UserError(refused[0])
    if multiprocessing.parent_process() is None:  # its workers would say it again
        for line in refused:
            print(f"left out: {line}", file=sys.stderr)
    return typefaces


def choose_typeface(form: PlateFormat, faces: tuple[Typeface, ...], rng: np.random.Generator) -> Typeface:
    """Half of the time one of the typefaces that the format names, each name as likely as the others; else any."""
    if rng.random() < TYPICAL_SHARE and form.typefaces:
        prefix = form.typefaces[rng.integers(len(form.typefaces))].lower()
        typical = find_faces(faces, prefix)
        if typical:
            return typical[rng.integers(len(typical))]
    return faces[rng.integers(len(faces))]


@functools.cache
def find_faces(faces: tuple[Typeface, ...], prefix: str) -> list[Typeface]:
    """The `faces` whose name begins with `prefix`. Cached, because a plate would ask hundreds of names."""
    return [face for face in faces if face.sought_name.startswith(prefix)]


def check_letters(path: Path, font: ImageFont.FreeTypeFont) -> None:
    """Raise UserError unless the `font` in the file `path` has letters and digits that look like letters and digits."""
    missing = render(font, UNMAPPED)
    glyphs = []
    for character in ALPHABET:
        if not is_drawable(font, character):
            raise UserError(f"{path}: draws {character} as large as a page; remove it")
        glyph = render(font, character)
        if not (glyph > INK).any() or np.array_equal(glyph, missing):
            raise UserError(f"{path}: has no {character}; remove it")
        glyphs.append(glyph)
    if len({(glyph.shape, glyph.tobytes()) for glyph in glyphs}) < LEAST_DIFFERENT:
        raise UserError(f"{path}: draws many characters alike; remove it")
    if measure_likeness(glyphs[:26]) < LEAST_ALIKE:
        raise UserError(f"{path}: draws symbols or another script in place of the letters A to Z; remove it")


def measure_likeness(letters: list[np.ndarray]) -> float:
    """The share of `letters`, glyphs of A to Z, that are among the NEAREST of the project's own fonts."""
    likeness = np.einsum("fcd,kd->fck", _own_shapes(), np.array([describe_shape(glyph) for glyph in letters]))
    likeness = likeness.max(0)  # (36, 26): of each letter or digit of the own fonts to each of `letters`
    right = likeness[np.arange(len(letters)), np.arange(len(letters))]
    return float(((likeness > right).sum(0) < NEAREST).mean())


@functools.cache
def _own_files() -> list[Path]:
    """The fonts that fonts/build.py draws; a user may put others beside them."""
    return sorted(OWN_FONTS.glob("Plate*.ttf"))


@functools.cache
def _own_shapes() -> np.ndarray:
    """`describe_shape` of every letter and digit of the project's own fonts: (fonts, 36, values)."""
    fonts = [open_font(read_bytes(path, FONT_BYTES), CHECK_SIZE) for path in _own_files()]
    return np.array([[describe_shape(render(font, character)) for character in ALPHABET] for font in fonts])


def describe_shape(glyph: np.ndarray) -> np.ndarray:
    """The shape of `glyph`, (rows, columns) uint8, as a vector of length 1, whatever its size, width and slant.

    The dot product of two such vectors, a correlation, is 1 for the same shape.
    """
    glyph = straighten(crop(glyph))
    rows, columns = glyph.shape
    if columns < 0.25 * rows:  # a bare stem, which would fill the whole square
        square = np.zeros((20, 16), np.float32)
        square[:, 5:11] = 255
    else:
        square = cv2.resize(glyph, (16, 20), interpolation=cv2.INTER_AREA).astype(np.float32)
    shape = cv2.GaussianBlur(np.pad(square, 3), (0, 0), 1.8).ravel()  # so that strokes of other weights overlap
    shape -= shape.mean()
    return shape / max(float(np.linalg.norm(shape)), 1e-6)


def straighten(glyph: np.ndarray) -> np.ndarray:
    """`glyph`, (rows, columns) uint8, without its slant, as handwriting is deslanted by its second moments."""
    moments = cv2.moments(glyph)
    if moments["mu02"] < 1:
        return glyph
    slant = np.clip(moments["mu11"] / moments["mu02"], -0.1, 0.35)  # of italics; a 7 leans by itself
    rows, columns = glyph.shape
    reach = int(abs(slant) * rows) + 2
    shear = np.array([[1, -slant, slant * rows / 2 + reach], [0, 1, 0]], np.float32)
    return crop(cv2.warpAffine(glyph, shear, (columns + 2 * reach, rows)))


def open_font(data: bytes, size: int) -> ImageFont.FreeTypeFont:
    """The font in a file's bytes, `size` pixels in the em. Raises OSError where it is none.

    FreeType is given bytes rather than the name of a file, which need not be in the file system's encoding.
    """
    return ImageFont.truetype(io.BytesIO(data), size)


def is_drawable(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Whether the glyph of `character` is small enough to be drawn; a damaged font's may take gigabytes."""
    left, top, right, bottom = font.getbbox(character)
    return max(right - left, bottom - top, font.getlength(character)) <= LARGEST_GLYPH * font.size


def render(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray:
    """A glyph's own bitmap, (rows, columns) uint8; at least 1 by 1."""
    mask = font.getmask(character)
    columns, rows = mask.size
    if not rows or not columns:
        return np.zeros((1, 1), np.uint8)
    return np.frombuffer(bytes(mask), np.uint8).reshape(rows, columns)


def crop(glyph: np.ndarray) -> np.ndarray:
    """`glyph` without rows and columns that have no ink; all of it where nothing has."""
    rows, columns = (np.flatnonzero(glyph.max(axis) > INK) for axis in (1, 0))
    if not rows.size:
        return glyph
    return glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def draw_plain_point(character: str) -> np.ndarray:
    """`Typeface.glyph` of one of POINTS, for fonts that lack it."""
    pen = 8
    foot, middle = GLYPH_PAD + CAP_HEIGHT - pen // 2, GLYPH_PAD + CAP_HEIGHT // 2
    across, heights = {"-": (20, [middle]), ".": (8, [foot]), "·": (8, [middle]), ":": (8, [middle, foot])}[character]
    mask = np.zeros((CAP_HEIGHT + 2 * GLYPH_PAD, across), np.uint8)
    for height in heights:
        mask[height - pen // 2 : height + pen // 2] = 255
    return mask


def draw_plain_bracket(character: str) -> np.ndarray:
    """One of BRACKETS in strokes of a middling weight, (CAP_HEIGHT + GLYPH_PAD, 15) uint8."""
    height, width, pen = CAP_HEIGHT + GLYPH_PAD, 15, 6
    left, right = pen // 2, width - 1 - pen // 2
    top, bottom = pen // 2, height - 1 - pen // 2
    middle = (top + bottom) // 2
    paths = {
        "/": [(right, top), (left, bottom)],
        "(": [(right, top), (left + 1, top + 12), (left, middle), (left + 1, bottom - 12), (right, bottom)],
        "[": [(right, top), (left, top), (left, bottom), (right, bottom)],
    }
    mirrored = {")": "(", "]": "["}
    mask = np.zeros((height, width), np.uint8)
    path = np.array(paths[mirrored.get(character, character)], np.int32)
    cv2.polylines(mask, [path], False, 255, pen, cv2.LINE_AA)
    if character in mirrored:
        return np.ascontiguousarray(mask[:, ::-1])
    return mask

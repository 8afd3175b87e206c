"""What the scripts share: the alphabet, the shape of a window, files, and the geometry of a plate.

A *window* is the network's input, 64 rows by 128 columns of BGR pixels (OpenCV's order). A *code* is the
text of a plate, letters and digits alone. *Corners* are a plate's four corners in the order top left, top
right, bottom right, bottom left as its reader sees them.
"""

import argparse
import contextlib
import dataclasses
import os
import re
import reprlib
import sys
import tempfile
import tokenize
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np

__all__ = [
    "ALPHABET",
    "BLANK",
    "IMAGE_SUFFIXES",
    "LINE_BREAK",
    "SEPARATORS",
    "SLOTS",
    "UNREADABLE_ARCHIVE",
    "WINDOW_SHAPE",
    "CommandParser",
    "PlateFormat",
    "PlateStyle",
    "UserError",
    "code_to_slots",
    "list_images",
    "load_formats",
    "read_image",
    "rectify",
    "rectifying_homography",
    "run",
    "shard",
    "silence_decoders",
    "slots_to_code",
    "write_beside",
    "write_image",
]

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BLANK = len(ALPHABET)  # the class of a slot that holds no character
SLOTS = 12  # the longest code; Indian plates alone run from 8 to 11 characters
WINDOW_SHAPE = (64, 128)  # height, width in pixels
# what numpy, zipfile, zlib and json raise on a file that is no archive of arrays, or a damaged one; RuntimeError is
# for kinds of archive that zipfile does not know
UNREADABLE_ARCHIVE = (
    *(ValueError, LookupError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
# OpenCV warps the centres of pixels, which are half a pixel from the edges that corners are counted from
CENTRE, UNCENTRE = (np.array([[1, 0, half], [0, 1, half], [0, 0, 1]]) for half in (0.5, -0.5))
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


class UserError(Exception):
    """A mistake the user can mend: one line that names the file or option, and the remedy."""


class CommandParser(argparse.ArgumentParser):
    """argparse, with a script's docstring as its help, and a wrong option as one line like any other mistake."""

    def __init__(self, doc: str) -> None:
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help lists what there is")


def shard(text: str) -> tuple[int, int]:
    """An argparse type: "2/3", the second of three parts."""
    part, parts = map(int, text.split("/"))
    if not 1 <= part <= parts:
        raise argparse.ArgumentTypeError(f"{text} is no part; name one as in 2/3, the second of three")
    return part, parts


def run(main: Callable[[], None]) -> None:
    """Run a script's `main`; a UserError becomes one line on stderr and exit code 2."""
    try:
        main()
    except UserError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def silence_decoders() -> None:
    """Keep what libraries say of damaged files, naming none, off stderr; `sys.stderr` goes on as before."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@contextlib.contextmanager
def write_beside(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; it replaces `path` when the block ends well.

    The temporary file keeps the suffix of `path`, so that writers which look at it choose the same format.
    Raises UserError when the folder cannot be written.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose a folder you may write to") from None
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files that only their owner may read
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        temporary.unlink(missing_ok=True)


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read a photograph as (H, W, 3) uint8 BGR, turned upright by its EXIF orientation.

    Raises UserError when the file is missing, empty, cut or no picture.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not data.size:
        raise UserError(f"{path}: is empty; fetch the picture again")
    if data[:4].tobytes() == b"\x89PNG" and data[-8:-4].tobytes() != b"IEND":  # libpng would add a line of its own
        raise UserError(f"{path}: is cut short; fetch the picture again")
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise UserError(f"{path}: is no picture that OpenCV can read, or is cut short; convert it to JPEG or PNG")
    return image


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write (H, W[, 3]) uint8 BGR to `path`, in the format of its suffix; never leaves half a file."""
    path = Path(path)
    try:
        ok, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        ok = False
    if not ok:
        raise UserError(f"{path}: no picture format has this suffix; use .jpg or .png")
    with write_beside(path) as temporary:
        temporary.write_bytes(data.tobytes())


def list_images(folder: str | os.PathLike) -> list[Path]:
    """The pictures in `folder`, by suffix, sorted by name."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())


def code_to_slots(code: str) -> np.ndarray:
    """A code as (SLOTS,) int64 classes, BLANK after its end.

    Raises ValueError for a code that is too long or has a character outside ALPHABET.
    """
    if len(code) > SLOTS:
        raise ValueError(f"{code!r} is longer than {SLOTS} characters")
    slots = np.full(SLOTS, BLANK)
    slots[: len(code)] = [ALPHABET.index(c) for c in code]
    return slots


def slots_to_code(probabilities: np.ndarray) -> tuple[str, np.ndarray]:
    """The most likely code of (SLOTS, 37) probabilities, with the probability of each of its characters.

    Blank slots are left out wherever they stand.
    """
    classes = probabilities.argmax(-1)
    kept = classes != BLANK
    return "".join(ALPHABET[c] for c in classes[kept]), probabilities.max(-1)[kept]


def rectifying_homography(corners: np.ndarray, shape: tuple[int, int] = WINDOW_SHAPE) -> np.ndarray:
    """The (3, 3) homography that takes `corners` (4, 2), in pixels, to the corners of a picture of `shape`."""
    height, width = shape
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return cv2.getPerspectiveTransform(np.asarray(corners, np.float32), target)


def rectify(image: np.ndarray, corners: np.ndarray, shape: tuple[int, int] = WINDOW_SHAPE) -> np.ndarray:
    """Cut the quadrilateral `corners` (4, 2), in pixels, out of `image`, upright and filling `shape`.

    A plate larger than `shape` is cut out at a whole multiple of it and averaged down, so that no pixel is skipped.
    """
    corners = np.asarray(corners, np.float32)
    top, right, bottom, left = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    across = int(np.clip(np.ceil(max(top, bottom) / shape[1] - 0.5), 1, 8))
    down = int(np.clip(np.ceil(max(left, right) / shape[0] - 0.5), 1, 8))
    large = shape[0] * down, shape[1] * across
    homography = UNCENTRE @ rectifying_homography(corners, large) @ CENTRE
    window = cv2.warpPerspective(
        image, homography, large[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(window, shape[::-1], interpolation=cv2.INTER_AREA) if large != shape else window


# Plate formats: what a plate says and looks like, read from formats/*.toml; formats/any.toml explains every key.

SEPARATORS = " -.·"  # drawn on a plate, but no part of its code
LINE_BREAK = "|"  # where a plate may break into two lines
BANDS = ("", "left", "right", "top", "both")
_TOKEN = re.compile(r"\{\w+\}|.", re.DOTALL)  # of a pattern: {NAME} or one character


@dataclasses.dataclass(frozen=True)
class PlateStyle:
    """One look of a plate. Lengths are in millimetres, colours (red, green, blue) of 0..255."""

    weight: float  # its share among the styles of its format
    size: tuple[float, float]  # width, height
    colour: tuple[int, int, int]
    text: tuple[int, int, int]  # the colour of the code
    glyph_height: float  # of a capital on a one-line plate, or on the lower line
    upper_height: float = 0.0  # of a capital on the upper line; glyph_height when not given
    lines: int = 1
    border: float = 0.0  # probability of a line round the plate in the colour of the text
    band: str = ""  # where a coloured band is: one of BANDS
    band_colour: tuple[int, int, int] = (0, 51, 153)
    band_text: tuple[str, ...] = ()  # letters on the band; drawn from
    stacked: float = 0.0  # probability that two letters before the lower line's number stand one above the other
    stencil: float = 0.0  # probability that the code is painted through a stencil
    emblem: float = 0.0  # probability of a small coloured emblem, sticker or seal in a gap of the code
    captions: tuple[str, ...] = ()  # small words above or below the code; drawn from
    caption: float = 0.0  # probability of such words

    def __post_init__(self) -> None:
        object.__setattr__(self, "upper_height", self.upper_height or self.glyph_height)


@dataclasses.dataclass(frozen=True)
class PlateFormat:
    """The plates of one country or region."""

    name: str  # the stem of its file
    title: str
    weight: float  # its share among the formats in use
    patterns: tuple[tuple[str, float], ...]  # each with its weight
    styles: tuple[PlateStyle, ...]
    lists: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    typefaces: tuple[str, ...] = ()  # prefixes of the file names of typical fonts, in any case

    def draw_text(self, rng: np.random.Generator, lines: int = 1) -> str:
        """Draw what one plate says, as in "KA 02|MK|7259": a code of 1..SLOTS characters, SEPARATORS, LINE_BREAKs.

        A plate of two `lines` breaks at one LINE_BREAK, and the text has one at least; at the others, and on a plate of
        one line, is a space or nothing.
        """
        patterns = [row for row in self.patterns if lines == 1 or LINE_BREAK in row[0]]
        weights = np.array([weight for _, weight in patterns])
        pattern, _ = patterns[rng.choice(len(weights), p=weights / weights.sum())]
        return "".join(texts[rng.integers(len(texts))] for texts in self.expand(pattern))

    def expand(self, pattern: str) -> list[Sequence[str]]:
        """For each token of one of the patterns, the texts that it may become, each as likely as the others."""
        return [_expand(token, self.lists) for token in _TOKEN.findall(pattern)]


def load_formats(
    names: str | None = None, folder: str | os.PathLike = Path(__file__).parent / "formats"
) -> list[PlateFormat]:
    """Read the formats `names`, as in "in,gb", or all of `folder` in the order of their names.

    Raises UserError that names the file, its line and the reason, or the formats that there are.
    """
    paths = {path.stem: path for path in sorted(Path(folder).glob("*.toml"))}
    if not paths:
        raise UserError(f"{folder}: holds no plate format; fetch the project's formats/*.toml again")
    wanted = list(paths) if names is None else [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in paths:
            raise UserError(f"no plate format is called {name!r}; there are {', '.join(paths)}")
    return [_read_format(paths[name]) for name in dict.fromkeys(wanted)]


class _FormatError(Exception):
    """What is wrong in a format, and `where`: the keys and indices that lead to it, outermost first."""

    def __init__(self, reason: str, *where: str | int) -> None:
        super().__init__(reason)
        self.where = where


def _read_format(path: Path) -> PlateFormat:
    try:
        source = path.read_text("utf-8")
        return _parse_format(path.stem, tomllib.loads(source))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not in UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:  # its message ends with "(at line 3, column 5)" or "(at end of document)"
        found = re.search(r"(.*) \(at (?:line (\d+))?", str(error))
        line = int(found[2] or len(source.splitlines()))
        raise UserError(f"{path}: line {line}: is no TOML: {found[1]}") from None
    except _FormatError as error:
        raise UserError(f"{path}: line {_find_line(source, error.where)}: {error}") from None


def _find_line(source: str, where: tuple[str | int, ...]) -> int:
    """The line of `source`, from 1, where `where` leads; tomllib keeps no lines, so each step is searched for."""
    source = re.sub(r"(?m)^[ \t]*#.*", "", source)
    at = 0
    for depth, step in enumerate(where):
        if isinstance(step, int):  # of an array of tables: [[styles]], or one { ... } after another
            mark, nth = r"^[ \t]*\[\[|\{", step
        else:  # a key, its [header], or the first text of an array
            start = r"^[ \t]*\[{0,2}" if depth == 0 else r"(?:^[ \t]*|[{,\[]\s*)"
            mark, nth = rf"""{start}["']?{re.escape(step)}["']?\s*[=\],]""", 0
        found = [*re.compile(mark, re.MULTILINE).finditer(source, at)]
        if nth < len(found):
            at = source.rfind("\n", 0, found[nth].end()) + 1
    return source.count("\n", 0, at) + 1


def _parse_format(name: str, table: dict) -> PlateFormat:
    """The format that the `table` of a file describes; raises _FormatError at the first thing that is wrong."""
    defaults = _check_fields(PlateStyle, table.pop("defaults", {}), "defaults")
    fields = {"name": name, "lists": {}, **_check_fields(PlateFormat, table)}
    _require_fields(PlateFormat, fields)
    for key, texts in fields["lists"].items():
        if not (_is_texts(texts) and texts and set("".join(texts)) <= set(ALPHABET + SEPARATORS)):
            raise _FormatError(f"list {key!r} must be one or more texts of A-Z, 0-9 and {SEPARATORS!r}", "lists", key)
    for row in fields["patterns"]:
        _check_pattern(row, fields["lists"])
    styles = []
    for i, row in enumerate(fields["styles"]):
        style = defaults | _check_fields(PlateStyle, row, "styles", i)
        _require_fields(PlateStyle, style, "styles", i)
        styles.append(PlateStyle(**style))
        if styles[i].glyph_height + (styles[i].lines - 1) * styles[i].upper_height > styles[i].size[1]:
            raise _FormatError("the glyphs are higher than the plate; lower glyph_height", "styles", i)
    if any(style.lines == 2 for style in styles) and not any(LINE_BREAK in row[0] for row in fields["patterns"]):
        raise _FormatError(f"a style has two lines, but no pattern has a {LINE_BREAK!r} to break at", "patterns")
    lists = {key: tuple(texts) for key, texts in fields["lists"].items()}
    patterns = tuple((pattern, float(weight)) for pattern, weight in fields["patterns"])
    return PlateFormat(**fields | {"lists": lists, "patterns": patterns, "styles": tuple(styles)})


def _check_fields(cls: type, table: object, *where: str | int) -> dict:
    """The entries of `table` as fields of `cls`; raises _FormatError at an unknown key or a wrong value."""
    if not isinstance(table, dict):
        raise _FormatError(f"{where[0]} must hold keys and values, not {reprlib.repr(table)}", where[0])
    known = [field.name for field in dataclasses.fields(cls) if field.name in _CHECKS]
    fields = {}
    for key, value in table.items():
        if key not in known:
            raise _FormatError(f"unknown key {key!r}; there are {', '.join(known)}", *where, key)
        wanted, is_right, convert = _CHECKS[key]
        if not is_right(value):
            raise _FormatError(f"{key} must be {wanted}, not {reprlib.repr(value)}", *where, key)
        fields[key] = convert(value)
    return fields


def _require_fields(cls: type, fields: dict, *where: str | int) -> None:
    """Raises _FormatError when `fields` lacks one that has no default in `cls`."""
    for field in dataclasses.fields(cls):
        if field.name not in fields and field.default is field.default_factory is dataclasses.MISSING:
            raise _FormatError(f"{field.name} is missing", *where)


def _check_pattern(row: object, lists: dict[str, list[str]]) -> None:
    """Raises _FormatError when `row` is no [pattern, weight], or some line of a text drawn from it is no code."""
    pattern, *weight = row if isinstance(row, list) and row else [row]
    if not (isinstance(pattern, str) and [*map(_is_positive, weight)] == [True]):
        raise _FormatError(
            f"a pattern must be [text, weight above 0], not {reprlib.repr(row)}", "patterns", str(pattern)
        )
    shortest, longest = [0], 0  # characters in each line at least, in all at most
    for token in _TOKEN.findall(pattern):
        try:
            lengths = [sum(c in ALPHABET for c in text) for text in _expand(token, lists)]
        except ValueError as error:
            raise _FormatError(f"pattern {pattern!r}: {error}", "patterns", pattern) from None
        shortest[-1] += min(lengths)
        longest += max(lengths)
        if token == LINE_BREAK:
            shortest.append(0)
    if longest > SLOTS:
        raise _FormatError(f"pattern {pattern!r} makes {longest} letters and digits; {SLOTS} fit", "patterns", pattern)
    if not all(shortest):
        raise _FormatError(f"pattern {pattern!r} may have a line without letters and digits", "patterns", pattern)


def _expand(token: str, lists: dict[str, Sequence[str]]) -> Sequence[str]:
    """The texts that a token of a pattern may become; raises ValueError when there are none."""
    if len(token) > 1:
        if token[1:-1] not in lists:
            raise ValueError(f"no list {token[1:-1]} in [lists]")
        return lists[token[1:-1]]
    if token in ("L", "D"):
        return lists.get(token, ALPHABET[:26] if token == "L" else ALPHABET[26:])
    if token not in ALPHABET + SEPARATORS + LINE_BREAK:
        raise ValueError(
            f"{token!r} is not one of L, D, {{NAME}}, A-Z, 0-9, {LINE_BREAK} and the separators {SEPARATORS!r}"
        )
    return token


def _is_positive(value: object) -> bool:
    return type(value) in (int, float) and 0 < value < 1e9  # a bool is no number here


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


# of a format's file, each key: what its value must be, the test for that, and the conversion to the dataclass's field
_LENGTH = "a length in millimetres above 0", _is_positive, float
_PROBABILITY = "a probability of 0 to 1", lambda v: type(v) in (int, float) and 0 <= v <= 1, float
_TEXTS = "a list of texts, none empty", lambda v: _is_texts(v) and all(map(str.strip, v)), tuple
_COLOUR = (
    'a colour as in "#ffcc00"',
    lambda v: isinstance(v, str) and re.fullmatch("#[0-9a-fA-F]{6}", v),
    lambda v: tuple(bytes.fromhex(v[1:])),
)
_ROWS = "a list of one or more", lambda v: isinstance(v, list) and v, list
_CHECKS = {
    "title": ("a text", lambda v: isinstance(v, str), str),
    "weight": ("a number above 0", _is_positive, float),
    "patterns": _ROWS,
    "styles": _ROWS,
    "lists": ("a table of lists", lambda v: isinstance(v, dict), dict),
    "typefaces": _TEXTS,
    "size": (
        "[width, height] in millimetres",
        lambda v: isinstance(v, list) and [*map(_is_positive, v)] == [True, True],
        lambda v: tuple(map(float, v)),
    ),
    "colour": _COLOUR,
    "text": _COLOUR,
    "glyph_height": _LENGTH,
    "upper_height": _LENGTH,
    "lines": ("1 or 2", lambda v: type(v) is int and v in (1, 2), int),
    "border": _PROBABILITY,
    "band": (f"one of {', '.join(map(repr, BANDS))}", lambda v: v in BANDS, str),
    "band_colour": _COLOUR,
    "band_text": _TEXTS,
    "stacked": _PROBABILITY,
    "stencil": _PROBABILITY,
    "emblem": _PROBABILITY,
    "captions": _TEXTS,
    "caption": _PROBABILITY,
}

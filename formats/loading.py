"""TODO."""

import dataclasses
import os
import re
import reprlib
import tomllib
from pathlib import Path

from common import ALPHABET, SLOTS, UserError
from formats.plate_format import _TOKEN, BANDS, LINE_BREAK, SEPARATORS, PlateFormat, PlateStyle, _expand


def load_formats(names: str | None = None, folder: str | os.PathLike = Path(__file__).parent) -> list[PlateFormat]:
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


def _is_positive(value: object) -> bool:
    return type(value) in (int, float) and 0 < value < 1e9  # a bool is no number here


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


# of a format's file, each key: what its value must be, the test for that, and the conversion to the dataclass's field
_LENGTH = "a length in millimetres above 0", _is_positive, float
_PROBABILITY = "a probability of 0 to 1", lambda v: type(v) in (int, float) and 0 <= v <= 1, float
_SHARE = "a share above 0, 1 at most", lambda v: _is_positive(v) and v <= 1, float
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
    "text_colour": _COLOUR,
    "glyph_height": _LENGTH,
    "upper_height": _LENGTH,
    "lines": ("1 or 2", lambda v: type(v) is int and v in (1, 2), int),
    "border": _PROBABILITY,
    "band": (f"one of {', '.join(map(repr, BANDS))}", lambda v: v in BANDS, str),
    "band_colour": _COLOUR,
    "band_text": _TEXTS,
    "stacked": _PROBABILITY,
    "stencil": _PROBABILITY,
    "beside": _PROBABILITY,
    "letter_scale": _SHARE,
    "small_prefix": _PROBABILITY,
    "painted": _PROBABILITY,
    "taper": _SHARE,
    "panel": _COLOUR,
    "picture": _PROBABILITY,
    "flag": (
        'a list of colours, each as in "#ffcc00"',
        lambda v: _is_texts(v) and v and all(map(_COLOUR[1], v)),
        lambda v: tuple(map(_COLOUR[2], v)),
    ),
    "emblem": _PROBABILITY,
    "captions": _TEXTS,
    "caption": _PROBABILITY,
}

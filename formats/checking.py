"""Check what the file of a format says, key by key, before anything is drawn from it."""

import dataclasses
import functools
import re
from collections.abc import Callable

from common import ALPHABET, LONGEST_CODE, show
from formats.plate_format import BANDS, LINE_BREAK, SEPARATORS, TOKEN, PlateFormat, PlateStyle, expand_token

# Limits on what can be drawn. They are far beyond the plates of every country, and not tuned beyond that.
LARGEST_NUMBER = 1e9  # of a weight or a length
LONGEST_TEXT = 100  # characters of a caption, a band's text, and of a pattern's text with its separators
MOST_STRIPES = 12  # of a flag
SHAPES = (0.4, 20.0)  # width / height of a plate
LEAST_LETTERS = 0.3  # `letter_scale`; smaller letters are illegible
MOST_TAPER = 0.5  # a plate that is narrower at the top has no room for an upper line


class FormatError(Exception):
    """What is wrong in a format, and `where`: the keys and indices that lead to it, outermost first."""

    def __init__(self, reason: str, *where: str | int) -> None:
        super().__init__(reason)
        self.where = where


def parse_format(name: str, table: dict) -> PlateFormat:
    """The format `name` that the `table` of a file describes. Raises FormatError at the first mistake."""
    defaults = check_fields(PlateStyle, table.pop("defaults", {}), "defaults")
    fields = {"name": name, "lists": {}, **check_fields(PlateFormat, table)}
    require_fields(PlateFormat, fields)
    check_lists(fields["lists"])
    for row in fields["patterns"]:
        check_pattern(row, fields["lists"])
    styles = [parse_style(row, defaults, index) for index, row in enumerate(fields["styles"])]
    if any(style.lines == 2 for style in styles) and not any(LINE_BREAK in row[0] for row in fields["patterns"]):
        raise FormatError(f"a style has two lines, but no pattern has a {LINE_BREAK!r} to break at", "patterns")
    fields["lists"] = {key: tuple(texts) for key, texts in fields["lists"].items()}
    fields["patterns"] = tuple((pattern, float(weight)) for pattern, weight in fields["patterns"])
    return PlateFormat(**fields | {"styles": tuple(styles)})


def parse_style(row: object, defaults: dict, index: int) -> PlateStyle:
    """The style that `row`, the entry `index` of the array "styles", describes with `defaults`; raises FormatError."""
    fields = defaults | check_fields(PlateStyle, row, "styles", index)
    require_fields(PlateStyle, fields, "styles", index)
    style = PlateStyle(**fields)
    width, height = style.size
    if not SHAPES[0] <= width / height <= SHAPES[1]:
        least, most = SHAPES
        raise FormatError(f"size must be {least:g} to {most:g} times as wide as high", "styles", index)
    if style.stacked + style.squeezed > 1:
        raise FormatError("stacked and squeezed add up to more than 1; no plate has both", "styles", index)
    if style.glyph_height + (style.lines - 1) * style.upper_height > height:
        raise FormatError("the glyphs are higher than the plate; lower glyph_height", "styles", index)
    return style


def check_lists(lists: dict) -> None:
    """Raise FormatError unless each list holds one or more texts that a plate may show."""
    for key, texts in lists.items():
        if not (is_texts(texts) and texts and set("".join(texts)) <= set(ALPHABET + SEPARATORS)):
            raise FormatError(
                f"list {show(key)} must be one or more texts of A-Z, 0-9 and {SEPARATORS!r}", "lists", key
            )


def check_pattern(row: object, lists: dict[str, list[str]]) -> None:
    """Raise FormatError unless `row` is a [pattern, weight] that makes a code with characters on every line."""
    pattern, *weight = row if isinstance(row, list) and row else [row]
    where = "patterns", pattern if isinstance(pattern, str) else show(pattern)
    if not (isinstance(pattern, str) and [*map(is_positive, weight)] == [True]):
        raise FormatError(f"a pattern must be [text, weight above 0], not {show(row)}", *where)
    if len(pattern) > LONGEST_TEXT:
        raise FormatError(f"pattern {show(pattern)} has {len(pattern)} characters; {LONGEST_TEXT} fit", *where)
    shortest = [0]  # the least number of characters of the code on each line
    longest = 0  # the greatest number of characters of the code
    drawn = 0  # the greatest number of characters with the separators
    for token in TOKEN.findall(pattern):
        try:
            texts = expand_token(token, lists)
        except ValueError as error:
            raise FormatError(f"pattern {pattern!r}: {error}", *where) from None
        least, most, widest = measure_texts(tuple(texts))
        shortest[-1] += least
        longest += most
        drawn += widest
        if token == LINE_BREAK:
            shortest.append(0)
    if longest > LONGEST_CODE:
        raise FormatError(f"pattern {pattern!r} makes {longest} letters and digits; {LONGEST_CODE} fit", *where)
    if drawn > LONGEST_TEXT:
        raise FormatError(f"pattern {pattern!r} makes {drawn} characters; {LONGEST_TEXT} fit", *where)
    if not all(shortest):
        raise FormatError(f"pattern {pattern!r} may have a line without letters and digits", *where)


@functools.lru_cache(maxsize=1000)  # most patterns of all formats have the same few places
def measure_texts(texts: tuple[str, ...]) -> tuple[int, int, int]:
    """The least and the greatest number of letters and digits in one of `texts`, and of characters."""
    lengths = [sum(character in ALPHABET for character in text) for text in texts]
    return min(lengths), max(lengths), max(map(len, texts))


def check_fields(cls: type, table: object, *where: str | int) -> dict:
    """The entries of `table` as fields of the dataclass `cls`; raises FormatError for a wrong key or value."""
    if not isinstance(table, dict):
        raise FormatError(f"{where[0]} must hold keys and values, not {show(table)}", where[0])
    known = known_keys(cls)
    fields = {}
    for key, value in table.items():
        if key not in known:
            raise FormatError(f"unknown key {show(key)}; there are {', '.join(known)}", *where, key)
        wanted, is_right, convert = KEYS[key]
        if not is_right(value):
            raise FormatError(f"{key} must be {wanted}, not {show(value)}", *where, key)
        fields[key] = convert(value)
    return fields


def require_fields(cls: type, fields: dict, *where: str | int) -> None:
    """Raise FormatError when `fields` lacks a field of the dataclass `cls` that has no default."""
    for name in required_keys(cls):
        if name not in fields:
            raise FormatError(f"{name} is missing", *where)


@functools.cache
def known_keys(cls: type) -> tuple[str, ...]:
    """The keys of a file that are fields of the dataclass `cls`."""
    return tuple(field.name for field in dataclasses.fields(cls) if field.name in KEYS)


@functools.cache
def required_keys(cls: type) -> tuple[str, ...]:
    """The fields of the dataclass `cls` that have no default."""
    missing = dataclasses.MISSING
    return tuple(f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is missing)


# --- the keys of a file -----------------------------------------------------------------------------------------------


def is_number(value: object) -> bool:
    return type(value) in (int, float)  # a bool is no number here


def is_positive(value: object) -> bool:
    return is_number(value) and 0 < value < LARGEST_NUMBER


def is_between(low: float, high: float) -> Callable[[object], bool]:
    """A test for numbers from `low` to `high`, both included."""
    return lambda value: is_number(value) and low <= value <= high


def is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def is_captions(value: object) -> bool:
    return is_texts(value) and all(text.strip() and len(text) <= LONGEST_TEXT for text in value)


def is_rows(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0


def is_size(value: object) -> bool:
    return isinstance(value, list) and [*map(is_positive, value)] == [True, True]


def is_colour(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value) is not None


def is_stripes(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MOST_STRIPES and all(map(is_colour, value))


def parse_colour(value: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(value[1:]))


LENGTH = "a length in millimetres above 0", is_positive, float
PROBABILITY = "a probability of 0 to 1", is_between(0, 1), float
COLOUR = 'a colour as in "#ffcc00"', is_colour, parse_colour
ROWS = "a list of one or more", is_rows, list
CAPTIONS = f"a list of texts, none empty or longer than {LONGEST_TEXT}", is_captions, tuple
KEYS = {  # key -> (the values that are right, in words; the test of a value; its conversion to the dataclass's field)
    "title": ("a text", lambda value: isinstance(value, str), str),
    "weight": ("a number above 0", is_positive, float),
    "patterns": ROWS,
    "styles": ROWS,
    "lists": ("a table of lists", lambda value: isinstance(value, dict), dict),
    "typefaces": CAPTIONS,
    "size": ("[width, height] in millimetres", is_size, lambda value: tuple(map(float, value))),
    "colour": COLOUR,
    "text_colour": COLOUR,
    "glyph_height": LENGTH,
    "upper_height": LENGTH,
    "lines": ("1 or 2", lambda value: type(value) is int and value in (1, 2), int),
    "border": PROBABILITY,
    "band": (f"one of {', '.join(map(repr, BANDS))}", lambda value: isinstance(value, str) and value in BANDS, str),
    "band_colour": COLOUR,
    "band_text": CAPTIONS,
    "stacked": PROBABILITY,
    "squeezed": PROBABILITY,
    "stencil": PROBABILITY,
    "beside": PROBABILITY,
    "letter_scale": (f"a share of {LEAST_LETTERS} to 1", is_between(LEAST_LETTERS, 1), float),
    "small_prefix": PROBABILITY,
    "class_letters": PROBABILITY,
    "painted": PROBABILITY,
    "taper": (f"a share of 0 to {MOST_TAPER}", is_between(0, MOST_TAPER), float),
    "panel": COLOUR,
    "picture": PROBABILITY,
    "flag": (
        f'a list of 1 to {MOST_STRIPES} colours, each as in "#ffcc00"',
        is_stripes,
        lambda value: tuple(map(parse_colour, value)),
    ),
    "emblem": PROBABILITY,
    "captions": CAPTIONS,
    "caption": PROBABILITY,
}

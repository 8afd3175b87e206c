"""Load the countries' files of this folder, and name the line of a mistake in one."""

import contextlib
import os
import re
import tomllib
from pathlib import Path

from common import UserError, show
from formats.cache import keep_tables
from formats.checking import FormatError, parse_format
from formats.plate_format import PlateFormat
from media.files import read_bytes
from media.limits import KEY_PARTS, TEXT_BYTES

# A string between quotes, to the end of its line where the second quote is missing; or a comment. Both may hold dots
# that are no part of a key. All repeats are possessive (*+): they never try again, so a search takes linear time.
TEXT = re.compile(r""" "(?:[^"\\\n]|\\.)*+"? | '[^'\n]*+'? | \#[^\n]*+ """, re.VERBOSE)
# A key of more than KEY_PARTS parts: tomllib takes a time that grows with the square of their number.
LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{KEY_PARTS}}}")
FOLDER = Path(__file__).parent  # of the project's formats; the tables of other folders are not kept
ENCODING = "utf-8-sig"  # UTF-8, with or without the byte order mark that editors on Windows write
PATTERN = "pattern"  # the name of a format that is no file
DEEP = 32  # brackets that are open at once; the files of this project have three at most
LONGEST_STEP = 100  # characters of a key or pattern that are searched for; a longer regular expression compiles slowly


class TomlError(Exception):
    """Why a text is no TOML, and the `line` of the mistake, counted from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


# After one of these the files are read without the cache, which names the mistake in a file, if there is one.
CACHE_FAULTS = (TomlError, FormatError, ValueError, TypeError, AttributeError, RecursionError)


def load_formats(names: str | None = None, folder: str | os.PathLike = FOLDER) -> list[PlateFormat]:
    """Load the formats `names`, such as "in,gb", or all formats of `folder` in the order of their names.

    Raises UserError that names a file, the line of a mistake in it and the reason, or the formats that there are.
    """
    contents = read_files(names, folder)
    if names is None and folder == FOLDER:
        with contextlib.suppress(*CACHE_FAULTS):
            tables = keep_tables([*contents.values()], lambda content: parse_toml(content.decode(ENCODING)))
            return [parse_format(path.stem, table) for path, table in zip(contents, tables, strict=True)]
    return [read_format(path, content) for path, content in contents.items()]


def read_files(names: str | None = None, folder: str | os.PathLike = FOLDER) -> dict[Path, bytes]:
    """The contents of the files that `load_formats` loads. Raises UserError where one is missing."""
    # hidden files are those of editors and systems, such as .#in.toml, which Emacs makes while in.toml is edited
    paths = {path.stem: path for path in sorted(Path(folder).glob("[!.]*.toml"))}
    if not paths:
        raise UserError(f"{folder}: holds no plate format; fetch the project's formats/*.toml again")
    if names is None:
        wanted = list(paths)
    else:
        wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in paths:
            raise UserError(f"no plate format is called {show(name)}; there are {', '.join(paths)}")
    return {paths[name]: read_bytes(paths[name], TEXT_BYTES) for name in dict.fromkeys(wanted)}


def read_format(path: Path, content: bytes) -> PlateFormat:
    """The format in the file `path` with this `content`. Raises UserError as `load_formats` does."""
    try:
        source = content.decode(ENCODING)
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not in UTF-8; save it as UTF-8") from None
    try:
        return parse_format(path.stem, parse_toml(source))
    except TomlError as error:
        raise UserError(f"{path}: line {error.line}: is no TOML: {error}") from None
    except FormatError as error:
        raise UserError(f"{path}: line {find_line(source, error.where)}: {error}") from None


def choose_formats(names: str | None = None, pattern: str | None = None) -> list[PlateFormat]:
    """The project's formats `names`, as `load_formats` gives them, and the format of `pattern`, if there is one.

    With a `pattern` and no `names` there is no other format. PATTERN may be among the names then. Raises UserError as
    `load_formats` and `pattern_format` do.
    """
    if pattern is None:
        return load_formats(names)
    others = [name for name in (names or PATTERN).split(",") if name.strip() != PATTERN]
    formats = load_formats(",".join(others)) if others else []
    return [*formats, pattern_format(pattern)]


def pattern_format(pattern: str) -> PlateFormat:
    """The format called PATTERN of plates that say `pattern`, as in "LL DD LL DDDD". It is written as in any.toml.

    Raises UserError with the reason where `pattern` describes no plates.
    """
    style = {"weight": 1, "size": [520, 110], "glyph_height": 75, "colour": "#ffffff", "text_colour": "#000000"}
    table = {"title": "Pattern", "weight": 1, "patterns": [[pattern, 1]], "styles": [style]}
    try:
        return parse_format(PATTERN, table)
    except FormatError as error:
        raise UserError(f"{error}; formats/any.toml explains patterns") from None


def parse_toml(source: str) -> dict:
    """The table that the TOML text `source` describes.

    Raises TomlError for a text that is no TOML, and for one that would take tomllib too long or too deep.
    """
    found = LONG_KEY.search(TEXT.sub("x", source))
    if found:
        raise TomlError(f"a key has more than {KEY_PARTS} parts", 1 + found.string.count("\n", 0, found.start()))
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:  # its text ends with "(at line 3, column 5)" or "(at end of document)"
        reason, line = re.fullmatch(r"(.*) \(at (?:line (\d+), .*|end of document)\)", str(error), re.DOTALL).groups()
        raise TomlError(reason, int(line or len(source.splitlines()))) from None
    except RecursionError:
        raise TomlError("lists or tables are nested too deeply", find_deepest_line(source)) from None
    except ValueError as error:  # Python refuses to convert a number of thousands of digits
        raise TomlError(f"a number is too long ({error})", find_longest_number(source)) from None


def find_deepest_line(source: str) -> int:
    """The first line of `source`, counted from 1, on which more than DEEP brackets are open; the last if none."""
    depth = 0
    lines = TEXT.sub("x", source).splitlines()
    for number, line in enumerate(lines, 1):
        depth += line.count("[") + line.count("{")
        if depth > DEEP:
            return number
        depth -= line.count("]") + line.count("}")
    return len(lines)


def find_longest_number(source: str) -> int:
    """The line of `source`, counted from 1, with the longest row of digits."""
    longest = max(re.finditer(r"[0-9_]+", source), key=lambda found: found.end() - found.start())
    return 1 + source.count("\n", 0, longest.start())


def find_line(source: str, where: tuple[str | int, ...]) -> int:
    """The line of `source`, counted from 1, to which the keys and indices `where` lead.

    tomllib keeps no line numbers, so each key and index is searched for after the one before it.
    """
    source = re.sub(r"(?m)^[ \t]*#.*", "", source)
    at = 0
    for depth, step in enumerate(where):
        if isinstance(step, int):  # the tables of an array: [[styles]], or one { ... } after another
            mark, nth = r"^[ \t]*\[\[|\{", step
        else:  # a key, a [header], or the first text of an array
            start = r"^[ \t]*\[{0,2}" if depth == 0 else r"(?:^[ \t]*|[{,\[]\s*)"
            end = r"""["']?\s*[=\],]""" if len(step) <= LONGEST_STEP else ""
            mark, nth = rf"""{start}["']?{re.escape(step[:LONGEST_STEP])}{end}""", 0
        found = [*re.compile(mark, re.MULTILINE).finditer(source, at)]
        if nth < len(found):
            at = source.rfind("\n", 0, found[nth].end()) + 1
    return source.count("\n", 0, at) + 1

"""The grammar of all formats out of the user's cache.

Loading all formats and making their rows takes 40 ms, a tenth of the time of one photograph. Loading the rows takes 5.
"""

import json
from pathlib import Path

import common
from formats import checking, loading, plate_format
from media.cache import keep
from reading import pattern_rows
from reading.grammar import Grammar, make_grammar
from reading.pattern_rows import Row, Token

ENTRY = "rows.json"
# What rows depend on beside the formats' files.
CODE = [Path(module.__file__) for module in (common, checking, loading, plate_format, pattern_rows)]


def load_grammar(names: str | None = None, pattern: str | None = None, only: bool = False) -> Grammar:
    """The grammar of the formats that `choose_formats` chooses. Raises UserError as it does."""
    if names is not None or pattern is not None:
        return make_grammar(loading.choose_formats(names, pattern), only)
    files = loading.read_files()
    names = [path.stem for path in files]
    sources = [*(name.encode() for name in names), *files.values(), *(path.read_bytes() for path in CODE)]
    return Grammar(names, parse_rows(keep(ENTRY, sources, make_entry)), only)


def make_entry() -> bytes:
    """The rows of all formats as an entry of the cache."""
    return format_rows(pattern_rows.make_rows(loading.load_formats()))


def format_rows(rows: list[Row]) -> bytes:
    """`rows` as JSON: their tokens, each once, and of each row the indices of its tokens, its shares and their sum."""
    tokens = list({token: None for row in rows for token in row.tokens})
    numbers = {token: number for number, token in enumerate(tokens)}
    table = {
        "tokens": [(token.kinds, token.weights, token.letters, token.digits) for token in tokens],
        "rows": [([numbers[token] for token in row.tokens], [*row.shares.items()], row.total) for row in rows],
    }
    return json.dumps(table).encode()


def parse_rows(entry: bytes) -> list[Row]:
    """The rows of which `format_rows` made `entry`."""
    table = json.loads(entry)
    tokens = [Token(*fields) for fields in table["tokens"]]
    rows = []
    for numbers, shares, total in table["rows"]:
        row = Row(tuple(tokens[number] for number in numbers))
        row.shares = dict(shares)
        row.total = total
        rows.append(row)
    return rows

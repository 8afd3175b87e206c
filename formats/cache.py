"""The tables of all formats, kept in the user's cache, because TOML takes long to parse."""

import json
from collections.abc import Callable, Sequence

from media.cache import keep

ENTRY = "formats.json"


def keep_tables(contents: Sequence[bytes], parse: Callable[[bytes], dict]) -> list:
    """What `parse` makes of each of the `contents`, out of the cache where all of them are as before.

    Nobody checked what the cache holds. Raises what `parse` raises, TypeError where a table has what JSON cannot say,
    such as a date, and ValueError or RecursionError where the cache holds no list.
    """
    tables = json.loads(keep(ENTRY, contents, lambda: json.dumps([*map(parse, contents)]).encode()))
    if not isinstance(tables, list) or len(tables) != len(contents):
        raise ValueError("the cache holds something else")
    return tables

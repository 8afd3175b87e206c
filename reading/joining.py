"""Joining: rows that several runs wrote, each for its shard of the photos, become one row a photo in their order.

Nothing but the rows tells how many shards there were. Shard I of N has the photos that `take_part` gives.
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from common import UserError, find_part, is_special
from reading.results import name_partial, read_rows

MOST_SHARDS = 10_000  # that a missing row is looked for in; nobody starts more runs
MOST_TOLD = 3  # shards without a row that are named; more would not fit on a line


class Shard(NamedTuple):
    """The rows of one file, by the names of their photos."""

    path: Path
    rows: dict[str, list[bytes]]
    fault: str = ""  # what is wrong with the file, if anything


class Joined(NamedTuple):
    """The row of each photo in the order of the photos, and how many photos have the same row more than once."""

    rows: list[bytes]
    doubled: int


def join_rows(paths: Sequence[Path], names: Sequence[str]) -> Joined:
    """The rows in the files `paths` of the photos `names`.

    Raises UserError, which names all that is wrong, unless each photo has one row, and each row has one of the photos.
    Equal rows count as one.
    """
    shards = [read_shard(path) for path in paths]
    rows: dict[str, list[bytes]] = {}
    for shard in shards:
        for name, its_rows in shard.rows.items():
            rows.setdefault(name, []).extend(its_rows)
    faults = [f"{shard.path} {shard.fault}" for shard in shards if shard.fault]
    wrong = [*describe_different(rows), *describe_strangers(shards, names), *describe_missing(shards, names)]
    if wrong:
        raise UserError("nothing is joined: " + "; ".join(faults + wrong))
    return Joined([rows[name][0] for name in names], sum(len(rows[name]) > 1 for name in names))


def read_shard(path: Path) -> Shard:
    """The rows of the file `path`; none where there is no such file."""
    rows: dict[str, list[bytes]] = {}
    for name, row in read_rows(path):
        rows.setdefault(name, []).append(row)
    return Shard(path, rows, find_fault(path))


def find_fault(path: Path) -> str:
    """What is wrong with a file of rows: "" where it is whole."""
    if not os.path.exists(path):
        partial = name_partial(path)
        return f"is not there, but {partial.name} is" if partial.exists() else "is not there"
    if is_special(path):  # a pipe cannot be read twice
        return ""
    with path.open("rb") as file:
        file.seek(max(0, os.path.getsize(path) - 1))
        return "is cut at its end" if file.read() not in (b"", b"\n") else ""


def describe_different(rows: dict[str, list[bytes]]) -> list[str]:
    """A phrase about the photos that have rows which differ; none where there are no such photos."""
    different = [name for name, its_rows in rows.items() if len(set(its_rows)) > 1]
    if not different:
        return []
    return [f"{describe_photos(different)} with rows that differ; delete the wrong ones"]


def describe_strangers(shards: Sequence[Shard], names: Sequence[str]) -> list[str]:
    """A phrase for each file with rows of photos that are not among `names`."""
    known = set(names)
    strangers = {shard.path: [name for name in shard.rows if name not in known] for shard in shards}
    return [
        f"{path} has {describe_photos(others)} that the command does not name; name all photographs or delete the rows"
        for path, others in strangers.items()
        if others
    ]


def describe_missing(shards: Sequence[Shard], names: Sequence[str]) -> list[str]:
    """Phrases about the photos that have no row: one for each of their shards, and the remedy."""
    have = {name for shard in shards for name in shard.rows}
    missing = [number for number, name in enumerate(names) if name not in have]
    if not missing:
        return []
    count = count_shards(shards, names)
    if not count:
        photos = describe_photos([names[number] for number in missing])
        return [f"{photos} without a row; read them with --json and join this file too"]
    lacking: dict[int, list[str]] = {}
    for number in missing:
        lacking.setdefault(part_of(number, count, len(names)), []).append(names[number])
    sizes = Counter(part_of(number, count, len(names)) for number in range(len(names)))
    phrases = [
        f"shard {part}/{count} lacks {len(photos)} of {describe_count(sizes[part])}, the first of them {photos[0]}"
        for part, photos in lacking.items()
    ]
    if len(phrases) > MOST_TOLD:
        phrases[MOST_TOLD:] = [f"shards without all rows: {len(phrases)}"]
    return [*phrases, f"run detect.py with --shard {next(iter(lacking))}/{count} --resume again"]


def count_shards(shards: Sequence[Shard], names: Sequence[str]) -> int:
    """How many shards there were, so that each file has the rows of one; 0 where no number fits.

    Of several numbers the one that makes most files whole is taken, and of these the lowest.
    """
    places = {name: number for number, name in enumerate(names)}
    numbers = [[places[name] for name in shard.rows if name in places] for shard in shards]
    spans = [(min(those), max(those)) for those in numbers if those]
    best, most_whole = 0, -1
    for count in range(len(shards), max(len(shards), min(len(names), MOST_SHARDS)) + 1):
        parts = [part_of(low, count, len(names)) for low, _ in spans]
        ends = [part_of(high, count, len(names)) for _, high in spans]
        if parts != ends or len(set(parts)) < len(parts):
            continue
        wholes = [find_part(len(names), part, count) for part in parts]
        whole = sum((low, high + 1) == edges for (low, high), edges in zip(spans, wholes, strict=True))
        if whole > most_whole:
            best, most_whole = count, whole
    return best


def part_of(number: int, parts: int, total: int) -> int:
    """The part, from 1, in which `find_part` has photo `number`, from 0, of `total`."""
    return -(-(number + 1) * parts // total)


def describe_photos(names: Sequence[str]) -> str:
    """How many photos these are, and the first of them."""
    return f"{describe_count(len(names))} (first {names[0]})"


def describe_count(number: int) -> str:
    return f"{number} photograph{'s' * (number != 1)}"

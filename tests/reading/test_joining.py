"""Joining rows of several runs: their order, and what is said of rows that are missing, cut, doubled or foreign."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import UserError
from reading.joining import join_rows, part_of
from reading.plan import take_part

NAMES = [f"{letter}.jpg" for letter in "abcdefghijklmn"]
PARTS = 4


def make_row(name: str, code: str = "AB12") -> bytes:
    return json.dumps({"image": name, "plates": [{"text": code, "box": [1, 2, 3, 4]}]}).encode() + b"\n"


ROWS = [make_row(name) for name in NAMES]


@pytest.fixture
def paths(tmp_path) -> list[Path]:
    """The files of the four shards of NAMES, which have 3, 4, 3 and 4 rows."""
    made = [tmp_path / f"rows{part}.jsonl" for part in range(1, PARTS + 1)]
    for part, path in enumerate(made, 1):
        path.write_bytes(b"".join(take_part(ROWS, part, PARTS)))
    return made


def assert_nothing_is_joined(paths: list[Path], *phrases: str, names: list[str] = NAMES) -> None:
    with pytest.raises(UserError) as error:
        join_rows(paths, names)
    message = str(error.value)
    assert message.startswith("nothing is joined: ")
    assert "\n" not in message
    for phrase in phrases:
        assert phrase in message


def test_rows_come_in_the_order_of_the_photos_whatever_the_order_of_the_files(paths):
    assert join_rows(paths[::-1], NAMES) == (ROWS, 0)
    assert join_rows(paths, NAMES[::-1]) == (ROWS[::-1], 0)


def test_more_shards_than_photos_leave_empty_files(paths, tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert join_rows([*paths, empty], NAMES) == (ROWS, 0)


@pytest.mark.parametrize("given_as_well", [True, False])
def test_a_missing_file_is_a_missing_shard(paths, given_as_well):
    """A pattern of the shell leaves a file that is not there out; a user may name it."""
    paths[2].unlink()
    named = paths if given_as_well else [*paths[:2], paths[3]]
    phrases = [f"{paths[2]} is not there"] if given_as_well else []
    phrases.append("shard 3/4 lacks 3 of 3 photographs, the first of them h.jpg; run detect.py with --shard 3/4")
    assert_nothing_is_joined(named, *phrases)


def test_an_interrupted_shard_is_told_from_one_that_never_ran(paths):
    paths[1].rename(paths[1].with_suffix(".jsonl.part"))
    assert_nothing_is_joined(paths, "rows2.jsonl is not there, but rows2.jsonl.part is; shard 2/4 lacks 4 of 4")


def test_a_file_that_is_cut_is_named_with_its_shard(paths):
    paths[1].write_bytes(paths[1].read_bytes()[:-7])
    assert_nothing_is_joined(paths, f"{paths[1]} is cut at its end; shard 2/4 lacks 1 of 4 photographs", "g.jpg")


def test_a_shard_of_one_file_alone_is_found(paths):
    assert_nothing_is_joined([paths[1]], "shard 1/4 lacks 3 of 3", "shard 3/4 lacks 3 of 3", "shard 4/4 lacks 4 of 4")


def test_many_missing_shards_are_counted(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROWS[0])
    assert_nothing_is_joined([path], "shard 4/8 lacks 2 of 2", "shards without all rows: 7; run detect.py with")


def test_photos_that_no_shard_explains_are_named(paths):
    paths[0].write_bytes(ROWS[0] + ROWS[8])
    assert_nothing_is_joined(paths, "2 photographs (first b.jpg) without a row; read them with --json")


def test_equal_rows_count_as_one(paths, tmp_path):
    more = tmp_path / "more.jsonl"
    more.write_bytes(ROWS[5] + ROWS[6] + ROWS[6])
    assert join_rows([*paths, more], NAMES) == (ROWS, 2)


def test_rows_that_differ_are_named(paths, tmp_path):
    more = tmp_path / "more.jsonl"
    more.write_bytes(make_row("f.jpg", "CD34"))
    assert_nothing_is_joined([*paths, more], "1 photograph (first f.jpg) with rows that differ")


def test_rows_of_other_photos_are_named(paths):
    assert_nothing_is_joined(paths, f"{paths[0]} has 1 photograph (first a.jpg) that the command", names=NAMES[1:])


def test_a_file_of_something_else_is_refused(paths):
    paths[0].write_text("shopping list\n")
    with pytest.raises(UserError, match=r"rows1\.jsonl: line 1 is no row"):
        join_rows(paths, NAMES)


@given(st.integers(1, 50), st.integers(1, 60))
def test_a_photo_is_found_in_its_part(total, parts):
    photos = list(range(total))
    for part in range(1, parts + 1):
        assert {part_of(number, parts, total) for number in take_part(photos, part, parts)} <= {part}

"""Results: rows of JSON and CSV, their partial files, and rows that an earlier run left."""

import contextlib
import csv
import io
import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import make_seen_plate, quad

from common import UserError
from reading.results import COLUMNS, NOWHERE, STDOUT, RowFiles, append_rows, name_partial, open_results, take_up
from reading.sources import Photo
from reading.tracks import Track

PLATE = make_seen_plate(quad(20, 30, 100, 25), (100, 200))


def make_track() -> Track:
    track = Track(1.0, 1.0)
    track.add(PLATE, 1.0)
    track.add(PLATE, 2.5)
    return track


def test_json_and_csv_say_the_same(tmp_path, capsys):
    files = RowFiles(tmp_path / "rows.jsonl", tmp_path / "rows.csv")
    with open_results(files, is_single=False) as results:
        results.add_photo("a,\n\udcff.jpg", [PLATE, PLATE])
        results.add_photo("b.jpg", [])
        results.add_track("c.mp4", make_track())
    photo, empty, film = map(json.loads, files.json.read_text().splitlines())
    assert (photo["image"], empty) == ("a,\n\udcff.jpg", {"image": "b.jpg", "plates": []})
    with files.csv.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["image"] for row in table] == ["a,\n\udcff.jpg"] * 2 + ["c.mp4"]
    for row in table:
        assert row["text"] == "KA02MK7259" == photo["plates"][0]["text"]
        assert [int(row[key]) for key in ("x", "y", "width", "height")] == photo["plates"][0]["box"]
        assert float(row["x3"]) == photo["plates"][0]["corners"][2][0]
    assert [row["last"] for row in table] == ["", "", "2.5"]
    assert (film["video"], film["first"], film["last"], film["frames"]) == ("c.mp4", 1.0, 2.5, 2)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert printed[0].startswith(r"a,\n\udcff.jpg KA02MK7259 ")
    assert printed[2].endswith(" 1.00-2.50")


@pytest.mark.parametrize("files", [RowFiles(json=STDOUT), RowFiles(csv=STDOUT)])
def test_rows_on_standard_output_are_alone_there(files, capsys):
    with open_results(files, is_single=True) as results:
        results.add_photo("a.jpg", [PLATE])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('{"image"' if files.json else ",".join(["image", *COLUMNS[:2]]))
    assert len(lines) == (1 if files.json else 2)


def test_a_single_photo_is_not_named(capsys):
    with open_results(NOWHERE, is_single=True) as results:
        results.add_photo("a.jpg", [PLATE])
    assert capsys.readouterr().out.startswith("KA02MK7259 ")


# --- files ----------------------------------------------------------------------------------------------------------


def test_rows_are_in_the_partial_file_at_once_and_in_the_file_at_the_end(tmp_path):
    path = tmp_path / "rows.jsonl"
    with append_rows(path) as file:
        file.write("one\n")
        assert name_partial(path).read_text() == "one\n"
        assert not path.exists()
    assert path.read_text() == "one\n"
    assert [*tmp_path.iterdir()] == [path]


def test_an_interrupted_run_keeps_its_rows_and_an_empty_one_leaves_nothing(tmp_path):
    path = tmp_path / "rows.jsonl"
    for rows, left in [("", []), ("one\n", [tmp_path / "rows.jsonl.part"])]:
        with contextlib.suppress(KeyboardInterrupt), append_rows(path) as file:
            file.write(rows)
            raise KeyboardInterrupt
        assert [*tmp_path.iterdir()] == left
    with pytest.raises(UserError, match="--resume"), append_rows(path):
        pass
    with append_rows(path, resume=True) as file:
        file.write("two\n")
    assert path.read_text() == "one\ntwo\n"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.jsonl"
    link.symlink_to(tmp_path / "real" / "rows.jsonl")
    with append_rows(link) as file:
        file.write("one\n")
    assert link.is_symlink()
    assert (tmp_path / "real" / "rows.jsonl").read_text() == "one\n"


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    thread = threading.Thread(target=lambda: received.append(pipe.read_text()))
    thread.start()
    with append_rows(pipe) as file:
        file.write("one\n")
    thread.join(30)
    assert received == ["one\n"]
    assert pipe.is_fifo()


def test_a_full_device_is_named():
    if not Path("/dev/full").exists():
        pytest.skip("NOT TESTED: this system has no /dev/full")
    with pytest.raises(UserError, match="/dev/full"), append_rows(Path("/dev/full")) as file:
        file.write("one\n")


@pytest.mark.parametrize("length", [250, 251, 255])
def test_a_long_name_has_a_partial_file(tmp_path, length):
    path = tmp_path / ("x" * length)
    with append_rows(path) as file:
        file.write("one\n")
    assert path.read_text() == "one\n"
    with pytest.raises(UserError, match="xxx"), append_rows(tmp_path / ("x" * 256)):
        pass


# --- going on -------------------------------------------------------------------------------------------------------


def test_a_table_of_a_resumed_run_has_the_earlier_plates_too(tmp_path):
    files = RowFiles(tmp_path / "rows.jsonl", tmp_path / "rows.csv")
    whole = RowFiles(tmp_path / "whole.jsonl", tmp_path / "whole.csv")
    with open_results(whole, is_single=False) as results:
        for name in ("a.jpg", "b.jpg"):
            results.add_photo(name, [PLATE])
    with contextlib.suppress(KeyboardInterrupt), open_results(files, is_single=False) as results:
        results.add_photo("a.jpg", [PLATE])
        raise KeyboardInterrupt
    sources = [Photo(Path(name), name) for name in ("a.jpg", "b.jpg")]
    assert take_up(sources, files.json) == sources[1:]
    with open_results(files, is_single=False, resume=True) as results:
        results.add_photo("b.jpg", [PLATE])
    for mine, its in zip(files, whole, strict=True):
        assert mine.read_bytes() == its.read_bytes()
    assert len([*tmp_path.iterdir()]) == 4


WRONG_ROWS = {
    "no JSON": "shopping list",
    "deep": "[" * 100_000 + "]" * 100_000,
    "deep plates": '{"image": "a.jpg", "plates": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "long": '{"image": "' + "a" * 2_000_000 + '", "plates": []}',
    "number": '{"image": 5, "plates": []}',
    "list": '{"image": [], "plates": []}',
    "no plates": '{"image": "a.jpg"}',
    "plates are a text": '{"image": "a.jpg", "plates": "abc"}',
    "plate is a number": '{"image": "a.jpg", "plates": [1]}',
    "box is short": '{"image": "a.jpg", "plates": [{"text": "A", "box": [1, 2], "corners": []}]}',
    "box is ragged": '{"image": "a.jpg", "plates": [{"box": [[1], [2, 3], 4, 5]}]}',
    "a plate of a video": '{"video": "a.mp4", "text": "A"}',
    "null": "null",
}


@pytest.mark.parametrize("row", WRONG_ROWS.values(), ids=WRONG_ROWS.keys())
def test_a_line_that_is_no_row_is_named(tmp_path, row):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"image": "b.jpg", "plates": []}\n' + row + "\n")
    before = path.read_bytes()
    with pytest.raises(UserError, match="line 2"):
        take_up([Photo(Path("a.jpg"), "a.jpg")], path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_what_json_can_say_comes_back(tmp_path, monkeypatch):
    """A name of any bytes is resumed."""
    path = tmp_path / "rows.jsonl"
    names = [os.fsdecode(name) for name in (b"\xff\n\t.jpg", "\u2028.jpg".encode(), b"-x.jpg")]
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with open_results(RowFiles(path), is_single=False) as results:
        for name in names:
            results.add_photo(name, [PLATE._replace(confidence=np.nan)])
    assert take_up([Photo(Path(name), name) for name in names], path) == []

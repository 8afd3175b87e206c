"""media/background_folder.py: a picture counts when the index has its line, whatever a killed run left."""

import os
from pathlib import Path

import pytest

from common import UserError
from media.background_folder import BackgroundFolder

ROWS = [(b"one", "street", "s/street/\udcff.jpg"), (b"two", "a/b", "x.jpg"), (b"three", "street", "y.jpg")]


def fill(folder: Path, rows: list[tuple[bytes, str, str]], resume: bool = False) -> None:
    backgrounds = BackgroundFolder(folder, resume)
    for row in rows:
        backgrounds.add(*row)
    backgrounds.close()


def read_all(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pictures_and_their_lines_are_written(tmp_path):
    fill(tmp_path / "new" / "bgs", ROWS[:2])
    index = b"00000000.jpg\tstreet\ts/street/\xff.jpg\n00000001.jpg\ta/b\tx.jpg\n"
    assert read_all(tmp_path / "new" / "bgs") == {"00000000.jpg": b"one", "00000001.jpg": b"two", "index.tsv": index}


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows has no such lock")
def test_two_runs_cannot_write_at_the_same_time(tmp_path):
    first = BackgroundFolder(tmp_path, resume=False)
    first.add(*ROWS[0])
    before = read_all(tmp_path)
    with pytest.raises(UserError, match=r"another run writes into it; wait for its end"):
        BackgroundFolder(tmp_path, resume=True)
    assert read_all(tmp_path) == before
    first.close()
    fill(tmp_path, ROWS[1:], resume=True)
    assert len(read_all(tmp_path)) == len(ROWS) + 1


def test_what_was_written_is_taken_up_again(tmp_path):
    fill(tmp_path / "whole", ROWS)
    fill(tmp_path / "resumed", ROWS[:2])
    backgrounds = BackgroundFolder(tmp_path / "resumed", resume=True)
    assert backgrounds.members == [member for _, _, member in ROWS[:2]]
    assert backgrounds.per_class == {"street": 1, "a/b": 1}
    backgrounds.add(*ROWS[2])
    backgrounds.close()
    assert read_all(tmp_path / "resumed") == read_all(tmp_path / "whole")


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_that_a_kill_cut_short_is_written_again(tmp_path, cut):
    fill(tmp_path / "whole", ROWS)
    fill(tmp_path / "bgs", ROWS)
    index = (tmp_path / "bgs" / "index.tsv").read_bytes()
    (tmp_path / "bgs" / "index.tsv").write_bytes(index[:-cut])
    (tmp_path / "bgs" / ".partial").write_bytes(b"half")
    fill(tmp_path / "bgs", ROWS[2:], resume=True)
    assert read_all(tmp_path / "bgs") == read_all(tmp_path / "whole")


def test_an_empty_folder_stays_empty(tmp_path):
    (tmp_path / ".gitkeep").touch()
    fill(tmp_path, [])
    assert list(read_all(tmp_path)) == [".gitkeep"]


@pytest.mark.parametrize("index", [b"notes\n", b"00000001.jpg\ta\tb\n", b"00000000.jpg\ta\n", b"\n"])
def test_an_index_of_something_else_is_refused_and_kept(tmp_path, index):
    (tmp_path / "index.tsv").write_bytes(index)
    (tmp_path / "00000005.jpg").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"index\.tsv: line 1 is damaged"):
        BackgroundFolder(tmp_path, resume=True)
    assert read_all(tmp_path) == {"index.tsv": index, "00000005.jpg": b"mine"}


@pytest.mark.parametrize(("resume", "words"), [(False, "is not empty; --resume"), (True, "has no index.tsv")])
def test_a_folder_with_other_files_is_refused_and_kept(tmp_path, resume, words):
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(UserError, match=words):
        BackgroundFolder(tmp_path, resume)
    assert read_all(tmp_path) == {"photo.jpg": b"mine"}

"""Test windows belong to their settings."""

import shutil
from pathlib import Path

import pytest
from window_batches import PAINTED, assert_same_batch, make_batch

from common import UserError
from synthesis.storage import read_windows
from synthesis.windows import Settings
from training import test_set
from training.test_set import load_test_windows

COUNT = 12  # windows; the tests make them often
INDIAN = Settings("in", backgrounds="none")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(test_set, "TEST_COUNT", COUNT)
    return tmp_path


def test_the_first_run_makes_them_and_the_next_reads_them(folder):
    made = load_test_windows(PAINTED, 1)
    assert_same_batch(made, make_batch(0, COUNT, 0, PAINTED))
    times = {path: path.stat().st_mtime_ns for path in folder.glob("test/*")}
    assert len(times) > COUNT
    assert_same_batch(load_test_windows(PAINTED, 1), made)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("test/*")} == times


def test_windows_of_other_settings_are_neither_used_nor_replaced(folder):
    first = load_test_windows(INDIAN, 1)
    second = load_test_windows(PAINTED, 1)
    assert_same_batch(second, make_batch(0, COUNT, 0, PAINTED))
    assert_same_batch(load_test_windows(INDIAN, 1), first)
    assert_same_batch(load_test_windows(PAINTED, 1), second)
    own = [path.name for path in folder.iterdir() if path.name != "test"]
    assert len(own) == 1
    assert own[0].startswith("test-")


def test_windows_without_settings_are_not_used(folder):
    load_test_windows(INDIAN, 1)
    (folder / "test" / "settings.json").unlink()  # as an earlier version left them
    assert_same_batch(load_test_windows(PAINTED, 1), make_batch(0, COUNT, 0, PAINTED))
    read_windows(folder / "test")  # still there


def test_windows_that_were_not_finished_are_made_again(folder):
    made = load_test_windows(PAINTED, 1)
    next(folder.glob("test/*.npz")).unlink()
    assert_same_batch(load_test_windows(PAINTED, 1), made)
    assert [path.name for path in folder.iterdir()] == ["test"]


def test_a_damaged_window_is_named(folder):
    load_test_windows(PAINTED, 1)
    picture = next(folder.glob("test/*.png"))
    picture.write_bytes(b"")
    with pytest.raises(UserError, match=picture.name):
        load_test_windows(PAINTED, 1)


def test_a_folder_that_cannot_be_made_is_named(folder):
    shutil.rmtree(folder / "test", ignore_errors=True)
    (folder / "test").write_bytes(b"a file")
    with pytest.raises(UserError, match="test: cannot"):
        load_test_windows(PAINTED, 1)


def test_a_single_window_is_not_enough(folder, monkeypatch):
    monkeypatch.setattr(test_set, "TEST_COUNT", 1)
    with pytest.raises(UserError, match="test: has too few windows"):
        load_test_windows(PAINTED, 1)

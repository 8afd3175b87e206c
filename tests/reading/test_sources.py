"""Sources: what the words of a command line stand for."""

import io
import os
import sys
from pathlib import Path

import pytest

from common import UserError
from reading.sources import Film, Inputs, Photo, find_base, find_sources


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A working folder with photos, videos, other files, folders in folders, and traps."""
    for name in ["b.jpg", "a.PNG", "notes.txt", "drive.mp4", "0", "sub/c.jpg", "sub/deep/a.PNG", "other/d.jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "sub" / "round").symlink_to(tmp_path)
    (tmp_path / "sub" / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(tmp_path / "sub" / "pipe.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(inputs: Inputs) -> list[str]:
    return [source.name for source in inputs.sources]


def test_a_photo_and_a_video_are_known_by_their_suffixes(folder):
    inputs = find_sources(["sub/c.jpg", "drive.mp4", "notes.txt"])
    assert inputs == Inputs(
        [
            Photo(Path("sub/c.jpg"), "c.jpg"),
            Film(Path("drive.mp4"), "drive.mp4"),
            Photo(Path("notes.txt"), "notes.txt"),
        ],
        [],
        False,
    )


def test_a_folder_gives_its_photos_and_with_recursive_those_below(folder):
    assert names(find_sources(["."])) == ["a.PNG", "b.jpg"]
    inputs = find_sources(["."], recursive=True)
    assert names(inputs) == [
        *("a.PNG", "b.jpg", "other/d.jpg"),
        *("sub/c.jpg", "sub/loop.jpg", "sub/pipe.jpg", "sub/deep/a.PNG"),  # a link to a folder is not followed
    ]
    assert (inputs.faults, inputs.is_single) == ([], False)


def test_a_folder_without_a_photo_is_a_fault(folder):
    (folder / "none").mkdir()
    inputs = find_sources(["none", "b.jpg"])
    assert names(inputs) == ["b.jpg"]
    assert "none: holds no picture" in str(inputs.faults[0])
    assert not inputs.is_single


def test_a_folder_that_may_not_be_read_is_one_fault(folder, monkeypatch):
    real = os.scandir

    def scan(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scan)
    inputs = find_sources(["."], recursive=True)
    assert names(inputs) == ["a.PNG", "b.jpg", "other/d.jpg"]
    assert [str(fault) for fault in inputs.faults] == ["sub: cannot be read (Permission denied); check who may read it"]


def test_a_pattern_that_the_shell_left_is_expanded(folder):
    assert names(find_sources(["*.jpg"])) == ["b.jpg"]
    assert names(find_sources(["**/*.jpg"])) == ["b.jpg", "d.jpg", "c.jpg", "loop.jpg", "pipe.jpg"]
    assert names(find_sources(["sub/round/**/d.jpg"])) == ["d.jpg"]
    assert "*.gif" in str(find_sources(["*.gif"]).faults[0])
    Path("[1].jpg").write_text("")
    assert names(find_sources(["[1].jpg"])) == ["[1].jpg"]


def test_a_number_is_a_camera_unless_a_file_has_this_name(folder):
    assert find_sources(["2"]) == Inputs([Film(2, "camera 2")], [], True)
    assert find_sources(["0"]).sources == [Photo(Path("0"), "0")]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://user:secret@host:554/stream", "rtsp://host:554/stream"),
        ("http://host/a@b.mp4", "http://host/a@b.mp4"),
        ("HTTPS://host/x", "HTTPS://host/x"),
    ],
)
def test_an_address_is_a_stream_and_its_password_is_not_shown(address, name):
    [source] = find_sources([address]).sources
    assert source == Film(address, name)
    assert source.is_stream
    assert not source.is_camera


def test_other_protocols_are_files():
    assert [type(source) for source in find_sources(["file:///etc/passwd", "concat:a|b"]).sources] == [Photo, Photo]


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_names_come_from_standard_input(folder, monkeypatch, separator):
    name = b"\xff.jpg" if separator == b"\n" else b"new\nline\xff.jpg"
    words = separator.join([b"b.jpg", name, b"sub", b""])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words)))
    inputs = find_sources(["-", "drive.mp4"])
    assert names(inputs) == ["b.jpg", os.fsdecode(name), "c.jpg", "loop.jpg", "pipe.jpg", "drive.mp4"]
    assert not inputs.is_single


def test_one_name_on_standard_input_is_a_list(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"b.jpg\n")))
    assert not find_sources(["-"]).is_single
    assert find_sources(["b.jpg"]).is_single


def test_names_that_two_files_share_become_paths_and_no_file_is_read_twice(folder):
    inputs = find_sources(["a.PNG", "sub/deep", "b.jpg", "a.PNG", "b.jpg"])
    assert names(inputs) == ["a.PNG", "sub/deep/a.PNG", "b.jpg"]


def test_a_name_that_no_file_can_have_costs_one_photo(folder):
    inputs = find_sources(["x" * 300 + ".jpg", "b.jpg"])
    assert len(inputs.sources) == 2


def test_faults_are_for_the_user(folder):
    assert all(isinstance(fault, UserError) for fault in find_sources(["*.gif"]).faults)


# --- the folder that the photos are in --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "base"),
    [
        (["one"], "one"),
        (["one/sub"], "one/sub"),
        (["link"], "one"),
        (["one", "two"], "."),
        (["one/a.jpg", "one/sub/b.jpg"], "one"),
        (["one/a.jpg", "two/a.jpg"], "."),
        (["one/../two"], "two"),
        (["one/s*/*.jpg"], "one/sub"),
    ],
)
@pytest.mark.parametrize("is_absolute", [True, False])
def test_photos_have_a_folder_in_common(tmp_path, monkeypatch, words, base, is_absolute):
    for name in ("one/sub/b.jpg", "one/sub/a.jpg", "one/a.jpg", "two/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("one")
    monkeypatch.chdir(tmp_path)
    words = [str(tmp_path / word) if is_absolute else word for word in words]
    inputs = find_sources(words, recursive=True)
    assert inputs.faults == []
    assert find_base(inputs.sources) == (tmp_path / base).resolve()

"""media/files.py: regular files of a bounded size are read, and all else is refused at once."""

import os
import socket

import pytest

from common import UserError
from media.files import get_size, open_file, read_bytes, show_bytes


def test_a_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "file", 7) == read_bytes(tmp_path / "link", 100) == b"content"
    assert get_size(tmp_path / "file") == get_size(tmp_path / "link") == 7
    with open_file(tmp_path / "file") as file:
        assert file.read() == b"content"


def test_a_name_that_is_no_text_is_read(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\t\n")
    with open(name, "wb") as file:
        file.write(b"content")
    assert read_bytes(name, 100) == b"content"


def make_special(folder, kind):
    """A file of this kind in `folder`, which must be short for a socket."""
    path = folder / "special"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        descriptor = os.open(folder, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{descriptor}/special")
        os.close(descriptor)
        server.close()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    return path


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: these files are POSIX's")
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is a pipe"),
        ("socket", "it is a socket"),
        ("device", "it is a device"),
        ("loop", "Too many levels of symbolic links"),
        ("none", "No such file"),
    ],
)
def test_other_files_are_refused_at_once(tmp_path, kind, words):
    path = make_special(tmp_path, kind)
    with pytest.raises(UserError, match=rf"special: cannot be read \({words}.*\); name another"):
        read_bytes(path, 100, "name another")
    assert get_size(path) is None


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "sparse.jpg").open("wb") as file:
        file.truncate(60 << 30)
    with pytest.raises(UserError, match=r"sparse\.jpg: has 60 GB, and the limit is 256 MB; check the path"):
        read_bytes(tmp_path / "sparse.jpg", 256 << 20)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="NOT TESTED: there is no /proc")
def test_a_file_that_has_no_size_is_bounded_too():
    with pytest.raises(UserError, match="has more than the limit of 10 bytes"):
        read_bytes("/proc/self/status", 10)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1500, "1,500 bytes"), (1 << 20, "1 MB"), (3 << 29, "1.5 GB")]
)
def test_bytes_are_shown_in_their_unit(count, text):
    assert show_bytes(count) == text

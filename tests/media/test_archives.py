"""media/archives.py: the members of every kind of archive come in order, and damage is named."""

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from sample_files import make_archive

from common import UserError
from media import archives, zips
from media.archives import BadMember, CutArchive, open_archive, read_member

MEMBERS = {"b/two.jpg": b"2" * 3000, "a/one.jpg": b"1", "b/empty.txt": b"", "a/b/three.jpg": b"3" * 600}
IN_FOLDER = ["a/one.jpg", "a/b/three.jpg", "b/empty.txt", "b/two.jpg"]  # the order of a folder
ARCHIVES = ("a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.zip", "folder")


def read_all(path: Path) -> dict[str, bytes]:
    return {member.name: read_member(member) for member in open_archive(path)[0]}


@pytest.mark.parametrize("name", ARCHIVES)
def test_members_come_in_their_order(tmp_path, name):
    path = make_archive(tmp_path / name, MEMBERS)
    read = read_all(path)
    assert read == MEMBERS
    assert list(read) == (IN_FOLDER if name == "folder" else list(MEMBERS))


@pytest.mark.parametrize("name", ARCHIVES)
def test_positions_run_up_to_the_length(tmp_path, name):
    members, length, unit = open_archive(make_archive(tmp_path / name, MEMBERS))
    positions = [member.position for member in members]
    assert positions == sorted(positions)
    assert positions[-1] <= length
    assert unit == (" files" if name == "folder" else "B")


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_member_may_be_left_unread(tmp_path, name):
    members, _, _ = open_archive(make_archive(tmp_path / name, MEMBERS))
    read = [read_member(member) for member in members if member.name == "a/b/three.jpg"]
    assert read == [MEMBERS["a/b/three.jpg"]]


def test_a_large_member_is_bad(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MEMBER_BYTES", 2999)
    for name in ARCHIVES:
        members, _, _ = open_archive(make_archive(tmp_path / name, MEMBERS))
        large = next(member for member in members if member.name == "b/two.jpg")
        with pytest.raises(BadMember, match="too large"):
            read_member(large)


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_a_tar_is_cut_or_whole(tmp_path, name):
    """Every cut is told, and nothing is told of a whole archive."""
    content = make_archive(tmp_path / name, MEMBERS).read_bytes()
    end = len(content) if name != "a.tar" else 512 * 12  # the last member's end; the end mark follows
    for cut in range(0, end, 1 + end // 40):
        (tmp_path / "cut").write_bytes(content[:cut])
        with pytest.raises((CutArchive, UserError)):
            read_all(tmp_path / "cut")


def test_a_file_that_vanishes_from_a_folder_is_bad(tmp_path):
    members, _, _ = open_archive(make_archive(tmp_path / "folder", MEMBERS))
    member = next(members)
    (tmp_path / "folder" / member.name).unlink()
    with pytest.raises(BadMember, match="not readable"):
        read_member(member)


def test_a_folder_may_hold_the_backgrounds_that_are_made_of_it(tmp_path):
    make_archive(tmp_path / "bgs", {"inner/a.jpg": b"1"})
    make_archive(tmp_path / "sub", {"bgs/b.jpg": b"2"})
    (tmp_path / "link").symlink_to("bgs")
    assert [member.name for member in open_archive(tmp_path, tmp_path / "link")[0]] == ["sub/bgs/b.jpg"]
    assert len([*open_archive(tmp_path)[0]]) == 2


# --- hostile zips ---------------------------------------------------------------------------------------------------


def make_zip(path: Path, *names: str, method: int = zipfile.ZIP_STORED) -> bytearray:
    """Write a zip with a member of each name, and return its bytes."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for i, name in enumerate(names):
            archive.writestr(name, b"%d" % i * 100)
    return bytearray(path.read_bytes())


def test_a_name_that_is_not_the_utf8_it_is_flagged_as(tmp_path):
    content = make_zip(tmp_path / "a.zip", "a/é.jpg", "a/\u00fc\u00fc.jpg", "b.jpg")
    (tmp_path / "a.zip").write_bytes(content.replace("\u00fc\u00fc.jpg".encode(), b"\xff\xfe\xfd\xfc.jpg"))
    read = read_all(tmp_path / "a.zip")
    assert [os.fsencode(name) for name in read] == ["a/é.jpg".encode(), b"a/\xff\xfe\xfd\xfc.jpg", b"b.jpg"]
    assert read["b.jpg"] == b"2" * 100


def test_content_that_begins_as_a_list_is_left_as_it_is(tmp_path):
    content = b"PK\x01\x02" + b"\xff" * 100
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jpg", content)
    assert read_all(tmp_path / "a.zip") == {"a.jpg": content}


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_members_that_may_unfold_without_bound_are_bad(tmp_path, method):
    make_zip(tmp_path / "a.zip", "a.jpg", method=method)
    with pytest.raises(BadMember, match="compressed by another method than deflate in the zip"):
        read_all(tmp_path / "a.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_encrypted_and_damaged_members_are_bad_and_the_next_is_read(tmp_path, method):
    content = make_zip(tmp_path / "a.zip", "a.jpg", "b.jpg", "c.jpg", method=method)
    first = content.index(b"PK\x01\x02")
    content[first + 8] |= 1  # the flag of encryption
    second = content.index(b"PK\x01\x02", first + 1)
    content[second + 16] ^= 1  # the checksum
    (tmp_path / "a.zip").write_bytes(content)
    members = list(open_archive(tmp_path / "a.zip")[0])
    with pytest.raises(BadMember, match="encrypted in the zip"):
        read_member(members[0])
    with pytest.raises(BadMember, match="damaged in the zip"):
        read_member(members[1])
    assert read_member(members[2]) == b"2" * 100


def test_a_member_that_unfolds_to_more_than_it_says_is_bad(tmp_path):
    content = make_zip(tmp_path / "a.zip", "a.jpg", method=zipfile.ZIP_DEFLATED)
    size_at = content.index(b"PK\x01\x02") + 24
    content[size_at : size_at + 4] = (99).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadMember, match="damaged in the zip"):
        read_all(tmp_path / "a.zip")


def test_the_limit_of_a_list_of_members_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "ZIP_LIST_BYTES", 100)
    make_zip(tmp_path / "a.zip", "a.jpg", "b.jpg")
    with pytest.raises(UserError, match=r"a\.zip: has a list of members of more than 32 MB; unpack it"):
        open_archive(tmp_path / "a.zip")


# --- hostile tars ---------------------------------------------------------------------------------------------------


def make_header(name: str, size: int, kind: bytes) -> bytes:
    """A header of 512 bytes of a tar."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


class Endless(io.RawIOBase):
    """A file that begins with `start` and goes on with zeros for ever."""

    def __init__(self, start: bytes) -> None:
        self.start, self.count = start, 0

    def read(self, size: int = -1) -> bytes:
        piece, self.start = self.start[:size], self.start[size:]
        self.count += size
        return piece + bytes(size - len(piece))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_gigabytes_is_refused_after_a_megabyte(tmp_path, kind):
    file = Endless(make_header("x", 2 << 30, kind))
    with pytest.raises(UserError, match=r"is no \.tar"):
        archives.open_tar(tmp_path / "a.tar", file, b"")
    assert file.count < 2 << 20


def test_a_header_of_gigabytes_ends_the_archive(tmp_path):
    """Compressed, after a good member."""
    good = make_header("a.jpg", 5, tarfile.REGTYPE) + b"12345" + bytes(507)
    content = good + make_header("x", 2 << 30, tarfile.XHDTYPE) + bytes(3 << 20)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(content, 1))
    members, _, _ = open_archive(tmp_path / "a.tar.gz")
    assert read_member(next(members)) == b"12345"
    with pytest.raises(CutArchive, match="a header of more than 1 MB"):
        next(members)


@pytest.mark.parametrize(
    "content",
    [
        make_header("a.jpg", 5, tarfile.XHDTYPE) + b"1" * 5000 + b" a=b",  # a number of 5,000 digits
        make_header("x", 1, tarfile.GNUTYPE_LONGNAME) * 900,  # names of names
        make_header("a.jpg", 2**80, tarfile.REGTYPE),
        make_header("a.jpg", -1024, tarfile.REGTYPE),
        make_header("a.jpg", 20, tarfile.XHDTYPE) + b"20 GNU.sparse.size=x\n" + bytes(491),
        make_header("a.jpg", 26, tarfile.XHDTYPE) + b"26 GNU.sparse.map=1,2,3,x\n" + bytes(486),
        make_header("a.jpg", 1 << 12, tarfile.XHDTYPE) + b"12 size=-50\n" + bytes(500),
    ],
)
def test_a_damaged_tar_is_told_at_once(tmp_path, content):
    (tmp_path / "a.tar").write_bytes(content + bytes(1 << 16))
    try:
        members = list(open_archive(tmp_path / "a.tar")[0])
    except (UserError, CutArchive):
        return
    assert not any(member.size > 0 for member in members)  # tarfile may take the rest for the end mark


# --- names and special files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_a_name_longer_than_a_path_is_bad(tmp_path, name):
    members, _, _ = open_archive(make_archive(tmp_path / name, {"x/" * 2200 + "a.jpg": b"1", "b.jpg": b"2"}))
    first, second = list(members)
    assert len(first.name) < 100
    assert first.name.endswith("a.jpg")
    with pytest.raises(BadMember, match="with a name of more than 4,096 characters"):
        read_member(first)
    assert second.name == "b.jpg"


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: pipes are POSIX's")
def test_a_pipe_is_no_archive_and_no_member(tmp_path):
    os.mkfifo(tmp_path / "a.tar")
    (tmp_path / "b.jpg").write_bytes(b"2")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError, match=r"a\.tar: cannot be read \(it is a pipe\)"):
        open_archive(tmp_path / "a.tar")
    assert read_all(tmp_path) == {"b.jpg": b"2"}

"""media/archives.py: the members of every kind of archive come in order, and damage is named."""

from pathlib import Path

import pytest
from sample_files import make_archive

from common import UserError
from media import archives
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

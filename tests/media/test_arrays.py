"""media/arrays.py: arrays come back as numpy wrote them, and a bad archive is one UserError before its data is read."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from common import UserError
from media import arrays
from media.arrays import read_arrays, read_shapes

KINDS = ("|b1", "|u1", "|i1", "<u2", ">i4", "<i8", "<f2", "<f4", ">f8", "<U3", "<U1")


def write_member(path: Path, content: bytes, name: str = "a.npy", **options) -> Path:
    """Write a zip with one member of this content."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr(name, content)
    return path


def make_npy(header: str, data: bytes = b"") -> bytes:
    """An array's file with this header."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def describe(kind: str, shape: str) -> str:
    """The header of an array as numpy writes it."""
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}"


def assert_refused(path: Path, words: str = "is damaged or no archive of arrays") -> None:
    with pytest.raises(UserError) as error:
        read_arrays(path, "make it again")
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert message.endswith("; make it again")
    assert len(message.splitlines()) == 1


# --- what comes back ------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(arrays_of.arrays(st.sampled_from(KINDS), arrays_of.array_shapes(min_dims=0, min_side=0)))
def test_arrays_come_back(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("arrays") / "a.npz"
    np.savez_compressed(path, first=array, second=array.T)
    read = read_arrays(path, "")
    assert list(read) == ["first", "second"]
    for wanted, found in zip((array, array.T), read.values(), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
        assert found.flags.writeable


def test_arrays_larger_than_a_piece_come_back(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (3, 700_001), np.uint8)
    np.savez(tmp_path / "a.npz", array=array)
    np.testing.assert_array_equal(read_arrays(tmp_path / "a.npz", "")["array"], array)


# --- bad archives ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive" * 100, make_npy("{}"), bytes(1000)])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    assert_refused(tmp_path / "a.npz")


def test_a_missing_file_is_named(tmp_path):
    assert_refused(tmp_path / "none.npz", "No such file")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"\x93NUMPY\x02\x00\x00\x00\x00\x00",
        make_npy(describe("<f4", "2,"), bytes(7)),
        make_npy(describe("<f4", "2,"), bytes(9)),
        make_npy(describe("<f3", "2,"), bytes(6)),
        make_npy(describe("|O", "1,"), bytes(8)),
        make_npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", bytes(4)),
        make_npy(describe("<f4", "-1,")),
        make_npy(describe("<f4", "1, , 2"), bytes(8)),
        make_npy(describe("<f4", f"{10**30},")),
        make_npy(describe("<f4", "9" * 5000 + ",")),
        make_npy(describe("<f4", "1, " * 5000), bytes(4)),
        make_npy(describe("<f4", "(" * 5000)),
        make_npy(describe("<U1", ""), b"\xff\xff\xff\xff"),
        make_npy("{[]: 1}"),
    ],
)
def test_a_member_that_is_no_array_is_refused(tmp_path, content):
    assert_refused(write_member(tmp_path / "a.npz", content))


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_members_that_may_unfold_without_bound_are_refused(tmp_path, method):
    stream = io.BytesIO()
    np.save(stream, np.zeros(10))
    assert_refused(write_member(tmp_path / "a.npz", stream.getvalue(), compression=method))


def test_an_encrypted_member_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(10))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    assert_refused(tmp_path / "a.npz")


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "ARRAYS_MEMBERS", 3)
    np.savez(tmp_path / "a.npz", *range(4))
    assert_refused(tmp_path / "a.npz")


def test_the_limit_is_named(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 20), b=np.zeros(1 << 20))
    with pytest.raises(UserError, match=r"a\.npz: unfolds to 16 MB, and the limit is 15 MB; try"):
        read_arrays(tmp_path / "a.npz", "try", most=15 << 20)
    assert read_arrays(tmp_path / "a.npz", "try", most=16 << 20).keys() == {"a", "b"}


def test_gigabytes_are_refused_before_they_are_unfolded(tmp_path):
    """An array of 3 GB by its header and by the list of the zip, of which a megabyte is there."""
    header = make_npy(describe("|u1", f"{3 << 30},"))
    path = write_member(tmp_path / "a.npz", header + bytes(1 << 20), compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    size_at = content.index(b"PK\x01\x02") + 24
    content[size_at : size_at + 4] = (len(header) + (3 << 30)).to_bytes(4, "little")
    path.write_bytes(content)
    assert_refused(path, "unfolds to 3 GB, and the limit is 1 GB")


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_damage_is_one_error(tmp_path_factory, data):
    """A changed byte or two, or a cut, anywhere."""
    path = tmp_path_factory.mktemp("damage") / "a.npz"
    np.savez_compressed(path, numbers=np.arange(30.0), text=np.array("header"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 2))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        read = read_arrays(path, "make it again")
    except UserError:
        return
    assert all(isinstance(array, np.ndarray) for array in read.values())


def test_shapes_are_known_without_reading_the_arrays(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, many=np.zeros((3, 4), np.uint8), one=np.float32(7))
    assert read_shapes(path, "make it again") == {"many": (3, 4), "one": ()}
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match="make it again"):
        read_shapes(path, "make it again")

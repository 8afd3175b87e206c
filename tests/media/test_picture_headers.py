"""media/picture_headers.py: sizes as the encoders meant them, and no exception at any file."""

import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from media.picture_headers import READERS, read_header

KINDS = {"JPEG": {}, "PNG": {}, "WebP": {"lossless": True}, "BMP": {}, "TIFF": {}, "GIF": {}}


def save(width: int, height: int, kind: str, **options) -> bytes:
    """A picture file of this size, as Pillow writes it."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(stream, kind, **options)
    return stream.getvalue()


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(list(KINDS)), st.integers(1, 700), st.integers(1, 700))
def test_sizes_are_read(kind, width, height):
    assert read_header(save(width, height, kind, **KINDS[kind])) == (kind, width, height, False)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("WebP", {"quality": 50}),
        ("WebP", {"quality": 50, "exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}),  # the extended format
        ("JPEG", {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00", "comment": "\xff\xc0" * 99}),
        ("TIFF", {"big_tiff": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PNG", {"optimize": True}),
    ],
)
def test_variants_are_read(kind, options):
    assert read_header(save(301, 77, kind, **options)) == (kind, 301, 77, False)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif", ".gif"])
def test_what_opencv_writes_is_read(suffix):
    data = cv2.imencode(suffix, np.zeros((40, 90, 3), np.uint8))[1].tobytes()
    assert read_header(data)[1:3] == (90, 40)


def test_a_progressive_jpeg_is_told():
    assert read_header(save(90, 40, "JPEG", progressive=True)).is_progressive
    assert not read_header(save(90, 40, "JPEG")).is_progressive


def test_a_bitmap_from_its_top_has_a_negative_height():
    data = bytearray(save(90, 40, "BMP"))
    struct.pack_into("<i", data, 22, -40)
    assert read_header(bytes(data)) == ("BMP", 90, 40, False)


def test_a_tiff_of_the_other_order_of_bytes_is_read():
    tags = struct.pack(">HHHII", 2, 256, 4, 1, 1234) + struct.pack(">HHIHH", 257, 3, 1, 567, 0)
    assert read_header(b"MM\x00*\x00\x00\x00\x08" + tags) == ("TIFF", 1234, 567, False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_in_its_header_has_none(kind):
    data = save(90, 40, kind)
    assert all(read_header(data[:length]) is None for length in range(9))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"text", b"RIFF....WAVE" + bytes(40), b"BM" + bytes(40)])
def test_other_files_have_none(data):
    assert read_header(data) is None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(READERS)), st.binary(max_size=80))
def test_no_file_is_an_exception(magic, rest):
    header = read_header(magic + rest)
    assert header is None or (header.width > 0 and header.height > 0)


def test_a_png_has_all_its_chunks_or_no_header():
    data = save(90, 40, "PNG")
    assert all(read_header(data[:length]) is None for length in range(len(data)))
    assert read_header(data + b"a note of the camera's maker") == ("PNG", 90, 40, False)
    long_chunk = data[:33] + b"\x7f\xff\xff\xff" + data[37:]  # for which OpenCV would make 2 GB of room
    assert read_header(long_chunk) is None
    assert read_header(data[:33] + bytes(12) * 200_000 + data[33:]) is None


def test_a_jpeg_of_endless_segments_is_given_up():
    assert read_header(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 5000 + save(90, 40, "JPEG")[2:]) is None

"""media/pictures.py: pictures are read upright and in colour, written whole, and refused by name."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from common import UserError
from media import pictures
from media.pictures import list_images, read_image, write_image


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".PNG"])
def test_a_picture_is_read_as_it_was_written(tmp_path, suffix):
    image = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    write_image(tmp_path / f"a{suffix}", image)
    np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}"), image)


@pytest.mark.parametrize("suffix", [".doc", ""])
def test_a_picture_without_a_format_is_refused(tmp_path, suffix):
    with pytest.raises(UserError, match=rf"out{suffix}: no picture format"):
        write_image(tmp_path / f"out{suffix}", np.zeros((4, 4, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_every_kind_of_picture_becomes_colour(tmp_path, mode):
    Image.fromarray(np.full((20, 30), 200, np.uint8)).convert(mode).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.shape == (20, 30, 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_exif_orientation_is_followed(tmp_path, orientation, corner):
    """The pixel at the top left of the file is at `corner` of the upright picture."""
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:16, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.shape == ((32, 64, 3) if orientation < 5 else (64, 32, 3))
    assert image[corner].min() > 240
    assert np.median(image) < 10


JPEG = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize("content", [None, b"", b"no picture", JPEG[:100], bytes(1000)])
def test_what_is_no_picture_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.jpg: ") as error:
        read_image(tmp_path / "a.jpg")
    assert len(str(error.value).splitlines()) == 1


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_image(tmp_path)


def test_images_are_listed_by_suffix_in_order(tmp_path):
    for name in ("b.JPG", "a.png", "c.txt", ".jpg", "d.webp"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.png", "b.JPG", "d.webp"]


# --- what no picture may be -----------------------------------------------------------------------------------------


def make_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has this size."""
    chunks = b"\x89PNG\r\n\x1a\n"
    parts = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(b""), b"IEND": b""}
    for kind, content in parts.items():
        chunks += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return chunks


def test_bytes_after_the_end_of_a_png_do_no_harm(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    write_image(tmp_path / "a.png", image)
    with (tmp_path / "a.png").open("ab") as file:
        file.write(b"a note of the camera's maker")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)


def test_a_png_that_is_cut_anywhere_is_refused(tmp_path):
    content = cv2.imencode(".png", np.zeros((30, 50, 3), np.uint8))[1].tobytes()
    for length in range(1, len(content)):
        (tmp_path / "a.png").write_bytes(content[:length])
        with pytest.raises(UserError, match=r"a\.png: .*is cut short"):
            read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((30_000, 30_000), "has 30,000x30,000 pixels, and the limit is 268 megapixels; make it smaller"),
        ((70_000, 100), "has 70,000x100 pixels, and the limit is 32,766 for a side; cut it into parts"),
        ((100, 70_000), "has 100x70,000 pixels, and the limit is 32,766 for a side; cut it into parts"),
        ((2**31 - 1, 2**31 - 1), "megapixels"),
    ],
)
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch, size, words):
    (tmp_path / "a.png").write_bytes(make_png(*size))
    monkeypatch.setattr(pictures.cv2, "imdecode", None)
    with pytest.raises(UserError) as error:
        read_image(tmp_path / "a.png")
    assert str(error.value).startswith(f"{tmp_path / 'a.png'}: ")
    assert words in str(error.value)


def test_a_large_file_is_refused(tmp_path):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(JPEG)
        file.truncate(60 << 30)
    with pytest.raises(UserError, match=r"a\.jpg: has 60 GB, and the limit is 256 MB"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: pipes are POSIX's")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(UserError, match=r"a\.jpg: cannot be read \(it is a pipe\)"):
        read_image(tmp_path / "a.jpg")


def test_a_size_that_the_format_lacks_is_the_reason(tmp_path):
    with pytest.raises(UserError, match=r"a\.jpg: no \.jpg file can have 70,000x1 pixels; use \.png"):
        write_image(tmp_path / "a.jpg", np.zeros((1, 70_000, 3), np.uint8))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: names are bytes on POSIX")
@pytest.mark.parametrize("name", [b"\xff.png", b"a\tb\n.png", b"\xe2\x80\xa8.png", b"-a.png"])
def test_any_name_is_written_and_read(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    write_image(path, np.full((4, 5, 3), 7, np.uint8))
    assert (read_image(path) == 7).all()
    assert list_images(tmp_path) == [path]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize(("height", "width"), [(600, 900), (300, 900), (901, 333)])
def test_large_photos_are_reduced_where_few_pixels_are_wanted(tmp_path, suffix, height, width):
    path = tmp_path / f"a{suffix}"
    photo = np.zeros((height, width, 3), np.uint8)
    photo[:, width // 2 :] = 200  # dark at the left, bright at the right
    write_image(path, photo)
    read = read_image(path, 10_000)
    rows, columns = read.shape[:2]
    assert 9_000 < rows * columns <= 10_000
    assert columns / rows == pytest.approx(width / height, rel=0.05)
    assert read[:, : columns // 3].max() < 60 < 140 < read[:, -columns // 3 :].min()


def test_small_photos_are_not_reduced(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    write_image(tmp_path / "a.png", photo)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", 10_000), photo)


def test_a_photo_of_one_row_can_be_reduced(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((1, 30_000, 3), np.uint8))
    rows, columns = read_image(tmp_path / "a.png", 10_000).shape[:2]
    assert rows == 1
    assert columns < 30_000

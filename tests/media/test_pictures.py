"""media/pictures.py: pictures are read upright and in colour, written whole, and refused by name."""

import cv2
import numpy as np
import pytest
from PIL import Image

from common import UserError
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

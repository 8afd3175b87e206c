"""media/py: which class a member has, and which part of a picture its background shows."""

import io
import re

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sample_files import make_jpeg

from media.archives import BadMember
from media.background_pictures import make_background, read_picture

JPEG = make_jpeg()


@settings(deadline=None, max_examples=60)
@given(st.integers(64, 900), st.integers(128, 900))
def test_background_is_the_centre(height: int, width: int) -> None:
    """Ramps from 0 to 240 across and down the picture show which part of it the background is."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 240, width).round()
    image[..., 1] = np.linspace(0, 240, height).round()[:, None]
    background = make_background(image)

    if min(height, width) >= 256:
        assert background.shape == (256, 256, 3)
        shown = min(height, width), min(height, width)
    else:
        assert background.shape[:2] == (min(height, 256), min(width, 256))
        shown = background.shape[:2]
    assert background[..., 0].mean() == pytest.approx(120, abs=2)
    assert background[..., 1].mean() == pytest.approx(120, abs=2)
    across, down = np.ptp(background[0, :, 0].astype(int)), np.ptp(background[:, 0, 1].astype(int))
    assert across == pytest.approx(240 * shown[1] / width, abs=4)
    assert down == pytest.approx(240 * shown[0] / height, abs=4)


@settings(deadline=None, max_examples=10)
@given(st.integers(256, 2100), st.integers(256, 2100))
def test_reduced_decoding_covers_the_background_and_looks_the_same(height: int, width: int) -> None:
    y, x = np.mgrid[:height, :width]
    image = np.stack([x % 251, y % 241, (x + y) // 20 % 256], -1).astype(np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 9)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    picture = read_picture(data)
    assert min(picture.shape[:2]) >= 256
    assert min(picture.shape[:2]) < 512 or min(height, width) >= 8 * 256
    difference = cv2.absdiff(make_background(picture), make_background(image))
    assert difference.mean() < 3


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.integers(0, len(JPEG)))
def test_rubbish_is_a_bad_member(rubbish: bytes, at: int) -> None:
    try:
        image = read_picture(JPEG[:at] + rubbish + JPEG[at + len(rubbish) :])
    except BadMember:
        return
    assert image.ndim == 3
    assert image.dtype == np.uint8


def test_an_intact_picture_of_200_megapixels_is_decoded() -> None:
    """At an eighth of its size. Its file is small, because it is of one colour."""
    data = cv2.imencode(".jpg", np.full((10_000, 20_000), 90, np.uint8))[1].tobytes()
    assert read_picture(data).shape == (1250, 2500, 3)


def make_progressive(width: int, height: int) -> bytes:
    """A progressive JPEG that says it has this size, without so many pixels."""
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG", progressive=True)
    frame = re.compile(rb"(\xff\xc2\x00\x11\x08)....", re.DOTALL)
    return frame.sub(rb"\1" + height.to_bytes(2, "big") + width.to_bytes(2, "big"), stream.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        make_progressive(20_000, 10_000),  # libjpeg holds all of it in memory
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x75\x30\x00\x00\x75\x30" + bytes(13) + b"IEND" + bytes(4),
        b"GIF89a\xff\xff\xff\xff",
    ],
)
def test_a_picture_of_too_many_pixels_is_too_large(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(BadMember, match="too large"):
        read_picture(data)

"""Drawing: outlines and labels at any size and anywhere."""

import cv2
import numpy as np
import pytest
from fakes import make_seen_plate, quad, quads
from hypothesis import given, settings
from hypothesis import strategies as st

from common import ALPHABET
from reading.drawing import BRIGHT, draw, draw_label


@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (30, 400), (360, 480), (3000, 4000)])
def test_drawing_marks_the_plate_at_any_size(shape):
    height, width = shape
    plate = make_seen_plate(quad(0.3 * width, 0.4 * height, 0.4 * width, 0.1 * height), shape)
    photo = np.full((*shape, 3), 128, np.uint8)
    drawn = draw(photo, [plate])
    assert drawn.shape == (*shape, 3)
    changed = (drawn != 128).any(-1)
    assert changed.any()
    if height > 300:  # the label has room: dark letters on a bright ground, of a height that scales
        bright = (drawn == BRIGHT).all(-1)
        assert bright.sum() > 1000
        assert changed.mean() < 0.12


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)), quads((200, 200)), st.text(ALPHABET, min_size=1, max_size=12)
)
def test_drawing_takes_plates_anywhere(shape, corners, code):
    draw(np.zeros((*shape, 3), np.uint8), [make_seen_plate(corners, shape, code)])


def test_labels_lie_in_the_picture_and_off_their_plates():
    shape = (720, 1280)
    for x, y in [(0, 0), (1080, 0), (0, 670), (1080, 670), (500, 300)]:
        photo = np.full((*shape, 3), 128, np.uint8)
        draw_label(photo, "KA02MK7259", (x, y, 200, 50), 9)
        changed = (photo != 128).any(-1)
        assert not changed[y : y + 50, x : x + 200].any()
        _, _, width, height = cv2.boundingRect(changed.astype(np.uint8))
        assert 30 <= height <= 80
        assert 4 < width / height < 9  # whole, not cut by the picture's edge

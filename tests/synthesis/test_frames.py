"""Frames: the plate stands unchanged within its board, at the corners that `mount` tells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.frames import FRAMED_SHARE, mount
from synthesis.typefaces import load_typefaces

FACES = load_typefaces(())


@given(st.integers(16, 200), st.integers(40, 300), st.integers(0, 2**32))
@settings(deadline=None)
def test_the_plate_stands_in_its_frame(height, width, seed):
    rng = np.random.default_rng(seed)
    plate = rng.uniform(0, 255, (height, width, 3)).astype(np.float32)
    board, corners = mount(plate, FACES, rng)
    (left, top), (right, _), (_, bottom), _ = corners * (width, height)
    assert board.shape == (round(bottom - top), round(right - left), 3)
    y, x = round(-top), round(-left)
    np.testing.assert_array_equal(board[y : y + height, x : x + width], plate)
    assert np.isfinite(board).all()


def test_about_half_of_the_plates_have_a_frame():
    rng = np.random.default_rng(0)
    plate = np.zeros((60, 200, 3), np.float32)
    framed = [mount(plate, FACES, rng)[0].shape != plate.shape for _ in range(400)]
    assert np.mean(framed) == pytest.approx(FRAMED_SHARE, abs=0.12)


def test_a_plate_that_is_no_rectangle_has_no_frame():
    plate = np.zeros((60, 200, 4), np.float32)
    for seed in range(20):
        board, corners = mount(plate, FACES, np.random.default_rng(seed))
        assert board is plate
        np.testing.assert_array_equal(corners, [[0, 0], [1, 0], [1, 1], [0, 1]])

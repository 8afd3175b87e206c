"""Photographs: what the board covers and what it does not, lit and taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UNIT_SQUARE
from synthesis.camera import take
from synthesis.light import light
from synthesis.photograph import lay, photograph

OUTLINE = UNIT_SQUARE * (60, 30) + (20, 10)


@given(st.integers(0, 2**32), st.integers(20, 200), st.integers(20, 300), st.sampled_from([None, 3, 4]))
@settings(deadline=None)
def test_photographs_of_every_size_can_be_taken(seed, height, width, channels):
    rng = np.random.default_rng(seed)
    background = rng.uniform(0, 255, (height, width, 3)).astype(np.float32)
    board = None if channels is None else rng.uniform(0, 255, (40, 90, channels)).astype(np.float32)
    outline = UNIT_SQUARE * (0.8 * width, 0.7 * height)
    photo = photograph(background, board, outline, rng.uniform(4, 30), rng)
    assert photo.shape == (height, width, 3)
    assert photo.dtype == np.uint8


@pytest.mark.parametrize("channels", [3, 4])
def test_a_board_covers_its_outline_and_nothing_else(channels):
    image = np.zeros((50, 100, 3), np.float32)
    board = np.full((60, 120, channels), 255, np.float32)
    board[..., :3] = (10, 200, 90)
    lay(image, board, OUTLINE, np.random.default_rng(0))
    np.testing.assert_allclose(image[15:35, 25:75].reshape(-1, 3), [(10, 200, 90)] * 1000, atol=1)
    assert image[:9].max() == image[:, :19].max() == image[41:].max() == image[:, 81:].max() == 0


def test_the_background_is_seen_where_a_board_covers_nothing():
    image = np.full((50, 100, 3), 77, np.float32)
    board = np.full((60, 120, 4), 255, np.float32)
    board[:, 60:, 3] = 0
    lay(image, board, OUTLINE, np.random.default_rng(0))
    np.testing.assert_allclose(image[15:35, 25:48], 255, atol=1)
    np.testing.assert_allclose(image[15:35, 52:75], 77, atol=1)


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_light_changes_in_place_and_stays_finite(seed):
    rng = np.random.default_rng(seed)
    image = rng.uniform(0, 255, (40, 90, 3)).astype(np.float32)
    before = image.copy()
    light(image, rng)
    assert np.isfinite(image).all()
    assert (image != before).any()


def test_a_camera_gives_the_same_photograph_for_the_same_draws():
    image = np.random.default_rng(0).uniform(-20, 300, (64, 128, 3)).astype(np.float32)
    photos = [take(image.copy(), 9, np.random.default_rng(4)) for _ in range(2)]
    np.testing.assert_array_equal(*photos)

"""Photographs: what the board covers and what it does not, lit and taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UNIT_SQUARE
from synthesis import camera
from synthesis.camera import LEAST_PITCH, take
from synthesis.light import light
from synthesis.photograph import clear_ground, draw_cover, is_lettering, keep_legible, lay, photograph

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
    lay(image, board, draw_cover(board, np.random.default_rng(0)), OUTLINE)
    np.testing.assert_allclose(image[15:35, 25:75].reshape(-1, 3), [(10, 200, 90)] * 1000, atol=1)
    assert image[:9].max() == image[:, :19].max() == image[41:].max() == image[:, 81:].max() == 0


def test_the_background_is_seen_where_a_board_covers_nothing():
    image = np.full((50, 100, 3), 77, np.float32)
    board = np.full((60, 120, 4), 255, np.float32)
    board[:, 60:, 3] = 0
    lay(image, board, draw_cover(board, np.random.default_rng(0)), OUTLINE)
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


def make_letters(ink: float, ground: float) -> np.ndarray:
    """Bars that are painted straight on the bodywork, (60, 120, 4): only they cover what is behind them."""
    board = np.full((60, 120, 4), ground, np.float32)
    board[..., 3] = 0
    board[10:50, 10::30, :3] = ink
    board[10:50, 10::30, 3] = 255
    return board


def test_a_board_with_slanted_sides_is_no_lettering():
    board = np.full((60, 120, 4), 255, np.float32)
    board[:, :20, 3] = 0
    assert not is_lettering(board)
    assert not is_lettering(board[..., :3])
    assert is_lettering(make_letters(20, 200))


@pytest.mark.parametrize(("ink", "ground", "behind", "kept"), [(20, 200, 220, True), (20, 200, 30, False)])
def test_letters_alone_stand_out_from_what_is_behind_them(ink, ground, behind, kept):
    image = np.full((50, 100, 3), behind, np.float32)
    clear_ground(image, make_letters(ink, ground), OUTLINE, np.random.default_rng(0))
    np.testing.assert_allclose(image[15:35, 25:75], behind if kept else ground, atol=2)


def test_letters_alone_are_not_lost_in_a_motley_background():
    image = np.random.default_rng(0).choice([0, 255], (50, 100, 3)).astype(np.float32)
    clear_ground(image, make_letters(20, 200), OUTLINE, np.random.default_rng(0))
    np.testing.assert_allclose(image[15:35, 25:75], 200, atol=2)


@pytest.mark.parametrize("level", [5, 120, 250])
@pytest.mark.parametrize("pitch", [5, 30])
def test_contrast_that_light_took_from_a_board_is_raised(level, pitch):
    image = np.full((50, 100, 3), level, np.float32)
    image[:, ::2] += 14
    keep_legible(image, OUTLINE, pitch)
    assert np.clip(image[15:35, 25:75], 0, 255).std() > 14


def test_a_blank_sign_stays_blank():
    image = np.full((50, 100, 3), 120, np.float32)
    image[:, ::2] += 1
    keep_legible(image, OUTLINE, 5)
    assert 0 < image.std() < 3


def test_a_board_with_enough_contrast_stays_as_it_is():
    image = np.full((50, 100, 3), 60, np.float32)
    image[:, ::4] = 220
    before = image.copy()
    keep_legible(image, OUTLINE, 8)
    np.testing.assert_array_equal(image, before)


@given(st.integers(0, 2**32), st.floats(1, 40))
@settings(deadline=None)
def test_no_picture_is_made_so_small_that_its_code_is_lost(seed, pitch):
    pitches = []

    def develop(image, pitch, _rng):
        pitches.append(pitch)
        return image.astype(np.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(camera, "develop", develop)
        image = np.full((40, 90, 3), 100, np.float32)
        assert take(image, pitch, np.random.default_rng(seed)).shape == image.shape
    assert pitches[0] >= min(pitch, LEAST_PITCH) - 1e-9


def test_many_photographs_have_a_lower_resolution_than_they_are_drawn_in():
    stripes = np.zeros((40, 90, 3), np.float32)
    stripes[:, ::2] = 200
    photos = [take(stripes.copy(), 20, np.random.default_rng(seed)) for seed in range(60)]
    without_stripes = sum(np.abs(np.diff(photo[..., 0].astype(float), axis=1)).mean() < 40 for photo in photos)
    assert 10 < without_stripes < 60

"""Poses of the plate, and looks at it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from window_batches import turns

from common import UNIT_SQUARE, from_unit_square, warp_points
from synthesis.placement import LEAN_SHARES, cut_end, draw_look, turn, within_reach
from synthesis.subject import Choice, Subject


@given(st.floats(0.8, 6), st.sampled_from(sorted(LEAN_SHARES)), st.integers(0, 2**32))
@settings(deadline=None)
def test_poses_are_convex_and_clockwise(aspect, kind, seed):
    corners = turn(aspect, kind, np.random.default_rng(seed))
    assert turns(corners).min() > 0
    assert np.abs(corners.mean(0)).max() < aspect / 2  # about the origin


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_unit_square_goes_to_the_corners(seed):
    corners = 90 * turn(3, "street", np.random.default_rng(seed)) + 200
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    np.testing.assert_allclose(warp_points(square, from_unit_square(corners)), corners, atol=1e-2)


def test_more_of_the_finders_plates_lean():
    """The reader's windows are turned upright by the corners that the finder saw."""
    rolls = {}
    for kind in LEAN_SHARES:
        rng = np.random.default_rng(0)
        sides = np.array([turn(4, kind, rng) for _ in range(2000)])
        along = sides[:, 1] - sides[:, 0]
        rolls[kind] = np.degrees(np.abs(np.arctan2(along[:, 1], along[:, 0])))
    shares = {kind: (roll > 20).mean() for kind, roll in rolls.items()}
    assert shares["street"] > 1.4 * shares["rectified"]
    assert np.median(rolls["street"]) < 7


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12, unique=True), st.integers(0, 2**32))
@settings(deadline=None)
def test_a_look_without_an_end_lacks_one_to_half_of_the_characters(across, seed):
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    across = np.sort(across)
    look = cut_end(square, across, np.random.default_rng(seed))
    seen = ((across > look[:, 0].min()) & (across < look[:, 0].max())).sum()
    assert len(across) - max(1, len(across) // 2) - 1 <= seen <= len(across) - 1


def test_corners_within_reach_tell_where_the_plate_is():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert within_reach(square)
    assert within_reach(square + np.array([0.4, 0]))
    assert not within_reach(square + np.array([0.6, 0]))  # most of it is outside
    assert not within_reach(square * 3 - 1)  # it is too large
    assert not within_reach(0.4 + square * 0.2)  # it is too small


@pytest.mark.parametrize("characters", [0, 1, 2, 12])
def test_every_plate_can_be_looked_at_in_the_wrong_place(characters):
    choice = Choice(rectified=True, shown="plate", present=False, misplaced=True, width=90)
    centres = np.array([((i + 0.5) / characters, 0.5, 0) for i in range(characters)], np.float32).reshape(-1, 3)
    subject = Subject(None, UNIT_SQUARE, 3, 90, 10, "A" * characters, centres)
    for seed in range(200):
        look = draw_look(choice, subject, np.random.default_rng(seed))
        assert look.shape == (4, 2)
        assert turns(look).min() > 0

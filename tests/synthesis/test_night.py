"""Light of the night: how often it is drawn, what it does, and that codes stay legible."""

import collections

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UNIT_SQUARE
from synthesis.night import EFFECTS, NIGHT_SHARE, darken, draw_night, light_board, mirror_lamps
from synthesis.photograph import lay

OUTLINE = UNIT_SQUARE * (100, 30) + (14, 17)


def make_board() -> np.ndarray:
    """A white plate with seven black bars, which stand for characters, (60, 200, 3)."""
    board = np.full((60, 200, 3), 230, np.float32)
    for i in range(7):
        board[12:48, 16 + 25 * i : 26 + 25 * i] = 30
    return board


def make_scene(night: tuple[str, ...], seed: int) -> np.ndarray:
    """The plate before an ordinary background, (64, 128, 3) float32, with the effects of `night`."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.uniform(20, 220, (4, 8, 3)).astype(np.float32), (128, 64))
    board = light_board(make_board(), image, night, rng)
    lay(image, board, np.full((60, 200, 1), 255, np.uint8), OUTLINE)
    if "mirrored" in night:
        mirror_lamps(image, OUTLINE, rng)
    darken(image, OUTLINE, night, rng)
    return np.clip(image, 0, 255)


def measure_contrasts(scene: np.ndarray) -> np.ndarray:
    """How much each bar (7,) is darker than the plate at its right, in the channel that shows it best."""
    middle = scene[27:37].mean(0)  # (128, 3)
    bars = np.array([middle[round(14 + 0.5 * (21 + 25 * i))] for i in range(7)])
    gaps = np.array([middle[round(14 + 0.5 * (21 + 25 * i + 12))] for i in range(7)])
    return (gaps - bars).max(1)


def test_shares_are_as_documented():
    rng = np.random.default_rng(0)
    nights = [draw_night(rng) for _ in range(4000)]
    assert np.mean([bool(night) for night in nights]) == pytest.approx(NIGHT_SHARE, abs=0.025)
    assert {len(night) for night in nights} == {0, 1, 2}
    counts = collections.Counter(effect for night in nights for effect in night)
    assert counts.keys() == EFFECTS.keys()
    assert sum(EFFECTS.values()) == pytest.approx(1)
    assert all(0.005 < count / 4000 < 0.08 for count in counts.values())


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_changes_the_picture_and_leaves_the_code_legible(effect):
    plain = make_scene((), 1)
    worst = []
    for seed in range(60):
        scene = make_scene((effect,), seed)
        assert np.isfinite(scene).all()
        assert np.abs(scene - plain).mean() > 2
        contrasts = measure_contrasts(scene)
        worst.append(np.sort(contrasts)[1])  # the core of a lamp may hide one character
    assert min(worst) > 20


@given(st.permutations(list(EFFECTS)), st.integers(0, 2**32))
@settings(deadline=None)
def test_two_effects_leave_most_of_the_code_legible(effects, seed):
    assert np.median(measure_contrasts(make_scene(tuple(effects[:2]), seed))) > 8


def test_a_cast_leaves_nearly_one_colour():
    strongest = []
    for seed in range(40):
        channels = np.sort(make_scene(("cast",), seed).mean((0, 1)))
        strongest.append(channels[-1] / max(channels[0], 1))
    assert np.median(strongest) > 3


def test_plates_shine_or_stand_in_the_dark():
    inside = np.zeros((64, 128), bool)
    inside[17:47, 14:114] = True
    for effect, sign in (("bright", 1), ("dark", -1)):
        scenes = np.mean([make_scene((effect,), seed) for seed in range(20)], axis=0)
        assert sign * (scenes[inside].mean() - scenes[~inside].mean()) > 60


def test_lamps_above_the_plate_light_its_upper_edge():
    scene = np.mean([make_scene(("above",), seed) for seed in range(20)], axis=0)
    assert scene[18:22, 20:108].mean() > scene[42:46, 20:108].mean() + 20


def test_letters_without_a_board_keep_their_cover():
    letters = np.concatenate([make_board(), np.zeros((60, 200, 1), np.float32)], axis=-1)
    for effect in EFFECTS:
        lit = light_board(letters, np.zeros((64, 128, 3), np.float32), (effect,), np.random.default_rng(0))
        np.testing.assert_array_equal(lit[..., 3], letters[..., 3])

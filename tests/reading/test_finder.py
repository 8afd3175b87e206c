"""The finder: its pyramid, the positions of plates that a stand-in knows, and merging."""

import functools
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from fakes import KnowingFinder, quad, quads
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from common import UNIT_SQUARE
from reading import finder as phase_1
from reading.ahead import map_ahead
from reading.finder import NARROWEST_PLATE, PLATE_WIDTHS, find, merge, pyramid, scales


@settings(deadline=None)
@given(st.floats(20, 200), st.floats(1, 60), st.floats(0, 1))
def test_every_wanted_width_is_in_the_finders_range_at_some_level(min_plate, ratio, share):
    max_plate = min_plate * ratio
    width = min_plate + share * (max_plate - min_plate)
    found = scales(min_plate, max_plate)
    assert (np.diff(found) < 0).all()
    narrowest, widest = PLATE_WIDTHS
    assert ((width * found >= narrowest - 1e-6) & (width * found <= widest + 1e-6)).any()
    # the coarsest fits a square plate as wide as any into a patch, and is the only one that does
    assert max_plate * found[-1] <= narrowest + 1e-6
    assert len(found) == 1 or max_plate * found[-2] > narrowest - 1e-6


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(20, 500), st.integers(0, 500))
def test_the_finder_gets_a_patch_at_least_of_any_photo(height, width, min_plate, more):
    finder = KnowingFinder(width, np.zeros((0, 4, 2)))
    find(finder, np.zeros((height, width, 3), np.uint8), min_plate, min_plate + more)
    assert all(shape[1] >= 32 and shape[2] >= 64 for shape in finder.seen)
    assert finder.seen or width < NARROWEST_PLATE


def test_levels_are_averages_of_the_photo():
    rng = np.random.default_rng(1)
    photo = cv2.GaussianBlur(rng.integers(0, 256, (480, 640, 3), np.uint8), (0, 0), 6)
    for level in pyramid(photo, 45, 640):
        whole = cv2.resize(photo, level.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(level.astype(int) - whole).mean() < 1


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(quads())
def test_a_plate_anywhere_in_the_photo_is_found_where_it_is(corners):
    height, width = 400, 600
    corners += np.clip(0, -corners.min(0), (width, height) - corners.max(0))  # wholly in the photo
    assume(np.ptp(corners[:, 0]) >= 45)  # wide enough to be wanted
    assume((corners >= 0).all())  # small enough for the photo
    assume(np.ptp(corners[:, 1]) <= 0.45 * np.ptp(corners[:, 0]))  # low enough for a window
    finder = KnowingFinder(width, corners[None])
    presence, found = find(finder, np.zeros((height, width, 3), np.uint8), 45, np.inf)
    assert len(presence)
    np.testing.assert_allclose(found, np.broadcast_to(corners, found.shape), atol=0.05 * np.ptp(corners[:, 0]))


class LocalFinder:
    """Presence is how bright a patch is in the middle; a plate always fills the same part of the patch."""

    rows_seen = 0

    def run(self, names, feeds):
        image = feeds["image"][0]
        self.rows_seen = max(self.rows_seen, image.shape[0])
        presence = image[16 : image.shape[0] - 15 : 8, 32 : image.shape[1] - 31 : 8, 0] / 255
        corners = np.broadcast_to((UNIT_SQUARE * 0.5 + 0.25).ravel(), (*presence.shape, 8))
        return presence[None], corners[None]


@pytest.mark.parametrize("threads", [1, 3])
def test_strips_give_what_the_whole_gives(monkeypatch, threads):
    photo = np.random.default_rng(2).integers(0, 256, (300, 700, 3), np.uint8)
    whole = find(LocalFinder(), photo, 100, 300)
    monkeypatch.setattr(phase_1, "STRIP_PIXELS", 10_000)
    finder = LocalFinder()
    with ThreadPoolExecutor(threads) as pool:
        strips = find(finder, photo, 100, 300, functools.partial(map_ahead, pool, ahead=threads))
    assert finder.rows_seen < 100
    assert len(whole[0]) > 100
    for a, b in zip(whole, strips, strict=True):
        np.testing.assert_array_equal(a, b)


def test_merge_averages_each_plate_and_leaves_neighbours_apart():
    rng = np.random.default_rng(0)
    truth = np.stack([quad(100, 100, 120, 30), quad(225, 100, 120, 30), quad(100, 135, 120, 30)])
    corners = np.repeat(truth, 15, axis=0) + rng.normal(0, 3, (45, 4, 2)).astype(np.float32)
    presence = rng.uniform(0.5, 1, 45).astype(np.float32)
    support, means = merge(presence, corners)
    np.testing.assert_allclose(np.sort(support), np.sort(presence.reshape(3, 15).sum(1)), rtol=1e-5)
    assert (np.diff(support) <= 0).all()
    order = np.lexsort((means[:, 0, 0].round(-2), means[:, 0, 1].round(-1)))
    np.testing.assert_allclose(means[order], truth, atol=2.5)


def test_merge_of_nothing_is_nothing():
    support, means = merge(np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32))
    assert (support.shape, means.shape) == ((0,), (0, 4, 2))

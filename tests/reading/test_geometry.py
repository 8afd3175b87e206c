"""Geometry: homographies and margins of any plate, overlaps, and groups of readings."""

import numpy as np
from fakes import quad, quads
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UNIT_SQUARE
from reading.finder import SAME_IOU
from reading.geometry import expand, from_unit_squares, group, overlaps, project, sound


@settings(deadline=None)
@given(quads())
def test_unit_square_goes_to_the_plate(corners):
    moved = project(from_unit_squares(corners[None]), UNIT_SQUARE[None])
    np.testing.assert_allclose(moved[0], corners, atol=0.05)


@settings(deadline=None)
@given(quads(), st.floats(0, 0.1))
def test_expanding_keeps_the_centre_of_perspective(corners, margin):
    larger = expand(corners[None], margin)
    assert sound(larger).all()
    # the plate lies in the window at the margin, whatever its perspective
    back = np.linalg.inv(from_unit_squares(larger))
    edge = margin / (1 + 2 * margin)
    np.testing.assert_allclose(project(back, corners[None])[0], edge + UNIT_SQUARE * (1 - 2 * edge), atol=2e-3)


@settings(deadline=None)
@given(quads())
def test_plates_are_sound_and_spoilt_ones_are_not(corners):
    spoilt = [corners[::-1], corners[[0, 2, 1, 3]], corners * np.nan, np.repeat(corners[:1], 4, 0)]
    assert sound(np.stack([corners, *spoilt])).tolist() == [True, False, False, False, False]


@settings(deadline=None)
@given(st.lists(st.tuples(quads(), st.floats(0.01, 1)), max_size=12), st.randoms())
def test_groups_part_the_plates_and_their_heads_differ(found, random):
    corners = np.array([q for q, _ in found], np.float32).reshape(-1, 4, 2)
    scores = np.array([s for _, s in found])
    same = overlaps(corners)[0] >= SAME_IOU
    groups = group(scores, same)
    assert sorted(i for members in groups for i in members) == list(range(len(found)))
    heads = [members[0] for members in groups]
    assert not (same[np.ix_(heads, heads)] & ~np.eye(len(heads), dtype=bool)).any()
    for members in groups:
        assert scores[members[0]] == scores[members].max()
        assert same[members[0], members[1:]].all()
    assert [scores[head] for head in heads] == sorted((scores[head] for head in heads), reverse=True)
    if len(set(scores)) == len(scores):  # then the order they come in does not matter
        order = random.sample(range(len(found)), len(found))
        again = group(scores[order], same[np.ix_(order, order)])
        assert [{order[i] for i in members} for members in again] == [set(members) for members in groups]


def test_overlaps_are_shares_of_the_union_and_of_the_smaller():
    iou, nested = overlaps(np.stack([quad(0, 0, 40, 10), quad(20, 0, 40, 10), quad(0, 0, 20, 10), quad(90, 9, 9, 9)]))
    np.testing.assert_allclose(iou[0], [1, 1 / 3, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(nested[0], [1, 0.5, 1, 0], atol=1e-6)
    np.testing.assert_allclose(iou, iou.T)

"""The parts of a plate that are looked at, given what a look at the whole plate shows."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import BLANK
from model import COLUMNS, LINES
from reading.parts import CUTS, Part, partitions, place_characters

CLASSES = st.sampled_from([BLANK, BLANK, BLANK, 0, 1, 35])


def make_frames(*frames: int) -> np.ndarray:
    """A look (128, 37) whose `frames` show a character each, and the others blank."""
    classes = np.full(LINES * COLUMNS, BLANK)
    classes[list(frames)] = 1
    return np.log(np.eye(BLANK + 1)[classes] + 1e-6)


def spans(way: list[Part]) -> list[tuple[float, ...]]:
    """Left and right, top and bottom of each part."""
    return [part[:4] for part in way]


def test_nothing_and_a_short_line_have_no_parts():
    assert list(partitions(make_frames())) == []
    assert list(partitions(make_frames(20, 32, 44))) == []
    assert list(partitions(make_frames(1, 4, 7, 10, 13))) == []  # no gap in the middle


def test_one_line_is_cut_between_two_characters():
    [way] = partitions(make_frames(5, 11, 25, 37, 51, 57))
    cut = (25.5 + 37.5) / 2 / COLUMNS
    assert spans(way) == [(0, cut, 0, 1), (cut, 1, 0, 1)]
    assert list(partitions(make_frames(9, 25, 37, 53))) == []  # the characters are wide already


def test_a_half_with_wide_characters_is_seen_in_the_window_of_its_line():
    [(left, right)] = partitions(make_frames(4, 8, 12, 16, 40, 52))
    assert (left.left, left.right) == (0, 28.5 / COLUMNS)
    assert (left.first, left.end) == (0, COLUMNS)
    assert (right.left, right.right) == (0, 1)
    assert (right.first, right.end) == (28, COLUMNS)


def test_two_lines_are_seen_by_themselves_and_by_their_halves():
    lower = [COLUMNS + frame for frame in (2, 6, 18, 34, 48, 60)]
    ways = list(partitions(make_frames(20, 58, *lower)))
    assert [len(way) for way in ways] == [2, 3] * len(CUTS)
    for cut, (lines, halves) in zip(CUTS, zip(ways[::2], ways[1::2], strict=True), strict=True):
        (*across, top, end), (*across_below, start, bottom) = spans(lines)
        assert across == across_below == [0, 1]
        assert (top, bottom) == (0, 1)
        assert start < cut < end
        upper, left, right = halves
        assert upper == lines[0]
        assert left.right == pytest.approx(26.5 / COLUMNS)
        assert right[:5] == (0, 1, start, 1, 26)


def test_a_number_beside_two_rows_is_a_part():
    lower = [COLUMNS + frame for frame in (4, 12, 30, 40, 50)]
    ways = list(partitions(make_frames(4, 12, *lower)))
    edge = 21.5 / COLUMNS
    numbers = [way[2] for way in ways if len(way) == 3 and way[2].left == edge]
    assert numbers == [Part(edge, 1, 0, 1)] * len(CUTS)
    under = [COLUMNS + frame for frame in (4, 20, 40)]
    assert all(part.bottom < 1 or part.top > 0 for way in partitions(make_frames(4, 30, *under)) for part in way)


@settings(deadline=None)
@given(st.lists(CLASSES, min_size=LINES * COLUMNS, max_size=LINES * COLUMNS))
def test_each_way_covers_the_plate_and_takes_each_part_of_a_line_once(classes):
    look = np.log(np.eye(BLANK + 1)[np.array(classes)] + 1e-6)
    for way in partitions(look):
        assert sum(np.prod(np.ptp(part.corners, axis=0)) for part in way) >= 1 - 1e-6
        assert min(part.corners.min() for part in way) >= 0
        assert max(part.corners.max() for part in way) <= 1
        if way[0].bottom < 1 and way[-1][2:4] == (0, 1):  # a number beside two rows
            *rows, number = way
            assert [part[:2] for part in rows] == [(0, number.left)] * LINES
            assert number.right == 1
            continue
        for _, parts in itertools.groupby(way, lambda part: part[2:4]):
            widths = [(part.right - part.left) * (part.end - part.first) / COLUMNS for part in parts]
            assert sum(widths) == pytest.approx(1, abs=1 / COLUMNS)


@settings(deadline=None)
@given(st.lists(CLASSES, min_size=COLUMNS, max_size=COLUMNS))
def test_characters_are_placed_where_their_frames_are(classes):
    x = place_characters(np.eye(BLANK + 1)[np.array(classes)])
    assert (np.diff(x) > 0).all()
    frames = [frame for frame, kind in enumerate(classes) if kind != BLANK]
    assert bool(frames) == (len(x) > 0)
    if frames:
        assert frames[0] / COLUMNS < x[0]
        assert x[-1] < (frames[-1] + 1) / COLUMNS

"""Parts of plates: which characters are on them, and which are not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UNIT_SQUARE
from synthesis.parts import BEYOND_LINE, PART_SHARES, Part, draw_part
from synthesis.subject import Subject

MIDDLE = 0.45  # y between two lines


def make_subject(upper: int, lower: int, middle: float | None = MIDDLE) -> Subject:
    """A plate with so many characters, evenly spaced, on its lines. One line of them stands in the plate's middle."""
    rows = [(upper, 0.25, 0), (lower, 0.75, 1)] if lower else [(upper, 0.5, 0)]
    centres = [((i + 0.5) / count, y, row) for count, y, row in rows for i in range(count)]
    code = "ABCDEFGHIJKL"[: upper + lower]
    return Subject(None, UNIT_SQUARE, 2, 100, 10, code, np.array(centres, np.float32), middle if lower else None)


def draw_parts(subject: Subject, count: int = 300) -> list[Part]:
    parts = [draw_part(subject, np.random.default_rng(seed)) for seed in range(count)]
    return [part for part in parts if part]


@settings(deadline=None)
@given(st.integers(2, 8), st.integers(0, 4), st.integers(0, 2**32))
def test_a_part_has_its_own_characters_and_no_others(upper, lower, seed):
    subject = make_subject(upper, lower)
    part = draw_part(subject, np.random.default_rng(seed))
    if part:
        low, high = part.corners.min(0), part.corners.max(0)
        inside = ((subject.centres[:, :2] > low) & (subject.centres[:, :2] < high)).all(1)
        assert np.flatnonzero(inside).tolist() == list(range(part.first, part.end))
        assert part.end > part.first
        assert (low >= 0).all()
        assert (high <= 1).all()


def test_each_line_and_each_half_of_it_is_shown():
    subject = make_subject(4, 4)
    codes = {subject.code[part.first : part.end] for part in draw_parts(subject)}
    assert {"ABCD", "EFGH", "AB", "CD", "EF", "GH"} <= codes


def test_plates_are_shown_by_parts_as_often_as_documented():
    for lower, share in enumerate(PART_SHARES):
        parts = draw_parts(make_subject(4, 4 * lower), 1000)
        assert abs(len(parts) / 1000 - share) < 0.06


def test_a_line_goes_a_little_beyond_the_middle():
    for part in draw_parts(make_subject(2, 2)):
        top, bottom = part.corners[[0, 2], 1]
        beyond = bottom - MIDDLE if top == 0 else MIDDLE - top
        assert BEYOND_LINE[0] <= beyond <= BEYOND_LINE[1]


def test_what_cannot_be_divided_is_shown_whole():
    assert not draw_parts(make_subject(1, 0))
    assert not draw_parts(make_subject(4, 4, middle=None))  # a number stands beside both rows

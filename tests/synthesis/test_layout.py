"""Where a plate's code stands: in its room, broken where the text may break, in the order in which it is read."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.plate_format import PlateStyle
from synthesis.layout import (
    break_text,
    choose_heights,
    last_group,
    lay_out,
    narrow_span,
    place_lines,
    place_panel,
    strip_separators,
)
from synthesis.typefaces import load_typefaces

FACES = load_typefaces(())
STYLE = PlateStyle(1.0, (300.0, 150.0), (255, 255, 255), (0, 0, 0), 60.0, lines=2)


def test_texts_break_at_a_mark():
    rng = np.random.default_rng(0)
    breaks = {tuple(break_text("KA 02|MK|7259", 2, None, rng)) for _ in range(50)}
    assert breaks == {("KA 02", "MK 7259"), ("KA 02 MK", "7259")}
    assert break_text("KA 02|MK|7259", 2, 0, rng) == ["KA 02", "MK 7259"]
    assert break_text("KA 02|MK|7259", 2, -1, rng) == ["KA 02 MK", "7259"]
    assert {*break_text("KA 02|7259", 1, None, rng)} <= {"KA 02 7259", "KA 027259"}
    assert break_text("-KA-|-02.", 2, None, rng) == ["KA", "02"]


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("-AB ", "AB"),
        ("(TC) 91", "(TC) 91"),
        ("19 (TC)", "19 (TC)"),
        ("TC) 91", "TC) 91"),
        ("(TC", "TC"),
        ("TC]", "TC"),
        (") 91", "91"),
        ("19 (", "19"),
        ("/AB·", "AB"),
    ],
)
def test_brackets_stay_with_their_partner(text, stripped):
    assert strip_separators(text) == stripped


@pytest.mark.parametrize(("text", "last"), [("BN 4348", "4348"), ("A-12", "12"), ("TN (TC)91", "91"), ("AB12", "AB12")])
def test_the_last_group_follows_the_last_separator(text, last):
    assert last_group(text) == last


@given(st.integers(1, 2), st.floats(20, 200), st.integers(0, 2**32))
@settings(deadline=None)
def test_lines_fit_their_room(count, room, seed):
    rng = np.random.default_rng(seed)
    heights = choose_heights(STYLE, count, rng.uniform(0.1, 5), room, rng)
    assert heights.shape == (count,)
    tops = place_lines(heights, (10, 10 + room), rng.uniform(0.1, 0.9))
    edges = np.stack([tops, tops + heights], -1).ravel()
    assert edges[0] >= 10
    assert edges[-1] <= 10 + room + 1e-9
    assert (np.diff(edges) > 0).all()
    top, bottom = place_panel(heights.sum(), (10, 10 + room), rng)
    assert 10 <= top < bottom <= 10 + room
    assert bottom - top >= heights.sum()


def test_spans_keep_to_a_tapered_plate():
    assert narrow_span((5, 95), 100, 0.0) == (5, 95)
    assert narrow_span((5, 95), 100, 0.4) == (20, 80)


def test_a_much_lower_upper_line_leaves_the_number_alone_on_the_lower_one():
    for upper, lower in ((30.0, {"7259"}), (50.0, {"7259", "MK 7259"})):
        style = dataclasses.replace(STYLE, upper_height=upper)
        seen = set()
        for seed in range(30):
            rng = np.random.default_rng(seed)
            layout = lay_out(style, "KA 02|MK|7259", FACES[0], (5, 195, 10, 95), (100, 200), False, rng)
            seen.add("".join(line.text for line in layout.lines if line.row))
        assert {text.replace(" ", "") for text in seen} == {text.replace(" ", "") for text in lower}


@given(st.sampled_from(FACES), st.booleans(), st.integers(0, 2**32))
@settings(deadline=None)
def test_captions_have_room_beside_the_code(face, panel, seed):
    rng = np.random.default_rng(seed)
    style = dataclasses.replace(STYLE, panel=(0, 0, 0) if panel else None)
    layout = lay_out(style, "AB 12|CD 34", face, (5, 195, 10, 100), (100, 200), True, rng)
    code_top = min(line.y for line in layout.lines)
    code_bottom = max(line.y + line.height for line in layout.lines)
    assert layout.above[0] == 10
    assert layout.above[1] <= code_top + 1e-9
    assert layout.below[0] >= code_bottom - 1e-9
    assert layout.below[1] == 100
    assert layout.top <= code_top < layout.middle < code_bottom <= layout.bottom
    assert [line.row for line in layout.lines] == sorted(line.row for line in layout.lines)

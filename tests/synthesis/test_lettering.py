"""Lines of text: they are set between their ends, and drawn where they are set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common
import model
from synthesis.lettering import TextLine, draw_line, set_line, squeeze_letters, stack_letters
from synthesis.typefaces import CAP_HEIGHT, CHARACTERS, GLYPH_PAD, load_typefaces

FACES = load_typefaces(())

texts = st.text(CHARACTERS + " ", min_size=1, max_size=common.LONGEST_CODE + 3).filter(lambda t: t == t.strip())


@given(texts, st.sampled_from(FACES), st.floats(0, 60), st.floats(20, 300), st.floats(5, 80), st.integers(0, 2**32))
@settings(deadline=None)
def test_lines_stay_between_their_ends(text, face, x0, length, height, seed):
    line = set_line(text, face, x0, x0 + length, 7, height, np.random.default_rng(seed))
    assert len(line.x) == len(line.widths) == len(text)
    slack = 0.06 * line.widths.max() + 1e-3 * length  # a glyph may be a little wider than its cell
    assert line.x.min() >= x0 - slack
    assert (line.x + line.widths).max() <= x0 + length + slack
    assert (line.widths > 0).all()
    assert (np.diff(line.centres) > 0).all()
    assert (line.y, line.height) == (7, height)


@given(texts, st.sampled_from(FACES), st.integers(0, 2**32))
@settings(deadline=None)
def test_lines_are_drawn_where_they_are_set(text, face, seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros((60, 260), np.uint8)
    line = set_line(text, face, 20, 240, 15, 30, rng)
    draw_line(mask, line, face)
    ink = mask > 60
    for character, x, width in zip(text, line.x, line.widths, strict=True):
        if character.isalnum():
            box = ink[15:46, round(x) : round(x + width) + 1]
            assert box.any(), character
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    pad = 30 * GLYPH_PAD / CAP_HEIGHT
    assert rows.min() >= 15 - pad - 1
    assert rows.max() <= 45 + pad + 1
    assert columns.min() >= 17
    assert columns.max() <= 243


@given(st.sampled_from(FACES), st.floats(0.08, 0.25), st.integers(20, 60))
@settings(deadline=None)
def test_stencils_cut_what_is_enclosed(face, bridge, height):
    """A gap goes from top to bottom through an 8, and through no L."""
    for character, cut in (("8", True), ("L", False)):
        mask = np.zeros((80, 100), np.uint8)
        line = TextLine(character, np.array([20.0]), np.array([40.0]), 10, height)
        draw_line(mask, line, face, 0, bridge)
        gaps = np.flatnonzero(mask[:, 20:60].max(0) == 0)
        assert len(gaps) == (max(1, round(40 * bridge)) if cut else 0)
        if cut:
            assert gaps.mean() == pytest.approx(19.5, abs=1)


@given(st.sampled_from(FACES), st.floats(10, 60), st.floats(20, 80), st.floats(100, 300))
@settings(deadline=None)
def test_stacked_letters_stand_one_above_the_other(face, y, height, width):
    upper, lower = stack_letters("MK", face, 30, y, height, width)
    assert (upper.text, lower.text) == ("M", "K")
    assert upper.y == y
    assert upper.y + upper.height < lower.y
    assert lower.y + lower.height == pytest.approx(y + height)
    assert max(upper.x[0], lower.x[0]) < 30 < min(upper.x[0] + upper.widths[0], lower.x[0] + lower.widths[0])
    # the columns of the reader that are to hold them differ
    assert lower.centres[0] - upper.centres[0] > 2 * width / model.COLUMNS


@given(st.sampled_from(FACES), st.text(CHARACTERS[:26], min_size=1, max_size=3), st.integers(0, 2**32))
@settings(deadline=None)
def test_squeezed_letters_are_narrow_and_as_high_as_the_line(face, letters, seed):
    line = squeeze_letters(letters, face, 20, 10, 60, 200, np.random.default_rng(seed))
    assert line.text == letters
    assert (line.widths <= 0.08 * 200).all()
    assert line.height > 0.85 * 60
    assert line.y >= 10
    assert line.y + line.height <= 70.001
    assert line.x[0] > 20
    assert (line.x[1:] > line.x[:-1] + line.widths[:-1]).all()  # none covers another


def test_stacked_letters_are_broader_and_lower_where_asked():
    usual = stack_letters("MSC", FACES[0], 30, 10, 60, 200)
    scaled = stack_letters("MSC", FACES[0], 30, 10, 60, 200, scale=(1.5, 0.8))
    for before, after in zip(usual, scaled, strict=True):
        assert after.height == pytest.approx(0.8 * before.height)
        assert after.widths[0] == pytest.approx(1.5 * 0.8 * before.widths[0])
        assert after.centres == pytest.approx(before.centres)
    assert scaled[-1].y + scaled[-1].height == pytest.approx(70)


@given(
    st.sampled_from(FACES),
    st.floats(-90, 60),
    st.floats(-60, 60),
    st.sampled_from([0, 0.3, -0.3]),
    st.integers(0, 2**32),
)
@settings(deadline=None)
def test_lines_are_cut_at_the_edges(face, x, y, slant, seed):
    """A line that is partly or wholly outside leaves in the mask the pixels that it leaves there in a larger one."""
    line = set_line("KA02", face, 0, 60, 0, 24, np.random.default_rng(seed))
    line.x, line.y = np.round(line.x + x), round(y)  # whole pixels: halves are rounded to even, here and there
    mask, larger = np.zeros((40, 45), np.uint8), np.zeros((260, 320), np.uint8)
    draw_line(mask, line, face, slant)
    line.x, line.y = line.x + 140, line.y + 100
    draw_line(larger, line, face, slant)
    np.testing.assert_array_equal(mask, larger[100:140, 140:185])

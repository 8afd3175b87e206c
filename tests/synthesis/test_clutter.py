"""Signs stand out from their ground, and plates without sense have none."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis import clutter
from synthesis.typefaces import load_typefaces

FACES = load_typefaces(())


@given(st.integers(60, 300), st.integers(0, 2**32))
@settings(deadline=None)
def test_signs_stand_out(width, seed):
    sign = clutter.draw_sign(FACES, width, np.random.default_rng(seed))
    assert sign.shape[1:] == (width, 4)
    assert sign.dtype == np.float32
    assert sign.shape[0] >= clutter.LEAST_HEIGHT
    assert np.ptp(sign[..., :3].mean(-1)) > 30
    assert 0 <= sign.min() <= sign.max() <= 255
    assert sign[..., 3].max() > 100  # something of it is seen


def test_many_signs_are_letters_alone():
    rng = np.random.default_rng(0)
    whole = [clutter.draw_sign(FACES, 150, rng)[..., 3].min() == 255 for _ in range(200)]
    share = (1 - clutter.LETTERS_ALONE_SHARE) * (1 - clutter.STAMP_SHARE)
    assert np.mean(whole) == pytest.approx(share, abs=0.15)


def test_stamps_are_letters_alone_on_one_line(monkeypatch):
    monkeypatch.setattr(clutter, "STAMP_SHARE", 1.0)
    rng = np.random.default_rng(0)
    signs = [clutter.draw_sign(FACES, 150, rng) for _ in range(60)]
    assert all(sign[..., 3].min() == 0 for sign in signs)
    assert all(sign.shape[1] == 150 for sign in signs)


def test_of_many_stamps_the_right_end_alone_is_seen(monkeypatch):
    monkeypatch.setattr(clutter, "draw_date", lambda _: "I" * 19)
    strokes = []
    for seed in range(100):
        mask, height = clutter.draw_stamp(FACES, 300, np.random.default_rng(seed))
        assert mask.shape == (height, 300)
        middle = mask[height // 2] > 100
        strokes.append(np.count_nonzero(middle[1:] & ~middle[:-1]) + middle[0])
    assert max(strokes) == 19
    assert np.mean(np.array(strokes) < 18) == pytest.approx(clutter.CUT_STAMP_SHARE, abs=0.2)


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_dates_are_dates(seed):
    text = clutter.draw_date(np.random.default_rng(seed))
    digits = re.sub(r"\D", "", text)
    assert len(digits) in (12, 14)
    assert 1 <= int(digits[-10:-8]) <= 12
    assert int(digits[-6:-4]) < 24


def test_signs_say_words_dates_and_numbers():
    rng = np.random.default_rng(0)
    texts = [clutter.draw_words(rng) for _ in range(500)]
    assert all(texts)
    assert np.mean([text.replace(" ", "").isalpha() for text in texts]) > 0.25
    assert np.mean([sum(map(str.isdigit, text)) >= 9 for text in texts]) > 0.2
    assert any(word in text.split() for text in texts for word in ("NISSAN", "TAXI", "FLEX"))
    assert any(word in text.split() for text in texts for word in clutter.STREET_WORDS)
    assert any(":" in text for text in texts)  # as most cameras print the hour


def test_a_mark_that_a_typeface_lacks_is_left_out(monkeypatch):
    drawn = []
    monkeypatch.setattr(clutter, "draw_words", lambda _: "SALE 50%")
    monkeypatch.setattr(clutter, "draw_line", lambda _mask, line, _face: drawn.append(line.text))
    clutter.draw_sign(FACES, 150, np.random.default_rng(0))
    assert not FACES[0].has("%")
    assert set(drawn) == {"SALE 50 "}


@given(st.integers(12, 200), st.integers(60, 300), st.integers(0, 2**32))
@settings(deadline=None)
def test_arrows_leave_room_for_words(height, width, seed):
    mask = np.zeros((height, width), np.uint8)
    end = clutter.draw_arrow(mask, np.random.default_rng(seed))
    assert mask.any()
    assert not mask[:, int(end) + 3 :].any()  # the edge is soft
    assert end < width / 2


def make_stripes(rng: np.random.Generator, channels: int) -> np.ndarray:
    """A picture of upright stripes, dark and bright, as characters are."""
    row = rng.uniform(0, 255, (1, 200, 1)) * np.ones((1, 1, channels))
    return np.repeat(row, 60, axis=0).astype(np.float32)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("act", [clutter.shuffle_strips, clutter.blur_panel, clutter.draw_bars, clutter.scramble])
def test_nothing_of_a_plate_stays_in_its_place(act, channels):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        image = make_stripes(rng, channels)
        before = image.copy()
        act(image, rng)
        assert image.shape == before.shape
        assert np.isfinite(image).all()
        assert before.min() - 1 <= image.min() <= image.max() <= before.max() + 1
        correlation = np.corrcoef(image[..., 0].ravel(), before[..., 0].ravel())[0, 1]
        assert not correlation > 0.6


def test_shuffled_strips_have_the_colours_of_the_plate():
    rng = np.random.default_rng(1)
    image = rng.uniform(0, 255, (30, 120, 3)).astype(np.float32)
    before = image.copy()
    clutter.shuffle_strips(image, rng)
    np.testing.assert_array_equal(np.sort(image.reshape(-1, 3), axis=0), np.sort(before.reshape(-1, 3), axis=0))
    assert not np.array_equal(image, before)

"""What is on a plate beside its code: bands, flags, captions and the rest leave the code its place."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.plate_format import BANDS, PlateStyle
from synthesis import ornaments
from synthesis.layout import lay_out
from synthesis.typefaces import load_typefaces

FACES = load_typefaces(())
BLUE = (0, 0, 200)
STYLE = PlateStyle(
    1.0, (400.0, 100.0), (255, 255, 255), (0, 0, 0), 60.0, band_colour=BLUE, captions=("CALIFORNIA",), caption=1.0
)


def make_plate() -> np.ndarray:
    return np.full((100, 400, 3), 255, np.float32)


@given(st.sampled_from(BANDS), st.integers(0, 2**32))
@settings(deadline=None)
def test_bands_leave_room_for_the_code(band, seed):
    image = make_plate()
    style = dataclasses.replace(STYLE, band=band)
    x0, x1, y0 = ornaments.draw_bands(image, style, 4.0, FACES, np.random.default_rng(seed))
    assert 0 < x0 < 0.25 * 400
    assert 0.75 * 400 < x1 < 400
    assert 0 <= y0 < 0.3 * 100
    room = image[round(y0) + 1 :, round(x0) + 1 : round(x1)]
    assert (room == 255).all()
    assert (image.mean((0, 1)) < 255).any() == bool(band)


def test_flags_have_their_colours():
    style = dataclasses.replace(STYLE, flag=((250, 0, 0), (0, 250, 0)))
    seen = []
    for seed in range(60):
        image = make_plate()
        x0, x1 = ornaments.draw_beside_code(image, style, (20, 380), FACES, np.random.default_rng(seed))
        assert 20 <= x0 < x1 <= 380
        red = (image[..., 2] > 180) & (image[..., :2].max(-1) < 90)
        green = (image[..., 1] > 180) & (image[..., [0, 2]].max(-1) < 90)
        seen.append(red.any() and green.any())
    assert np.mean(seen) == pytest.approx(ornaments.FLAG_SHARE, abs=0.15)


@pytest.mark.parametrize("kind", ["things", "seal"])
@pytest.mark.parametrize("picture", [0.0, 0.5])
def test_things_and_seals_as_high_as_the_code_stand_at_its_ends(kind, picture, monkeypatch):
    shares = "PICTURED_SHARES" if picture else "BESIDE_SHARES"
    monkeypatch.setattr(ornaments, shares, {"symbols": 0.0, "things": 0.0, "seal": 0.0, kind: 1.0})
    style = dataclasses.replace(STYLE, picture=picture)
    heights, sides = [], set()
    for seed in range(60):
        image = make_plate()
        x0, x1 = ornaments.draw_beside_code(image, style, (20, 380), FACES, np.random.default_rng(seed))
        assert (x0 > 20) != (x1 < 380)
        sides.add(x0 > 20)
        drawn = (image != make_plate()).any(-1)
        heights.append(np.ptp(np.flatnonzero(drawn.any(1))) if drawn.any() else 0)
        middle = np.flatnonzero(drawn.any(0)).mean()
        assert (middle < 200) == (x0 > 20)
    assert sides == {True, False}
    assert np.mean(np.array(heights) > 40) > 0.5


@pytest.mark.parametrize("band", ["left", "top"])
def test_flags_stand_in_the_band(band):
    style = dataclasses.replace(STYLE, band=band, flag=((250, 0, 0), (0, 250, 0)))
    for seed in range(20):
        image = make_plate()
        x0, _, y0 = ornaments.draw_bands(image, style, 4.0, FACES, np.random.default_rng(seed))
        red = (image[..., 2] > 180) & (image[..., :2].max(-1) < 90)
        inside = red[:, : round(x0) + 1] if band == "left" else red[: round(y0) + 1]
        assert red.sum() == inside.sum()


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_captions_keep_off_the_code(seed):
    rng = np.random.default_rng(seed)
    image = make_plate()
    layout = lay_out(STYLE, "ABC 123", FACES[0], (10, 390, 0, 100), (100, 400), True, rng)
    ornaments.draw_captions(image, STYLE, layout, (10, 390), np.zeros(3, np.float32), FACES, rng)
    [*lines] = layout.lines
    top = min(line.y for line in lines)
    bottom = max(line.y + line.height for line in lines)
    middle = image[round(top + 0.1 * (bottom - top)) : round(bottom - 0.1 * (bottom - top))]
    assert (middle > 250).mean() > 0.98


def test_captions_are_as_high_as_half_a_character_at_times():
    heights = []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        image = np.full((150, 300, 3), 255, np.float32)
        style = dataclasses.replace(STYLE, size=(300.0, 150.0))
        layout = lay_out(style, "ABC 123", FACES[0], (10, 290, 0, 150), (150, 300), True, rng)
        ornaments.draw_captions(image, style, layout, (10, 290), np.zeros(3, np.float32), FACES, rng)
        rows = np.flatnonzero((image < 128).any((1, 2)))
        groups = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        heights.append(max(map(len, groups)) / max(line.height for line in layout.lines))
    assert 0.35 < np.quantile(heights, 0.8) < 0.8
    assert np.quantile(heights, 0.1) < 0.45


def test_an_emblem_needs_a_gap():
    for text, expected in (("AB 12", True), ("AB12", False)):
        rng = np.random.default_rng(0)
        image = make_plate()
        style = dataclasses.replace(STYLE, emblem=1.0)
        layout = lay_out(style, text, FACES[0], (10, 390, 0, 100), (100, 400), False, rng)
        ornaments.draw_emblem(image, layout.lines, rng)
        assert bool((image < 255).any()) == expected


@pytest.mark.parametrize("shape", [(16, 40), (100, 400), (200, 100)])
def test_plates_of_every_size_can_be_decorated(shape):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        image = np.full((*shape, 3), 255, np.float32)
        ornaments.draw_sticker(image, FACES, rng)
        ornaments.draw_screws(image, rng)
        ornaments.draw_dirt(image, rng)
        assert np.isfinite(image).all()
        assert (image < 250).any()


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_pictures_in_the_code_stay_near_their_place(seed):
    rng = np.random.default_rng(seed)
    plain = dataclasses.replace(STYLE, captions=(), caption=0.0)
    layout = lay_out(plain, "AB*CD", FACES[0], (5, 395, 0, 100), (100, 400), False, rng)
    line = next(line for line in layout.lines if "*" in line.text)
    place = line.text.index("*")
    image = make_plate()
    ornaments.draw_picture_in_line(image, line, place, FACES, rng)
    columns = np.flatnonzero((image != 255).any((0, 2)))
    assert columns.size
    reach = 1.5 * line.widths[place] + 3
    assert (np.abs(columns - line.centres[place]) <= reach).all()

"""Plates as they are laid out flat: the code stands where the centres say, legibly, in every style."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common
from formats.loading import load_formats
from formats.plate_format import LINE_BREAK, PlateFormat, PlateStyle
from synthesis.frames import mount
from synthesis.plates import draw_plate
from synthesis.typefaces import load_typefaces

FACES = load_typefaces(())
FORMATS = {form.name: form for form in load_formats()}
STYLES = [(form, style) for form in FORMATS.values() for style in form.styles]
KINDS = {  # of plates, each forced upon every style
    "a small prefix": {"small_prefix": 1.0},
    "class letters": {"class_letters": 1.0},
    "lower letters": {"letter_scale": 0.6},
    "a panel": {"panel": (20, 20, 24), "text_colour": (240, 240, 240)},
    "a picture": {"picture": 1.0},
    "a flag": {"flag": ((200, 30, 40), (240, 240, 240))},
    "a number beside": {"beside": 1.0},
    "stacked letters": {"stacked": 1.0},
    "squeezed letters": {"stacked": 0.0, "squeezed": 1.0},
    "painted": {"painted": 1.0},
    "tapered": {"taper": 0.2, "painted": 0.0},
}


def draw_plates(form: PlateFormat, style: PlateStyle, count: int, width: int = 200):
    """(text, FlatPlate) of the same `count` plates each time."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        text = form.draw_text(rng, style.lines)
        yield text, draw_plate(form, style, text, FACES, width, rng)


def assert_sound(plate, text: str, where: object) -> None:
    """The centres are those of the code, inside the plate, in the order in which the code is read."""
    assert plate.code == "".join(c for c in text if c in common.ALPHABET), where
    assert plate.centres.shape == (len(plate.code), 3), where
    x, _, line = plate.centres.T
    assert (plate.centres[:, :2] > 0).all(), where
    assert (plate.centres[:, :2] < 1).all(), where
    assert (np.lexsort((x, line)) == np.arange(len(x))).all(), where
    assert np.isfinite(plate.image).all(), where


def test_every_style_of_every_format_can_be_drawn():
    for form, style in STYLES:
        for text, plate in draw_plates(form, style, 2):
            where = form.name, style, text
            height, width = plate.image.shape[:2]
            assert plate.image.dtype == np.float32, where
            assert width == 200, where
            assert width / height == pytest.approx(style.size[0] / style.size[1], rel=0.15), where
            assert_sound(plate, text, where)
            line = plate.centres[:, 2]
            assert set(line) == set(range(style.lines)), where
            if style.lines == 2:
                breaks = [i for i, c in enumerate(text) if c == LINE_BREAK]
                uppers = ["".join(c for c in text[:i] if c in common.ALPHABET) for i in breaks]
                assert plate.code[: (line == 0).sum()] in uppers, where


@pytest.mark.parametrize("forced", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", ["any", "ar", "in", "us"])
def test_centres_spell_the_code(name, forced):
    form = FORMATS[name]
    for style in form.styles:
        style = dataclasses.replace(style, **forced)
        for text, plate in draw_plates(form, style, 3):
            assert_sound(plate, text, (style, text))


@given(st.sampled_from(STYLES), st.integers(40, 400), st.integers(0, 2**32))
@settings(deadline=None)
def test_plates_of_every_width_can_be_drawn(form_and_style, width, seed):
    form, style = form_and_style
    rng = np.random.default_rng(seed)
    text = form.draw_text(rng, style.lines)
    plate = draw_plate(form, style, text, FACES, width, rng)
    board, corners = mount(plate.image, FACES, rng)
    assert board.shape[0] >= plate.image.shape[0]
    assert board.shape[1] >= width
    assert board.shape[2] == plate.image.shape[2]
    assert (corners[[0, 0, 1, 3], [0, 1, 0, 1]] * [-1, -1, 1, 1] >= [0, 0, 1, 1]).all()  # the plate is within


def measure_contrasts(plate) -> list[float]:
    """How much the ink stands out from the ground about the middle of each character of `plate`, of 255."""
    image = np.clip(plate.image[..., :3], 0, 255)
    luminance = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    height, width = luminance.shape
    contrasts = []
    for x, y, _ in plate.centres:
        top, left = int((y - 0.1) * height), int(x * width) - 8
        box = luminance[max(top, 0) : int((y + 0.1) * height) + 1, max(left, 0) : left + 17]
        contrasts.append(np.subtract(*np.percentile(box, [95, 5])))
    return contrasts


def test_plates_are_legible():
    weakest = []
    for form, style in STYLES:
        for _, plate in draw_plates(form, style, 2):
            weakest.append(np.quantile(measure_contrasts(plate), 0.2))  # a sticker may hide a character
    assert np.mean(np.array(weakest) > 40) > 0.95
    assert np.median(weakest) > 90


def test_codes_on_pictures_are_legible():
    weakest = []
    for style in FORMATS["us"].styles:
        style = dataclasses.replace(style, picture=1.0, small_prefix=0.0)
        weakest += [np.quantile(measure_contrasts(plate), 0.2) for _, plate in draw_plates(FORMATS["us"], style, 6)]
    assert np.mean(np.array(weakest) > 40) > 0.95


def test_pictures_are_behind_the_code():
    """A plate with a picture has more colours: blue less red varies more over it."""
    form = FORMATS["us"]
    spread = []
    for share in (0.0, 1.0):
        style = dataclasses.replace(form.styles[1], picture=share)
        differences = [plate.image[..., 0] - plate.image[..., 2] for _, plate in draw_plates(form, style, 40)]
        spread.append(np.median([difference.std() for difference in differences]))
    assert spread[1] > 1.5 * spread[0]


def test_a_panel_has_a_rim_of_the_plates_colour():
    """The rim at the left is as bright as the plate, and the ground beside the code as dark as the panel."""
    form = FORMATS["ar"]
    style = next(style for style in form.styles if style.panel)
    style = dataclasses.replace(style, colour=(250, 250, 250), panel=(10, 10, 10), border=0.0, emblem=0.0, caption=0.0)
    rims, grounds = [], []
    for _, plate in draw_plates(form, style, 40):
        gray = plate.image.mean(-1)
        height, width = gray.shape
        rims.append(np.median(gray[1:3, width // 4 : -width // 4]))
        middle = int(plate.centres[0, 1] * height)
        grounds.append(np.percentile(gray[middle - 3 : middle + 4, width // 4 : -width // 4], 10))
    assert np.median(rims) > 200  # a sticker, dirt or a screw may hide some
    assert np.median(grounds) < 60


def test_small_prefixes_are_small_and_first():
    form = dataclasses.replace(FORMATS["us"], patterns=(("LL DDDD", 1.0),))
    style = dataclasses.replace(form.styles[0], small_prefix=1.0, letter_scale=1.0)
    apart = []
    for _, plate in draw_plates(form, style, 60):
        x, y, _ = plate.centres.T
        assert (np.diff(x) > 0).all()
        assert x[1] < x[2]
        apart.append(abs(y[0] - y[1]) > 0.05)
    assert 0.2 < np.mean(apart) < 0.8  # some stand one above the other


def test_class_letters_stand_beside_the_code_and_are_no_part_of_it():
    form = dataclasses.replace(FORMATS["us"], patterns=(("DDDD", 1.0),))
    style = dataclasses.replace(form.styles[0], emblem=0.0, caption=0.0)
    plain, marked = (
        [plate for _, plate in draw_plates(form, dataclasses.replace(style, class_letters=share), 60)]
        for share in (0.0, 1.0)
    )
    assert all(len(plate.code) == 4 for plate in marked)
    spans = [np.mean([np.ptp(plate.centres[:, 0]) for plate in plates]) for plates in (plain, marked)]
    assert spans[1] < spans[0]
    middles = [plate.centres[:, 0].mean() for plate in marked]
    assert min(middles) < 0.48  # they stand at the right of some
    assert max(middles) > 0.52  # and at the left of others


def test_a_picture_has_a_place_in_the_code():
    gaps = []
    for pattern in ("DDD*DDD", "DDDDDD"):
        form = dataclasses.replace(FORMATS["us"], patterns=((pattern, 1.0),))
        plates = [plate for _, plate in draw_plates(form, form.styles[0], 40)]
        assert {len(plate.code) for plate in plates} == {6}
        gaps.append(np.median([np.diff(plate.centres[2:4, 0]) / np.diff(plate.centres[:2, 0]) for plate in plates]))
    assert gaps[0] > 1.4 * gaps[1]


def test_the_number_stands_beside_two_short_rows():
    form = dataclasses.replace(FORMATS["in"], patterns=(("{STATE} DD|LL DDDD", 1.0),))
    style = next(style for style in form.styles if style.beside == 1)
    for _, plate in draw_plates(form, style, 20):
        x, y, line = plate.centres.T
        assert (line == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]).all()
        assert x[6:].min() > x[:6].max()
        assert y[0] < y[6] < y[4]  # as high as both rows


def test_painted_plates_have_no_edge():
    """The ink covers what is behind it; the ground about it fades out towards the edges."""
    form = FORMATS["in"]
    style = dataclasses.replace(form.styles[0], painted=1.0, border=0.0)
    for _, plate in draw_plates(form, style, 20):
        cover = plate.image[..., 3]
        assert cover.max() > 250
        edge = np.concatenate([cover[0], cover[-1], cover[:, 0], cover[:, -1]])
        assert np.median(edge) < 60
        board, corners = mount(plate.image, FACES, np.random.default_rng(0))
        assert board.shape == plate.image.shape
        np.testing.assert_array_equal(corners, common.UNIT_SQUARE)


@given(st.floats(0.02, 0.4), st.integers(0, 2**32))
@settings(deadline=None)
def test_tapered_plates_cover_a_trapezoid(taper, seed):
    form = FORMATS["any"]
    style = next(style for style in form.styles if style.lines == 2)
    style = dataclasses.replace(style, taper=taper, painted=0.0)
    rng = np.random.default_rng(seed)
    plate = draw_plate(form, style, form.draw_text(rng, 2), FACES, 200, rng)
    covered = (plate.image[..., 3] > 128).sum(1)
    assert covered[-1] >= 198
    assert covered[0] == pytest.approx(200 * (1 - taper), abs=3)
    assert (np.diff(covered) >= 0).all()
    height = plate.image.shape[0]
    for x, y, _ in plate.centres:
        assert plate.image[int(y * height), int(x * 200), 3] > 128


@pytest.mark.parametrize("pattern", ["&DDDD", "DDDD&"])
def test_a_pattern_may_have_class_letters_at_its_end(pattern):
    form = dataclasses.replace(FORMATS["us"], patterns=((pattern, 1.0),))
    style = dataclasses.replace(form.styles[0], emblem=0.0, caption=0.0, class_letters=0.0)
    middles = []
    for text, plate in draw_plates(form, style, 30):
        assert_sound(plate, text, text)
        middles.append(plate.centres[:, 0].mean())
    assert (np.median(middles) > 0.53) == pattern.startswith("&")
    assert (np.median(middles) < 0.47) == pattern.endswith("&")

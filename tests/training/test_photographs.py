"""A user's photographs: found, divided, made windows of, and scored."""

from pathlib import Path

import numpy as np
import pytest
from drawn_photographs import write_photos
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import ROOT
from window_batches import PAINTED, make_batch

from common import UNIT_SQUARE, UserError, code_to_classes
from media.labels import Label
from model import load_weights
from reading.plate import Plate
from synthesis.windows import Settings, Synthesizer
from training import photographs
from training.photographs import (
    FORGETTING,
    KEPT_WIDTH,
    LEAST_PHOTOS,
    MOST_HELD_OUT,
    WINDOWS_SHARE,
    Album,
    Example,
    choose_held_out,
    load_album,
    locate,
    make_example,
    make_reader_window,
    make_street_window,
)

WEIGHTS = ROOT / "weights.npz"
COUNT = 6  # photographs


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """The table of some drawn photographs."""
    synthesizer = Synthesizer(Settings("in", backgrounds="none"))
    return write_photos(tmp_path_factory.mktemp("mine") / "street", synthesizer, COUNT)


@pytest.fixture(scope="module")
def album(table) -> Album:
    return load_album(table, WEIGHTS, None)


@pytest.fixture
def calm(monkeypatch):
    """Lets windows be as the photographs are."""
    monkeypatch.setattr(photographs, "ANEW_SHARE", 0)


def test_photographs_are_trained_on_or_held_out(album, table):
    codes = {line.split("\t")[-1] for line in table.read_text().splitlines()}
    trained = {example.code for example in album.examples}
    held_out = {label.code for labels in album.held_out.values() for label in labels}
    assert len(album.held_out) == 1
    assert trained | held_out == codes
    assert not trained & held_out


@settings(deadline=None)
@given(st.lists(st.uuids(), unique=True, max_size=700), st.randoms(use_true_random=False))
def test_a_fifth_is_held_out_whatever_the_order(names, random):
    photos = [Path(str(name)) for name in names]
    chosen = choose_held_out(photos)
    assert len(chosen) == len(set(chosen)) == min(MOST_HELD_OUT, round(len(photos) / 5))
    assert set(chosen) <= set(photos)
    random.shuffle(photos)
    assert choose_held_out(photos) == chosen


BAD_TABLES = {
    "too few": ("0.png\tAB1\n", f"labels 1 photographs; label at least {LEAST_PHOTOS}"),
    "too long": ("0.png\tAB1\n1.png\tABCDEFGHIJKLM\n", "line 2: ABCDEFGHIJKLM has more than 12 characters"),
    "missing": ("0.png\tAB1\n9999.png\tAB2\n", "line 2: .*9999.png is no file"),
    "no label": ("0.png\n", "line 1: has 1 field"),
}


@pytest.mark.parametrize(("text", "message"), BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_wrong_table_is_named(table, text, message):
    bad = table.with_name("bad.tsv")
    bad.write_text(text)
    (table.parent / "0.png").write_bytes((table.parent / "street" / "0.png").read_bytes())
    (table.parent / "1.png").write_bytes((table.parent / "street" / "1.png").read_bytes())
    with pytest.raises(UserError, match=f"bad.tsv: {message}"):
        load_album(bad, WEIGHTS, None)


PLACE = np.float32([[104, 52], [198, 48], [200, 80], [106, 84]])
BOX = (100.0, 50.0, 100.0, 32.0)
SHAPE = (300, 400, 3)


def reading(code: str, corners: np.ndarray) -> Plate:
    low, high = corners.min(0), corners.max(0)
    return Plate(code, 0.5, (*low.tolist(), *(high - low).tolist()), corners, np.ones(len(code)))


def test_a_box_is_made_precise_by_a_reading_at_its_place():
    label = Label("a.png", BOX, "AB12", 1)
    far = reading("AB12", PLACE + 200)
    near = reading("XY", PLACE)
    np.testing.assert_array_equal(locate(label, True, SHAPE, [far, near]), PLACE)
    expected = UNIT_SQUARE * BOX[2:] + BOX[:2]
    np.testing.assert_array_equal(locate(label, True, SHAPE, [far]), expected)
    np.testing.assert_array_equal(locate(label, True, SHAPE, []), expected)


@pytest.mark.parametrize("box", [(400, 50, 100, 32), (100, 300, 100, 32), (-100, 50, 100, 32), (100, -32, 100, 32)])
def test_a_box_outside_of_its_photograph_shows_no_plate(box):
    assert locate(Label("a.png", box, "AB12", 1), True, SHAPE, [reading("AB12", PLACE)]) is None


def test_a_plate_without_a_box_is_the_reading_like_its_code():
    label = Label("a.png", None, "AB12", 1)
    readings = [reading("QQQQ", PLACE + 50), reading("A812", PLACE)]
    np.testing.assert_array_equal(locate(label, False, SHAPE, readings), PLACE)


def test_a_picture_of_a_plate_s_shape_is_the_plate():
    label = Label("a.png", None, "AB12", 1)
    whole = UNIT_SQUARE * (400, 300)
    np.testing.assert_array_equal(locate(label, True, SHAPE, [reading("QQQQ", PLACE)]), whole)
    assert locate(label, False, SHAPE, []) is None  # there is another plate
    assert locate(label, True, (3000, 4000, 3), []) is None  # a photograph


def test_an_example_keeps_the_plate_and_what_is_around_it():
    photo = np.zeros((1000, 2000, 3), np.uint8)
    corners = np.float32([[800, 400], [1400, 420], [1400, 620], [800, 600]])
    photo[400:620, 800:1400] = 255
    example = make_example(photo, corners, "AB12")
    assert np.ptp(example.corners[:, 0]) == pytest.approx(KEPT_WIDTH, abs=1)
    assert example.has_surroundings
    x, y = example.corners.mean(0).astype(int)
    assert example.picture[y, x].tolist() == [255] * 3
    assert example.picture[0].max() == 0
    low, high = np.floor(example.corners.min(0)).astype(int), np.ceil(example.corners.max(0)).astype(int)
    around = example.picture.copy()
    around[low[1] : high[1] + 1, low[0] : high[0] + 1] = 0
    assert around.max() == 0


def test_a_crop_has_no_surroundings():
    example = make_example(np.zeros((60, 200, 3), np.uint8), UNIT_SQUARE * np.float32((200, 60)), "AB12")
    assert not example.has_surroundings


def marked_example(width: int = 200) -> Example:
    """A white plate, `width` wide, on black."""
    photo = np.zeros((4 * width, 4 * width, 3), np.uint8)
    corners = width * np.float32([[1, 1], [2, 1], [2, 1.5], [1, 1.5]])
    photo[width : width + width // 2, width : 2 * width] = 255
    return make_example(photo, corners, "AB12")


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([20, 60, 200, 500]))
def test_a_street_window_has_the_whole_plate(seed, width):
    window = make_street_window(marked_example(width), np.random.default_rng(seed))
    assert window.shape == (64, 128, 3)
    assert window.dtype == np.uint8


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([20, 60, 200, 500]))
def test_a_reader_window_has_the_shape_of_a_window(seed, width):
    window = make_reader_window(marked_example(width), np.random.default_rng(seed))
    assert window.shape == (64, 128, 3)
    assert window.dtype == np.uint8


@pytest.mark.usefixtures("calm")
def test_windows_show_the_plate_as_those_of_the_synthesis_do():
    rng = np.random.default_rng(0)
    for _ in range(20):
        street = make_street_window(marked_example(), rng)[..., 0] > 127
        rows, columns = np.flatnonzero(street.any(1)), np.flatnonzero(street.any(0))
        share = max(np.ptp(columns) / 128, np.ptp(rows) / 64)
        assert 0.55 < share < 0.95
        assert street[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.9  # whole
        straight = make_reader_window(marked_example(), rng)[..., 0] > 127
        assert straight.mean() > 0.6  # it nearly fills the window
        assert not straight.all()


def test_a_batch_is_mixed_with_photographs(album):
    batch = make_batch(0, 200, 0, PAINTED)
    before = {key: array.copy() for key, array in batch.items()}
    mixed = album.mix(batch, np.random.default_rng(0))
    again = album.mix(batch, np.random.default_rng(0))
    for key, array in batch.items():
        np.testing.assert_array_equal(array, before[key])
        np.testing.assert_array_equal(mixed[key], again[key])
        assert mixed[key].dtype == array.dtype
    changed = (mixed["images"] != batch["images"]).any((1, 2, 3))
    assert abs(changed.mean() - WINDOWS_SHARE) < 0.1
    np.testing.assert_array_equal(mixed["rectified"], batch["rectified"])
    codes = {example.code for example in album.examples}
    assert set(mixed["codes"][changed]) <= codes
    assert mixed["presence"][changed].all()
    assert not mixed["corners"][changed].any()
    assert (mixed["centres"][changed] == -1).all()
    for key in ("codes", "presence", "corners", "centres"):
        np.testing.assert_array_equal(mixed[key][~changed], batch[key][~changed])
    assert np.stack([code_to_classes(code) for code in mixed["codes"]]).shape == (200, 12)


def test_held_out_photographs_are_read(album):
    score = album.read(load_weights(WEIGHTS).arrays)
    assert score.photos == score.plates == len(album.held_out)
    scores = album.add_score({"score": 0.8, "code": 0.7}, load_weights(WEIGHTS).arrays)
    assert scores["synthetic"] == 0.8
    assert scores["score"] == pytest.approx((0.8 + scores["photos"]) / 2)
    assert scores["photos_read"] == score.read_alike / score.codes
    assert "held-out photographs" in album.describe(scores)


@pytest.mark.parametrize(
    ("photos", "synthetic", "worse"),
    [(0.5, 0.8, False), (0.7, 0.8, False), (0.7, 0.8 - FORGETTING / 2, False), (0.4, 0.9, True), (0.9, 0.7, True)],
)
def test_weights_that_forget_or_read_less_are_worse(photos, synthetic, worse):
    album = Album([], {}, None, before={"photos": 0.5, "synthetic": 0.8})
    assert album.is_worse({"photos": photos, "synthetic": synthetic}) is worse

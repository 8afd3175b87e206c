"""Windows: what a batch of them promises to training."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from window_batches import PAINTED, assert_same_batch, make_batch, turns

from common import LONGEST_CODE, WINDOW_SHAPE
from media.pictures import write_image
from synthesis.backgrounds import HARD_NEGATIVES
from synthesis.placement import within_reach
from synthesis.subject import PLATE_SHARE, RECTIFIED_SHARE, RIGHT_SCALE, least_spacing
from synthesis.windows import Settings, Synthesizer


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return make_batch(0, 600, 1, PAINTED)


def kinds(batch: dict) -> tuple[np.ndarray, np.ndarray]:
    """Masks (N,) of the windows with a plate, and of the rectified ones."""
    return batch["presence"] == 1, batch["rectified"] == 1


def test_arrays_have_the_documented_types(batch):
    wanted = {
        "images": ((600, *WINDOW_SHAPE, 3), "uint8"),
        "codes": ((600,), f"<U{LONGEST_CODE}"),
        "presence": ((600,), "uint8"),
        "corners": ((600, 4, 2), "float32"),
        "centres": ((600, LONGEST_CODE, 2), "float32"),
        "rectified": ((600,), "uint8"),
    }
    assert {key: (array.shape, array.dtype.str.lstrip("|")) for key, array in batch.items()} == {
        key: (shape, np.dtype(kind).str.lstrip("|")) for key, (shape, kind) in wanted.items()
    }
    for key in ("presence", "rectified"):
        assert set(batch[key]) == {0, 1}


def test_window_depends_on_seed_and_index_alone(batch):
    later = make_batch(300, 20, 1, PAINTED)
    assert_same_batch(later, {key: array[300:320] for key, array in batch.items()})
    other = make_batch(300, 20, 2, PAINTED)
    assert not (other["images"] == later["images"]).all((1, 2, 3)).any()


def assert_share(mask: np.ndarray, share: float) -> None:
    """The part of `mask` that is true is `share`, within five standard deviations."""
    assert mask.mean() == pytest.approx(share, abs=5 * (share * (1 - share) / len(mask)) ** 0.5)


def test_shares_are_as_documented(batch):
    present, rectified = kinds(batch)
    assert_share(rectified, RECTIFIED_SHARE)
    assert_share((batch["codes"] != "")[rectified], PLATE_SHARE["rectified"])
    assert_share(present[~rectified], PLATE_SHARE["street"])


def test_colour_and_gray_are_mixed(batch):
    gray = (np.ptp(batch["images"], axis=-1) <= 2).all((1, 2))
    assert 0.1 < gray.mean() < 0.6
    assert (np.ptp(batch["images"], axis=-1).max((1, 2)) > 60).mean() > 0.3


def test_windows_are_neither_black_nor_white(batch):
    contrast = np.ptp(batch["images"].reshape(600, -1), axis=1)
    assert np.median(contrast) > 80
    assert (contrast < 10).mean() < 0.02


def test_windows_without_a_plate_say_nothing(batch):
    present, rectified = kinds(batch)
    says = batch["codes"] != ""
    assert says[present].all()
    assert not says[~present & ~rectified].any()
    assert (batch["corners"][~present & ~rectified] == 0).all()
    assert (batch["centres"][~says] == -1).all()


def test_parts_of_plates_say_their_own_characters_on_one_line(batch):
    parts = (batch["presence"] == 0) & (batch["codes"] != "")
    for code, centres in zip(batch["codes"][parts], batch["centres"][parts], strict=True):
        x, line = centres[: len(code)].T
        assert (line == 0).all()
        assert (np.diff(x) > -0.02).all()  # stacked letters stand above each other
        assert x.min() > -0.02
        assert x.max() < 1.02
        assert (centres[len(code) :] == -1).all()
    assert 0.05 < parts[batch["rectified"] == 1].mean() < 0.25


def test_corners_are_known_of_plates_that_the_reader_sees_in_part(batch):
    present, rectified = kinds(batch)
    corners = batch["corners"][~present & rectified]
    known = (corners != 0).any((1, 2))
    assert 0.08 < known.mean() < 0.5
    assert all(within_reach(quad) for quad in corners[known])
    assert turns(corners[known]).min() > 0
    beyond = (corners[known] < -0.05) | (corners[known] > 1.05)
    assert beyond.any((1, 2)).mean() > 0.4  # many lack an end
    assert not beyond.any((1, 2)).all()  # and some are small


def test_street_plates_are_in_the_window_at_the_right_scale(batch):
    present, rectified = kinds(batch)
    corners = batch["corners"][present & ~rectified]
    assert corners.min() >= 0
    assert corners.max() <= 1
    scale = np.ptp(corners, axis=1).max(1)
    low, high = RIGHT_SCALE
    assert scale.min() >= low - 1e-4
    assert scale.max() <= high + 1e-4
    assert np.ptp(corners.mean(1), axis=0).min() > 0.2  # anywhere, not in the middle alone


def test_rectified_plates_nearly_fill_the_window(batch):
    present, rectified = kinds(batch)
    corners = batch["corners"][present & rectified]
    error = np.abs(corners - [[0, 0], [1, 0], [1, 1], [0, 1]])
    assert np.median(error) < 0.1
    assert error.max() < 0.5
    assert error.std() > 0.01


def test_corners_are_clockwise_from_the_top_left(batch):
    corners = batch["corners"][batch["presence"] == 1]
    assert turns(corners).min() > 0
    assert (corners[:, :2, 1].mean(1) < corners[:, 2:, 1].mean(1)).all()
    assert (corners[:, [0, 3], 0].mean(1) < corners[:, [1, 2], 0].mean(1)).all()


def test_centres_are_where_the_characters_stand(batch):
    present, rectified = kinds(batch)
    for code, corners, centres, is_rectified in zip(
        batch["codes"][present], batch["corners"][present], batch["centres"][present], rectified[present], strict=True
    ):
        x, line = centres[: len(code)].T
        assert (centres[len(code) :] == -1).all()
        assert corners[:, 0].min() < x.min() < x.max() < corners[:, 0].max()
        assert set(line) in ({0}, {0, 1})
        assert (np.diff(line) >= 0).all()  # the upper line is read first
        if is_rectified:  # in the street, letters one above the other may lean the other way
            assert all((np.diff(x[line == row]) > 0).all() for row in (0, 1))


def test_plates_of_one_line_and_of_two_are_read(batch):
    present, rectified = kinds(batch)
    two = (batch["centres"][..., 1] == 1).any(1) & present & rectified
    assert 10 < two.sum() < 0.9 * (present & rectified).sum()


# --- hard negatives --------------------------------------------------------------------------------------------------


@pytest.fixture
def hard_negatives(tmp_path) -> Path:
    """Backgrounds all blue, but for a yellow place that mine.py is said to have found."""
    picture = np.full((100, 150, 3), (255, 0, 0), np.uint8)
    picture[30:60, 40:100] = (0, 255, 255)
    write_image(tmp_path / "a.png", picture)
    (tmp_path / HARD_NEGATIVES).write_text("a.png\t40\t30\t100\t30\t100\t60\t40\t60\n")
    return tmp_path


def test_what_was_taken_for_a_plate_is_shown_as_none(hard_negatives):
    synthesizer = Synthesizer(Settings(backgrounds=str(hard_negatives)))
    rng = np.random.default_rng(0)
    for width in (20, 60, 240):
        windows = np.array([synthesizer.hard_negative(width, rng) for _ in range(20)])
        assert windows.shape == (20, *WINDOW_SHAPE, 3)
        middle, edge = windows[:, 24:40, 48:80], windows[:, :2, :2]
        assert np.median(middle[..., 2]) > np.median(middle[..., 0])  # it fills the window, as a plate would,
        assert np.median(edge[..., 0]) > np.median(edge[..., 2])  # with what is round it
    batch = make_batch(0, 400, 1, Settings(backgrounds=str(hard_negatives)))
    absent = (batch["presence"] == 0) & (batch["rectified"] == 1)
    yellow = (batch["images"][absent][:, 24:40, 48:80].mean((1, 2)) @ [-1, 0.5, 0.5]) > 60
    assert yellow.mean() > 0.05


def test_a_hard_negative_beside_its_picture_does_not_stop_it(hard_negatives):
    """As where extractbgs.py has put a smaller picture in the place of the one that was mined."""
    write_image(hard_negatives / "a.png", np.zeros((20, 30, 3), np.uint8))
    synthesizer = Synthesizer(Settings(backgrounds=str(hard_negatives)))
    assert synthesizer.hard_negative(60, np.random.default_rng(0)).shape == (*WINDOW_SHAPE, 3)


def test_a_damaged_picture_of_a_hard_negative_does_not_stop_it(hard_negatives):
    (hard_negatives / "a.png").write_bytes(b"damaged")
    batch = make_batch(0, 100, 1, Settings(backgrounds=str(hard_negatives)))
    assert len(batch["images"]) == 100


def test_damaged_photographs_alone_do_not_stop_it(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"damaged")
    batch = make_batch(0, 3, 0, Settings(backgrounds=str(tmp_path)))
    assert_same_batch(batch, make_batch(0, 3, 0, PAINTED))


# --- codes of any length --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["7", "KA", "ABC"])
def test_codes_of_few_characters_can_be_shown(code):
    """All of a plate's windows are made, also of plates that lack an end."""
    synthesizer = Synthesizer(PAINTED)
    synthesizer.formats = [dataclasses.replace(synthesizer.formats[0], patterns=((code.replace("L", "A"), 1.0),))]
    synthesizer.format_weights = [1.0]
    styles = tuple(style for style in synthesizer.formats[0].styles if style.lines == 1)
    synthesizer.formats[0] = dataclasses.replace(synthesizer.formats[0], styles=styles)
    synthesizer.style_weights = {synthesizer.formats[0].name: [1 / len(styles)] * len(styles)}
    windows = [synthesizer.window(index, 0) for index in range(150)]
    assert {str(window["codes"]) for window in windows} == {code, ""}


# --- what windows are made of ---------------------------------------------------------------------------------------


def test_settings_are_alike_where_windows_are(tmp_path):
    """Wherever the files are, and whatever the folders are called."""
    described = []
    for name in ("one", "other"):
        write_image(make_folder(tmp_path / name) / "a.png", np.zeros((9, 9, 3), np.uint8))
        described.append(Synthesizer(Settings(backgrounds=str(tmp_path / name))).describe(4))
    assert described[0] == described[1]
    json.dumps(described[0])


def test_settings_differ_where_windows_may(tmp_path):
    backgrounds = make_folder(tmp_path / "bgs")
    fonts = make_folder(tmp_path / "fonts")
    font = next((Path(__file__).parents[2] / "fonts").glob("*.ttf"))
    (fonts / font.name).write_bytes(font.read_bytes())
    described = [
        Synthesizer(PAINTED).describe(0),
        Synthesizer(PAINTED).describe(1),
        Synthesizer(Settings(formats="in", backgrounds="none")).describe(0),
        Synthesizer(Settings(fonts=(str(fonts),), backgrounds="none")).describe(0),
    ]
    for name in ("a.png", "b.png"):
        write_image(backgrounds / name, np.zeros((9, 9, 3), np.uint8))
        described.append(Synthesizer(Settings(backgrounds=str(backgrounds))).describe(0))
    (backgrounds / HARD_NEGATIVES).write_text("a.png\t1\t1\t8\t1\t8\t8\t1\t8\n")
    described.append(Synthesizer(Settings(backgrounds=str(backgrounds))).describe(0))
    assert all(a != b for a, b in itertools.combinations(described, 2))


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_small_characters_of_a_short_line_bound_the_blur():
    """A line half as wide as the plate has half the pitch, and a line of one or two characters does not matter."""
    row = np.linspace(0.05, 0.95, 10)
    long = np.stack([row, 0 * row, 0 * row], -1)
    short = np.stack([0.5 + 0.4 * (row[:5] - 0.5), 0 * row[:5], 0 * row[:5]], -1)
    number = np.array([[0.3, 0.7, 1], [0.7, 0.7, 1]])
    assert least_spacing(long) == pytest.approx(1 / 11)
    assert least_spacing(np.concatenate([short, number])) == pytest.approx(0.04)
    assert least_spacing(number) == pytest.approx(1 / 3)
    assert 0 < least_spacing(np.zeros((4, 3))) < 0.05

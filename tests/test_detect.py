"""detect.py: its geometry on networks that know the answer, its drawing, and its command as a user types it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detect
import model
from common import ALPHABET, BLANK, SLOTS, code_to_slots, load_formats, read_image, write_image
from grammar import Grammar
from tracks import open_video, read_frames, write_video

ROOT = Path(__file__).parent.parent
PHOTOS = ROOT.parent / "shared" / "photos"
GRAMMAR = Grammar(load_formats())
SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


# --- stand-ins for the networks -----------------------------------------------------------------------------------


class KnowingFinder:
    """Answers as a perfect finder would: it knows the `plates` (N, 4, 2) of a photo that is `width` pixels wide."""

    def __init__(self, width: int, plates: np.ndarray) -> None:
        self.width, self.plates, self.seen = width, np.asarray(plates, float), []

    def run(self, names, feeds):
        assert names == ["presence", "corners"]
        image = feeds["image"]
        assert image.dtype == np.float32
        self.seen.append(image.shape)
        height, width = image.shape[1:3]
        scale = (width - 2 * detect.BORDER) / self.width
        rows, columns = (height - 32) // 8 + 1, (width - 64) // 8 + 1
        origin = 8 * np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)  # (h, w, 2)
        presence = np.zeros((rows, columns), np.float32)
        corners = np.zeros((rows, columns, 4, 2), np.float32)
        for plate in self.plates * scale + detect.BORDER:
            fractions = (plate - origin[:, :, None]) / (64, 32)  # (h, w, 4, 2)
            wide = np.ptp(plate[:, 0])
            whole = ((fractions >= 0) & (fractions <= 1)).all((2, 3)) & (37.5 <= wide <= 58.5)
            presence[whole], corners[whole] = 0.9, fractions[whole]
        return presence[None], corners.reshape(1, rows, columns, 8)


class ConstantReader:
    """Sees in every window a plate that fills it but for a margin, and says `code`."""

    def __init__(self, code: str, margin: float, presence: float = 1.0, certainty: float = 0.98) -> None:
        self.code, self.margin, self.presence, self.certainty = code, margin, presence, certainty
        self.windows = np.zeros(0)

    def run(self, names, feeds):
        assert names == ["presence", "corners", "characters"]
        self.windows = feeds["windows"]
        assert self.windows.shape[1:] == (64, 128, 3)
        assert self.windows.dtype == np.float32
        count = len(self.windows)
        edge = self.margin / (1 + 2 * self.margin)  # the margin is a share of the plate, not of the window
        corners = edge + SQUARE * (1 - 2 * edge)
        looks = np.tile(make_look(self.code, self.certainty), (count, 1, 1))
        return np.full(count, self.presence, np.float32), np.tile(corners, (count, 1, 1)), looks


def quad(x: float, y: float, width: float, height: float) -> np.ndarray:
    """An upright plate's corners (4, 2)."""
    return (SQUARE * (width, height) + (x, y)).astype(np.float32)


@st.composite
def quads(draw, photo: tuple[int, int] = (400, 600)) -> np.ndarray:
    """A plate as a photograph of (height, width) may show it: (4, 2), convex, clockwise."""
    width = draw(st.floats(20, 300))
    height = width / draw(st.floats(1.2, 5))
    angle = np.radians(draw(st.floats(-35, 35)))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = draw(st.floats(0, photo[1])), draw(st.floats(0, photo[0]))
    bend = np.array([draw(st.floats(-0.08, 0.08)) for _ in range(8)]).reshape(4, 2)
    return (((SQUARE - 0.5 + bend) * (width, height)) @ turn + centre).astype(np.float32)


# --- geometry -----------------------------------------------------------------------------------------------------


@given(quads())
def test_unit_square_goes_to_the_plate(corners):
    moved = detect.project(detect.from_unit_square(corners[None]), SQUARE[None])
    np.testing.assert_allclose(moved[0], corners, atol=0.05)


@given(quads(), st.floats(0, 0.1))
def test_expanding_keeps_the_centre_of_perspective(corners, margin):
    larger = detect.expand(corners[None], margin)
    assert detect.sound(larger).all()
    # the plate lies in the window at the margin, whatever its perspective
    back = np.linalg.inv(detect.from_unit_square(larger))
    edge = margin / (1 + 2 * margin)
    np.testing.assert_allclose(detect.project(back, corners[None])[0], edge + SQUARE * (1 - 2 * edge), atol=2e-3)


@given(quads())
def test_plates_are_sound_and_spoilt_ones_are_not(corners):
    spoilt = [corners[::-1], corners[[0, 2, 1, 3]], corners * np.nan, np.repeat(corners[:1], 4, 0)]
    assert detect.sound(np.stack([corners, *spoilt])).tolist() == [True, False, False, False, False]


@given(st.lists(st.tuples(quads(), st.floats(0.01, 1)), max_size=12), st.randoms())
def test_groups_part_the_plates_and_their_heads_differ(found, random):
    corners = np.array([q for q, _ in found], np.float32).reshape(-1, 4, 2)
    scores = np.array([s for _, s in found])
    same = detect.overlaps(corners)[0] >= detect.SAME_IOU
    groups = detect.group(scores, same)
    assert sorted(i for members in groups for i in members) == list(range(len(found)))
    heads = [members[0] for members in groups]
    assert not (same[np.ix_(heads, heads)] & ~np.eye(len(heads), dtype=bool)).any()
    for members in groups:
        assert scores[members[0]] == scores[members].max()
        assert same[members[0], members[1:]].all()
    assert [scores[head] for head in heads] == sorted((scores[head] for head in heads), reverse=True)
    if len(set(scores)) == len(scores):  # then the order they come in does not matter
        order = random.sample(range(len(found)), len(found))
        again = detect.group(scores[order], same[np.ix_(order, order)])
        assert [{order[i] for i in members} for members in again] == [set(members) for members in groups]


def test_overlaps_are_shares_of_the_union_and_of_the_smaller():
    iou, nested = detect.overlaps(
        np.stack([quad(0, 0, 40, 10), quad(20, 0, 40, 10), quad(0, 0, 20, 10), quad(90, 9, 9, 9)])
    )
    np.testing.assert_allclose(iou[0], [1, 1 / 3, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(nested[0], [1, 0.5, 1, 0], atol=1e-6)
    np.testing.assert_allclose(iou, iou.T)


def test_merge_averages_each_plate_and_leaves_neighbours_apart():
    rng = np.random.default_rng(0)
    truth = np.stack([quad(100, 100, 120, 30), quad(225, 100, 120, 30), quad(100, 135, 120, 30)])
    corners = np.repeat(truth, 15, axis=0) + rng.normal(0, 3, (45, 4, 2)).astype(np.float32)
    presence = rng.uniform(0.5, 1, 45).astype(np.float32)
    support, means = detect.merge(presence, corners)
    np.testing.assert_allclose(np.sort(support), np.sort(presence.reshape(3, 15).sum(1)), rtol=1e-5)
    assert (np.diff(support) <= 0).all()
    order = np.lexsort((means[:, 0, 0].round(-2), means[:, 0, 1].round(-1)))
    np.testing.assert_allclose(means[order], truth, atol=2.5)


def test_merge_of_nothing_is_nothing():
    support, means = detect.merge(np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32))
    assert (support.shape, means.shape) == ((0,), (0, 4, 2))


# --- the pyramid --------------------------------------------------------------------------------------------------


@given(st.floats(20, 200), st.floats(1, 60), st.floats(0, 1))
def test_every_wanted_width_is_in_the_finders_range_at_some_level(min_plate, ratio, share):
    max_plate = min_plate * ratio
    width = min_plate + share * (max_plate - min_plate)
    scales = detect.scales(min_plate, max_plate)
    assert (np.diff(scales) < 0).all()
    narrowest, widest = detect.PLATE_WIDTHS
    assert ((width * scales >= narrowest - 1e-6) & (width * scales <= widest + 1e-6)).any()
    # the coarsest fits a square plate as wide as any into a patch, and is the only one that does
    assert max_plate * scales[-1] <= narrowest + 1e-6
    assert len(scales) == 1 or max_plate * scales[-2] > narrowest - 1e-6


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(20, 500), st.integers(0, 500))
def test_the_finder_gets_a_patch_at_least_of_any_photo(height, width, min_plate, more):
    finder = KnowingFinder(width, np.zeros((0, 4, 2)))
    detect.find(finder, np.zeros((height, width, 3), np.uint8), min_plate, min_plate + more)
    assert all(shape[1] >= 32 and shape[2] >= 64 for shape in finder.seen)
    assert finder.seen or width < detect.NARROWEST_PLATE


def test_levels_are_averages_of_the_photo():
    rng = np.random.default_rng(1)
    photo = cv2.GaussianBlur(rng.integers(0, 256, (480, 640, 3), np.uint8), (0, 0), 6)
    for level in detect.pyramid(photo, 45, 640):
        whole = cv2.resize(photo, level.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(level.astype(int) - whole).mean() < 1


@settings(deadline=None, max_examples=60)
@given(quads())
def test_a_plate_anywhere_in_the_photo_is_found_where_it_is(corners):
    height, width = 400, 600
    corners += np.clip(0, -corners.min(0), (width, height) - corners.max(0))  # wholly in the photo
    if np.ptp(corners[:, 0]) < 45 or (corners < 0).any() or np.ptp(corners[:, 1]) > 0.45 * np.ptp(corners[:, 0]):
        return  # too narrow to be wanted, too large for the photo, too high for a window
    finder = KnowingFinder(width, corners[None])
    presence, found = detect.find(finder, np.zeros((height, width, 3), np.uint8), 45, np.inf)
    assert len(presence)
    np.testing.assert_allclose(found, np.broadcast_to(corners, found.shape), atol=0.05 * np.ptp(corners[:, 0]))


class LocalFinder:
    """Presence is how bright a patch is in the middle; a plate always fills the same part of the patch."""

    rows_seen = 0

    def run(self, names, feeds):
        image = feeds["image"][0]
        self.rows_seen = max(self.rows_seen, image.shape[0])
        presence = image[16 : image.shape[0] - 15 : 8, 32 : image.shape[1] - 31 : 8, 0] / 255
        corners = np.broadcast_to((SQUARE * 0.5 + 0.25).ravel(), (*presence.shape, 8))
        return presence[None], corners[None]


def test_strips_give_what_the_whole_gives(monkeypatch):
    photo = np.random.default_rng(2).integers(0, 256, (300, 700, 3), np.uint8)
    whole = detect.find(LocalFinder(), photo, 100, 300)
    monkeypatch.setattr(detect, "STRIP_PIXELS", 10_000)
    finder = LocalFinder()
    strips = detect.find(finder, photo, 100, 300)
    assert finder.rows_seen < 100
    assert len(whole[0]) > 100
    for a, b in zip(whole, strips, strict=True):
        np.testing.assert_array_equal(a, b)


# --- reading ------------------------------------------------------------------------------------------------------


def test_the_readers_corners_come_back_to_the_photo():
    corners = np.stack([quad(100, 100, 120, 30), [[300, 90], [420, 110], [418, 140], [299, 121]]]).astype(np.float32)
    photo = np.zeros((300, 500, 3), np.uint8)
    reader = ConstantReader("AB12", 0.04)
    presence, seen, looks = detect.read(reader, photo, corners, (0.04, 0.04, 0.04))
    assert reader.windows.shape == (6, 64, 128, 3)
    assert (presence.shape, looks.shape) == ((2,), (2, 3, SLOTS, BLANK + 1))
    np.testing.assert_allclose(seen, corners, atol=0.1)


def test_windows_hold_the_plate_and_a_margin():
    photo = np.zeros((200, 300, 3), np.uint8)
    cv2.rectangle(photo, (100, 80), (199, 104), (255, 255, 255), -1)
    reader = ConstantReader("AB12", 0.1)
    detect.read(reader, photo, quad(100, 80, 100, 25)[None], (0.1,))
    window = reader.windows[0, :, :, 0]
    assert window[32, 14:114].min() > 250
    assert window[32, :8].max() < 5
    assert window[:4, 64].max() < 5


def detect_two(**options) -> list[detect.Plate]:
    plates = np.stack([quad(60, 60, 100, 25), quad(300, 200, 180, 45)])
    photo = np.zeros((400, 600, 3), np.uint8)
    networks = KnowingFinder(600, plates), ConstantReader(**{"code": "KA02MK7259", "margin": 0.04, **options})
    return detect.detect_photo(photo, networks, GRAMMAR, 0.5, 45, np.inf)


def test_plates_are_found_read_and_placed():
    plates = sorted(detect_two(), key=lambda plate: plate.box)
    assert [plate.code for plate in plates] == ["KA02MK7259"] * 2
    for plate, (x, y, w, h) in zip(plates, [(60, 60, 100, 25), (300, 200, 180, 45)], strict=True):
        np.testing.assert_allclose(plate.box, (x, y, w, h), atol=4)
        assert plate.confidence == pytest.approx(1, abs=0.01)
        np.testing.assert_allclose(plate.characters, [1] * 10, atol=0.01)


@pytest.mark.parametrize(
    "options", [{"presence": 0.2}, {"presence": 0.3}, {"code": "AB"}, {"code": ""}, {"certainty": 0.6}]
)
def test_what_is_no_plate_is_left_out(options):
    assert detect_two(**options) == []


def test_a_photo_of_no_texture_has_no_plate():
    networks = KnowingFinder(50, np.zeros((0, 4, 2))), ConstantReader("AB12", 0.04)
    for shape in [(1, 1), (1, 900), (900, 1), (50, 50)]:
        assert detect.detect_photo(np.zeros((*shape, 3), np.uint8), networks, GRAMMAR, 0.5, 45, np.inf) == []


def test_one_plate_stays_at_each_place():
    def plate(code, confidence, *box):
        return detect.Plate(code, confidence, box, quad(*box), np.ones(len(code)))

    word, whole = plate("INDIA", 0.99, 10, 2, 30, 5), plate("KA02MK7259", 0.9, 0, 0, 100, 25)
    askew, other = plate("A02MK725", 0.92, 5, 1, 80, 24), plate("MH12", 0.7, 200, 0, 100, 25)
    assert detect.without_doubles([other, word, whole, askew]) == [whole, other]
    assert detect.without_doubles([]) == []


# --- drawing and JSON ---------------------------------------------------------------------------------------------


def make_look(code: str, certainty: float = 0.98) -> np.ndarray:
    look = np.full((SLOTS, BLANK + 1), (1 - certainty) / BLANK, np.float32)
    look[np.arange(SLOTS), code_to_slots(code)] = certainty
    return look


def make_plate(
    corners: np.ndarray, shape: tuple[int, int], code: str = "KA02MK7259", presence: float = 0.98
) -> detect.Plate:
    return detect.make_plate(presence, np.asarray(corners, np.float32), make_look(code)[None], (*shape, 3), GRAMMAR)


@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (30, 400), (360, 480), (3000, 4000)])
def test_drawing_marks_the_plate_at_any_size(shape):
    height, width = shape
    plate = make_plate(quad(0.3 * width, 0.4 * height, 0.4 * width, 0.1 * height), shape)
    photo = np.full((*shape, 3), 128, np.uint8)
    drawn = detect.draw(photo, [plate])
    assert drawn.shape == (*shape, 3)
    changed = (drawn != 128).any(-1)
    assert changed.any()
    if height > 300:  # the label has room: dark letters on a bright ground, of a height that scales
        bright = (drawn == detect.BRIGHT).all(-1)
        assert bright.sum() > 1000
        assert changed.mean() < 0.12


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)), quads((200, 200)), st.text(ALPHABET, min_size=1, max_size=12)
)
def test_drawing_takes_plates_anywhere(shape, corners, code):
    detect.draw(np.zeros((*shape, 3), np.uint8), [make_plate(corners, shape, code)])


def test_labels_lie_in_the_picture_and_off_their_plates():
    shape = (720, 1280)
    for x, y in [(0, 0), (1080, 0), (0, 670), (1080, 670), (500, 300)]:
        photo = np.full((*shape, 3), 128, np.uint8)
        detect.draw_label(photo, "KA02MK7259", (x, y, 200, 50), 9)
        changed = (photo != 128).any(-1)
        assert not changed[y : y + 50, x : x + 200].any()
        _, _, width, height = cv2.boundingRect(changed.astype(np.uint8))
        assert 30 <= height <= 80
        assert 4 < width / height < 9  # whole, not cut by the picture's edge


def test_json_has_the_promised_shape():
    plate = make_plate([[10.04, 20], [110, 22], [109, 48], [9, 46]], (100, 200))
    row = json.loads(json.dumps(plate.as_dict()))
    assert list(row) == ["text", "confidence", "box", "corners", "characters"]
    assert row["text"] == "KA02MK7259"
    assert row["box"] == [9, 20, 101, 28]
    assert row["corners"][0] == [10.0, 20.0]
    assert len(row["characters"]) == 10
    assert 0.9 < row["confidence"] <= 1


def test_a_word_is_less_likely_a_plate():
    corners = quad(20, 20, 100, 25)
    word, code = (make_plate(corners, (100, 200), code, 0.8).confidence for code in ("PLATES", "MH12AB1234"))
    assert 0 < word < 0.4 < 0.8 < code


def test_boxes_stay_in_the_photo():
    assert make_plate(quad(-20, 90, 100, 30), (100, 200)).box == (0, 90, 80, 10)


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """The shipped weights or, where they are not yet, untrained ones."""
    shipped = ROOT / "weights.npz"
    if shipped.exists():
        return shipped
    path = tmp_path_factory.mktemp("weights") / "untrained.npz"
    rng, arrays = np.random.default_rng(0), {}
    for name, _, kernel, _ in model.layers():
        arrays[f"{name}/kernel"] = rng.normal(0, np.prod(kernel[:3]) ** -0.5, kernel)
        arrays[f"{name}/bias"] = np.zeros(kernel[3])
    model.save_weights(path, arrays)
    return path


@pytest.fixture(scope="session")
def shipped_weights() -> Path:
    path = ROOT / "weights.npz"
    if not path.exists():
        pytest.skip("NOT TESTED: weights.npz is missing; train.py makes it")
    return path


def run_detect(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "detect.py", *arguments]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


def assert_refused(result: subprocess.CompletedProcess, *words: str) -> None:
    """It failed as it should: exit code 2, and one line that has all of `words`."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


@pytest.fixture
def photo(tmp_path) -> Path:
    """A small photo without a plate."""
    path = tmp_path / "photo.jpg"
    write_image(path, np.full((60, 90, 3), 128, np.uint8))
    return path


def test_help_teaches_without_weights():
    result = run_detect("--help")
    assert result.returncode == 0
    assert "python detect.py in.jpg weights.npz out.jpg" in result.stdout


def test_does_not_import_a_training_framework():
    code = "import sys, detect; print(sorted({'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_the_drawn_scene_is_read(shipped_weights, tmp_path):
    result = run_detect(ROOT / "in.jpg", shipped_weights, tmp_path / "out.jpg", "--json", tmp_path / "rows.jsonl")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    code, confidence, box = result.stdout.splitlines()[0].split(" ")
    assert code == "KA02MK7259"
    assert 0.5 <= float(confidence) <= 1
    row = json.loads((tmp_path / "rows.jsonl").read_text())
    assert row["image"] == "in.jpg"
    assert row["plates"][0]["text"] == code
    assert ",".join(map(str, row["plates"][0]["box"])) == box
    drawn, scene = read_image(tmp_path / "out.jpg"), read_image(ROOT / "in.jpg")
    assert drawn.shape == scene.shape
    assert np.abs(drawn.astype(int) - scene).max() > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.jpg", "rows.jsonl"]


def test_in_jpg_is_small_and_of_the_promised_size():
    assert read_image(ROOT / "in.jpg").shape == (720, 1280, 3)
    assert (ROOT / "in.jpg").stat().st_size < 250_000


def test_a_photo_without_a_plate_is_no_error(photo, weights, tmp_path):
    out = tmp_path / "out.png"
    result = run_detect(photo, weights, out, "--threshold", "1", "--json", tmp_path / "rows.jsonl")
    assert result.returncode == 0
    assert result.stdout == ""
    assert result.stderr == f"{photo}: no plate found\n"
    np.testing.assert_array_equal(read_image(out), read_image(photo))
    assert json.loads((tmp_path / "rows.jsonl").read_text()) == {"image": "photo.jpg", "plates": []}


def test_exif_orientation_is_read_upright(weights, tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.full((40, 80, 3), 128, np.uint8)
    pixels[:20] = 250
    exif = pillow.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter to see it upright
    pillow.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    result = run_detect(tmp_path / "turned.jpg", weights, tmp_path / "out.png", "--threshold", "1")
    assert result.returncode == 0
    drawn = read_image(tmp_path / "out.png")
    assert drawn.shape == (80, 40, 3)
    assert drawn[:, 30:].min() > 200  # the bright upper half came to the right
    assert drawn[:, :10].max() < 150


def spoil_missing(photo, weights, tmp_path):
    return tmp_path / "none.jpg", weights, tmp_path / "out.jpg", "none.jpg"


def spoil_empty(photo, weights, tmp_path):
    photo.write_bytes(b"")
    return photo, weights, tmp_path / "out.jpg", "photo.jpg"


def spoil_cut(photo, weights, tmp_path):
    photo.write_bytes(photo.read_bytes()[: photo.stat().st_size // 2])
    return photo, weights, tmp_path / "out.jpg", "photo.jpg"


def spoil_cut_png(photo, weights, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    write_image(tmp_path / "photo.png", noise)
    data = (tmp_path / "photo.png").read_bytes()
    (tmp_path / "photo.png").write_bytes(data[: len(data) // 2])
    return tmp_path / "photo.png", weights, tmp_path / "out.jpg", "photo.png"


def spoil_text(photo, weights, tmp_path):
    photo.write_text("I am no picture.\n")
    return photo, weights, tmp_path / "out.jpg", "photo.jpg"


def spoil_missing_folder(photo, weights, tmp_path):
    return photo, weights, tmp_path / "none" / "out.jpg", "none"


def spoil_out_suffix(photo, weights, tmp_path):
    return photo, weights, tmp_path / "out.xyz", "out.xyz"


def spoil_out_is_folder(photo, weights, tmp_path):
    (tmp_path / "folder").mkdir()
    return photo, weights, tmp_path / "folder", "folder"


def spoil_out_is_in(photo, weights, tmp_path):
    return photo, weights, photo, "photo.jpg"


def spoil_weights_missing(photo, weights, tmp_path):
    return photo, tmp_path / "none.npz", tmp_path / "out.jpg", "none.npz"


def spoil_weights_cut(photo, weights, tmp_path):
    (tmp_path / "cut.npz").write_bytes(weights.read_bytes()[:5000])
    return photo, tmp_path / "cut.npz", tmp_path / "out.jpg", "cut.npz"


def spoil_weights_other(photo, weights, tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    return photo, tmp_path / "other.npz", tmp_path / "out.jpg", "other.npz"


def spoil_weights_is_photo(photo, weights, tmp_path):
    return photo, photo.rename(tmp_path / "swapped.jpg"), tmp_path / "out.jpg", "swapped.jpg"


def spoil_empty_folder(photo, weights, tmp_path):
    (tmp_path / "none").mkdir()
    return tmp_path / "none", weights, tmp_path / "out", "none"


def spoil_folder_of_bad_photos(photo, weights, tmp_path):
    (tmp_path / "bad").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "bad" / name).write_text("no picture")
    return tmp_path / "bad", weights, tmp_path / "out", "a.jpg"


def spoil_video_missing(photo, weights, tmp_path):
    return tmp_path / "none.mp4", weights, tmp_path / "out.mp4", "none.mp4"


def spoil_video_text(photo, weights, tmp_path):
    (tmp_path / "video.avi").write_text("I am no video.\n")
    return tmp_path / "video.avi", weights, tmp_path / "out.mp4", "video.avi"


def spoil_video_cut(photo, weights, tmp_path):
    video = make_video(tmp_path / "video.mp4")
    video.write_bytes(video.read_bytes()[:2000])
    return video, weights, tmp_path / "out.mp4", "video.mp4"


def spoil_video_into_photo(photo, weights, tmp_path):
    return make_video(tmp_path / "video.mp4"), weights, tmp_path / "out.jpg", "out.jpg"


def spoil_video_too_small(photo, weights, tmp_path):
    write_image(tmp_path / "dot.png", np.zeros((1, 1, 3), np.uint8))
    return (tmp_path / "dot.png").rename(tmp_path / "dot.mp4"), weights, tmp_path / "out.mp4", "1x1"


def spoil_video_name(photo, weights, tmp_path):
    (tmp_path / "\udcff.mp4").write_bytes(b"")
    return tmp_path / "\udcff.mp4", weights, tmp_path / "out.mp4", "UTF-8"


SPOILS = {name.removeprefix("spoil_"): spoil for name, spoil in list(globals().items()) if name.startswith("spoil_")}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_bad_input_is_one_line_and_leaves_nothing(spoil, photo, weights, tmp_path):
    *arguments, word = spoil(photo, weights, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = run_detect(*arguments, "--json", tmp_path / "rows.jsonl")
    assert_refused(result, word)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="NOT TESTED: root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(photo, weights, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert_refused(run_detect(photo, weights, tmp_path / "locked" / "out.jpg"), "locked", "cannot be written")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--min-plate", "many"], "--min-plate"),
        (["--min-plate", "3"], "--min-plate"),
        (["--min-plate", "90", "--max-plate", "60"], "--max-plate"),
        (["--threshold", "2"], "--threshold"),
        (["--thresold", "0.5"], "--thresold"),
        (["--shard", "0/2"], "--shard"),
        (["--shard", "half"], "--shard"),
    ],
)
def test_a_bad_option_is_named(options, word, photo, weights, tmp_path):
    result = run_detect(photo, weights, tmp_path / "out.jpg", *options)
    assert result.returncode == 2
    assert word in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.jpg").exists()


def test_json_may_not_replace_what_is_read(photo, weights, tmp_path):
    data = photo.read_bytes()
    assert_refused(run_detect(photo, weights, tmp_path / "out.jpg", "--json", photo), "photo.jpg")
    assert photo.read_bytes() == data


def test_json_into_a_folder_is_refused_before_a_photo_is_read(photo, weights, tmp_path):
    assert_refused(run_detect(photo, weights, tmp_path / "out.jpg", "--json", tmp_path), str(tmp_path), "--json")
    assert not (tmp_path / "out.jpg").exists()


def test_a_folder_is_read_and_bad_photos_are_named(weights, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(5):
        write_image(photos / f"{i}.png", np.full((40 + i, 80, 3), 40 * i, np.uint8))
    (photos / "2.png").write_text("no picture")
    (photos / "notes.txt").write_text("no photo")
    result = run_detect(
        photos, weights, tmp_path / "new" / "out", "--json", tmp_path / "rows.jsonl", "--threshold", "1"
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert "4 of 5" in result.stderr
    assert str(photos / "2.png") in result.stderr
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["image"] for row in rows] == ["0.png", "1.png", "3.png", "4.png"]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["0.png", "1.png", "3.png", "4.png"]
    for i in (0, 4):
        assert read_image(tmp_path / "new" / "out" / f"{i}.png").shape == (40 + i, 80, 3)


# --- folders: shards and interruptions ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def whole(weights, tmp_path_factory) -> Path:
    """A folder with `photos`, 15 pieces of in.jpg that hold its plate and a bad one, and what one run made of them."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "photos").mkdir()
    scene = read_image(ROOT / "in.jpg")
    for i in range(16):
        y, x = np.random.default_rng(i).integers((340, 370), (410, 460))
        write_image(folder / "photos" / f"{i:02d}.jpg", scene[y : y + 130, x : x + 260])
    (folder / "photos" / "07.jpg").write_text("no picture")
    result = run_detect(folder / "photos", weights, folder / "out", "--json", folder / "rows.jsonl")
    assert result.returncode == 0, result.stderr
    return folder


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_shards_share_the_photos(whole, weights, tmp_path):
    drawn, rows = {}, []
    for part in (2, 1):
        json_file = tmp_path / f"rows{part}.jsonl"
        options = "--shard", f"{part}/2", "--json", json_file
        result = run_detect(whole / "photos", weights, tmp_path / str(part), *options)
        assert f"read {6 + part} of 8 photographs" in result.stderr
        files = read_folder(tmp_path / str(part))
        assert not files.keys() & drawn.keys()
        drawn |= files
        rows = read_lines(json_file) + rows
    assert drawn == read_folder(whole / "out")
    assert rows == read_lines(whole / "rows.jsonl")


def test_a_shard_may_be_empty(photo, weights, tmp_path):
    (tmp_path / "photos").mkdir()
    photo.rename(tmp_path / "photos" / "photo.jpg")
    rows = tmp_path / "rows.jsonl"
    result = run_detect(tmp_path / "photos", weights, tmp_path / "out", "--shard", "1/2", "--json", rows)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("read 0 of 0 photographs")
    assert rows.read_text() == ""


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_run_goes_on(whole, weights, tmp_path, name):
    rows, partial, out = tmp_path / "rows.jsonl", tmp_path / "rows.jsonl.part", tmp_path / "out"
    arguments = whole / "photos", weights, out, "--json", rows
    command = [sys.executable, ROOT / "detect.py", *arguments]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 100
    while not (partial.exists() and len(read_lines(partial)) >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=100)
    kept = read_lines(partial)
    assert 3 <= len(kept) < 15
    assert kept == read_lines(whole / "rows.jsonl")[: len(kept)]
    assert not rows.exists()
    if name == "SIGINT":
        assert process.returncode == 130
        assert errors.startswith(f"detect.py: interrupted with {len(kept)} of 16 photographs read; --resume")

    before = partial.read_bytes()
    assert_refused(run_detect(*arguments), "rows.jsonl.part", "--resume")
    assert partial.read_bytes() == before

    with partial.open("a") as file:
        file.write('{"image": "2')  # as a full disk cuts a row
    result = run_detect(*arguments, "--resume")
    assert result.returncode == 0, result.stderr
    assert f"read {15 - len(kept)} of 16 photographs" in result.stderr
    assert f"{len(kept)} were read before" in result.stderr
    assert read_lines(rows) == read_lines(whole / "rows.jsonl")
    assert not partial.exists()
    drawn = {file: data for file, data in read_folder(out).items() if not file.startswith(".")}  # what SIGKILL left
    assert drawn == read_folder(whole / "out")
    assert {line.split()[0] for line in result.stdout.splitlines()}.isdisjoint(json.loads(row)["image"] for row in kept)


def test_resuming_reads_what_was_deleted_or_added(whole, weights, tmp_path):
    shutil.copytree(whole / "out", tmp_path / "out")
    rows = tmp_path / "rows.jsonl"
    lines = read_lines(whole / "rows.jsonl")
    deleted = [json.loads(lines[i])["image"] for i in (4, 12)]
    (tmp_path / "out" / deleted[0]).unlink()
    rows.write_text("\n".join(['{"image": "elsewhere.jpg", "plates": []}', *lines[:12], *lines[13:], ""]))
    result = run_detect(whole / "photos", weights, tmp_path / "out", "--json", rows, "--resume")
    assert "read 2 of 16 photographs" in result.stderr
    assert sorted(read_lines(rows)[1:]) == sorted(lines)
    assert "elsewhere" in read_lines(rows)[0]
    assert read_folder(tmp_path / "out") == read_folder(whole / "out")


def test_resuming_without_json_reads_what_is_not_drawn(whole, weights, tmp_path):
    shutil.copytree(whole / "out", tmp_path / "out")
    (tmp_path / "out" / "03.jpg").unlink()
    result = run_detect(whole / "photos", weights, tmp_path / "out", "--resume")
    assert result.stderr.startswith("read 1 of 16 photographs")
    assert read_folder(tmp_path / "out") == read_folder(whole / "out")


@pytest.mark.parametrize("content", ["shopping list\n", '{"image": "a.jpg"}\n[1]\n', '{"plates": []}\n'])
def test_resuming_leaves_a_file_of_something_else_alone(photo, weights, tmp_path, content):
    notes = tmp_path / "notes.txt"
    notes.write_text(content)
    before = sorted(tmp_path.iterdir())
    assert_refused(run_detect(photo, weights, tmp_path / "out.jpg", "--json", notes, "--resume"), "notes.txt: line")
    assert notes.read_text() == content
    assert sorted(tmp_path.iterdir()) == before


def test_many_photos_need_no_more_memory_than_a_few(monkeypatch, tmp_path):
    alive = weakref.WeakValueDictionary()  # the decoded photos that anything still holds

    def decode(path):
        alive[path] = photo = np.zeros((8, 8, 3), np.uint8)
        return photo

    monkeypatch.setattr(detect, "read_image", decode)
    monkeypatch.setattr(detect, "write_image", lambda path, photo: None)
    jobs = [(Path(f"{i}.png"), tmp_path / f"{i}.png") for i in range(500)]
    most = 0
    for _ in detect.detect_files(jobs, lambda photo: []):
        most = max(most, len(alive))
    assert len(alive) == 0
    assert 1 <= most <= 8


# --- videos -------------------------------------------------------------------------------------------------------


def make_video(path: Path, count: int = 12) -> Path:
    """A small video, of 10 frames a second, that moves over in.jpg's plate."""
    scene = read_image(ROOT / "in.jpg")
    with write_video(path, 10) as append:
        for i in range(count):
            append(scene[370:500, 395 + 4 * i : 635 + 4 * i])
    return path


def count_frames(path: Path) -> int:
    return len([*read_frames(path, open_video(path))])


def test_a_video_is_read(shipped_weights, tmp_path):
    video, out, rows = make_video(tmp_path / "in.mp4"), tmp_path / "out.mp4", tmp_path / "rows.jsonl"
    result = run_detect(video, shipped_weights, out, "--json", rows)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "read 12 of 12 frames; plates: 1\n"
    [line] = result.stdout.splitlines()
    code, confidence, box, times = line.split(" ")
    assert code == "KA02MK7259"
    assert 0.5 <= float(confidence) <= 1
    first, last = map(float, times.split("-"))
    assert first <= 0.3
    assert last >= 0.8
    row = json.loads(rows.read_text())
    assert list(row) == ["video", "text", "confidence", "box", "corners", "characters", "first", "last", "frames"]
    assert (row["video"], row["text"], row["first"], row["last"]) == ("in.mp4", code, first, last)
    assert ",".join(map(str, row["box"])) == box
    assert 6 <= row["frames"] <= 12
    before, after = ([frame for _, frame in read_frames(path, open_video(path))] for path in (video, out))
    assert len(after) == 12
    assert after[6].shape == before[6].shape == (130, 240, 3)
    assert np.abs(after[6].astype(int) - before[6]).max() > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "rows.jsonl"]


def test_a_video_that_ends_early_is_read_up_to_there(weights, tmp_path):
    video = make_video(tmp_path / "in.avi")
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    result = run_detect(video, weights, tmp_path / "out.webm", "--threshold", "1", "--json", tmp_path / "rows.jsonl")
    assert (result.returncode, result.stdout) == (0, "")
    count = count_frames(tmp_path / "out.webm")
    assert 3 <= count <= 8
    assert result.stderr == f"read {count} of 12 frames; plates: 0\n"
    assert (tmp_path / "rows.jsonl").read_text() == ""


@pytest.mark.parametrize("options", [["--resume"], ["--shard", "1/2"]])
def test_a_video_is_read_in_one_go(weights, tmp_path, options):
    (tmp_path / "in.mp4").write_text("")
    assert_refused(run_detect(tmp_path / "in.mp4", weights, tmp_path / "out.mp4", *options), "in.mp4", options[0])


def test_a_full_disk_is_named(weights, tmp_path):
    resource = pytest.importorskip("resource")
    video, out = make_video(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    command = [sys.executable, ROOT / "detect.py", video, weights, out]
    result = subprocess.run(
        [*map(str, command)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr == f"detect.py: {out}: cannot be written; make room on the disk\n"
    assert [*tmp_path.iterdir()] == [video]


def test_a_long_video_needs_no_more_memory_than_a_short_one(monkeypatch, tmp_path):
    """Every two seconds a plate passes, of another code each time."""
    alive = weakref.WeakValueDictionary()  # the frames, and the readings of plates, that anything still holds

    def read(path, video):
        for i in range(1000):
            alive[i] = frame = np.full((8, 8, 3), i // 50 % 20, np.uint8)
            yield i / 25, frame

    @contextlib.contextmanager
    def write(path, rate):
        yield lambda frame: None

    def find_plate(frame):
        corners = quad(2, 2, 4, 2)
        alive[id(corners)] = corners
        return [detect.Plate(f"AB{i:03d}", 0.9, (2, 2, 4, 2), corners, np.ones(5))] if (i := frame[0, 0, 0]) % 2 else []

    monkeypatch.setattr(detect, "read_frames", read)
    monkeypatch.setattr(detect, "write_video", write)
    most, codes = 0, []
    for track in detect.detect_video(Path("in.mp4"), cv2.VideoCapture(), Path("out.mp4"), find_plate):
        most = max(most, len(alive))
        codes.append(track.code)
    assert codes == [f"AB{i % 20:03d}" for i in range(1, 20, 2)]
    assert most <= 12


# --- real photographs ---------------------------------------------------------------------------------------------


def test_real_photographs_are_read(shipped_weights, tmp_path):
    if not (PHOTOS / "br.tsv").exists():
        pytest.skip(f"NOT TESTED: {PHOTOS} is missing")
    truths = [line.split("\t") for line in (PHOTOS / "br.tsv").read_text().splitlines()][:10]
    (tmp_path / "photos").mkdir()
    for name, *_ in truths:
        (tmp_path / "photos" / name).symlink_to(PHOTOS / "br" / name)
    result = run_detect(tmp_path / "photos", shipped_weights, tmp_path / "out")
    assert result.returncode == 0, result.stderr

    def fold(code):  # Brazilian plates draw O and 0, I and 1 alike
        return code.replace("O", "0").replace("I", "1")

    readings = {(words[0], fold(words[1])) for words in map(str.split, result.stdout.splitlines())}
    right = sum((name, fold(code)) in readings for name, *_, code in truths)
    assert right >= 5, f"{right} of {len(truths)} were read"

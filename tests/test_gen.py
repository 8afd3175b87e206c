"""gen.py, driven as a user drives it; what a batch promises to training; and plates as they are laid out flat."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common
import gen
import model
import plates

ROOT = Path(__file__).parent.parent
FACES = plates.load_typefaces(())
STYLES = [(form, style) for form in common.load_formats() for style in form.styles]
PAINTED = gen.Settings(backgrounds="none")


def run_gen(folder: Path, *options: str | Path) -> subprocess.CompletedProcess:
    """Run gen.py in `folder`, on backgrounds that `make_backgrounds` made there."""
    command = [sys.executable, ROOT / "gen.py", *options]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=folder, timeout=300, check=False)


def make_backgrounds(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "bgs").mkdir()
    for i in range(3):
        common.write_image(folder / "bgs" / f"{i}.jpg", rng.integers(0, 256, (140, 200, 3), np.uint8))


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict[str, bytes], str]:
    """A folder where gen.py made 24 windows with one worker, these by name, and what it said on stderr."""
    folder = tmp_path_factory.mktemp("made")
    make_backgrounds(folder)
    result = run_gen(folder, "24", "--workers", "1", "--sheet", "sheet.png")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    return folder, read_folder(folder / "test"), result.stderr


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return gen.make_batch(0, 600, 1, PAINTED)


# --- the command --------------------------------------------------------------------------------------------------


def test_windows_are_named_by_index_code_and_presence(made):
    names = sorted(made[1])
    assert len(names) == 24
    for i, name in enumerate(names):
        index, code, presence = Path(name).stem.split("_")
        assert index == f"{i:08d}"
        assert set(code) <= set(common.ALPHABET)
        assert presence == str(int(bool(code)))
        assert len(code) <= common.SLOTS
        assert common.read_image(made[0] / "test" / name).shape == (*common.WINDOW_SHAPE, 3)
    assert {name[-5] for name in names} == {"0", "1"}
    assert "painted" not in made[2]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_same_command_makes_the_same_files(made, tmp_path, workers):
    shutil.copytree(made[0] / "bgs", tmp_path / "bgs")
    result = run_gen(tmp_path, "24", "--workers", workers, "--out", "deep/er")
    assert result.returncode == 0, result.stderr
    assert read_folder(tmp_path / "deep" / "er") == made[1]


def test_workers_share_the_chunks_in_order():
    """Chunks smaller than the command's, so that each of two processes has some."""
    ranges = [(i, 3) for i in range(0, 15, 3)]
    alone, together = (join(gen.stream_chunks(PAINTED, 5, ranges, n)) for n in (1, 2))
    assert_same_batch(alone, together)


def test_machines_share_the_windows(made, tmp_path):
    shutil.copytree(made[0] / "bgs", tmp_path / "bgs")
    for part in (3, 1, 2):
        result = run_gen(tmp_path, "24", "--shard", f"{part}/3", "--workers", "1", "--out", f"part{part}")
        assert result.returncode == 0, result.stderr
    parts = [read_folder(tmp_path / f"part{part}") for part in (1, 2, 3)]
    assert [len(part) for part in parts] == [8, 8, 8]
    assert parts[0] | parts[1] | parts[2] == made[1]


def test_another_seed_makes_other_windows_in_place_of_the_old(made, tmp_path):
    shutil.copytree(made[0] / "test", tmp_path / "test")
    (tmp_path / "test" / "mine.png").write_bytes(b"")
    result = run_gen(tmp_path, "24", "--seed", "1", "--workers", "1")
    assert result.returncode == 0, result.stderr
    files = read_folder(tmp_path / "test")
    assert files.pop("mine.png") == b""
    assert len(files) == 24
    assert not set(files.values()) & set(made[1].values())


def test_sheet_shows_the_windows(made):
    sheet = common.read_image(made[0] / "sheet.png")
    first = common.read_image(made[0] / "test" / min(made[1]))
    height, width = common.WINDOW_SHAPE
    same = (sheet[:height, :width] == first).all(-1)
    assert same.mean() > 0.8  # but for the outline
    assert sheet.shape[0] >= 3 * height
    assert sheet.shape[1] >= 10 * width


def test_batches_hold_what_training_needs(made, tmp_path):
    result = run_gen(made[0], "24", "--batches", tmp_path, "--workers", "1")
    assert result.returncode == 0, result.stderr
    [path] = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as data:
        held = dict(data)
    assert_same_batch(held, gen.make_batch(0, 24, 0, gen.Settings(backgrounds=str(made[0] / "bgs"))))
    for name, image, code, presence in zip(
        sorted(made[1]), held["images"], held["codes"], held["presence"], strict=True
    ):
        assert name[9:] == f"{code}_{presence}.png"
        np.testing.assert_array_equal(common.read_image(made[0] / "test" / name), image)


def test_without_backgrounds_it_says_so(tmp_path):
    result = run_gen(tmp_path, "2", "--workers", "1", "--formats", "in,gb")
    assert result.returncode == 0
    assert "backgrounds are painted" in result.stderr.splitlines()[0]
    assert len(read_folder(tmp_path / "test")) == 2


def test_help_teaches(tmp_path):
    result = run_gen(tmp_path, "--help")
    assert result.returncode == 0
    assert "./gen.py 1000" in result.stdout
    assert result.stderr == ""


BAD = {
    "none": (["0"], "0 windows"),
    "no number": (["many"], "many"),
    "negative": (["-4"], "-4"),
    "seed": (["3", "--seed", "-1"], "--seed"),
    "shard 0": (["3", "--shard", "0/2"], "--shard"),
    "shard beyond": (["3", "--shard", "3/2"], "--shard"),
    "no shard": (["3", "--shard", "half"], "--shard"),
    "format": (["3", "--formats", "in,atlantis"], "atlantis"),
    "no fonts": (["3", "--fonts", "bgs"], "bgs: holds no .ttf"),
    "font folder": (["3", "--fonts", "lost"], "lost"),
    "font": (["3", "--fonts", "fonts"], "bad.ttf"),
    "out is a file": (["3", "--out", "fonts/bad.ttf"], "bad.ttf"),
    "out below a file": (["3", "--batches", "fonts/bad.ttf/x"], "bad.ttf"),
    "sheet": (["3", "--sheet", "sheet.doc"], "sheet.doc"),
    "sheet's folder": (["3", "--sheet", "lost/sheet.png"], "sheet.png"),
}


@pytest.mark.parametrize(("options", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_changes_nothing(monkeypatch, capsys, tmp_path, options, named):
    """In this process, where it takes no start; windows of an earlier call stay as they are."""
    make_backgrounds(tmp_path)
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "bad.ttf").write_text("no font")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "00000000_OLD_1.png").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gen.py", *options])
    with pytest.raises(SystemExit) as ended:
        common.run(gen.main)
    assert ended.value.code == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert len(stderr.splitlines()) == 1 or stderr.startswith("usage: ")
    assert named in stderr.splitlines()[-1]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: limits are POSIX's")
@pytest.mark.parametrize("target", ["--out", "--batches"])
def test_a_full_disk_is_one_line_and_leaves_no_half(made, target):
    """A limit of 4 KiB on the size of a file, which most windows exceed, stands for the disk."""
    folder = made[0] / target.strip("-")
    command = f'ulimit -f 4; exec "{sys.executable}" "{ROOT}/gen.py" 24 --workers 1 {target} "{folder}"'
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=made[0], check=False)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "cannot be written" in result.stderr.splitlines()[-1]
    assert all(made[1][path.name] == path.read_bytes() for path in folder.iterdir())


# --- a batch ------------------------------------------------------------------------------------------------------


def join(batches: Iterable[dict]) -> dict[str, np.ndarray]:
    """Batches as one."""
    batches = list(batches)
    return {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}


def assert_same_batch(first: dict, second: dict) -> None:
    assert first.keys() == second.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], key)


def kinds(batch: dict) -> tuple[np.ndarray, np.ndarray]:
    """Masks (N,) of the windows with a plate, and of the rectified ones."""
    return batch["presence"] == 1, batch["rectified"] == 1


def turns(corners: np.ndarray) -> np.ndarray:
    """The cross products at each corner of (..., 4, 2): all above 0 when convex and clockwise, y pointing down."""
    edges = np.roll(corners, -1, axis=-2) - corners
    following = np.roll(edges, -1, axis=-2)
    return edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0]


def test_arrays_have_the_documented_types(batch):
    wanted = {
        "images": ((600, *common.WINDOW_SHAPE, 3), "uint8"),
        "codes": ((600,), f"<U{common.SLOTS}"),
        "presence": ((600,), "uint8"),
        "corners": ((600, 4, 2), "float32"),
        "centres": ((600, common.SLOTS, 2), "float32"),
        "rectified": ((600,), "uint8"),
    }
    assert {key: (array.shape, array.dtype.str.lstrip("|")) for key, array in batch.items()} == {
        key: (shape, np.dtype(kind).str.lstrip("|")) for key, (shape, kind) in wanted.items()
    }
    for key in ("presence", "rectified"):
        assert set(batch[key]) == {0, 1}


def test_window_depends_on_seed_and_index_alone(batch):
    later = gen.make_batch(300, 20, 1, PAINTED)
    assert_same_batch(later, {key: array[300:320] for key, array in batch.items()})
    other = gen.make_batch(300, 20, 2, PAINTED)
    assert not (other["images"] == later["images"]).all((1, 2, 3)).any()
    stream = gen.stream_batches(PAINTED, 1, 300, 10, 1)
    for start in (300, 310):
        assert_same_batch(next(stream), {key: array[start : start + 10] for key, array in batch.items()})


def assert_share(mask: np.ndarray, share: float) -> None:
    """The part of `mask` that is true is `share`, within five standard deviations."""
    assert mask.mean() == pytest.approx(share, abs=5 * (share * (1 - share) / len(mask)) ** 0.5)


def test_shares_are_as_documented(batch):
    present, rectified = kinds(batch)
    assert_share(rectified, gen.RECTIFIED_SHARE)
    assert_share(present[rectified], gen.PLATE_SHARE["rectified"])
    assert_share(present[~rectified], gen.PLATE_SHARE["street"])


def test_colour_and_gray_are_mixed(batch):
    gray = (np.ptp(batch["images"], axis=-1) <= 2).all((1, 2))
    assert 0.1 < gray.mean() < 0.6
    assert (np.ptp(batch["images"], axis=-1).max((1, 2)) > 60).mean() > 0.3


def test_windows_are_neither_black_nor_white(batch):
    contrast = np.ptp(batch["images"].reshape(600, -1), axis=1)
    assert np.median(contrast) > 80
    assert (contrast < 10).mean() < 0.02


def test_windows_without_a_plate_say_nothing(batch):
    absent = batch["presence"] == 0
    assert (batch["codes"][absent] == "").all()
    assert (batch["codes"][~absent] != "").all()
    assert (batch["corners"][absent & (batch["rectified"] == 0)] == 0).all()
    assert (batch["centres"][absent] == -1).all()


def test_corners_are_known_of_plates_that_the_reader_sees_in_part(batch):
    present, rectified = kinds(batch)
    corners = batch["corners"][~present & rectified]
    known = (corners != 0).any((1, 2))
    assert 0.08 < known.mean() < 0.5
    assert all(gen.within_reach(quad) for quad in corners[known])
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
    low, high = gen.RIGHT_SCALE
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


# --- backgrounds --------------------------------------------------------------------------------------------------


def test_photographs_are_the_background(tmp_path):
    """One magenta photograph and a damaged one: windows are magenta, at any size, but for the vehicles' bodies."""
    common.write_image(tmp_path / "a.png", np.full((70, 90, 3), (255, 0, 255), np.uint8))
    (tmp_path / "b.jpg").write_bytes(b"damaged")
    synthesizer = gen.Synthesizer(gen.Settings(backgrounds=str(tmp_path)))
    rng = np.random.default_rng(0)
    for shape in ((64, 128), (200, 30), (9, 300)):
        images = [synthesizer.background(shape, 0, 0, rng) for _ in range(30)]
        assert {image.shape for image in images} == {(*shape, 3)}
        whole = [bool((image == (255, 0, 255)).all()) for image in images]
        assert 5 <= sum(whole) <= 25


@pytest.fixture
def hard_negatives(tmp_path) -> Path:
    """Backgrounds all blue, but for a yellow place that mine.py is said to have found."""
    picture = np.full((100, 150, 3), (255, 0, 0), np.uint8)
    picture[30:60, 40:100] = (0, 255, 255)
    common.write_image(tmp_path / "a.png", picture)
    (tmp_path / gen.HARD_NEGATIVES).write_text("a.png\t40\t30\t100\t30\t100\t60\t40\t60\n")
    return tmp_path


def test_what_was_taken_for_a_plate_is_shown_as_none(hard_negatives):
    synthesizer = gen.Synthesizer(gen.Settings(backgrounds=str(hard_negatives)))
    rng = np.random.default_rng(0)
    for width in (20, 60, 240):
        windows = np.array([synthesizer.hard_negative(width, rng) for _ in range(20)])
        assert windows.shape == (20, *common.WINDOW_SHAPE, 3)
        middle, edge = windows[:, 24:40, 48:80], windows[:, :2, :2]
        assert np.median(middle[..., 2]) > np.median(middle[..., 0])  # it fills the window, as a plate would,
        assert np.median(edge[..., 0]) > np.median(edge[..., 2])  # with what is round it
    batch = gen.make_batch(0, 400, 1, gen.Settings(backgrounds=str(hard_negatives)))
    absent = (batch["presence"] == 0) & (batch["rectified"] == 1)
    yellow = (batch["images"][absent][:, 24:40, 48:80].mean((1, 2)) @ [-1, 0.5, 0.5]) > 60
    assert yellow.mean() > 0.05


def test_a_hard_negative_beside_its_picture_does_not_stop_it(hard_negatives):
    """As where extractbgs.py has put a smaller picture in the place of the one that was mined."""
    common.write_image(hard_negatives / "a.png", np.zeros((20, 30, 3), np.uint8))
    synthesizer = gen.Synthesizer(gen.Settings(backgrounds=str(hard_negatives)))
    assert synthesizer.hard_negative(60, np.random.default_rng(0)).shape == (*common.WINDOW_SHAPE, 3)


def test_a_damaged_picture_of_a_hard_negative_does_not_stop_it(hard_negatives):
    (hard_negatives / "a.png").write_bytes(b"damaged")
    batch = gen.make_batch(0, 100, 1, gen.Settings(backgrounds=str(hard_negatives)))
    assert len(batch["images"]) == 100


@pytest.mark.parametrize("row", ["a.png\t1\t2\n", "a.png\tone\n", "\n"])
def test_a_damaged_list_of_hard_negatives_is_named(hard_negatives, row):
    (hard_negatives / gen.HARD_NEGATIVES).write_text(row)
    result = run_gen(hard_negatives, "5", "--bgs", hard_negatives)
    assert result.returncode == 2
    assert gen.HARD_NEGATIVES in result.stderr
    assert "mine.py" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_damaged_photographs_alone_do_not_stop_it(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"damaged")
    batch = gen.make_batch(0, 3, 0, gen.Settings(backgrounds=str(tmp_path)))
    assert_same_batch(batch, gen.make_batch(0, 3, 0, PAINTED))


@given(st.integers(0, 2**32), st.integers(20, 200), st.integers(20, 300))
@settings(deadline=None)
def test_pictures_of_every_size_can_be_painted_lit_and_taken(seed, height, width):
    rng = np.random.default_rng(seed)
    image = gen.paint_background((height, width), rng)
    gen.paint_body(image, rng)
    gen.light(image, rng)
    photo = gen.take(image, rng.uniform(4, 30), rng)
    assert photo.shape == (height, width, 3)
    assert photo.dtype == np.uint8


@given(st.floats(0.8, 6), st.integers(0, 2**32))
@settings(deadline=None)
def test_poses_are_convex_and_clockwise(aspect, seed):
    corners = gen.pose(aspect, np.random.default_rng(seed))
    assert turns(corners).min() > 0
    assert np.abs(corners.mean(0)).max() < aspect / 2  # about the origin


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_unit_square_goes_to_the_corners(seed):
    corners = 90 * gen.pose(3, np.random.default_rng(seed)) + 200
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    np.testing.assert_allclose(gen.warp_points(square, gen.from_unit_square(corners)), corners, atol=1e-2)


# --- plates, flat -------------------------------------------------------------------------------------------------

texts = st.text(plates.CHARACTERS + " ", min_size=1, max_size=common.SLOTS + 3).filter(lambda t: t == t.strip())


@given(texts, st.sampled_from(FACES), st.floats(0, 60), st.floats(20, 300), st.floats(5, 80), st.integers(0, 2**32))
@settings(deadline=None)
def test_lines_stay_between_their_ends(text, face, x0, length, height, seed):
    line = plates.set_line(text, face, x0, x0 + length, 7, height, np.random.default_rng(seed))
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
    line = plates.set_line(text, face, 20, 240, 15, 30, rng)
    plates.draw_line(mask, line, face)
    ink = mask > 60
    for character, x, width in zip(text, line.x, line.widths, strict=True):
        if character not in " -.·":
            box = ink[15:46, round(x) : round(x + width) + 1]
            assert box.any(), character
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    pad = 30 * plates.GLYPH_PAD / plates.CAP_HEIGHT
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
        line = plates.Line(character, np.array([20.0]), np.array([40.0]), 10, height)
        plates.draw_line(mask, line, face, 0, bridge)
        gaps = np.flatnonzero(mask[:, 20:60].max(0) == 0)
        assert len(gaps) == (max(1, round(40 * bridge)) if cut else 0)
        if cut:
            assert gaps.mean() == pytest.approx(19.5, abs=1)


@given(st.sampled_from(FACES), st.floats(10, 60), st.floats(20, 80), st.floats(100, 300))
@settings(deadline=None)
def test_stacked_letters_stand_one_above_the_other(face, y, height, width):
    upper, lower = plates.stack_letters("MK", face, 30, y, height, width)
    assert (upper.text, lower.text) == ("M", "K")
    assert upper.y == y
    assert upper.y + upper.height < lower.y
    assert lower.y + lower.height == pytest.approx(y + height)
    assert max(upper.x[0], lower.x[0]) < 30 < min(upper.x[0] + upper.widths[0], lower.x[0] + lower.widths[0])
    # the columns of the reader that are to hold them differ
    assert lower.centres[0] - upper.centres[0] > 2 * width / model.COLUMNS


@given(st.sampled_from(FACES), st.floats(0, 0.8), st.floats(-20, 35), st.integers(0, 2**32))
@settings(deadline=None)
def test_lines_are_cut_at_the_edges(face, beyond, y, seed):
    """A line that is partly outside leaves in the mask what it leaves there in a larger one."""
    line = plates.set_line("KA02", face, 0, 60, y, 24, np.random.default_rng(seed))
    line.x = line.x - line.x[0] - beyond * line.widths[0]
    mask, larger = np.zeros((40, 45), np.uint8), np.zeros((160, 220), np.uint8)
    plates.draw_line(mask, line, face)
    line.x, line.y = line.x + 80, line.y + 60
    plates.draw_line(larger, line, face)
    np.testing.assert_array_equal(mask, larger[60:100, 80:125])


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_typefaces_have_every_character(face):
    masks = [face.glyph(character)[0] for character in plates.CHARACTERS]
    assert all(mask.max() > 200 for mask in masks)
    assert {mask.shape[0] for mask in masks} == {plates.CAP_HEIGHT + 2 * plates.GLYPH_PAD}
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    rows = np.flatnonzero(face.glyph("H")[0].max(1) > 128)
    assert (rows[0], rows[-1]) == pytest.approx((plates.GLYPH_PAD, plates.GLYPH_PAD + plates.CAP_HEIGHT - 1), abs=1)


def draw_plates(form: common.PlateFormat, style: common.PlateStyle, count: int, width: int = 200):
    """(text, Plate) of the same `count` plates each time."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        text = form.draw_text(rng, style.lines)
        yield text, plates.draw_plate(form, style, text, FACES, width, rng)


def test_every_style_of_every_format_can_be_drawn():
    for form, style in STYLES:
        for text, plate in draw_plates(form, style, 4):
            where = form.name, style, text
            height, width = plate.image.shape[:2]
            assert plate.image.dtype == np.float32, where
            assert width == 200, where
            assert width / height == pytest.approx(style.size[0] / style.size[1], rel=0.15), where
            assert np.isfinite(plate.image).all(), where
            assert plate.code == "".join(c for c in text if c in common.ALPHABET), where
            assert plate.centres.shape == (len(plate.code), 3), where
            x, y, line = plate.centres.T
            assert (plate.centres[:, :2] > 0).all(), where
            assert (plate.centres[:, :2] < 1).all(), where
            assert set(line) == set(range(style.lines)), where
            assert (np.diff(line) >= 0).all(), where
            for row in range(style.lines):
                assert (np.diff(x[line == row]) > 0).all(), where
            if style.lines == 2:
                assert y[line == 0].max() < y[line == 1].min(), where
                breaks = [i for i, c in enumerate(text) if c == common.LINE_BREAK]
                uppers = ["".join(c for c in text[:i] if c in common.ALPHABET) for i in breaks]
                assert plate.code[: (line == 0).sum()] in uppers, where


@given(st.sampled_from(STYLES), st.integers(40, 400), st.integers(0, 2**32))
@settings(deadline=None)
def test_plates_of_every_width_can_be_drawn(form_and_style, width, seed):
    form, style = form_and_style
    rng = np.random.default_rng(seed)
    text = form.draw_text(rng, style.lines)
    plate = plates.draw_plate(form, style, text, FACES, width, rng)
    board, corners = plates.mount(plate.image, FACES, rng)
    assert board.shape[0] >= plate.image.shape[0]
    assert board.shape[1] >= width
    assert (corners[[0, 0, 1, 3], [0, 1, 0, 1]] * [-1, -1, 1, 1] >= [0, 0, 1, 1]).all()  # the plate is within
    assert turns(corners).min() > 0


def test_plates_are_legible():
    """About the middle of each character, the ink stands out from the ground."""
    weakest = []
    for form, style in STYLES:
        for _, plate in draw_plates(form, style, 2):
            luminance = cv2.cvtColor(np.clip(plate.image, 0, 255), cv2.COLOR_BGR2GRAY)
            height, width = luminance.shape
            contrasts = []
            for x, y, _ in plate.centres:
                top, left = int((y - 0.1) * height), int(x * width) - 8
                box = luminance[max(top, 0) : int((y + 0.1) * height) + 1, max(left, 0) : left + 17]
                contrasts.append(np.subtract(*np.percentile(box, [95, 5])))
            weakest.append(np.quantile(contrasts, 0.2))  # a sticker may hide a character
    assert np.mean(np.array(weakest) > 40) > 0.95
    assert np.median(weakest) > 90


@given(st.integers(60, 300), st.integers(0, 2**32))
@settings(deadline=None)
def test_signs_stand_out(width, seed):
    sign = plates.draw_sign(FACES, width, np.random.default_rng(seed))
    assert sign.shape[1:] == (width, 4)
    assert sign.shape[0] >= 12
    assert np.ptp(sign[..., :3].mean(-1)) > 30
    assert 0 <= sign[..., 3].min() <= sign[..., 3].max() <= 255
    assert sign[..., 3].max() > 100  # something of it is seen

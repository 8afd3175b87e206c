"""mine.py: on networks that know the answer, and as a user types it."""

import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, assert_refused, interrupt_imports, run_script
from fakes import ConstantReader, KnowingFinder, make_plate_reader, quad

import mine
from media.pictures import read_image, write_image
from synthesis.backgrounds import HARD_NEGATIVES, load_hard_negatives


def run_mine(*arguments: str | Path) -> subprocess.CompletedProcess:
    return run_script("mine.py", *arguments)


@pytest.fixture
def backgrounds(tmp_path) -> Path:
    """A drawn street with a plate, a gray wall, and a damaged file."""
    write_image(tmp_path / "street.jpg", read_image(ROOT / "in.jpg"))
    write_image(tmp_path / "wall.png", np.full((90, 120, 3), 128, np.uint8))
    (tmp_path / "damaged.jpg").write_bytes(b"damaged")
    return tmp_path


@pytest.mark.parametrize(
    ("presence", "certainty", "count"),
    [(0.6, 0.5, 1), (0.03, 0.98, 0), (1.0, 0.999, 0)],
    ids=["seems a plate", "does not", "is one"],
)
def test_what_seems_a_plate_is_kept(presence, certainty, count):
    place = quad(150, 100, 120, 40)
    photo = np.zeros((300, 400, 3), np.uint8)
    networks = KnowingFinder(400, place[None]), ConstantReader("KA02MK7259", 0.04, presence, certainty)
    places = list(mine.hard_negatives(make_plate_reader(*networks), photo, 0.25))
    assert len(places) == count
    for corners in places:
        np.testing.assert_allclose(corners, place, atol=3)


def test_the_list_is_what_gen_reads(backgrounds):
    result = run_mine(ROOT / "weights.npz", "--bgs", backgrounds, "--sure", "1")
    assert result.returncode == 0, result.stderr
    rows = load_hard_negatives(backgrounds / HARD_NEGATIVES)
    said = f"{len(rows)} places in 2 pictures; 1 could not be read"
    assert result.stdout == f"{backgrounds / HARD_NEGATIVES}: {said}\n"
    # the plate of the street is among them, since nothing is sure enough to be left out
    assert "street.jpg" in {path.name for path, _ in rows} <= {"street.jpg", "wall.png"}
    for _, corners in rows:
        assert np.ptp(corners, axis=0).min() > 5
        assert corners.min() > -100
    fewer = run_mine(ROOT / "weights.npz", "--bgs", backgrounds)
    assert fewer.returncode == 0, fewer.stderr
    assert len(load_hard_negatives(backgrounds / HARD_NEGATIVES)) < len(rows)
    assert not list(backgrounds.glob(".*"))


def test_bad_input_is_one_line(backgrounds, tmp_path):
    assert_refused(run_mine(ROOT / "weights.npz", "--bgs", tmp_path / "none"), "none", "extractbgs.py")
    assert_refused(run_mine(backgrounds / "damaged.jpg", "--bgs", backgrounds), "damaged.jpg", "weights.npz")
    assert not (backgrounds / HARD_NEGATIVES).exists()


def test_an_interrupt_during_the_imports_prints_nothing(tmp_path):
    assert interrupt_imports("mine.py", tmp_path) == (-signal.SIGINT, "")

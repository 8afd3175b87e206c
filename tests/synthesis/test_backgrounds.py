"""Backgrounds: photographs where there are some, painted ones otherwise."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UserError
from media.pictures import write_image
from synthesis.backgrounds import (
    BLOCK_BACKGROUNDS,
    HARD_NEGATIVES,
    Backgrounds,
    load_hard_negatives,
    paint_background,
    paint_body,
    write_hard_negative,
)


def test_photographs_are_the_background(tmp_path):
    """One magenta photograph and a damaged one: windows are magenta, at any size, but for the vehicles' bodies."""
    write_image(tmp_path / "a.png", np.full((70, 90, 3), (255, 0, 255), np.uint8))
    (tmp_path / "b.jpg").write_bytes(b"damaged")
    backgrounds = Backgrounds(tmp_path)
    rng = np.random.default_rng(0)
    for shape in ((64, 128), (200, 30), (9, 300)):
        images = [backgrounds.draw(shape, 0, 0, rng) for _ in range(30)]
        assert {image.shape for image in images} == {(*shape, 3)}
        whole = [bool((image == (255, 0, 255)).all()) for image in images]
        assert 5 <= sum(whole) <= 25


@given(st.integers(0, 2**32), st.integers(20, 200), st.integers(20, 300))
@settings(deadline=None)
def test_backgrounds_of_every_size_can_be_painted(seed, height, width):
    rng = np.random.default_rng(seed)
    image = paint_background((height, width), rng)
    paint_body(image, rng)
    assert image.shape == (height, width, 3)
    assert image.dtype == np.float32
    assert np.isfinite(image).all()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_the_smallest_photographs_can_be_the_background(tmp_path, height, width):
    write_image(tmp_path / "a.png", np.full((height, width, 3), 90, np.uint8))
    backgrounds = Backgrounds(tmp_path)
    for seed in range(20):
        assert backgrounds.draw((64, 128), 0, 0, np.random.default_rng(seed)).shape == (64, 128, 3)


def test_large_photographs_are_reduced(tmp_path):
    write_image(tmp_path / "a.jpg", np.zeros((3000, 4000, 3), np.uint8))
    photographs = Backgrounds(tmp_path).photographs_of(0, 0)
    assert {photograph.shape for photograph in photographs} == {(627, 836, 3)}
    assert sum(photograph.nbytes for photograph in photographs) < 64 << 20


def test_photographs_that_vanish_are_named_once(tmp_path, capsys):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, np.zeros((9, 9, 3), np.uint8))
    backgrounds = Backgrounds(tmp_path)
    (tmp_path / "a.png").unlink()
    assert 0 < len(backgrounds.photographs_of(0, 0)) < BLOCK_BACKGROUNDS
    assert backgrounds.photographs_of(1, 0)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "a.png" in said


def test_a_folder_of_photographs_that_vanishes_ends_the_run(tmp_path):
    """Rather than that backgrounds are painted in silence."""
    write_image(tmp_path / "a.png", np.zeros((9, 9, 3), np.uint8))
    backgrounds = Backgrounds(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(UserError, match="gone"):
        backgrounds.draw((64, 128), 0, 0, np.random.default_rng(0))


def make_file(path: Path) -> None:
    path.write_text("")


def make_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("make", [make_file, make_loop])
def test_what_is_no_folder_is_named(tmp_path, make):
    make(tmp_path / "bgs")
    with pytest.raises(UserError, match="bgs: cannot be read as a folder"):
        Backgrounds(tmp_path / "bgs")


# --- hard negatives -------------------------------------------------------------------------------------------------

CORNERS = np.array([[1, 2], [30, 2], [30, 12.5], [1, 12]], np.float32)
names = st.binary(min_size=1, max_size=255).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)


@given(st.lists(names, max_size=5))
@settings(deadline=None)
def test_hard_negatives_are_read_as_they_were_written(tmp_path_factory, written):
    """Whatever bytes the photographs' names have."""
    path = tmp_path_factory.mktemp("bgs") / HARD_NEGATIVES
    path.write_bytes(b"".join(write_hard_negative(os.fsdecode(name), CORNERS) for name in written))
    read = load_hard_negatives(path)
    assert [os.fsencode(place.path.name) for place in read] == written
    assert all((place.corners == CORNERS).all() and place.path.parent == path.parent for place in read)


LINE = "a.png\t1\t2\t30\t2\t30\t12.5\t1\t12"


@pytest.mark.parametrize(
    "line",
    [
        *("", "a.png", "a.png\t1\t2", "a.png\tone" + "\t1" * 7, LINE + "\t1", "\t".join(LINE.split("\t")[1:])),
        *(LINE.replace("30", number) for number in ("nan", "inf", "1e30")),
        *("a.png" + "\t5" * 8, "a.png" + "\t5\t1\t5\t2" * 2),  # a point, a line
        *(LINE.replace("a.png", name) for name in ("", ".", "..", "../a.png", "/a.png", "b/a.png", "a\0.png")),
    ],
)
def test_a_damaged_line_of_the_hard_negatives_is_named(tmp_path, line):
    path = tmp_path / HARD_NEGATIVES
    path.write_text(f"{LINE}\n{line}\n{LINE}\n")
    with pytest.raises(UserError, match=r"line 2 is damaged.*mine\.py"):
        load_hard_negatives(path)


@pytest.mark.parametrize("make", [Path.mkdir, make_loop])
def test_a_list_of_hard_negatives_that_is_no_file_is_named(tmp_path, make):
    make(tmp_path / HARD_NEGATIVES)
    with pytest.raises(UserError, match=f"{HARD_NEGATIVES}: .*mine.py"):
        load_hard_negatives(tmp_path / HARD_NEGATIVES)


def test_no_list_is_an_empty_list(tmp_path):
    assert load_hard_negatives(tmp_path / HARD_NEGATIVES) == []
    make_file(tmp_path / HARD_NEGATIVES)
    assert load_hard_negatives(tmp_path / HARD_NEGATIVES) == []

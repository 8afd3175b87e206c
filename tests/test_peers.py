"""tests/peers.py: which lines of text are joined to plates. PP-OCR itself is not tested."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import peers
import pytest
from command_line import ROOT, assert_refused, run_script
from fakes import quad
from hypothesis import given, settings
from hypothesis import strategies as st

from reading.scoring import judge


def make_lines(*lines: tuple[str, float, float, float, float]) -> list[peers.Text]:
    """Lines of text, each with x, y, width and height."""
    return [peers.make_line(i, text, 0.9, quad(*box)) for i, (text, *box) in enumerate(lines)]


def read(*lines: tuple[str, float, float, float, float]) -> set[str]:
    """The codes that the lines are read as, single or joined."""
    return {text.code for text in peers.join_lines(make_lines(*lines))}


def test_lines_side_by_side_are_joined():
    assert read(("KA 02", 10, 10, 50, 20), ("mk-7259", 75, 12, 60, 20)) == {"KA02", "MK7259", "KA02MK7259"}


@pytest.mark.parametrize(
    ("x", "y", "height", "is_joined"),
    [
        (79, 10, 20, True),
        (81, 10, 20, False),  # more than a line apart
        (75, 19, 20, True),
        (75, 21, 20, False),  # overlap by less than half in height
        (75, 0, 60, True),  # a larger line beside, which overlaps the whole height of the other one
        (55, 10, 20, True),  # boxes that overlap a little
    ],
)
def test_how_near_lines_side_by_side_must_be(x, y, height, is_joined):
    assert ("AB12" in read(("AB", 10, 10, 50, 20), ("12", x, y, 40, height))) == is_joined


@pytest.mark.parametrize(
    ("x", "y", "is_joined"),
    [
        (10, 41, True),
        (10, 43, False),  # more than 0.6 of a line apart
        (34, 35, True),
        (36, 35, False),  # overlap by less than half in width
    ],
)
def test_how_near_lines_one_above_the_other_must_be(x, y, is_joined):
    assert ("AB12" in read(("AB", 10, 10, 50, 20), ("12", x, y, 50, 20))) == is_joined


def test_lines_are_joined_in_the_order_of_reading():
    assert read(("12", 10, 35, 50, 20), ("AB", 10, 10, 50, 20)) == {"AB", "12", "AB12"}
    assert read(("12", 75, 10, 50, 20), ("AB", 10, 10, 50, 20)) == {"AB", "12", "AB12"}


def test_a_large_number_beside_two_short_rows():
    codes = read(("MH13", 10, 10, 50, 20), ("BN", 10, 35, 50, 20), ("4348", 70, 12, 90, 40))
    assert "MH13BN4348" in codes


def test_words_and_long_texts_are_not_joined():
    assert read(("TAXI", 10, 10, 50, 20), ("CAB", 70, 10, 50, 20)) == {"TAXI", "CAB"}
    assert read(("ABCDEF", 10, 10, 50, 20), ("123456", 70, 10, 50, 20)) == {"ABCDEF", "123456"}
    assert "ABCDEF12345" in read(("ABCDEF", 10, 10, 50, 20), ("12345", 70, 10, 50, 20))


def test_a_joined_text_has_the_box_of_both_and_the_lesser_confidence():
    lines = [peers.make_line(0, "AB", 0.9, quad(10, 10, 50, 20)), peers.make_line(1, "12", 0.6, quad(75, 14, 40, 20))]
    joined = peers.join_lines(lines)[-1]
    assert joined.code == "AB12"
    assert joined.box == pytest.approx((10, 10, 105, 24))
    assert joined.confidence == 0.6


boxes = st.tuples(st.text("AB12", min_size=1, max_size=3), *[st.floats(1, 100)] * 4)


@settings(deadline=None, max_examples=50)
@given(st.lists(boxes, max_size=6))
def test_every_line_stays_and_none_is_used_twice(lines):
    singles = make_lines(*lines)
    texts = peers.join_lines(singles)
    assert texts[: len(lines)] == singles
    assert len({(text.lines, text.code) for text in texts}) == len(texts)
    for text in texts[len(lines) :]:
        assert len(text.code) == sum(len(singles[i].code) for i in text.lines) <= peers.MOST_CHARACTERS
        assert any(character.isdigit() for character in text.code)
        assert 2 <= len(text.lines) <= peers.MOST_LINES


def test_a_page_of_numbers_gives_a_bounded_number_of_texts():
    lines = [(f"{i:04}", 48 * (i % 10), 14 * (i // 10), 40, 10) for i in range(100)]
    assert len(peers.join_lines(make_lines(*lines))) <= 100 * (1 + 8)  # each with one of its eight neighbours


def make_reader(result: SimpleNamespace) -> peers.TextReader:
    """A reader whose PP-OCR answers `result`."""
    reader = object.__new__(peers.TextReader)
    reader.engine = lambda photo, **steps: result
    return reader


def test_what_ppocr_answers_is_scored():
    corners = np.array([quad(10, 10, 50, 20), quad(70, 10, 60, 20), quad(0, 60, 30, 10)])
    answer = SimpleNamespace(txts=("ka 02", "MK·7259", "招牌"), scores=(0.9, 0.8, 0.7), boxes=corners)
    texts = make_reader(answer).read(np.zeros((100, 200, 3), np.uint8))
    assert [text.code for text in texts] == ["KA02", "MK7259", "KA02MK7259"]
    label = SimpleNamespace(box=(10, 10, 120, 20), code="KA02MK7259")
    assert judge([label], texts).outcomes[0].is_read


def test_ppocr_may_see_nothing():
    answer = SimpleNamespace(txts=None, scores=None, boxes=None)
    assert make_reader(answer).read(np.zeros((100, 200, 3), np.uint8)) == []
    assert make_reader(answer).read_crop(np.zeros((100, 200, 3), np.uint8)) == []


def test_a_crop_is_recognised_whole_too():
    found = SimpleNamespace(txts=("MK7259",), scores=(0.8,), boxes=np.array([quad(70, 10, 60, 20)]))
    whole = SimpleNamespace(txts=("KA02 MK7259",), scores=(0.9,))
    reader = object.__new__(peers.TextReader)
    reader.engine = lambda photo, use_det, use_cls: found if use_det else whole
    crop = np.zeros((40, 140, 3), np.uint8)
    assert [(text.code, text.box) for text in reader.recognise(crop)] == [("KA02MK7259", (0, 0, 140, 40))]
    assert {text.code for text in reader.read_crop(crop)} == {"KA02MK7259", "MK7259"}


def test_a_python_that_is_missing_or_lacks_rapidocr_is_named(tmp_path):
    (tmp_path / "labels.tsv").write_text("in.jpg\tKA02MK7259\n")
    labels = ["--labels", tmp_path / "labels.tsv", "--photos", ROOT]
    assert_refused(run_script("tests/peers.py", *labels, "--python", tmp_path / "none"), "none: cannot be run")
    has_rapidocr = subprocess.run([sys.executable, "-c", "import rapidocr"], capture_output=True).returncode == 0
    if has_rapidocr:
        pytest.skip("NOT TESTED: rapidocr is installed, so its absence cannot be seen")
    result = run_script("tests/peers.py", *labels, "--python", sys.executable)
    assert_refused(result, "rapidocr is not installed", "--python")

"""reading/measuring.py and reading/report.py: what is said and drawn about readings and labels."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import quad

from common import UserError
from media.pictures import read_image, write_image
from reading.measuring import Measurement, match_labels
from reading.plate import Plate
from reading.plate_reader import bounding_box
from reading.report import CELL_HEIGHT, CELL_WIDTH, CLASSES, EDGE, FIELD, MARGIN, draw_confusions, write_report

SHAPE = (200, 300, 3)  # of the photographs
CORNERS = quad(100, 80, 100, 30)
GREEN = (60, 160, 60)


def make_plate(code: str, confidence: float = 0.9, corners: np.ndarray = CORNERS) -> Plate:
    box = bounding_box(corners, SHAPE)
    return Plate(code=code, confidence=confidence, box=box, corners=corners, characters=np.ones(len(code)))


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    """Six photographs, two in a folder below, all with a green plate at CORNERS."""
    (tmp_path / "photos" / "street").mkdir(parents=True)
    paths = [
        tmp_path / "photos" / name for name in ("a.png", "b.png", "c.png", "d.png", "street/a.png", "street/e.png")
    ]
    for path in paths:
        photo = np.full(SHAPE, 90, np.uint8)
        photo[80:110, 100:200] = GREEN
        write_image(path, photo)
    return paths


@pytest.fixture
def measurement(tmp_path, photos) -> Measurement:
    """One plate read, one with O for 0, two misread, one not found, and a photograph without a label."""
    table = tmp_path / "labels.tsv"
    table.write_text(
        "photos/a.png\t100\t80\t100\t30\tAB 10\n"
        "b.png\t100\t80\t100\t30\tAB10\n"
        "c.png\tKA02\n"
        "street/a.png\tMH1234\nstreet/e.png\t0\t0\t9\t9\tXY99\n"
    )
    measurement = Measurement(match_labels(table, photos))
    readings = {
        "a.png": [make_plate("AB10"), make_plate("EXIT", 0.3, quad(0, 0, 40, 20))],
        "b.png": [make_plate("ABI0", 0.95)],
        "c.png": [make_plate("KAA02", 0.8)],
        "d.png": [make_plate("CD34")],
        "street/a.png": [make_plate("NH123", 0.7)],
        "street/e.png": [],
    }
    for photo, plates in zip(photos, readings.values(), strict=True):
        measurement.add(photo, plates)
    return measurement


def test_what_is_said(measurement):
    lines = measurement.describe()
    assert lines[:6] == [
        "plates        5 on 5 photographs",
        "found         80.0 %",
        "read          20.0 %",
        "read~         40.0 %, where O counts as 0 and I as 1",
        "characters    63.3 %",
        "false plates  0.20 a photograph",
    ]
    assert "2 of 5 readings (40.0 %) have a confidence of 0.9 or more, and 100.0 %" in lines[6]
    assert lines[7] == "no label      1 photographs, which do not count"
    assert sorted(lines[8].removeprefix("confused      ").split(", ")) == [
        "1 as I 1",
        "4 left out 1",
        "A added 1",
        "M as N 1",
    ]
    assert lines[9:] == ["misread       MH1234 as NH123 0.70 a.png", "misread       KA02 as KAA02 0.80 c.png"]


def test_a_perfect_measurement_says_no_more(tmp_path, photos):
    (tmp_path / "labels.tsv").write_text("c.png\tKA02\n")
    measurement = Measurement(match_labels(tmp_path / "labels.tsv", photos))
    measurement.add(photos[2], [make_plate("KA02")])
    assert len(measurement.describe()) == 7


def test_photographs_that_were_not_read_count(tmp_path, photos):
    (tmp_path / "labels.tsv").write_text("c.png\tKA02\nd.png\tKA03\n")
    measurement = Measurement(match_labels(tmp_path / "labels.tsv", photos))
    measurement.add(photos[2], [make_plate("KA02")])
    score = measurement.score()
    assert (score.photos, score.plates, score.read, score.not_read) == (2, 2, 1, 1)
    assert "not opened    1 photographs; their plates count as not found" in measurement.describe()


def test_readings_of_something_else_confuse_no_characters(tmp_path, photos):
    (tmp_path / "labels.tsv").write_text("c.png\tKA02\n")
    measurement = Measurement(match_labels(tmp_path / "labels.tsv", photos))
    measurement.add(photos[2], [make_plate("TAXI")])
    assert not measurement.confusions()


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("x.png", "x.png is none of the photographs to read"),
        ("other/b.png", "other/b.png is none of the photographs to read"),
        (".", ". is none of the photographs to read"),
        ("a.png", "a.png names .* and .*; write more of the path"),
    ],
)
def test_a_label_that_names_no_photograph_or_two_is_refused(tmp_path, photos, image, reason):
    (tmp_path / "labels.tsv").write_text(f"b.png\tAB10\n{image}\tAB10\n")
    with pytest.raises(UserError, match=f"labels.tsv: line 2: {reason}"):
        match_labels(tmp_path / "labels.tsv", photos)


@pytest.mark.parametrize("beside", [True, False])
def test_a_path_below_the_folder_of_the_table_is_one_photograph(tmp_path, photos, beside, monkeypatch):
    """Two photographs have the same last name, and the table is beside them or says where they are."""
    table = tmp_path / ("photos.tsv" if beside else "labels.tsv")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    table.write_text(("" if beside else "# photographs in link\n") + "a.png\tAB10\nstreet/a.png\tAB11\n")
    monkeypatch.chdir(tmp_path / "photos")
    matched = match_labels(table, [Path("a.png"), Path("street/a.png"), Path("b.png")])
    assert {photo: label.code for photo, [label] in matched.items()} == {
        Path("a.png"): "AB10",
        Path("street/a.png"): "AB11",
    }


def test_names_may_be_relative_to_where_the_user_is(tmp_path, photos, monkeypatch):
    (tmp_path / "labels.tsv").write_text("photos/b.png\tAB10\n")
    monkeypatch.chdir(tmp_path / "photos")
    measurement = Measurement(match_labels(tmp_path / "labels.tsv", [Path("b.png"), Path("b.png")]))
    assert list(measurement.labels) == [Path("b.png")]


def test_the_report_shows_misread_and_missed_plates(tmp_path, measurement):
    folder = tmp_path / "new" / "report"
    folder.mkdir(parents=True)
    for name in ("misread-02.png", "misread-x.png"):
        (folder / name).touch()
    write_report(folder, measurement)
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusion.png",
        "misread-01.png",
        "misread-x.png",
        "reliability.png",
    ]
    sheet = read_image(folder / "misread-01.png")
    assert sheet.shape[0] == CELL_HEIGHT + 2 * EDGE
    for column, is_shown in enumerate([True, True, False, False]):  # the third is the plate that was not found
        left = EDGE + column * (CELL_WIDTH + EDGE)
        cell = sheet[EDGE : EDGE + CELL_HEIGHT, left : left + CELL_WIDTH]
        assert (np.abs(cell.astype(int) - GREEN).sum(-1) < 20).any() == is_shown
        assert (cell.std() > 0) == (column < 3)


def test_a_report_of_no_mistakes(tmp_path, photos):
    (tmp_path / "labels.tsv").write_text("c.png\tKA02\n")
    write_report(tmp_path / "report", Measurement(match_labels(tmp_path / "labels.tsv", photos)))
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["confusion.png", "reliability.png"]


def test_a_report_needs_no_photograph_that_vanished(tmp_path, photos, measurement):
    for photo in photos:
        photo.unlink()
    write_report(tmp_path / "report", measurement)
    assert (tmp_path / "report" / "misread-01.png").exists()


def test_a_report_where_a_file_is_is_refused(tmp_path, measurement):
    (tmp_path / "report").touch()
    with pytest.raises(UserError, match="report: cannot be made"):
        write_report(tmp_path / "report", measurement)


def test_a_report_among_the_photographs_is_refused(photos, measurement):
    with pytest.raises(UserError, match="photos: holds the photographs themselves"):
        write_report(photos[0].parent / ".." / "photos", measurement)
    assert sorted(path.name for path in photos[0].parent.iterdir()) == ["a.png", "b.png", "c.png", "d.png", "street"]


def test_a_confusion_is_in_its_row_and_column(measurement):
    picture = draw_confusions(measurement.confusions())

    def field(truth: str, read: str) -> np.ndarray:
        row, column = CLASSES.index(truth), CLASSES.index(read)
        return picture[MARGIN + FIELD * row :, MARGIN + FIELD * column :][: FIELD - 1, : FIELD - 1]

    for pair in [("1", "I"), ("4", ""), ("", "A"), ("M", "N"), ("K", "K")]:
        assert cv2.absdiff(field(*pair), field("Q", "R")).any(), pair
    assert field("M", "N")[0, 0, 2] > field("M", "N")[0, 0, 0]  # red
    for pair in [("I", "1"), ("N", "M"), ("", "Z")]:
        assert not cv2.absdiff(field(*pair), field("Q", "R")).any(), pair

"""detect.py --labels as a user types it."""

import json

import numpy as np
import pytest
from command_line import ROOT, assert_refused, run_script

from media.pictures import read_image, write_image


@pytest.fixture
def photos(tmp_path):
    """The drawn scene, the same in a folder below, and a gray photograph."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    scene = read_image(ROOT / "in.jpg")
    write_image(folder / "scene.jpg", scene)
    write_image(folder / "below" / "scene.jpg", scene)
    write_image(folder / "gray.png", np.full((60, 90, 3), 128, np.uint8))
    return folder


def run_detect(*arguments):
    return run_script("detect.py", *arguments)


def test_readings_are_measured_and_mistakes_are_drawn(shipped_weights, photos, tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_text("photos/scene.jpg\tKA 02 MK 7259\nbelow/scene.jpg\tKA02MK7Z59\ngray.png\t1\t2\t30\t10\tAB12\n")
    report = tmp_path / "report"
    result = run_detect(photos, shipped_weights, "--recursive", "--labels", labels, "--report", report)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    measured = lines[lines.index("plates        3 on 3 photographs") :]
    assert measured[1:6] == [
        "found         66.7 %",
        "read          33.3 %",
        "read~         33.3 %, where O counts as 0 and I as 1",
        "characters    63.3 %",
        "false plates  0.00 a photograph",
    ]
    assert "confused      Z as 2 1" in measured
    assert measured[-1].startswith("misread       KA02MK7Z59 as KA02MK7259 ")
    assert {path.name for path in report.iterdir()} == {"misread-01.png", "confusion.png", "reliability.png"}


def test_rows_on_stdout_stay_rows(weights, photos, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("image_path,plate_text\ngray.png,AB12\n")
    result = run_detect(photos / "gray.png", weights, "--crops", "--json", "-", "--labels", labels)
    assert result.returncode == 0, result.stderr
    [row] = result.stdout.splitlines()
    assert json.loads(row)["image"] == "gray.png"
    assert "plates        1 on 1 photographs" in result.stderr


def test_labels_are_checked_before_anything_is_read(photos, tmp_path):
    labels = tmp_path / "labels.tsv"
    for lines, words in [
        ("gray.png\tAB12\ngray.png\n", ["labels.tsv: line 2: has 1 field"]),
        ("gray.png\tAB12\nnone.png\tAB12\n", ["labels.tsv: line 2: none.png is none of the photographs"]),
        ("gray.png\t1\t2\t0\t4\tAB12\n", ["labels.tsv: line 1: the box '1 2 0 4' has no area"]),
    ]:
        labels.write_text(lines)
        assert_refused(run_detect(photos, "none.npz", "--labels", labels), *words)


def test_options_that_make_no_sense_with_labels_are_refused(photos, tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_text("gray.png\tAB12\n")
    assert_refused(run_detect(photos, "--report", tmp_path / "report"), "--report", "--labels")
    assert_refused(run_detect(photos, "--labels", labels, "--shard", "1/2"), "--labels", "--shard")
    assert_refused(run_detect(photos, "--labels", labels, "--report", photos), "holds the photographs themselves")
    assert_refused(run_detect(photos, "--labels", labels, "--json", labels), "labels.tsv: is in use")

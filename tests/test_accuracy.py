"""tests/accuracy.py: on drawn pictures, that its lines say what was read. How good weights are is no test."""

import re
from pathlib import Path

import accuracy
import numpy as np
import pytest
from command_line import ROOT, assert_refused, run_script
from fakes import quad
from sample_files import make_archive, make_jpeg

from common import UserError
from media.pictures import write_image
from reading.plate import Plate
from reading.plate_reader import bounding_box

RED, GREEN, BLUE = (40, 40, 200), (40, 200, 40), (200, 40, 40)
CODES = {0: "DD33", 1: "BB22", 2: "AA11"}  # by the brightest channel of a photograph: blue, green, red
TEXT_FOLDER = "SUN397/s/signboard"


class ColourReader:
    """Reads the code of a photograph's colour, for sure; sees no plate on gray."""

    def __init__(self, weights: Path, formats: str | None, threshold: float, threads: int) -> None:
        assert threads == 1  # the time of one is told

    def read(self, photo: np.ndarray, crops: bool = False) -> list[Plate]:
        colour = photo.mean((0, 1))
        if np.ptp(colour) < 50:
            return []
        corners = quad(0, 0, 120, 100) if crops else quad(10, 10, 40, 20)
        code = CODES[int(colour.argmax())]
        return [
            Plate(
                code=code,
                confidence=0.95,
                box=bounding_box(corners, photo.shape),
                corners=corners,
                characters=np.ones(4),
            )
        ]


@pytest.fixture
def shared(tmp_path, monkeypatch) -> Path:
    """A folder like ../shared: `eu` is read, of `us` one plate is read, one misread and one far from its label."""
    monkeypatch.setattr(accuracy, "PlateReader", ColourReader)
    photos = {"eu": {"a.png": RED}, "us": {"b.png": GREEN, "c.png": BLUE, "d.png": RED, "unlabelled.png": RED}}
    for name, colours in photos.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for image, colour in colours.items():
            write_image(tmp_path / "photos" / name / image, np.full((100, 120, 3), colour, np.uint8))
    (tmp_path / "photos" / "eu.tsv").write_text("a.png\t10\t10\t40\t20\tAA11\n")
    (tmp_path / "photos" / "us.tsv").write_text(
        "b.png\t10\t10\t40\t20\tBB22\nc.png\t0\t0\t0\t0\tDD34\nd.png\t80\t80\t40\t20\tAA11\n"
    )
    members = {
        f"{TEXT_FOLDER}/sun_a.jpg": make_jpeg(colour=(90, 90, 90)),
        f"{TEXT_FOLDER}/sun_b.jpg": make_jpeg(colour=RED),
        "SUN397/s/street/sun_c.jpg": make_jpeg(colour=RED),
    }
    make_archive(tmp_path / "backgrounds.tar.gz", members)
    return tmp_path


def test_every_set_has_its_line(shared, tmp_path, capsys):
    failures, curve = tmp_path / "failures", tmp_path / "curve.png"
    accuracy.main(["--shared", str(shared), "--sets", "eu,us,text", "--failures", str(failures), "--curve", str(curve)])
    eu, us, false, text, sure = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"eu +plates 1  found 100.0%  read 100.0%  .*false/image 0.00 .* ms \d+", eu)
    assert re.fullmatch(r"us +plates 3  found 66.7%  read 33.3%  read~ 33.3%  .*false/image 0.33 .*", us)
    assert "chars 58.3%" in us
    assert false == "false plates a photograph over eu, us: 0.250"
    assert re.fullmatch(r"text +a plate on 1 of 2 photographs, 50.0 %", text)
    assert sure.startswith("4 of 4 readings (100.0 %) have a confidence of 0.9 or more, and 75.0 % of these are right")
    assert sure.endswith("expected calibration error 20.0 %")
    assert curve.stat().st_size > 0
    assert sorted(path.name for path in (failures / "us").iterdir()) == [
        "confusion.png",
        "misread-01.png",
        "reliability.png",
    ]


def test_photographs_may_be_taken_for_plates(shared, capsys):
    accuracy.main(["--shared", str(shared), "--sets", "us", "--crops"])
    us, *_ = capsys.readouterr().out.splitlines()
    assert "found 100.0%" in us  # c.png has no box, and the whole of the others holds their labels' centre


def test_any_table_of_labels_will_do(shared, capsys):
    accuracy.main(["--labels", str(shared / "photos" / "us.tsv")])
    us, sure = capsys.readouterr().out.splitlines()[::2]
    assert us.startswith("us           plates 3 ")
    assert "readings" in sure


def test_photographs_may_be_anywhere(shared, tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("image_path,plate_text\na.png,AA 11\n")
    accuracy.main(["--labels", str(tmp_path / "labels.csv"), "--photos", str(shared / "photos" / "eu")])
    line, _ = capsys.readouterr().out.splitlines()
    assert line.startswith("labels       plates 1  found 100.0%  read 100.0% ")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--sets", "eu,nowhere"], "nowhere.tsv: cannot be read"),
        (["--sets", "us", "--shared", "/nowhere"], "/nowhere/photos: does not exist; name a table with --labels"),
        (["--sets", "text", "--shared", "/nowhere"], "backgrounds.tar.gz: does not exist; leave text out of --sets"),
        (["--labels", "/nowhere.tsv"], "/nowhere.tsv: cannot be read"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(shared, arguments, reason):
    with pytest.raises(UserError, match=reason):
        accuracy.main(["--shared", str(shared), *arguments])


def test_the_drawn_scene_as_a_user_measures_it(shipped_weights, tmp_path):
    (tmp_path / "labels.tsv").write_text("in.jpg\tKA 02 MK 7259\n")
    script = Path("tests", "accuracy.py")
    result = run_script(script, shipped_weights, "--labels", tmp_path / "labels.tsv", "--photos", ROOT)
    assert result.returncode == 0, result.stderr
    assert "plates 1  found 100.0%  read 100.0%  read~ 100.0%" in result.stdout
    (tmp_path / "labels.tsv").write_text("in.jpg\n")
    assert_refused(run_script(script, "--labels", tmp_path / "labels.tsv"), "labels.tsv: line 1: has 1 field")

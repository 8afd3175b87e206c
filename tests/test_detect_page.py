"""detect.py --page as a user types it; tests/test_page_browser.py looks at the page itself."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, assert_refused, run_script

from media.pictures import write_image


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder of two photos, one without a plate, and a file that is no picture."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(ROOT / "in.jpg", folder / "street.jpg")
    write_image(folder / "gray.png", np.full((60, 90, 3), 128, np.uint8))
    (folder / "broken.jpg").write_text("no picture")
    return folder


def test_a_page_shows_what_json_says(photos, shipped_weights, tmp_path):
    result = run_script("detect.py", photos, "--page", tmp_path / "out", "--out", tmp_path / "out", "--json", "-")
    assert result.returncode == 0, result.stderr
    assert f"{tmp_path / 'out' / 'index.html'}: open it in a browser" in result.stderr
    said = [row for row in map(json.loads, result.stdout.splitlines()) if "error" not in row]
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    shown = json.loads(re.search(r'<script type="application/json" id="photos">(.*?)</script>', html, re.DOTALL)[1])
    assert [row["image"] for row in shown] == ["gray.png", "street.jpg"]
    assert [{"image": row["image"], "plates": row["plates"]} for row in shown] == said
    assert [row["file"] for row in shown] == ["../photos/gray.png", "../photos/street.jpg"]
    pictures = {"000001.jpg", "000002.jpg", "000002-1.jpg"}
    assert {path.name for path in (tmp_path / "out" / "images").iterdir()} == pictures
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"gray.png", "street.jpg", "index.html", "images"}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["photos", "--page", "out", "--resume", "--json", "rows.jsonl"], "--resume"),
        (["photos", "--page", "out", "--json", "out/index.html"], "in use"),
        (["photos", "--page", "out", "--csv", "out/images/plates.csv"], "among the pictures"),
        (["photos", "--page", "out", "--out", "out/images"], "among the pictures"),
        (["photos", "--page", "photos/street.jpg"], "choose another folder for --page"),
        (["film.mp4", "--page", "out"], "not for a video"),
    ],
)
def test_a_page_that_cannot_be_is_refused(photos, tmp_path, options, word):
    (tmp_path / "film.mp4").touch()
    assert_refused(run_script("detect.py", *options, cwd=tmp_path), word)
    assert not (tmp_path / "out").exists()


def test_a_page_in_the_folder_of_its_photos_is_not_read_as_photos(photos, shipped_weights, tmp_path):
    command = "photos", "--recursive", "--page", "photos/page"
    assert run_script("detect.py", *command, cwd=tmp_path).returncode == 0
    assert_refused(run_script("detect.py", *command, cwd=tmp_path), "among the pictures")

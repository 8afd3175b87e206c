"""The circle that a user walks: read photographs, correct the readings in the page, measure, fine-tune, measure again.

Where there is no Chromium, the test writes the corrections in the user's place, and the page is not tested.
"""

import re
import warnings
from pathlib import Path

import open_page
from command_line import run_script
from drawn_photographs import write_photos
from selenium.webdriver.common.keys import Keys
from training_runs import make_test_windows, run_training

import model
from media.labels import FOLDER_LINE, read_labels
from synthesis.windows import Settings, Synthesizer

COUNT = 5  # photographs in each of two folders
LEAST = 6  # photographs whose plate is found, of which two are held out: enough to train on


def draw_photos(folder: Path) -> dict[str, tuple[str, str]]:
    """Draw photographs into two folders below `folder`, with the same names: the box and code of each by its path."""
    folder.mkdir()
    synthesizer = Synthesizer(Settings("in", backgrounds="none"))
    truths = {}
    for number, name in enumerate(("day", "night")):
        table = write_photos(folder / name, synthesizer, COUNT, first=number * COUNT)
        for i, line in enumerate(table.read_text().splitlines()):
            image, *box, code = line.split("\t")
            (folder / name / image).rename(folder / name / f"{i}.png")
            truths[f"{name}/{i}.png"] = "\t".join(box), code
        table.unlink()
    return truths


def correct_in_page(browser, folder: Path, truths: dict[str, tuple[str, str]]) -> Path:
    """Type the true code of each photograph into the page in `folder`, and export: the table that is downloaded."""
    page = open_page.Page(browser, folder)
    page.find(".tile input").click()
    while match := re.fullmatch(r"Code of plate (\d) on (.*)", page.focused()):
        number, name = match.groups()
        before = page.focused()
        page.type(truths[name][1] if number == "1" else "")  # a second plate is a false one
        page.press(Keys.ENTER)
        if page.focused() == before:  # it is the last one
            break
    page.export()
    return page.downloads / "labels.tsv"


def write_labels(path: Path, photos: Path, truths: dict[str, tuple[str, str]]) -> Path:
    """Write the table that a page would export."""
    path.parent.mkdir()
    lines = [f"{image}\t{box}\t{code}\n" for image, (box, code) in truths.items()]
    path.write_text(f"{FOLDER_LINE}{photos}\n" + "".join(lines))
    return path


def measure(photos: Path, labels: Path, *weights: Path) -> list[str]:
    """What detect.py says of the photographs and labels."""
    result = run_script("detect.py", photos, *weights, "--recursive", "--labels", labels)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_a_user_reads_corrects_measures_and_trains(shipped_weights, tmp_path, request):
    photos = tmp_path / "photos"
    truths = draw_photos(photos)
    read = run_script("detect.py", photos, "--recursive", "--page", tmp_path / "page")
    assert read.returncode == 0, read.stderr

    if open_page.find_browser():
        labels = correct_in_page(request.getfixturevalue("browser"), tmp_path / "page", truths)
    else:
        warnings.warn("NOT TESTED: there is no Chromium; the corrections are written by the test", stacklevel=1)
        labels = write_labels(tmp_path / "downloads" / "labels.tsv", photos, truths)
    codes = {label.image: label.code for label in read_labels(labels)}
    assert codes.items() <= {image: code for image, (_, code) in truths.items()}.items()
    assert len(codes) >= LEAST
    plates = f"plates        {len(codes)} on {len(codes)} photographs"
    assert plates in measure(photos, labels)

    make_test_windows(tmp_path)
    options = ("--out", "mine.npz", "--batches", "1", "--batch", "192", "--workers", "1", "--bgs", "none")
    code, stdout, stderr = run_training(tmp_path, shipped_weights, "--photos", labels, "--formats", "in", *options)
    says = r"reads [\d.]+ % of the plates on \d held-out photographs .* and scores [\d.]+ on the test windows$"
    assert len(re.findall(f"^{re.escape(str(shipped_weights))} {says}", stdout, re.M)) == 1, stderr
    mine = tmp_path / "mine.npz"
    made = {path.name for path in tmp_path.iterdir()}
    assert made - {"mine.npz", labels.parent.name} == {"photos", "page", "test"}
    if code:  # one batch need not bring anything
        assert code == 2
        assert stderr.splitlines()[-1].startswith("train.py: mine.npz: not written, because no weights read better")
        assert "mine.npz" not in made
        return
    assert len(re.findall(f"^before: {says}", stdout, re.M)) == 1
    assert len(re.findall(f"^mine.npz: {says}", stdout, re.M)) == 1
    assert model.load_weights(mine).scores["photos"]
    assert plates in measure(photos, labels, mine)

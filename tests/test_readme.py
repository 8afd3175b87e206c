"""README.md: its commands run as they stand, in a folder like a fresh clone, and what it says of the files is so."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT
from drawn_photographs import draw_formats, write_photos
from sample_files import make_archive, make_jpeg

import model
from formats.loading import load_formats
from media import limits
from media.files import show_bytes
from media.pictures import read_image, write_image
from media.scene_classes import ROADSIDE
from media.videos import write_video
from reading.measuring import Measurement
from synthesis.windows import Settings, Synthesizer

README = (ROOT / "README.md").read_text()
PHOTOS = 5  # drawn photographs, as many as training on labels asks for
MOST_WORDS = 1800
DOORS = ("extractbgs.py", "gen.py", "model.py", "train.py", "detect.py", "mine.py")
PROGRAMS = (".", "parallel", "pip", "python", "python3", "sbatch", *(f"./{door}" for door in DOORS))

RUN = {  # the commands that are run, without their comments, and patterns of the files that each makes
    "python detect.py in.jpg": [],
    "python detect.py in.jpg weights.npz out.jpg": ["out.jpg"],
    "python detect.py a.jpg b.jpg photos --out drawn": ["drawn/a.*", "drawn/b.*", "drawn/**/0.*"],
    "python detect.py photos --json rows.jsonl --resume": ["rows.jsonl"],
    "python detect.py drive.mp4 --out drawn.mp4": ["drawn.mp4"],
    "python detect.py crops --crops --csv codes.csv": ["codes.csv"],
    "python detect.py photos --only in --top 3": [],
    "python detect.py photos --page page": ["page/index.html"],
    "python detect.py photos --labels labels.tsv --report report": ["report/*.png"],
    "python detect.py photos mine.npz": [],
    "python gen.py 200 --formats xx --fonts typefaces --out sheet --sheet sheet.png": ["sheet/*_1.png", "sheet.png"],
    "python detect.py photos --only xx": [],
    "./extractbgs.py SUN397.tar.gz": ["bgs/00000000.jpg", "bgs/index.tsv"],
    "./gen.py 1000": ["test/00000999_*.png", "test/settings.json"],
    "python model.py": [],
    "python mine.py weights.npz": ["bgs/hard_negatives.tsv"],
}
SHARDS = (  # the commands that read in shards; a test below runs one after the other
    "parallel python detect.py photos --json rows{}.jsonl --shard {}/4 ::: 1 2 3 4",
    "python detect.py photos --json rows.jsonl --join rows?.jsonl",
)
TRAINED = {  # the commands that train for long, and the weights that each makes: all but the training itself is run
    "python train.py weights.npz --formats xx --fonts typefaces --hours 0.5": "weights-xx.npz",
    "python train.py weights.npz --photos labels.tsv --out mine.npz": "mine.npz",
    "python train.py": "weights.npz",
}
TASK = "$SLURM_ARRAY_TASK_ID"
NOT_RUN = {  # the commands that are not run, and why
    "python3 -m venv .venv": "installs packages, as .ci/run does",
    ". .venv/bin/activate": "installs packages, as .ci/run does",
    "pip install -r requirements-detect.txt": "installs packages",
    "pip install -r requirements-dev.txt": "installs packages, as .ci/run does",
    "python detect.py 0 --every 5": "needs a camera",
    f"sbatch -a 1-4 --wrap 'python detect.py photos --json rows{TASK}.jsonl --shard {TASK}/4'": "needs Slurm",
    "python -m pytest": "is what runs this test",
}
INLINE_RUN = ("python detect.py --help", "gen.py --shard I/N")  # commands in sentences that a test below runs
INLINE_NOT_RUN = {  # commands in sentences that no test here runs, and why
    "pip install -r requirements.txt": "installs packages",
    "python tests/accuracy.py": "needs the labelled photographs, which are not in the repository",
}
KNOWN = RUN.keys() | TRAINED.keys() | NOT_RUN.keys() | set(SHARDS)
FOREIGN_OPTIONS = {"--help", "--wrap"}  # argparse's and Slurm's
NOT_IN_THE_REPOSITORY = {"formats/xx.toml": "a user's format", "test/": "gen.py makes it"}
STUB = """\
import train
from media.labels import find_folder, find_photos, read_labels
from synthesis.windows import Synthesizer

def tell(options, checkpoint):
    Synthesizer(options.window_settings)
    if options.photos:
        find_photos(options.photos, read_labels(options.photos), find_folder(options.photos))
    print(options.target)

train.train = tell
train.run(train.main)
"""


def find_blocks() -> list[list[str]]:
    """The indented blocks of README.md, as the lines of each."""
    blocks = re.findall(r"(?<=\n\n)(?: {4}.*\n)+", README)
    return [[line[4:] for line in block.splitlines()] for block in blocks]


def find_output(beginning: str) -> str:
    """The block of output that README.md shows and that starts with `beginning`."""
    found = ["\n".join(block) for block in find_blocks() if block[0].startswith(beginning)]
    assert len(found) == 1, f"README.md shows {len(found)} outputs that start with {beginning}"
    return found[0]


def is_command(line: str) -> bool:
    return line.split()[0] in PROGRAMS


def without_comment(line: str) -> str:
    return re.sub(r"\s+# .*", "", line)


COMMANDS = [line for block in find_blocks() for line in block if is_command(line)]
INLINE = re.findall(r"`([^`\n]+)`", README)


@pytest.fixture(scope="module")
def clone(tmp_path_factory, shipped_weights) -> Path:
    """A folder like a fresh clone, with small inputs of all names in README.md."""
    folder = tmp_path_factory.mktemp("clone")
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for path in ROOT.iterdir():
        if path.is_dir() and any(path.glob("*.py")):  # a room, formats/ or fonts/
            shutil.copytree(path, folder / path.name, ignore=ignored)
    for path in [*ROOT.glob("*.py"), ROOT / "in.jpg", shipped_weights]:
        shutil.copy(path, folder)
    shutil.copy(shipped_weights, folder / "mine.npz")  # in place of weights that a user trained
    (folder / "bgs").mkdir()
    make_inputs(folder)
    make_programs(folder / ".bin")
    (folder / "untrained.py").write_text(STUB)
    return folder


def make_inputs(folder: Path) -> None:
    """Make the files that README.md takes for a user's own."""
    table = write_photos(folder / "photos", Synthesizer(Settings("in", backgrounds="none")), PHOTOS)
    rows = [line.split("\t") for line in table.read_text().splitlines()]
    table.unlink()
    (folder / "labels.tsv").write_text("".join("\t".join([f"photos/{row[0]}", *row[1:]]) + "\n" for row in rows))
    (folder / "crops").mkdir()
    for name, *box, _ in rows:
        x, y, width, height = map(int, box)
        write_image(folder / "crops" / name, read_image(folder / "photos" / name)[y : y + height, x : x + width])
    for name in ("a.jpg", "b.jpg"):
        write_image(folder / name, read_image(folder / "photos" / "0.png"))
    with write_video(folder / "drive.mp4", 10) as append:
        for _ in range(4):
            append(read_image(folder / "in.jpg")[370:500, 395:635])
    make_archive(folder / "SUN397.tar.gz", {f"SUN397/s/street/sun_{i}.jpg": make_jpeg() for i in range(3)})
    shutil.copy(folder / "formats" / "any.toml", folder / "formats" / "xx.toml")
    (folder / "typefaces").mkdir()
    shutil.copy(folder / "fonts" / "PlateWide-Bold.ttf", folder / "typefaces" / "Mine.ttf")


def make_programs(folder: Path) -> None:
    """Make the programs python and python3, which are the Python that runs this test."""
    folder.mkdir()
    for name in ("python", "python3"):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (folder / name).chmod(0o755)


@pytest.fixture
def fresh(clone, tmp_path) -> Path:
    """A clone of its own for each test. Its files are links, because the scripts replace files and change none."""
    return Path(shutil.copytree(clone, tmp_path / "clone", copy_function=os.link))


def run_line(line: str, folder: Path) -> subprocess.CompletedProcess:
    """Run a line of README.md in `folder`, comment and all. It must succeed."""
    path = f"{folder / '.bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path}
    result = subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    return result


# ------------------------------------------------------------------------------------------------------- commands


def test_each_line_of_a_block_is_a_known_command_or_an_output():
    outputs = [find_output(beginning) for beginning in ("KA02", "{", "plates ", "before: ")]
    for block in find_blocks():
        if "\n".join(block) not in outputs:
            assert {without_comment(line) for line in block} <= KNOWN


def test_each_known_command_is_in_the_readme():
    assert {without_comment(line) for line in COMMANDS} == KNOWN


def test_each_command_in_a_sentence_is_known():
    commands = {text for text in INLINE if " " in text and (is_command(text) or text.split()[0] in DOORS)}
    assert commands == {*INLINE_RUN, *INLINE_NOT_RUN}


@pytest.mark.parametrize("line", COMMANDS, ids=without_comment)
def test_a_command_runs_as_it_stands(line, request):
    command = without_comment(line)
    if command in NOT_RUN:
        pytest.skip(f"NOT RUN: {NOT_RUN[command]}")
    if command in TRAINED:
        pytest.skip("NOT RUN: trains for long; the next test runs all but the training")
    if command in SHARDS:
        pytest.skip("NOT RUN by itself: a test below runs the commands for shards one after the other")
    fresh = request.getfixturevalue("fresh")
    if "mine.py" in command:
        write_image(fresh / "bgs" / "00000000.jpg", np.full((90, 120, 3), 128, np.uint8))
    made = RUN[command]
    before = {pattern: set(fresh.glob(pattern)) for pattern in made}
    run_line(line, fresh)
    assert [pattern for pattern in made if set(fresh.glob(pattern)) == before[pattern]] == []


@pytest.mark.parametrize("command", TRAINED)
def test_a_training_command_starts(command, fresh):
    """The script takes the arguments, and finds the files, the format and the photographs. test_train.py trains."""
    result = run_line(command.replace("train.py", "untrained.py"), fresh)
    assert result.stdout == f"{TRAINED[command]}\n"


def test_shards_are_read_at_once_and_joined(fresh):
    if not shutil.which("parallel"):
        pytest.skip("NOT TESTED: GNU parallel is not installed; apt-get install parallel")
    for line in SHARDS:
        run_line(line, fresh)
    rows = [json.loads(line) for line in (fresh / "rows.jsonl").read_text().splitlines()]
    assert [row["image"] for row in rows] == [f"{i}.png" for i in range(PHOTOS)]


def test_the_recipe_for_an_own_country(fresh):
    """The commands in the README with less training, on drawn photographs, measured before and after."""
    form = fresh / "formats" / "xx.toml"
    text = re.sub(r"^patterns = \[.*?^\]", 'patterns = [["LL DDD|LL", 1]]', form.read_text(), flags=re.M | re.S)
    form.unlink()  # it is a link to the file of all tests
    form.write_text(text)
    synthesizer = Synthesizer(Settings("any", backgrounds="none"))
    draw_formats(synthesizer, load_formats("xx", fresh / "formats"))
    write_photos(fresh / "plates", synthesizer, PHOTOS)
    settings = "--formats xx --fonts typefaces --bgs none"
    run_line(f"python gen.py 60 {settings}", fresh)  # fewer test windows than train.py would make
    measured = [run_line("python detect.py plates --only xx --labels plates.tsv", fresh).stdout]
    run_line(f"python train.py weights.npz {settings} --batches 1 --batch 192 --workers 1", fresh)
    measured.append(run_line("python detect.py plates weights-xx.npz --only xx --labels plates.tsv", fresh).stdout)
    for said in measured:
        codes = re.findall(r"^\d\.png (\w+)", said, re.M)
        assert codes
        assert [code for code in codes if not re.fullmatch("[A-Z]{2}[0-9]{3}[A-Z]{2}", code)] == []
        assert f"plates        {PHOTOS} on {PHOTOS} photographs" in said
        assert float(re.search(r"^characters +([\d.]+) %", said, re.M)[1]) > 50


def test_the_first_command_prints_what_the_readme_shows(fresh):
    assert run_line("python detect.py in.jpg", fresh).stdout == find_output("KA02") + "\n"


def test_a_measurement_has_the_lines_that_the_readme_shows():
    shown = [line[:14] for line in find_output("plates ").splitlines()]
    said = [line[:14] for line in Measurement({}).describe()]
    assert [line for line in shown if line.split()[0] not in ("confused", "misread")] == said[:6]


def test_json_has_the_keys_that_the_readme_shows(fresh):
    printed = run_line("python detect.py in.jpg --json -", fresh).stdout
    assert json.loads(printed)["plates"][0]["text"] in find_output("{")
    key = r'"(\w+)":'
    assert re.findall(key, find_output("{")) == re.findall(key, printed)


def test_the_python_snippet_prints_the_plate(fresh):
    (snippet,) = re.findall(r"```python\n(.*?)```", README, re.S)
    (fresh / "snippet.py").write_text(snippet)
    assert re.fullmatch(r"KA02MK7259 [01]\.\d+ in\n", run_line("python snippet.py", fresh).stdout)


def test_a_video_tells_each_plate_once_with_its_first_and_last_second(fresh):
    stdout = run_line("python detect.py drive.mp4 --out drawn.mp4", fresh).stdout
    assert re.fullmatch(r"KA02MK7259 [01]\.\d\d \d+,\d+,\d+,\d+ 0\.00-0\.[34]\d\n", stdout)


def test_the_options_in_sentences_do_what_the_readme_says(fresh):
    assert "--threshold" in run_line("python detect.py --help", fresh).stdout
    run_line("python detect.py in.jpg --formats in,gb --export networks", fresh)
    assert len(list((fresh / "networks").glob("*.onnx"))) == 2
    assert "KA02MK7259" in run_line("python detect.py in.jpg --pattern 'LL DD LL DDDD'", fresh).stdout
    run_line("python gen.py 20 --shard 2/2", fresh)
    assert len(list((fresh / "test").glob("*_[01].png"))) == 10


# ---------------------------------------------------------------------------------------------------------- facts


def test_each_file_and_folder_that_it_names_exists():
    links = re.findall(r"\]\(([^)]+)\)", README)
    names = [text for text in INLINE if re.fullmatch(r"[\w./-]+(/|\.(py|md|toml|txt))|LICENSE", text)]
    installed = re.findall(r"-r (\S+\.txt)", README)
    named = {*links, *names, *installed} - NOT_IN_THE_REPOSITORY.keys()
    assert {"pictures/out.jpg", "formats/any.toml", "requirements.txt", "LICENSE"} <= named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_each_option_that_it_names_exists():
    doors = "".join((ROOT / door).read_text() for door in DOORS)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert sorted(option for option in options - FOREIGN_OPTIONS if f'"{option}"' not in doors) == []


def test_its_numbers_are_those_of_the_code():
    formats = len(list((ROOT / "formats").glob("*.toml")))
    tens = (formats - 2) // 10 * 10  # of formats besides in.toml and any.toml
    text = " ".join(README.split())
    assert f"{tens} more countries" in text
    assert f"one of {tens} formats" in text
    assert f"{len(ROADSIDE)} and more kinds of places" in text
    assert f"2x{model.COLUMNS} frames" in text


def test_its_limits_are_those_of_the_code():
    """Each row of its table of limits, whole."""
    side = f"{limits.PICTURE_SIDE:,} pixels a side"
    rows = {
        "picture": f"{show_bytes(limits.PICTURE_BYTES)}, {limits.PICTURE_PIXELS // 10**6} megapixels, {side}",
        "picture in an archive": show_bytes(limits.MEMBER_BYTES),
        "`.npz`, also unfolded": f"{show_bytes(limits.ARRAYS_BYTES)}, weights {show_bytes(limits.WEIGHTS_BYTES)}",
        "table": f"{show_bytes(limits.TABLE_BYTES)}, a row of JSON {show_bytes(limits.ROW_BYTES)}",
        "typeface": show_bytes(limits.FONT_BYTES),
        "TOML": f"{show_bytes(limits.TEXT_BYTES)}, {limits.KEY_PARTS} parts of a key",
    }
    table = README.partition("| file | limit |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| {file} | {limit} |" for file, limit in rows.items()]


def test_it_is_short():
    assert len(README.split()) < MOST_WORDS


def test_no_placeholder_is_left():
    assert re.findall(r"^ *(?:JSONROW|TABLE|CROPS)$", README, re.M) == []

"""Hostile inputs through the command lines: each costs one clear line, little time and little memory.

Inputs that single readers meet are in the tests of their rooms. Here the scripts run as a user starts them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from command_line import ROOT
from reliability import inputs
from reliability.inputs import make_row, put_checkpoint, put_extracted, put_format, put_negatives, put_rows, write_text

from training.options import TrainingOptions

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT TESTED: these devices, sockets and limits are Linux's"
)
SECONDS = 10  # of processor time a command; a clock would depend on what else the machine does
LONGEST_WAIT = 120  # seconds by the clock, for what waits without working
MEMORY = 2 << 30  # bytes a command
WEIGHTS = "WEIGHTS"  # in a command, in place of the path of the weights


class Case(NamedTuple):
    """A command line in a folder of hostile files."""

    put: Callable[[Path], object]  # makes the files
    command: str  # as a shell takes it
    words: tuple[str, ...]  # that what it prints has
    code: int = 2
    most_lines: int = 1  # on stderr


DAMAGED = "is damaged or no archive of arrays; fetch weights.npz again"
GOES_ON = "train.py weights.npz goes on from the run's best weights"
MINE = "make it anew with mine.py"
CASES = {
    # special files
    "a pipe as a photograph": Case(
        inputs.put_special, "detect.py pipe.jpg WEIGHTS", ("pipe.jpg: cannot be read (it is a pipe)",)
    ),
    "special files as photographs": Case(
        inputs.put_special,
        "detect.py socket.jpg pipe.jpg device.jpg sparse.jpg loop.jpg WEIGHTS",
        ("none of 5 sources could be read; socket.jpg: cannot be read (it is a socket)",),
    ),
    "special files as videos": Case(
        inputs.put_special,
        "detect.py pipe.mp4 socket.mp4 device.mp4 loop.mp4 sparse.mp4 WEIGHTS",
        ("none of 5 sources could be read; pipe.mp4: cannot be read (it is a pipe)",),
    ),
    "60 GB as a photograph": Case(inputs.put_special, "detect.py sparse.jpg WEIGHTS", ("60 GB", "limit is 256 MB")),
    "a long number": Case(
        inputs.put_photograph, f"detect.py {'9' * 5000}", ("999: is longer than 4,096 characters; check the name",)
    ),
    "a table of a folder with a long name": Case(
        lambda folder: (folder / "labels.tsv").write_text(f"# photographs in {'x' * 99_999}\na.png\tKA02\n"),
        "detect.py a.png WEIGHTS --labels labels.tsv",
        ("a.png: cannot be read",),
    ),
    "a table of a folder with a tab": Case(
        lambda folder: (folder / "labels.tsv").write_text("# photographs in a\tb\na.png\tKA02\n"),
        "detect.py a.png WEIGHTS --labels labels.tsv",
        ("labels.tsv: line 1: ",),
    ),
    "a folder of typefaces is a pipe": Case(
        inputs.put_special, "gen.py 1 --fonts pipe", ("pipe: cannot be read (Not a directory)",)
    ),
    "batches in a folder with a long name": Case(
        inputs.put_special, f"train.py --data {'x' * 256}", ("x: holds no .npz files",)
    ),
    "weights to write with a long name": Case(
        inputs.put_special, f"train.py --out {'x' * 256}.npz", (".npz: cannot be written (File name too long)",)
    ),
    "weights to write are a loop": Case(
        inputs.put_special, "train.py --out loop.npz", ("loop.npz: cannot be written (Too many levels",)
    ),
    "hard negatives to write are a folder": Case(
        put_negatives(os.mkdir), "mine.py WEIGHTS", ("hard_negatives.tsv: cannot be written (Is a directory)",)
    ),
    "a list that never ends": Case(
        inputs.put_photograph, "detect.py - < /dev/zero", ("standard input: has more than the limit of 256 MB",)
    ),
    "a number of twenty digits": Case(
        inputs.put_photograph, f"detect.py {'9' * 20}", (": cannot be read (No such file or directory)",)
    ),
    "rows with a long name": Case(
        inputs.put_photograph,
        f"detect.py gray.png WEIGHTS --json {'x' * 256}",
        ("xxx: cannot be written (File name too long)",),
    ),
    "a table is a loop": Case(
        inputs.put_special, "detect.py gray.png WEIGHTS --csv loop.tsv", ("loop.tsv: cannot be written",)
    ),
    "a name with a dash": Case(
        lambda folder: (folder / "-a.png").write_bytes(inputs.GRAY),
        "detect.py WEIGHTS -- -a.png",
        ("-a.png: no plate found",),
        0,
    ),
    "weights are a pipe": Case(inputs.put_arrays, "detect.py gray.png pipe.npz", ("pipe.npz", "it is a pipe")),
    "labels are a pipe": Case(
        inputs.put_arrays, "detect.py gray.png WEIGHTS --labels pipe.tsv", ("pipe.tsv", "it is a pipe")
    ),
    "labels of 60 GB": Case(inputs.put_arrays, "detect.py gray.png WEIGHTS --labels sparse.tsv", ("limit is 256 MB",)),
    "rows are a pipe": Case(
        put_rows(os.mkfifo), "detect.py gray.png WEIGHTS --json rows.jsonl --resume", ("rows.jsonl", "it is a pipe")
    ),
    "rows to join are a pipe": Case(
        put_rows(os.mkfifo), "detect.py gray.png --json all.jsonl --join rows.jsonl", ("rows.jsonl", "it is a pipe")
    ),
    "rows are a loop": Case(
        put_rows(inputs.make_loop), "detect.py gray.png WEIGHTS --json rows.jsonl", ("rows.jsonl: cannot be written",)
    ),
    "an archive is a pipe": Case(inputs.put_special, "extractbgs.py pipe.tar", ("pipe.tar", "it is a pipe")),
    "an archive is a socket": Case(inputs.put_special, "extractbgs.py socket.tar", ("socket.tar", "it is a socket")),
    "an archive of 60 GB of zeros": Case(
        inputs.put_special, "extractbgs.py sparse.tar", ("sparse.tar: has no picture",)
    ),
    "an archive is a loop": Case(inputs.put_special, "extractbgs.py loop.tar", ("loop.tar: cannot be read",)),
    "an index is a pipe": Case(put_extracted(os.mkfifo), "extractbgs.py a.zip --resume", ("index.tsv", "it is a pipe")),
    "an index is a folder": Case(put_extracted(os.mkdir), "extractbgs.py a.zip --resume", ("index.tsv", "a folder")),
    **{
        f"an unfinished picture is {kind}": Case(
            inputs.put_half(make), "extractbgs.py a.zip --resume", ("bgs/.partial: cannot be written", "delete it")
        )
        for kind, make in {
            "a pipe": os.mkfifo,
            "a device": lambda path: path.symlink_to("/dev/full"),
            "a link": lambda path: path.symlink_to("../mine.jpg"),
            "a folder": os.mkdir,
        }.items()
    },
    "backgrounds are a pipe": Case(inputs.put_special, "gen.py 1 --bgs pipe", ("pipe: cannot be read as a folder",)),
    "backgrounds to mine are a pipe": Case(inputs.put_special, "mine.py WEIGHTS --bgs pipe", ("pipe", "folder")),
    "a folder for windows is a pipe": Case(inputs.put_special, "gen.py 1 --out pipe", ("pipe: cannot be made",)),
    "a checkpoint is a pipe": Case(put_checkpoint(os.mkfifo), "train.py --resume", ("it is a pipe", GOES_ON)),
    # pictures
    "backgrounds of a pixel": Case(inputs.put_pixels, "gen.py 3 --workers 1", (), 0, most_lines=99),
    # archives of pictures
    "a hostile zip": Case(inputs.put_zip, "extractbgs.py a.zip", ("4 pictures", "too large: a/street/bomb.png"), 0, 9),
    "a header of 2 GB": Case(
        inputs.put_tar, "extractbgs.py a.tar.gz", ("a.tar.gz: is cut short or damaged", "the 1 pictures"), 2, 1
    ),
    # archives of arrays
    **{
        f"weights: {name}": Case(inputs.put_arrays, f"detect.py gray.png {name}.npz", (f"{name}.npz: ", words))
        for name, words in {
            "unfolds": "unfolds to 3 GB, and the limit is 64 MB",
            "shape": DAMAGED,
            "lzma": DAMAGED,
            "score": "is damaged or no file of weights",
            "nested": "is damaged or no file of weights",
            "large": "has values that are no weights",
            "sparse": "has 60 GB, and the limit is 64 MB",
        }.items()
    },
    "weights to mine with": Case(inputs.put_arrays, "mine.py large.npz", ("large.npz", "no weights")),
    "weights to start from": Case(inputs.put_arrays, "train.py large.npz --bgs none", ("large.npz", "no weights")),
    "weights to check": Case(inputs.put_arrays, "model.py unfolds.npz", ("unfolds.npz: unfolds to 3 GB",)),
    "a checkpoint unfolds": Case(
        put_checkpoint(inputs.write_unfolding), "train.py --resume", ("the limit is 1 GB", GOES_ON)
    ),
    "a checkpoint of other keys": Case(
        put_checkpoint(inputs.save_state(windows="many")), "train.py --resume", ("no checkpoint", GOES_ON)
    ),
    "a checkpoint of a seed of 30 digits": Case(
        put_checkpoint(inputs.save_state(options=TrainingOptions().kept() | {"seed": 10**30})),
        "train.py --resume",
        ("no checkpoint", GOES_ON),
    ),
    "a seed of 30 digits": Case(inputs.put_special, f"train.py --seed {10**30}", ("--seed: 1000", "is too large")),
    "a batch of 30 digits": Case(inputs.put_special, f"train.py --batch {10**30}", ("--batch: 1000", "is too large")),
    "batches": Case(
        inputs.put_batches,
        "train.py --data data --batches 1 --batch 99 --bgs none --formats in",
        ("data: none of its 8 .npz files can be read",),
        2,
        12,
    ),
    # typefaces and formats
    "typefaces": Case(
        inputs.put_fonts,
        "gen.py 3 --fonts fonts --bgs none --workers 1",
        tuple(f"{name}.ttf" for name in ("text", "cut", "glyf", "loca", "blank", "alike", "symbols", "sparse")),
        0,
        99,
    ),
    "a key of 20,000 parts": Case(
        put_format("weight = 1.5", f"{'a.' * 20_000}b = 1"), "gen.py 1 --formats xx", ("xx.toml: line 3", "32 parts")
    ),
    "a number of 5,000 digits": Case(
        put_format("weight = 1.5", f"weight = {'9' * 5000}"), "gen.py 1 --formats xx", ("xx.toml: line 3", "too long")
    ),
    "nested lists in a format": Case(
        put_format("weight = 1.5", f"weight = {'[' * inputs.DEPTH}"), "gen.py 1 --formats xx", ("nested too deeply",)
    ),
    # tables and JSON
    "hard negatives are a folder": Case(put_negatives(os.mkdir), "gen.py 1", ("hard_negatives.tsv", "a folder", MINE)),
    "hard negatives are a loop": Case(
        put_negatives(inputs.make_loop), "gen.py 1", ("hard_negatives.tsv: cannot be read", MINE)
    ),
    "hard negatives are a pipe": Case(put_negatives(os.mkfifo), "gen.py 1", ("hard_negatives.tsv", "a pipe", MINE)),
    "hard negatives are no numbers": Case(
        put_negatives(write_text("a.jpg" + "\tnan" * 8 + "\n")), "gen.py 1", ("hard_negatives.tsv", "mine.py")
    ),
    "settings are nested": Case(inputs.put_settings, "gen.py 1 --bgs none --workers 1", ("other settings",), 0, 99),
    **{
        f"rows: {name}": Case(
            put_rows(write_text(text)),
            "detect.py gray.png WEIGHTS --json rows.jsonl --resume",
            ("rows.jsonl: line 1 is no row of a photograph; name another file",),
        )
        for name, text in {
            "nested": "[" * inputs.DEPTH + "\n",
            "nested plates": f'{{"image": "gray.png", "plates": {"[" * inputs.DEPTH}{"]" * inputs.DEPTH}}}\n',
            "wrong plates": '{"image": "gray.png", "plates": 7}\n',
            "wrong box": make_row(box={"x": 1}),
            "long": '{"image": "' + "a" * (2 << 20) + '", "plates": []}\n',
        }.items()
    },
    # standard output
    **{
        f"{script} {redirection}": Case(
            inputs.put_photograph, f"{script} --help {redirection}", ("standard output cannot be written",)
        )
        for script in ("detect.py", "train.py")
        for redirection in ("> /dev/full", "1>&-")
    },
}


def run_limited(folder: Path, command: str, weights: Path) -> subprocess.CompletedProcess:
    """Run a command line in `folder` with the limits above. The script is that of `folder`, if it has one."""
    script, _, rest = command.partition(" ")
    path = folder / script if (folder / script).exists() else ROOT / script
    limits = f"ulimit -t {SECONDS}; ulimit -d {MEMORY >> 10}"
    line = f'{limits}; exec "{sys.executable}" "{path}" {rest.replace(WEIGHTS, str(weights))}'
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=LONGEST_WAIT,
        check=False,
    )


def list_all(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.filterwarnings("ignore:Duplicate name")  # that a zip is meant to have
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_input_is_one_line(case, weights, tmp_path):
    case.put(tmp_path)
    before = list_all(tmp_path)
    result = run_limited(tmp_path, case.command, weights)
    assert result.returncode == case.code, result
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= case.most_lines, result.stderr
    for word in case.words:
        assert word in result.stdout + result.stderr
    if case.code:
        assert result.stderr.startswith(case.command.split()[0] + ": ") or case.most_lines > 1
        last = result.stderr.splitlines()[-1]
        assert "; " in last or ": line " in last  # before the remedy, or the place to correct
    made = [path for path in list_all(tmp_path) if path not in before]
    assert [path for path in made if path.name.startswith(".") or path.suffix == ".part"] == []
    if case.code and "extractbgs" not in case.command:  # which keeps the good pictures
        assert made == []


def test_bad_pictures_and_names_have_a_row_each(weights, tmp_path):
    """A second run finds all rows and drawings by their names, and reads nothing that was read."""
    inputs.put_bad_pictures(tmp_path)
    inputs.put_names(tmp_path)
    names = sorted(path.name for path in (tmp_path / "photos").iterdir())
    command = "detect.py photos WEIGHTS --json rows.jsonl --out drawn --csv plates.csv"
    result = run_limited(tmp_path, command, weights)
    assert result.returncode == 0, result
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().split("\n")[:-1]]
    assert [row["image"] for row in rows] == names
    faults = {row["image"]: row["error"] for row in rows if "error" in row}
    assert len(result.stderr.splitlines()) == 1 + len(faults), result.stderr
    assert "900 megapixels" in faults["square.png"] or "30,000x30,000 pixels" in faults["square.png"]
    assert "70,000x100 pixels, and the limit is 32,766 for a side" in faults["wide.png"]
    assert faults.keys() >= {"cut.bmp", "cut.png", "gif.png", "empty.jpg", "text.jpg"}
    assert all(";" in fault for fault in faults.values())
    drawn = {path.name for path in (tmp_path / "drawn").iterdir()}
    assert drawn == set(names) - faults.keys() >= {os.fsdecode(name) for name in inputs.NAMES}
    first = (tmp_path / "rows.jsonl").read_bytes()
    again = run_limited(tmp_path, command.replace("--csv plates.csv", "--resume"), weights)
    assert again.stderr.startswith(f"read 0 of {len(names)} photographs")
    assert sorted((tmp_path / "rows.jsonl").read_bytes().split(b"\n")) == sorted(first.split(b"\n"))

"""train.py, driven as a user drives it."""

import dataclasses
import importlib.util
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import interrupt_imports
from training_runs import (
    LONGEST,
    MADE,
    SMALL,
    FakeNetwork,
    make_test_windows,
    read_checkpoint,
    read_table,
    run_training,
    start_training,
)

import model
import train
from common import UserError
from training.checkpoint import Progress, load_checkpoint, restore, save_checkpoint
from training.evaluation import READINGS
from training.options import PHOTOS_DEFAULTS, TrainingOptions
from training.report import CHART_SIZE
from training.test_set import TEST_COUNT


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, str, str]:
    """The folder, stdout and stderr of a run of two small batches, with a seed of 33 bits."""
    folder = tmp_path_factory.mktemp("run")
    code, stdout, stderr = run_training(folder, *SMALL, "--workers", "1", "--seed", str(2**32))
    assert code == 0, stderr
    return folder, stdout, stderr


def test_a_run_learns(run):
    first, last = read_table(run[0])
    assert float(last["reader_loss"]) < 0.95 * float(first["reader_loss"])


def test_a_run_says_how_it_goes(run):
    _, stdout, stderr = run
    lines = re.findall(
        r"^batch \d  [\d,]+ windows .* code [\d.]+ % .* \d+ windows/s  \d+ h \d\d min left$", stdout, re.M
    )
    assert len(lines) == 2
    readings = re.findall(r"^ *(?:[A-Z0-9]+|-) [01]\.0 <-> (?:[A-Z0-9]+|-) +[01]\.\d\d$", stdout, re.M)
    assert len(readings) == 2 * READINGS
    assert not re.search("Traceback|tensorflow|oneDNN|WARNING", stderr), stderr


def test_a_run_leaves_its_files(run):
    folder = run[0]
    assert sorted(p.name for p in folder.iterdir()) == MADE
    assert len(list((folder / "test").glob("*_[01].png"))) == TEST_COUNT
    chart = cv2.imread(str(folder / "training.png"))
    assert chart.shape == (2 * CHART_SIZE[1], CHART_SIZE[0], 3)
    assert chart.min() < 100
    scores = model.load_weights(folder / "weights.npz").scores
    assert scores["score"] == pytest.approx(max(float(row["score"]) for row in read_table(folder)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_exactly(run, tmp_path, number):
    """A signal in the second batch, or while it is awaited; then the rest: the same as the run in one go."""
    make_test_windows(tmp_path)
    process = start_training(tmp_path, *SMALL, "--workers", "2", "--seed", str(2**32))
    while not process.stdout.readline().startswith("batch 1"):
        assert process.poll() is None, process.stderr.read()
    os.killpg(process.pid, number)  # the workers get it too, as from a terminal
    stdout, stderr = process.communicate(timeout=LONGEST)
    assert process.returncode == 0
    assert "Traceback" not in stderr
    assert "interrupted after" in stdout
    progress = read_checkpoint(tmp_path).progress
    code, _, stderr = run_training(tmp_path, "--resume", "--workers", "1")  # --out and all else are in the checkpoint
    assert code == 0, stderr
    straight = read_checkpoint(run[0])
    resumed = read_checkpoint(tmp_path)
    assert 0 < progress.windows < resumed.progress.windows == straight.progress.windows
    assert resumed.progress.steps == straight.progress.steps
    losses = [[row["finder_loss"], row["reader_loss"]] for row in read_table(tmp_path)]
    assert losses == [[row["finder_loss"], row["reader_loss"]] for row in read_table(run[0])]
    assert resumed.arrays.keys() == straight.arrays.keys()
    assert [key for key in straight.arrays if not np.array_equal(resumed.arrays[key], straight.arrays[key])] == []


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows has no such signal")
def test_ctrl_c_during_the_imports_leaves_no_traceback(tmp_path):
    assert interrupt_imports("train.py", tmp_path) == (-signal.SIGINT, "")


def put_file(name: str, data: bytes = b"no archive"):
    return lambda folder: (folder / name).write_bytes(data)


BAD = {
    "hours": (None, ["--hours", "0"], "--hours"),
    "batch": (None, ["--batch", "many"], "--batch"),
    "seed": (None, ["--seed", "-1"], "--seed: -1 is negative"),
    "weights missing": (None, ["lost.npz"], "lost.npz"),
    "weights damaged": (put_file("bad.npz"), ["bad.npz"], "bad.npz"),
    "old weights damaged": (put_file("weights.npz"), [], "weights.npz"),
    "no checkpoint": (None, ["--resume"], "checkpoint.npz"),
    "checkpoint damaged": (put_file("checkpoint.npz"), ["--resume"], "checkpoint.npz"),
    "no data": (None, ["--data", "nowhere"], "nowhere"),
    "formats": (None, ["--formats", "atlantis"], "atlantis"),
    "folder missing": (None, ["--out", "nowhere/weights.npz"], "nowhere/weights.npz"),
    "suffix": (None, ["--out", "weights.h5"], "weights.h5"),
}


@pytest.mark.parametrize(("prepare", "options", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_named(tmp_path, prepare, options, named):
    if prepare:
        prepare(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, stdout, stderr = run_training(tmp_path, *options)
    assert code == 2
    assert named in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    assert not stdout
    assert sorted(tmp_path.iterdir()) == before


def test_another_seed_cannot_go_on(run, tmp_path):
    shutil.copy(run[0] / "checkpoint.npz", tmp_path)
    code, _, stderr = run_training(tmp_path, "--resume", "--seed", "1")
    assert code == 2
    assert stderr.startswith("train.py: --seed")
    assert len(stderr.splitlines()) == 1


def test_options_that_are_not_given_are_left_to_a_checkpoint():
    given = vars(train.make_parser().parse_args(["--hours", "2", "--resume"]))
    assert given == {"hours": 2, "resume": True, "weights": None}


def test_a_precision_that_is_asked_for_is_computed_in(run):
    assert SMALL[-2:] == ("--precision", "float32")
    assert read_checkpoint(run[0]).progress.precision == "float32"


@pytest.fixture
def main(tmp_path, monkeypatch):
    """Calls train.py's `main` in a folder of its own with some arguments; returns the options of the run."""
    monkeypatch.chdir(tmp_path)
    started = []
    monkeypatch.setattr(train, "train", lambda options, checkpoint: started.append(options))

    def call(*arguments: str) -> TrainingOptions:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        train.main()
        return started.pop()

    return call


def test_resume_takes_up_the_options_and_replaces_the_given_ones(main, tmp_path):
    first = main("--fonts", "A", "--fonts", "B", "--formats", "in", "--hours", "2", "--seed", "0", "--out", "mine.npz")
    assert first.fonts == ("A", "B")
    save_checkpoint(first.checkpoint, first.kept(), Progress(), {})
    resumed = main("--resume", "--workers", str(first.workers))
    assert dataclasses.replace(resumed, out=first.out) == first
    assert resumed.target.resolve() == first.target.resolve()
    replaced = main("--resume", "--fonts", "C", "--hours", "3", "--precision", "float32")
    assert replaced.fonts == ("C",)
    assert (resumed.precision, replaced.precision) == ("", "float32")
    assert replaced.hours == 3
    assert replaced.formats == "in"


def test_hours_alone_replace_the_batches_of_a_checkpoint(main):
    first = main("--batches", "2", "--seed", "0")
    save_checkpoint(first.checkpoint, first.kept(), Progress(), {})
    assert main("--resume").batches == 2
    assert main("--resume", "--hours", "3").batches is None
    assert main("--resume", "--hours", "3", "--batches", "4").batches == 4


def test_an_unknown_format_is_named_rather_than_a_file_called_after_it(main):
    with pytest.raises(UserError, match=r"^no plate format is called 'in/'; there are ae, "):
        main("--formats", "in/")


def test_messages_name_the_checkpoint_in_use(main, tmp_path):
    (tmp_path / "runs").mkdir()
    options = main("--out", "runs/mine.npz", "--seed", "3")
    with pytest.raises(UserError, match=r"^runs/checkpoint\.npz: not found"):
        main("--resume", "--out", "runs/mine.npz")
    save_checkpoint(options.checkpoint, options.kept(), Progress(), {})
    with pytest.raises(UserError, match=r"--seed: runs/checkpoint\.npz has 3"):
        main("--resume", "--out", "runs/mine.npz", "--seed", "4")
    with pytest.raises(UserError, match=r"a\.npz: --resume starts from runs/checkpoint\.npz"):
        main("a.npz", "--resume", "--out", "runs/mine.npz")
    checkpoint = load_checkpoint(options.checkpoint, options.target)
    with pytest.raises(UserError, match=r"^runs/checkpoint\.npz: is of another network"):
        restore(checkpoint.arrays, {"finder": FakeNetwork(1)}, checkpoint.path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--photos", "labels.tsv", "--out", "mine.npz"], "name the weights to start from"),
        (["weights.npz", "--photos", "labels.tsv"], "name a file for the new weights"),
        (["weights.npz", "--photos", "labels.tsv", "--out", "mine.npz", "--resume"], "leave out --resume"),
    ],
)
def test_photographs_need_weights_and_a_file_of_their_own(main, arguments, message):
    with pytest.raises(UserError, match=f"^--photos: .*{message}"):
        main(*arguments)


def test_a_run_with_photographs_is_short_unless_told(main):
    options = main("weights.npz", "--photos", "labels.tsv", "--out", "mine.npz")
    assert options.hours == PHOTOS_DEFAULTS["hours"] < TrainingOptions().hours
    assert options.batch == PHOTOS_DEFAULTS["batch"]
    options = main("weights.npz", "--photos", "labels.tsv", "--out", "mine.npz", "--hours", "2", "--batch", "640")
    assert (options.hours, options.batch) == (2, 640)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains(tmp_path, backend):
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed: KERAS_BACKEND={backend} is NOT tested")
    make_test_windows(tmp_path)
    options = ("--batches", "1", *SMALL[2:], "--workers", "1")
    code, stdout, stderr = run_training(tmp_path, *options, KERAS_BACKEND=backend)
    assert code == 0, stderr
    assert re.search("^batch 1 ", stdout, re.M)
    assert model.load_weights(tmp_path / "weights.npz").scores

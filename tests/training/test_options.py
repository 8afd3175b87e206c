"""Where a run writes, and which options a checkpoint keeps."""

import json
from pathlib import Path

import pytest

from training.options import TrainingOptions


@pytest.mark.parametrize(
    ("formats", "out", "target"),
    [
        (None, None, "weights.npz"),
        ("xx", None, "weights-xx.npz"),
        ("in,gb", None, "weights-gb-in.npz"),
        ("gb, in", None, "weights-gb-in.npz"),
        ("in,gb,in", None, "weights-gb-in.npz"),
        ("xx", Path("weights.npz"), "weights.npz"),  # as the user says
        (None, Path("runs/mine.npz"), "runs/mine.npz"),
    ],
)
def test_weights_of_some_formats_have_a_file_of_their_own(formats, out, target):
    options = TrainingOptions(formats=formats, out=out)
    assert options.target == Path(target)
    files = options.checkpoint, options.table, options.chart
    assert [path.name for path in files] == ["checkpoint.npz", "training.csv", "training.png"]
    assert {path.parent for path in files} == {options.target.parent}


def test_kept_options_are_json():
    options = TrainingOptions(fonts=("a", "b"), out=Path("runs/mine.npz"))
    kept = json.loads(json.dumps(options.kept()))
    assert kept["fonts"] == ["a", "b"]
    assert kept["out"] == "mine.npz"
    assert TrainingOptions().kept()["out"] is None

"""tests/benchmark.py: that its table is whole. How fast anything is depends on the machine, and is not tested."""

import re
import subprocess
import sys
from pathlib import Path

import cv2

from synthesis.backgrounds import backgrounds_in

ROOT = Path(__file__).parent.parent
ROWS = {  # by section, how each row starts; "train" takes longer than a test may
    "detect": ["`detect.py in.jpg"],
    "folder": ["a further photograph"] * 4,
    "memory": ["peak memory"],
    "gen": ["`gen.py`, painted"] * 2 + ["`gen.py`, backgrounds of bgs/"] * 2 * bool(backgrounds_in(ROOT / "bgs")),
    "hours": ["training to 88 %"],
    "extract": ["`extractbgs.py"],
}


def run_benchmark(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tests" / "benchmark.py", "--quick", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_table_has_every_row_and_the_curve_is_drawn(tmp_path):
    training, curve = tmp_path / "training.csv", tmp_path / "curve.png"
    training.write_text("batch,hours,code\n1,0.5,0.3\n2,1.25,0.89\n3,2,0.9\n")
    result = run_benchmark("--only", *ROWS, "--training", training, "--curve", curve)
    assert result.returncode == 0, result.stderr
    assert re.match(r".*\d+ cores", result.stdout)
    table = [line.strip("| ").split("|") for line in result.stdout.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in row] for row in table[2:]]
    wanted = [start for starts in ROWS.values() for start in starts]
    assert [row[0].startswith(start) for row, start in zip(rows, wanted, strict=True)] == [True] * len(wanted)
    for figure, value, unit, _target, _remark in rows:
        assert re.fullmatch(r"[\d,.]+", value), figure
        assert unit, figure
    assert next(row[1:3] for row in rows if row[0].startswith("training")) == ["1.25", "h"]
    assert cv2.imread(str(curve)).std() > 0


def test_a_wrong_training_csv_is_refused_at_once(tmp_path):
    (tmp_path / "training.csv").write_text("a,b\n1,2\n")
    result = run_benchmark("--training", tmp_path / "training.csv")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "training.csv" in result.stderr


def test_hours_are_not_made_up():
    result = run_benchmark("--only", "hours")
    assert "not measured" in result.stdout

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
    "folder": [*["a further photograph", "a further photograph", "a folder of 10,000"] * 2, "a further photograph"],
    "film": ["an hour of video"],
    "crop": ["`--crops`, clear"] * 2 + ["`--crops`, blurred"] * 2,
    "memory": ["peak memory"],
    "gen": ["`gen.py`, painted"] * 2 + ["`gen.py`, backgrounds of bgs/"] * 2 * bool(backgrounds_in(ROOT / "bgs")),
    "extract": ["`extractbgs.py"],
}


def run_benchmark(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tests" / "benchmark.py", "--quick", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_table_has_every_row_and_the_curve_is_drawn(tmp_path):
    curve = tmp_path / "curve.png"
    result = run_benchmark("--only", *ROWS, "--curve", curve)
    assert result.returncode == 0, result.stderr
    assert re.match(r".*\d+ cores", result.stdout)
    table = [line.strip("| ").split("|") for line in result.stdout.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in row] for row in table[2:]]
    wanted = [start for starts in ROWS.values() for start in starts]
    assert [row[0].startswith(start) for row, start in zip(rows, wanted, strict=True)] == [True] * len(wanted)
    for figure, value, unit, _remark in rows:
        assert re.fullmatch(r"[\d,.]+", value), figure
        assert unit, figure
    assert cv2.imread(str(curve)).std() > 0


def test_what_is_not_measured_is_not_made_up():
    result = run_benchmark("--only", "peer")
    assert "not measured" in result.stdout

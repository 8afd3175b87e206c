"""The measurement of plates in the light of a dashcam."""

import subprocess
import sys

from command_line import ROOT

from synthesis.night import EFFECTS


def test_each_kind_of_light_has_a_row(weights, tmp_path):
    count = len(EFFECTS)
    command = [sys.executable, ROOT / "tests/dashcam.py", weights, "--photos", str(count), "--bgs", "none"]
    done = subprocess.run([*command, "--keep", tmp_path / "kept"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:]]
    assert [row[:2] for row in rows] == [*([effect, "1"] for effect in EFFECTS), ["all", str(count)]]
    assert all(0 <= float(row[3]) <= float(row[2]) <= 100 for row in rows)
    assert len(list((tmp_path / "kept").glob("*.png"))) == count

"""The scripts as a user types them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_script(script: str, *arguments: str | Path, **options) -> subprocess.CompletedProcess:
    """Run a script of the project and return what it printed; `options` are those of `subprocess.run`."""
    command = [sys.executable, ROOT / script, *arguments]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, check=False, **options)


def assert_refused(result: subprocess.CompletedProcess, *words: str) -> None:
    """It failed as it should: exit code 2, and one line that has all of `words`."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def interrupt_imports(script: str, folder: Path) -> tuple[int, str]:
    """The exit code and stderr of a script of the project that Ctrl-C ends during its imports.

    A module in `folder` in place of OpenCV, whose import never ends, stands for a slow disk.
    """
    (folder / "cv2.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / script)],
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr

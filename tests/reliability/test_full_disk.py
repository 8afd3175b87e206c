"""The scripts on a full disk: one line says so, nothing is half-written, and a run with room goes on."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run_script
from reliability.kills import Command, is_temporary, is_whole, make_commands, read_files
from training_runs import SMALL, make_test_windows, run_training

DISK = "64m"  # room for the checkpoint and the weights of a run
PAGE = 4096  # bytes; tmpfs gives out whole pages


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A small disk in memory, which no other test fills."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("NOT TESTED: a full disk needs root, who may mount one")
    yield folder
    # lazily, because a process that has just ended may still hold the folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def little_room(disk: Path, pages: int) -> Iterator[None]:
    """In this block so many pages of `disk` are free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(PAGE)):
                pass
        os.truncate(filler, file.tell() - pages * PAGE)
    yield
    filler.unlink()


@pytest.fixture(scope="module")
def commands(tmp_path_factory) -> dict[str, Command]:
    """The commands by the names of their scripts."""
    return {command.line[0]: command for command in make_commands(tmp_path_factory.mktemp("inputs"))}


@pytest.mark.parametrize(
    ("script", "pages", "word"),
    [("extractbgs.py", 200, "--resume"), ("gen.py", 200, "test/"), ("detect.py", 0, "rows.jsonl")],
)
def test_a_full_disk_is_one_line_and_loses_nothing(disk, commands, tmp_path, script, pages, word):
    command = commands[script]
    arguments = [argument for argument in command.line[1:] if argument not in ("--out", "drawn")]
    with little_room(disk, pages):
        result = run_script(script, *arguments, cwd=disk)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "No space left on device" in line]
    assert line == result.stderr.splitlines()[-1]
    assert word in line
    files = [path for path in disk.rglob("*") if path.is_file()]
    assert not [path for path in files if is_temporary(path) or not is_whole(path)]
    result = run_script(script, *arguments, *command.resume, cwd=disk)
    assert result.returncode == 0, result.stderr
    (tmp_path / "whole").mkdir()
    assert run_script(script, *arguments, cwd=tmp_path / "whole").returncode == 0
    assert read_files(disk) == read_files(tmp_path / "whole")


def test_a_full_disk_keeps_the_checkpoint(disk):
    make_test_windows(disk)
    code, _, stderr = run_training(disk, *SMALL, "--batches", "1")
    assert code == 0, stderr
    before = read_files(disk)
    with little_room(disk, 1):
        code, _, stderr = run_training(disk, "--resume", "--batches", "2")
    assert code == 2
    assert "Traceback" not in stderr
    assert "checkpoint.npz: cannot be written (No space left on device)" in stderr
    assert (disk / "checkpoint.npz").read_bytes() == before["checkpoint.npz"]
    assert not [path for path in disk.rglob("*") if is_temporary(path)]
    code, _, stderr = run_training(disk, "--resume", "--batches", "2")
    assert code == 0, stderr
    assert (disk / "checkpoint.npz").read_bytes() != before["checkpoint.npz"]

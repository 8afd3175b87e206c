"""The scripts on a full disk: one line says so, nothing is half-written, and a run with room goes on."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run_script
from drawn_photographs import write_photos
from reliability.kills import is_temporary, is_whole, read_files
from sample_files import make_archive, make_jpeg

from synthesis.windows import Settings, Synthesizer

DISK = "16m"  # more than any of the runs writes
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
def inputs(tmp_path_factory) -> Path:
    """A folder with an archive and photographs."""
    folder = tmp_path_factory.mktemp("inputs")
    make_archive(folder / "sun.tar", {f"sun/street/{i}.jpg": make_jpeg(colour=(i, 9, 99)) for i in range(40)})
    write_photos(folder / "photos", Synthesizer(Settings("in", backgrounds="none")), 15)
    return folder


@pytest.mark.parametrize(
    ("script", "arguments", "resume", "pages", "word"),
    [
        ("extractbgs.py", ["{}/sun.tar"], ["--resume"], 20, "--resume"),
        ("gen.py", ["40", "--bgs", "none", "--formats", "in"], [], 100, "test/"),
        # the rows have 99 codes each, so that all of them need more than a page
        ("detect.py", ["{}/photos", "--json", "rows.jsonl", "--top", "99"], ["--resume"], 1, "rows.jsonl"),
    ],
)
def test_a_full_disk_is_one_line_and_loses_nothing(disk, inputs, tmp_path, script, arguments, resume, pages, word):
    arguments = [argument.format(inputs) for argument in arguments]
    with little_room(disk, pages):
        result = run_script(script, *arguments, cwd=disk)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "No space left on device" in line]
    assert line == result.stderr.splitlines()[-1]
    assert line.startswith(f"{script}: ")
    assert word in line
    files = [path for path in disk.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if is_temporary(path) or not is_whole(path)]
    result = run_script(script, *arguments, *resume, cwd=disk)
    assert result.returncode == 0, result.stderr
    (tmp_path / "whole").mkdir()
    assert run_script(script, *arguments, cwd=tmp_path / "whole").returncode == 0
    assert read_files(disk) == read_files(tmp_path / "whole")

"""gen.py, driven as a user drives it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from window_batches import assert_same_batch, make_batch

import gen
from common import ALPHABET, LONGEST_CODE, WINDOW_SHAPE, run
from media.pictures import read_image, write_image
from synthesis import storage
from synthesis.backgrounds import HARD_NEGATIVES
from synthesis.windows import Settings
from synthesis.workers import CHUNK

ROOT = Path(__file__).parent.parent


def run_gen(folder: Path, *options: str | Path) -> subprocess.CompletedProcess:
    """Run gen.py in `folder`, on backgrounds that `make_backgrounds` made there."""
    command = [sys.executable, ROOT / "gen.py", *options]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=folder, timeout=300, check=False)


def make_backgrounds(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "bgs").mkdir()
    for i in range(3):
        write_image(folder / "bgs" / f"{i}.jpg", rng.integers(0, 256, (140, 200, 3), np.uint8))


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict[str, bytes], str]:
    """A folder where gen.py made 24 windows with one worker, these by name, and what it said on stderr."""
    folder = tmp_path_factory.mktemp("made")
    make_backgrounds(folder)
    result = run_gen(folder, "24", "--workers", "1", "--sheet", "sheet.png")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    return folder, read_folder(folder / "test"), result.stderr


def test_windows_are_named_by_index_code_and_presence(made):
    names = sorted(made[1])
    assert len(names) == 24
    for i, name in enumerate(names):
        index, code, presence = Path(name).stem.split("_")
        assert index == f"{i:08d}"
        assert set(code) <= set(ALPHABET)
        assert presence in ("0", "1")  # 0 with a code: a part of a plate
        assert code or presence == "0"
        assert len(code) <= LONGEST_CODE
        assert read_image(made[0] / "test" / name).shape == (*WINDOW_SHAPE, 3)
    assert {name[-5] for name in names} == {"0", "1"}
    assert "painted" not in made[2]


@pytest.mark.parametrize(("count", "workers"), [(24, 1), (CHUNK + 10, 2)])
def test_the_same_command_makes_the_same_files(made, tmp_path, count, workers):
    """Two workers have a chunk each. The first windows are those of a shorter run."""
    shutil.copytree(made[0] / "bgs", tmp_path / "bgs")
    result = run_gen(tmp_path, str(count), "--workers", str(workers), "--out", "deep/er")
    assert result.returncode == 0, result.stderr
    files = read_folder(tmp_path / "deep" / "er")
    assert len(files) == count
    assert dict(sorted(files.items())[:24]) == made[1]


@pytest.mark.parametrize(
    ("count", "shard", "seed"), [(3, "1/1", 2**32), (3, "1/1", 2**63 - 1), (10**18, f"1/{10**18}", 0)]
)
def test_numbers_may_have_more_than_32_bits(tmp_path, count, shard, seed):
    result = run_gen(tmp_path, str(count), "--shard", shard, "--seed", str(seed))
    assert result.returncode == 0, result.stderr
    assert storage.settings_of(tmp_path / "test")["seed"] == seed
    assert len(storage.read_windows(tmp_path / "test")["images"]) in (1, 3)


def test_machines_share_the_windows(made, tmp_path):
    shutil.copytree(made[0] / "bgs", tmp_path / "bgs")
    for part in (3, 1, 2):
        result = run_gen(tmp_path, "24", "--shard", f"{part}/3", "--workers", "1", "--out", f"part{part}")
        assert result.returncode == 0, result.stderr
    parts = [read_folder(tmp_path / f"part{part}") for part in (1, 2, 3)]
    assert [len(part) for part in parts] == [8, 8, 8]
    assert parts[0] | parts[1] | parts[2] == made[1]


def test_another_seed_makes_other_windows_in_place_of_the_old(made, tmp_path):
    shutil.copytree(made[0] / "test", tmp_path / "test")
    (tmp_path / "test" / "mine.png").write_bytes(b"")
    result = run_gen(tmp_path, "24", "--seed", "1", "--workers", "1")
    assert result.returncode == 0, result.stderr
    files = read_folder(tmp_path / "test")
    assert files.pop("mine.png") == b""
    assert len(files) == 24
    assert not set(files.values()) & set(made[1].values())


def test_sheet_shows_the_windows(made):
    sheet = read_image(made[0] / "sheet.png")
    first = read_image(made[0] / "test" / min(made[1]))
    height, width = WINDOW_SHAPE
    same = (sheet[:height, :width] == first).all(-1)
    assert same.mean() > 0.8  # but for the outline
    assert sheet.shape[0] >= 3 * height
    assert sheet.shape[1] >= 10 * width


def test_batches_hold_what_training_needs(made, tmp_path):
    result = run_gen(made[0], "24", "--batches", tmp_path, "--workers", "1")
    assert result.returncode == 0, result.stderr
    [path] = tmp_path.glob("*.npz")
    with np.load(path, allow_pickle=False) as data:
        held = dict(data)
    assert_same_batch(held, make_batch(0, 24, 0, Settings(backgrounds=str(made[0] / "bgs"))))
    for name, image, code, presence in zip(
        sorted(made[1]), held["images"], held["codes"], held["presence"], strict=True
    ):
        assert name[9:] == f"{code}_{presence}.png"
        np.testing.assert_array_equal(read_image(made[0] / "test" / name), image)


def test_without_backgrounds_it_says_so(tmp_path):
    result = run_gen(tmp_path, "2", "--workers", "1", "--formats", "in,gb")
    assert result.returncode == 0
    assert "backgrounds are painted" in result.stderr.splitlines()[0]
    assert len(read_folder(tmp_path / "test")) == 2


def test_help_teaches(tmp_path):
    result = run_gen(tmp_path, "--help")
    assert result.returncode == 0
    assert "./gen.py 1000" in result.stdout
    assert result.stderr == ""


BAD = {
    "none": (["0"], "0 windows"),
    "no number": (["many"], "many"),
    "negative": (["-4"], "-4"),
    "seed": (["3", "--seed", "-1"], "--seed"),
    "shard 0": (["3", "--shard", "0/2"], "--shard"),
    "shard beyond": (["3", "--shard", "3/2"], "--shard"),
    "empty shard": (["3", "--shard", "1/4"], "--shard 1/4"),
    "backgrounds are a file": (["3", "--bgs", "fonts/bad.ttf"], "bad.ttf"),
    "no shard": (["3", "--shard", "half"], "--shard"),
    "format": (["3", "--formats", "in,atlantis"], "atlantis"),
    "no fonts": (["3", "--fonts", "bgs"], "bgs: holds no .ttf"),
    "font folder": (["3", "--fonts", "lost"], "lost"),
    "font": (["3", "--fonts", "fonts"], "bad.ttf"),
    "out is a file": (["3", "--out", "fonts/bad.ttf"], "bad.ttf"),
    "out below a file": (["3", "--batches", "fonts/bad.ttf/x"], "bad.ttf"),
    "sheet": (["3", "--sheet", "sheet.doc"], "sheet.doc"),
    "sheet's folder": (["3", "--sheet", "lost/sheet.png"], "sheet.png"),
}


@pytest.mark.parametrize(("options", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_changes_nothing(monkeypatch, capsys, tmp_path, options, named):
    """In this process, where it takes no start; windows of an earlier call stay as they are."""
    make_backgrounds(tmp_path)
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "bad.ttf").write_text("no font")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "00000000_OLD_1.png").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gen.py", *options])
    with pytest.raises(SystemExit) as ended:
        run(gen.main)
    assert ended.value.code == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert len(stderr.splitlines()) == 1 or stderr.startswith("usage: ")
    assert named in stderr.splitlines()[-1]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: limits are POSIX's")
@pytest.mark.parametrize("target", ["--out", "--batches"])
def test_a_full_disk_is_one_line_and_leaves_no_half(made, target):
    """A limit of 4 KiB on the size of a file, which most windows exceed, stands for the disk."""
    folder = made[0] / target.strip("-")
    command = f'ulimit -f 4; exec "{sys.executable}" "{ROOT}/gen.py" 24 --workers 1 {target} "{folder}"'
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=made[0], check=False)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "cannot be written" in result.stderr.splitlines()[-1]
    whole = made[1] | {storage.SETTINGS_FILE: (made[0] / "test" / storage.SETTINGS_FILE).read_bytes()}
    assert all(whole[path.name] == path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("row", ["a.png\t1\t2\n", "a.png\tone\n", "\n"])
def test_a_damaged_list_of_hard_negatives_is_named(tmp_path, row):
    make_backgrounds(tmp_path)
    (tmp_path / "bgs" / HARD_NEGATIVES).write_text(row)
    result = run_gen(tmp_path, "5")
    assert result.returncode == 2
    assert HARD_NEGATIVES in result.stderr
    assert "mine.py" in result.stderr
    assert len(result.stderr.splitlines()) == 1


# --- how it ends ----------------------------------------------------------------------------------------------------


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait, at most a minute, until `condition` holds."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("waited in vain")


@pytest.fixture
def endless(tmp_path):
    """gen.py in the midst of more windows than it will ever make, and its workers' process numbers."""
    command = [sys.executable, str(ROOT / "gen.py"), str(10**12), "--workers", "2", "--bgs", "none"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, process_group=0)
    wait_until(lambda: len(list(tmp_path.glob("test/*.png"))) > 3)
    yield process, children_of(process.pid)
    process.kill()
    process.wait()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="NOT TESTED: processes are looked up in Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_it(endless, number):
    process, children = endless
    assert len(children) >= 2
    process.send_signal(number)
    wait_until(lambda: not any(map(is_running, [process.pid, *children])))
    _, stderr = process.communicate()
    assert "Traceback" not in stderr
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert stderr.splitlines()[-1].endswith("interrupted")


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: process groups are POSIX's")
def test_ctrl_c_is_one_line_though_it_reaches_all_processes(endless, tmp_path):
    process, _ = endless
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert not [path for path in (tmp_path / "test").iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: process groups are POSIX's")
def test_ctrl_c_during_the_imports_leaves_no_traceback(tmp_path):
    """An OpenCV whose import never ends stands for a slow disk."""
    (tmp_path / "cv2.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    command = [sys.executable, str(ROOT / "gen.py"), "9"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    assert process.returncode == -signal.SIGINT
    assert stderr == ""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="NOT TESTED: processes are looked up in Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_workers_start_is_one_line(tmp_path, number):
    command = [sys.executable, str(ROOT / "gen.py"), "100000", "--workers", "2", "--bgs", "none"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, process_group=0)
    wait_until(lambda: len(children_of(process.pid)) == 3)  # two workers, and Python's own keeper of their resources
    os.killpg(process.pid, number)
    _, stderr = process.communicate()
    assert process.returncode == 130
    assert stderr.splitlines() == ["gen.py: interrupted"]


SLOW_IMPORT = """import multiprocessing, sys, time
if multiprocessing.current_process().name != "MainProcess":
    time.sleep(600)
sys.path.remove({folder!r})
del sys.modules["cv2"]
import cv2
sys.path.insert(0, {folder!r})
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="NOT TESTED: processes are looked up in Linux's /proc")
def test_no_worker_outlives_it_while_it_starts(tmp_path):
    """An OpenCV whose import never ends in workers stands for a busy machine."""
    (tmp_path / "cv2.py").write_text(SLOW_IMPORT.format(folder=str(tmp_path)))
    command = [sys.executable, str(ROOT / "gen.py"), "100000", "--workers", "2", "--bgs", "none"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(children_of(process.pid)) == 3)
    children = children_of(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_running, children)))

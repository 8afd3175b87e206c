"""detect.py as a user types it: all that it reads, and where readings go."""

import contextlib
import csv
import http.server
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, assert_refused, interrupt_imports, run_script

from media.pictures import read_image, write_image
from media.videos import open_video, read_frames, write_video

CODE = "KA02MK7259"  # on the plate of in.jpg


def run_detect(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
    return run_script("detect.py", *arguments, **options)


def cut_scene(x: int = 395, y: int = 360) -> np.ndarray:
    """A part of in.jpg that holds its plate, 300x150 pixels."""
    return read_image(ROOT / "in.jpg")[y : y + 150, x : x + 300]


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder with two photos of a plate, a gray one, and a folder with one more."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for i, name in enumerate(["a.png", "b.png", "sub/c.png"]):
        write_image(folder / name, cut_scene(380 + 10 * i))
    write_image(folder / "gray.png", np.full((60, 90, 3), 128, np.uint8))
    return folder


@pytest.fixture
def video(tmp_path) -> Path:
    """12 frames, 10 a second, that move over the plate of in.jpg."""
    with write_video(tmp_path / "in.avi", 10) as append:
        for i in range(12):
            append(cut_scene(380 + 4 * i))
    return tmp_path / "in.avi"


def read_names(stdout: str) -> list[str]:
    """The names of the photos in whose lines the code is."""
    return [words[0] for words in map(str.split, stdout.splitlines()) if words[1] == CODE]


def test_rows_for_dev_stdout_are_those_for_standard_output(weights, photos, tmp_path):
    for option in ("--json", "--csv"):
        log = tmp_path / f"log{option}"
        log.write_text("before\n")
        for name in ("-", "/dev/stdout"):
            with log.open("a") as file:
                command = [
                    sys.executable,
                    ROOT / "detect.py",
                    photos / "a.png",
                    photos / "b.png",
                    weights,
                    option,
                    name,
                ]
                subprocess.run(command, stdout=file, check=True)
        first, *rows = log.read_text().splitlines()
        assert first == "before"
        half = len(rows) // 2
        assert half >= 2
        assert rows[:half] == rows[half:]


def test_an_out_after_several_photos_is_no_photo(weights, photos):
    result = run_detect(photos / "a.png", photos / "b.png", weights, "drawn")
    assert_refused(result, "drawn", "--out")


# --- inputs ---------------------------------------------------------------------------------------------------------


def test_a_photo_alone_is_read_and_printed(shipped_weights, tmp_path):
    """From any folder, with the weights beside detect.py, and nothing is written."""
    result = run_detect(ROOT / "in.jpg", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split()[0] == CODE
    assert [*tmp_path.iterdir()] == []


def test_weights_may_stand_anywhere(shipped_weights, photos):
    first = run_detect(photos / "a.png", shipped_weights)
    second = run_detect(shipped_weights, photos / "a.png")
    assert first.stdout == second.stdout == run_detect(photos / "a.png").stdout != ""
    assert_refused(run_detect(photos / "a.png", shipped_weights, "other.npz"), "other.npz", "second")


def test_several_photos_are_read_and_drawn_by_name(shipped_weights, photos, tmp_path):
    out = tmp_path / "new" / "drawn"
    result = run_detect(photos / "a.png", photos / "b.png", "--out", out, photos / "gray.png", "missing.png")
    assert result.returncode == 0
    assert read_names(result.stdout) == ["a.png", "b.png"]
    assert result.stderr.splitlines()[0] == "read 3 of 4 photographs, 1 without a plate"
    assert result.stderr.splitlines()[1].startswith("skipped missing.png: cannot be read")
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "gray.png"]
    assert (read_image(out / "a.png") != read_image(photos / "a.png")).any()


def test_folders_are_read_with_those_below(shipped_weights, photos, tmp_path):
    assert read_names(run_detect(photos).stdout) == ["a.png", "b.png"]
    result = run_detect(photos, "--recursive", "--out", tmp_path / "out", "--json", tmp_path / "rows.jsonl")
    assert read_names(result.stdout) == ["a.png", "b.png", "sub/c.png"]
    rows = map(json.loads, (tmp_path / "rows.jsonl").read_text().splitlines())
    assert [row["image"] for row in rows] == ["a.png", "b.png", "gray.png", "sub/c.png"]
    assert (tmp_path / "out" / "sub" / "c.png").exists()


def test_patterns_and_lists_are_read(shipped_weights, photos):
    assert read_names(run_detect(photos / "?.png").stdout) == ["a.png", "b.png"]
    names = f"{photos}/b.png\n{photos}/sub\n"
    assert read_names(run_detect("-", input=names).stdout) == ["b.png", "c.png"]
    assert_refused(run_detect("-", input=""), "standard input")
    assert_refused(run_detect(photos / "*.gif"), "*.gif")


def test_a_film_and_photos_are_read_together(shipped_weights, photos, video, tmp_path):
    rows, table, out = tmp_path / "rows.jsonl", tmp_path / "plates.csv", tmp_path / "out"
    result = run_detect(photos / "a.png", video, photos / "b.png", "--json", rows, "--csv", table, "--out", out)
    assert result.returncode == 0, result.stderr
    assert read_names(result.stdout) == ["a.png", "in.avi", "b.png"]
    assert "in.avi: read 12 of 12 frames; plates: 1" in result.stderr.splitlines()
    kinds = [next(iter(json.loads(line))) for line in rows.read_text().splitlines()]
    assert kinds == ["image", "video", "image"]
    with table.open(newline="") as file:
        assert [(row["image"], row["text"]) for row in csv.DictReader(file)] == [
            ("a.png", CODE),
            ("in.avi", CODE),
            ("b.png", CODE),
        ]
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "in.avi"]


def test_every_nth_frame_is_read(shipped_weights, video, tmp_path):
    out = tmp_path / "out.avi"
    result = run_detect(video, shipped_weights, out, "--every", "5")
    assert result.stderr == "read 3 of 3 frames; plates: 1\n"
    assert result.stdout.split()[0] == CODE
    assert result.stdout.split()[-1] == "0.00-1.00"
    assert [round(seconds, 2) for seconds, _ in read_frames(out, open_video(out))] == [0, 0.5, 1]


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address of a web server that gives the files of `folder`."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_address_is_read_and_drawn(shipped_weights, video, tmp_path):
    with serve(tmp_path) as address:
        result = run_detect(f"{address}/in.avi", "--out", tmp_path / "out", "--json", "-")
        assert_refused(run_detect(f"{address}/none.avi"), "none.avi", "cannot be opened")
    assert result.returncode == 0, result.stderr
    row = json.loads(result.stdout)
    assert (row["video"], row["text"], row["frames"]) == (f"{address}/in.avi", CODE, 12)
    [drawn] = (tmp_path / "out").iterdir()
    assert drawn.suffix == ".mp4"
    assert len([*read_frames(drawn, open_video(drawn))]) == 12


def test_a_camera_that_is_not_there_is_named():
    assert_refused(run_detect("97"), "camera 97", "cannot be opened")


def test_crops_are_plates(shipped_weights, tmp_path):
    """The plate of in.jpg, cut out, and again so small that no search would find it in a larger picture."""
    crop = read_image(ROOT / "in.jpg")[415:465, 450:630]
    write_image(tmp_path / "crops.png", crop)
    assert run_detect(tmp_path / "crops.png", "--crops").stdout.split()[0] == CODE
    for i in range(9):
        (tmp_path / "many").mkdir(exist_ok=True)
        write_image(tmp_path / "many" / f"{i}.png", crop[i % 3 :, i:])
    result = run_detect(tmp_path / "many", "--crops")
    assert read_names(result.stdout) == [f"{i}.png" for i in range(9)]


# --- outputs --------------------------------------------------------------------------------------------------------


def test_rows_on_standard_output_are_all_there(shipped_weights, photos, tmp_path):
    result = run_detect(photos, "--json", "-", "--csv", tmp_path / "plates.csv")
    assert [json.loads(line)["image"] for line in result.stdout.splitlines()] == ["a.png", "b.png", "gray.png"]
    table = run_detect(photos, "--csv", "-").stdout
    assert table == (tmp_path / "plates.csv").read_text()
    assert [row["image"] for row in csv.DictReader(io.StringIO(table))] == ["a.png", "b.png"]


def test_networks_are_exported_with_or_without_reading(weights, tmp_path):
    result = run_detect("--export", tmp_path / "networks", weights)
    assert (result.returncode, result.stdout) == (0, "")
    assert sorted(path.name for path in (tmp_path / "networks").iterdir()) == [
        "README.txt",
        "finder.onnx",
        "reader.onnx",
    ]


def test_devices_pipes_and_links_are_written_to(weights, photos, tmp_path):
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    os.mkfifo(tmp_path / "pipe")
    received = []
    thread = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_text()))
    thread.start()
    for target in ("/dev/null", tmp_path / "link.jsonl", tmp_path / "pipe"):
        result = run_detect(photos / "gray.png", weights, "--json", target)
        assert result.returncode == 0, result.stderr
    thread.join(30)
    assert Path("/dev/null").is_char_device()
    assert (tmp_path / "link.jsonl").is_symlink()
    assert received == [(tmp_path / "real.jsonl").read_text()] == ['{"image": "gray.png", "plates": []}\n']


@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_a_full_disk_is_named(weights, photos, option):
    if not Path("/dev/full").exists():
        pytest.skip("NOT TESTED: this system has no /dev/full")
    result = run_detect(photos, weights, option, "/dev/full")
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert "/dev/full: cannot be written" in result.stderr
    with open("/dev/full", "w") as full:
        command = [sys.executable, ROOT / "detect.py", photos, weights, option, "-"]
        result = subprocess.run([*map(str, command)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "photograph"),
        (["a.jpg", "--every", "0"], "--every"),
        (["a.jpg", "--every", "2"], "--every"),
        (["a.jpg", "weights.npz", "b.jpg", "--out", "c"], "--out"),
        (["a.jpg", "--json", "-", "--csv", "-"], "--csv"),
        (["a.jpg", "--resume"], "--resume"),
        (["a.jpg", "--resume", "--json", "-"], "--resume"),
        (["a.jpg", "--resume", "--csv", "x.csv", "--out", "c"], "--csv"),
        (["a.mp4", "--crops"], "--crops"),
        (["a.jpg", "b.mp4", "--json", "x", "--resume"], "b.mp4"),
        (["a.jpg", "--shard", "1/2"], "--shard"),
        (["a.mp4", "--shard", "1/2"], "--shard"),
        (["x/a.jpg", "y/../../a.jpg", "--out", "c"], "a.jpg"),
    ],
)
def test_contradictions_are_refused(arguments, word, tmp_path):
    assert_refused(run_detect(*arguments, cwd=tmp_path), word)
    assert [*tmp_path.iterdir()] == []


def test_a_word_after_two_dashes_is_no_option(tmp_path):
    result = run_detect("--json", "-", "--", "--top", cwd=tmp_path)
    assert_refused(result, "detect.py: --top: cannot be read")


# --- hostile folders ------------------------------------------------------------------------------------------------


def test_a_trap_costs_one_line_and_not_the_folder(weights, photos, tmp_path):
    (photos / "loop.jpg").symlink_to("loop.jpg")
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    (photos / "round").symlink_to(photos)
    os.mkfifo(photos / "pipe.jpg")
    (photos / "zero.jpg").symlink_to("/dev/zero")
    with (photos / "sparse.jpg").open("wb") as file:
        file.truncate(60 * 2**30)
    (photos / os.fsdecode(b"\xff\n.jpg")).write_text("no picture")
    (photos / ("x" * 251 + ".jpg")).write_bytes((photos / "gray.png").read_bytes())
    os.chmod(photos / "sub", 0)
    out = tmp_path / "out"
    result = run_detect(photos, weights, out, "--recursive", "--json", tmp_path / "rows.jsonl")
    os.chmod(photos / "sub", 0o700)
    assert result.returncode == 0, result.stderr
    lines = result.stderr.splitlines()
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # root may read any folder
    assert lines[0].startswith(f"read {4 + is_root} of {10 + is_root} photographs")
    for name in ["loop.jpg", "gone.jpg", "pipe.jpg", "zero.jpg", "sparse.jpg", r"\udcff\n.jpg"]:
        assert sum(name in line for line in lines) == 1, name
    assert len(lines) == 7 + (not is_root)
    assert (out / ("x" * 251 + ".jpg")).exists()


def test_names_that_are_too_long_are_skipped(weights, photos):
    assert_refused(run_detect(photos / "gray.png", weights, photos / ("x" * 256 + ".jpg")), "xxx", "cannot be written")
    result = run_detect(photos / "gray.png", photos / "a.png", photos / ("x" * 256 + ".jpg"), weights)
    assert result.stderr.splitlines()[0].startswith("read 2 of 3 photographs")
    assert_refused(run_detect(photos / "gray.png", weights, "--json", photos / ("x" * 256)), "xxx")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_video_leaves_no_drawing(weights, video, tmp_path, name):
    """The video is long, and the run is stopped in its midst."""
    with write_video(tmp_path / "long.avi", 10) as append:
        for i in range(400):
            append(cut_scene(380 + i % 40))
    command = [sys.executable, ROOT / "detect.py", tmp_path / "long.avi", weights, tmp_path / "out.avi"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 100
    before = {tmp_path / "long.avi", video}
    while not any(path.stat().st_size for path in set(tmp_path.iterdir()) - before):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (130, "detect.py: interrupted\n")
    assert set(tmp_path.iterdir()) == before


def test_an_interrupted_stream_ends_well(shipped_weights, tmp_path):
    """Ctrl-C is how a stream ends: its plates are printed and its drawing is whole."""
    with write_video(tmp_path / "long.avi", 10) as append:
        for i in range(400):
            append(cut_scene(380 + i % 40))
    out, rows = tmp_path / "out", tmp_path / "rows.jsonl"
    with serve(tmp_path) as address:
        command = [sys.executable, ROOT / "detect.py", f"{address}/long.avi", "--out", out, "--json", rows]
        process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 100
        while not (out.is_dir() and any(path.stat().st_size for path in out.iterdir())):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        stdout, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert stdout.split()[0] == CODE
    frames = json.loads(rows.read_text())["frames"]
    [drawn] = out.iterdir()
    assert 1 <= frames <= len([*read_frames(drawn, open_video(drawn))]) < 400


def test_an_interrupt_during_the_imports_prints_nothing(tmp_path):
    assert interrupt_imports("detect.py", tmp_path) == (-signal.SIGINT, "")


# --- from Python ----------------------------------------------------------------------------------------------------


def test_the_door_opens_from_python(shipped_weights):
    code = "from detect import PlateReader; print(PlateReader().read('in.jpg')[0].code)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout == f"{CODE}\n"


def test_resuming_a_table_repeats_the_earlier_plates(shipped_weights, photos, tmp_path):
    rows, table = tmp_path / "rows.jsonl", tmp_path / "plates.csv"
    whole = run_detect(photos, "--csv", "-").stdout
    shutil.copy(photos / "a.png", tmp_path / "a.png")
    assert run_detect(tmp_path / "a.png", photos / "gray.png", "--json", rows).returncode == 0
    result = run_detect(photos, "--json", rows, "--csv", table, "--resume")
    assert result.stderr.startswith("read 1 of 3 photographs")
    assert table.read_text() == whole

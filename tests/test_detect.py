"""detect.py as a user types it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, assert_refused, run_script

from media.pictures import read_image, write_image
from media.videos import open_video, read_frames, write_video

PHOTOS = ROOT.parent / "shared" / "photos"


def run_detect(*arguments: str | Path) -> subprocess.CompletedProcess:
    return run_script("detect.py", *arguments)


@pytest.fixture
def photo(tmp_path) -> Path:
    """A small photo without a plate."""
    path = tmp_path / "photo.jpg"
    write_image(path, np.full((60, 90, 3), 128, np.uint8))
    return path


def test_help_teaches_without_weights():
    result = run_detect("--help")
    assert result.returncode == 0
    assert "python detect.py in.jpg weights.npz out.jpg" in result.stdout


def test_does_not_import_a_training_framework():
    code = "import sys, detect; print(sorted({'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_the_drawn_scene_is_read(shipped_weights, tmp_path):
    result = run_detect(ROOT / "in.jpg", shipped_weights, tmp_path / "out.jpg", "--json", tmp_path / "rows.jsonl")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    code, confidence, box = result.stdout.splitlines()[0].split(" ")
    assert code == "KA02MK7259"
    assert 0.5 <= float(confidence) <= 1
    row = json.loads((tmp_path / "rows.jsonl").read_text())
    assert row["image"] == "in.jpg"
    assert row["plates"][0]["text"] == code
    assert ",".join(map(str, row["plates"][0]["box"])) == box
    drawn, scene = read_image(tmp_path / "out.jpg"), read_image(ROOT / "in.jpg")
    assert drawn.shape == scene.shape
    assert np.abs(drawn.astype(int) - scene).max() > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.jpg", "rows.jsonl"]
    assert row["plates"][0]["country"] == "in"
    assert row["plates"][0]["country_probability"] > 0.9


@pytest.mark.parametrize(
    ("options", "is_read"),
    [
        (["--only", "in"], True),
        (["--only", "gb,br"], False),
        (["--only", "pattern", "--pattern", "LL DD LL DDDD"], True),
        (["--only", "gb,pattern", "--pattern", "LL DDDD"], False),
    ],
)
def test_nothing_is_read_but_what_some_formats_allow(shipped_weights, options, is_read):
    result = run_detect(ROOT / "in.jpg", shipped_weights, *options)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("KA02MK7259 ") is is_read
    assert bool(result.stdout) is is_read


def test_the_most_probable_codes_are_printed_and_written(shipped_weights):
    result = run_detect(ROOT / "in.jpg", shipped_weights, "--top", "3", "--json", "-")
    codes = json.loads(result.stdout)["plates"][0]["codes"]
    assert len(codes) == 3
    assert codes[0][0] == "KA02MK7259"
    assert [p for _, p in codes] == sorted((p for _, p in codes), reverse=True)
    printed = run_detect(ROOT / "in.jpg", shipped_weights, "--top", "2").stdout.split()
    assert printed[3:] == ["or", codes[1][0], f"{codes[1][1]:.2f}"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--only", "xx"], "no plate format is called 'xx'"),
        (["--only", ""], "no plate format is called ''"),
        (["--only", "in", "--formats", "gb"], "not allowed with"),
        (["--pattern", "ll dd"], "'l' is not one of L, D"),
        (["--top", "0"], "0 is not above 0"),
    ],
)
def test_options_on_formats_are_refused(shipped_weights, options, reason):
    assert_refused(run_detect(ROOT / "in.jpg", shipped_weights, *options), reason)


def test_in_jpg_is_small_and_of_the_promised_size():
    assert read_image(ROOT / "in.jpg").shape == (720, 1280, 3)
    assert (ROOT / "in.jpg").stat().st_size < 250_000


def test_a_photo_without_a_plate_is_no_error(photo, weights, tmp_path):
    out = tmp_path / "out.png"
    result = run_detect(photo, weights, out, "--threshold", "1", "--json", tmp_path / "rows.jsonl")
    assert result.returncode == 0
    assert result.stdout == ""
    assert result.stderr == f"{photo}: no plate found\n"
    np.testing.assert_array_equal(read_image(out), read_image(photo))
    assert json.loads((tmp_path / "rows.jsonl").read_text()) == {"image": "photo.jpg", "plates": []}


def test_exif_orientation_is_read_upright(weights, tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.full((40, 80, 3), 128, np.uint8)
    pixels[:20] = 250
    exif = pillow.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter to see it upright
    pillow.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    result = run_detect(tmp_path / "turned.jpg", weights, tmp_path / "out.png", "--threshold", "1")
    assert result.returncode == 0
    drawn = read_image(tmp_path / "out.png")
    assert drawn.shape == (80, 40, 3)
    assert drawn[:, 30:].min() > 200  # the bright upper half came to the right
    assert drawn[:, :10].max() < 150


def spoil_missing(photo, weights, tmp_path):
    return tmp_path / "none.jpg", weights, tmp_path / "out.jpg", "none.jpg"


def spoil_empty(photo, weights, tmp_path):
    photo.write_bytes(b"")
    return photo, weights, tmp_path / "out.jpg", "photo.jpg"


def spoil_cut(photo, weights, tmp_path):
    photo.write_bytes(photo.read_bytes()[: photo.stat().st_size // 2])
    return photo, weights, tmp_path / "out.jpg", "photo.jpg"


def spoil_cut_png(photo, weights, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    write_image(tmp_path / "photo.png", noise)
    data = (tmp_path / "photo.png").read_bytes()
    (tmp_path / "photo.png").write_bytes(data[: len(data) // 2])
    return tmp_path / "photo.png", weights, tmp_path / "out.jpg", "photo.png"


def spoil_text(photo, weights, tmp_path):
    photo.write_text("I am no picture.\n")
    return photo, weights, tmp_path / "out.jpg", "photo.jpg"


def spoil_missing_folder(photo, weights, tmp_path):
    return photo, weights, tmp_path / "none" / "out.jpg", "none"


def spoil_out_suffix(photo, weights, tmp_path):
    return photo, weights, tmp_path / "out.xyz", "out.xyz"


def spoil_out_is_folder(photo, weights, tmp_path):
    (tmp_path / "folder").mkdir()
    return photo, weights, tmp_path / "folder", "folder"


def spoil_out_is_in(photo, weights, tmp_path):
    return photo, weights, photo, "photo.jpg"


def spoil_weights_missing(photo, weights, tmp_path):
    return photo, tmp_path / "none.npz", tmp_path / "out.jpg", "none.npz"


def spoil_weights_cut(photo, weights, tmp_path):
    (tmp_path / "cut.npz").write_bytes(weights.read_bytes()[:5000])
    return photo, tmp_path / "cut.npz", tmp_path / "out.jpg", "cut.npz"


def spoil_weights_other(photo, weights, tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    return photo, tmp_path / "other.npz", tmp_path / "out.jpg", "other.npz"


def spoil_weights_is_photo(photo, weights, tmp_path):
    shutil.copy(photo, tmp_path / "swapped.npz")
    return photo, tmp_path / "swapped.npz", tmp_path / "out.jpg", "swapped.npz"


def spoil_empty_folder(photo, weights, tmp_path):
    (tmp_path / "none").mkdir()
    return tmp_path / "none", weights, tmp_path / "out", "none"


def spoil_folder_of_bad_photos(photo, weights, tmp_path):
    (tmp_path / "bad").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "bad" / name).write_text("no picture")
    return tmp_path / "bad", weights, tmp_path / "out", "a.jpg"


def spoil_video_missing(photo, weights, tmp_path):
    return tmp_path / "none.mp4", weights, tmp_path / "out.mp4", "none.mp4"


def spoil_video_text(photo, weights, tmp_path):
    (tmp_path / "video.avi").write_text("I am no video.\n")
    return tmp_path / "video.avi", weights, tmp_path / "out.mp4", "video.avi"


def spoil_video_cut(photo, weights, tmp_path):
    video = make_video(tmp_path / "video.mp4")
    video.write_bytes(video.read_bytes()[:2000])
    return video, weights, tmp_path / "out.mp4", "video.mp4"


def spoil_video_into_photo(photo, weights, tmp_path):
    return make_video(tmp_path / "video.mp4"), weights, tmp_path / "out.jpg", "out.jpg"


def spoil_video_too_small(photo, weights, tmp_path):
    write_image(tmp_path / "dot.png", np.zeros((1, 1, 3), np.uint8))
    return (tmp_path / "dot.png").rename(tmp_path / "dot.mp4"), weights, tmp_path / "out.mp4", "1x1"


def spoil_video_name(photo, weights, tmp_path):
    (tmp_path / "\udcff.mp4").write_bytes(b"")
    return tmp_path / "\udcff.mp4", weights, tmp_path / "out.mp4", "UTF-8"


SPOILS = {name.removeprefix("spoil_"): spoil for name, spoil in list(globals().items()) if name.startswith("spoil_")}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_bad_input_is_one_line_and_leaves_nothing(spoil, photo, weights, tmp_path):
    *arguments, word = spoil(photo, weights, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = run_detect(*arguments, "--json", tmp_path / "rows.jsonl")
    assert_refused(result, word)
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    if spoil is spoil_folder_of_bad_photos:  # each photograph has a row that says why it cannot be read
        [rows] = left
        assert all(json.loads(line)["error"] for line in rows.read_text().splitlines())
    else:
        assert not left


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="NOT TESTED: root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(photo, weights, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert_refused(run_detect(photo, weights, tmp_path / "locked" / "out.jpg"), "locked", "cannot be written")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--min-plate", "many"], "--min-plate"),
        (["--min-plate", "3"], "--min-plate"),
        (["--min-plate", "90", "--max-plate", "60"], "--max-plate"),
        (["--threshold", "2"], "--threshold"),
        (["--thresold", "0.5"], "--thresold"),
        (["--shard", "0/2"], "--shard"),
        (["--shard", "half"], "--shard"),
    ],
)
def test_a_bad_option_is_named(options, word, photo, weights, tmp_path):
    result = run_detect(photo, weights, tmp_path / "out.jpg", *options)
    assert result.returncode == 2
    assert word in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.jpg").exists()


def test_json_may_not_replace_what_is_read(photo, weights, tmp_path):
    data = photo.read_bytes()
    assert_refused(run_detect(photo, weights, tmp_path / "out.jpg", "--json", photo), "photo.jpg")
    assert photo.read_bytes() == data


def test_json_into_a_folder_is_refused_before_a_photo_is_read(photo, weights, tmp_path):
    assert_refused(run_detect(photo, weights, tmp_path / "out.jpg", "--json", tmp_path), str(tmp_path), "--json")
    assert not (tmp_path / "out.jpg").exists()


def test_a_folder_is_read_and_bad_photos_are_named(weights, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(5):
        write_image(photos / f"{i}.png", np.full((40 + i, 80, 3), 40 * i, np.uint8))
    (photos / "2.png").write_text("no picture")
    (photos / "notes.txt").write_text("no photo")
    result = run_detect(
        photos, weights, tmp_path / "new" / "out", "--json", tmp_path / "rows.jsonl", "--threshold", "1"
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert "4 of 5" in result.stderr
    assert str(photos / "2.png") in result.stderr
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["image"] for row in rows] == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    assert ["error" in row for row in rows] == [False, False, True, False, False]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["0.png", "1.png", "3.png", "4.png"]
    for i in (0, 4):
        assert read_image(tmp_path / "new" / "out" / f"{i}.png").shape == (40 + i, 80, 3)


# --- folders: shards and interruptions ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def whole(weights, tmp_path_factory) -> Path:
    """A folder with `photos`, 15 pieces of in.jpg that hold its plate and a bad one, and what one run made of them."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "photos").mkdir()
    scene = read_image(ROOT / "in.jpg")
    for i in range(16):
        y, x = np.random.default_rng(i).integers((340, 370), (410, 460))
        write_image(folder / "photos" / f"{i:02d}.jpg", scene[y : y + 130, x : x + 260])
    (folder / "photos" / "07.jpg").write_text("no picture")
    result = run_detect(folder / "photos", weights, folder / "out", "--json", folder / "rows.jsonl")
    assert result.returncode == 0, result.stderr
    return folder


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_shards_share_the_photos_and_are_joined(whole, weights, tmp_path):
    drawn, files = {}, [tmp_path / "rows1.jsonl", tmp_path / "rows2.jsonl"]
    join = whole / "photos", "--json", tmp_path / "rows.jsonl", "--csv", tmp_path / "plates.csv", "--join", *files
    for part in (2, 1):
        assert_refused(run_detect(*join), f"rows{part}.jsonl is not there; shard", "lacks 8 of 8 photographs")
        options = "--shard", f"{part}/2", "--json", files[part - 1]
        result = run_detect(whole / "photos", weights, tmp_path / str(part), *options)
        assert f"read {6 + part} of 8 photographs" in result.stderr
        made = read_folder(tmp_path / str(part))
        assert not made.keys() & drawn.keys()
        drawn |= made
    assert drawn == read_folder(whole / "out")
    assert not (tmp_path / "rows.jsonl").exists()
    result = run_detect(*join)
    assert (result.returncode, result.stderr) == (0, "joined the rows of 16 photographs\n")
    assert read_lines(tmp_path / "rows.jsonl") == read_lines(whole / "rows.jsonl")
    assert len(read_lines(tmp_path / "plates.csv")) >= 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["photos", "--join", "rows1.jsonl"], "--json FILE or --csv FILE"),
        (["photos", "--json", "rows.jsonl", "--page", "out", "--join", "rows1.jsonl"], "--join"),
        (["photos", "--json", "rows1.jsonl", "--join", "rows1.jsonl"], "rows1.jsonl: is in use"),
        (["in.mp4", "--json", "rows.jsonl", "--join", "rows1.jsonl"], "in.mp4: --join is for photographs"),
        (["nowhere*", "--json", "rows.jsonl", "--join", "rows1.jsonl"], "nowhere*: no file"),
    ],
)
def test_a_join_of_nothing_is_refused(whole, tmp_path, arguments, word):
    (tmp_path / "photos").symlink_to(whole / "photos")
    shutil.copy(whole / "rows.jsonl", tmp_path / "rows1.jsonl")
    assert_refused(run_script("detect.py", *arguments, cwd=tmp_path), word)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "rows1.jsonl"]


def test_a_photo_that_cannot_be_read_has_a_row_and_is_tried_again(whole, weights, tmp_path):
    [row] = [row for row in map(json.loads, read_lines(whole / "rows.jsonl")) if "error" in row]
    assert (row["image"], row["plates"]) == ("07.jpg", [])
    assert row["error"].startswith(f"{whole / 'photos' / '07.jpg'}: ")
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (photos / name).write_text("no picture")
    rows = tmp_path / "rows.jsonl"
    result = run_detect(photos, weights, "--json", rows)
    assert_refused(result, "none of 2 sources could be read")
    assert [json.loads(line)["image"] for line in read_lines(rows)] == ["a.jpg", "b.jpg"]
    shutil.copy(whole / "photos" / "00.jpg", photos / "a.jpg")
    result = run_detect(photos, weights, "--json", rows, "--resume")
    assert result.stderr.startswith("read 1 of 2 photographs")
    assert [(row["image"], "error" in row) for row in map(json.loads, read_lines(rows))] == [
        ("a.jpg", False),
        ("b.jpg", True),
    ]


def test_a_shard_may_be_empty(photo, weights, tmp_path):
    (tmp_path / "photos").mkdir()
    photo.rename(tmp_path / "photos" / "photo.jpg")
    rows = tmp_path / "rows.jsonl"
    result = run_detect(tmp_path / "photos", weights, tmp_path / "out", "--shard", "1/2", "--json", rows)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("read 0 of 0 photographs")
    assert rows.read_text() == ""


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_run_goes_on(whole, weights, tmp_path, name):
    rows, partial, out = tmp_path / "rows.jsonl", tmp_path / "rows.jsonl.part", tmp_path / "out"
    arguments = whole / "photos", weights, out, "--json", rows
    command = [sys.executable, ROOT / "detect.py", *arguments]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 100
    while not (partial.exists() and len(read_lines(partial)) >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=100)
    assert 3 <= len(read_lines(partial)) < 15
    assert read_lines(partial) == read_lines(whole / "rows.jsonl")[: len(read_lines(partial))]
    kept = [row for row in read_lines(partial) if "error" not in json.loads(row)]
    assert not rows.exists()
    if name == "SIGINT":
        assert process.returncode == 130
        assert errors.startswith(f"detect.py: interrupted with {len(kept)} of 16 photographs read; --resume")

    before = partial.read_bytes()
    assert_refused(run_detect(*arguments), "rows.jsonl.part", "--resume")
    assert partial.read_bytes() == before

    with partial.open("a") as file:
        file.write('{"image": "2')  # as a full disk cuts a row
    result = run_detect(*arguments, "--resume")
    assert result.returncode == 0, result.stderr
    assert f"read {15 - len(kept)} of 16 photographs" in result.stderr
    assert f"{len(kept)} were read before" in result.stderr
    assert sorted(read_lines(rows)) == sorted(read_lines(whole / "rows.jsonl"))
    assert not partial.exists()
    drawn = {file: data for file, data in read_folder(out).items() if not file.startswith(".")}  # what SIGKILL left
    assert drawn == read_folder(whole / "out")
    assert {line.split()[0] for line in result.stdout.splitlines()}.isdisjoint(json.loads(row)["image"] for row in kept)


def test_resuming_reads_what_was_deleted_or_added(whole, weights, tmp_path):
    shutil.copytree(whole / "out", tmp_path / "out")
    rows = tmp_path / "rows.jsonl"
    lines = read_lines(whole / "rows.jsonl")
    deleted = [json.loads(lines[i])["image"] for i in (4, 12)]
    (tmp_path / "out" / deleted[0]).unlink()
    rows.write_text("\n".join(['{"image": "elsewhere.jpg", "plates": []}', *lines[:12], *lines[13:], ""]))
    result = run_detect(whole / "photos", weights, tmp_path / "out", "--json", rows, "--resume")
    assert "read 2 of 16 photographs" in result.stderr
    assert sorted(read_lines(rows)[1:]) == sorted(lines)
    assert "elsewhere" in read_lines(rows)[0]
    assert read_folder(tmp_path / "out") == read_folder(whole / "out")


def test_resuming_without_json_reads_what_is_not_drawn(whole, weights, tmp_path):
    shutil.copytree(whole / "out", tmp_path / "out")
    (tmp_path / "out" / "03.jpg").unlink()
    result = run_detect(whole / "photos", weights, tmp_path / "out", "--resume")
    assert result.stderr.startswith("read 1 of 16 photographs")
    assert read_folder(tmp_path / "out") == read_folder(whole / "out")


@pytest.mark.parametrize("content", ["shopping list\n", '{"image": "a.jpg"}\n[1]\n', '{"plates": []}\n'])
def test_resuming_leaves_a_file_of_something_else_alone(photo, weights, tmp_path, content):
    notes = tmp_path / "notes.txt"
    notes.write_text(content)
    before = sorted(tmp_path.iterdir())
    assert_refused(run_detect(photo, weights, tmp_path / "out.jpg", "--json", notes, "--resume"), "notes.txt: line")
    assert notes.read_text() == content
    assert sorted(tmp_path.iterdir()) == before


# --- videos -------------------------------------------------------------------------------------------------------


def make_video(path: Path, count: int = 12) -> Path:
    """A small video, of 10 frames a second, that moves over in.jpg's plate."""
    scene = read_image(ROOT / "in.jpg")
    with write_video(path, 10) as append:
        for i in range(count):
            append(scene[370:500, 395 + 4 * i : 635 + 4 * i])
    return path


def count_frames(path: Path) -> int:
    return len([*read_frames(path, open_video(path))])


def test_a_video_is_read(shipped_weights, tmp_path):
    video, out, rows = make_video(tmp_path / "in.mp4"), tmp_path / "out.mp4", tmp_path / "rows.jsonl"
    result = run_detect(video, shipped_weights, out, "--json", rows)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "read 12 of 12 frames; plates: 1\n"
    [line] = result.stdout.splitlines()
    code, confidence, box, times = line.split(" ")
    assert code == "KA02MK7259"
    assert 0.5 <= float(confidence) <= 1
    first, last = map(float, times.split("-"))
    assert first <= 0.3
    assert last >= 0.8
    row = json.loads(rows.read_text())
    assert list(row)[:4] == ["video", "text", "confidence", "box"]
    assert list(row)[-5:] == ["country", "country_probability", "first", "last", "frames"]
    assert (row["video"], row["text"], row["first"], row["last"]) == ("in.mp4", code, first, last)
    assert ",".join(map(str, row["box"])) == box
    assert 6 <= row["frames"] <= 12
    before, after = ([frame for _, frame in read_frames(path, open_video(path))] for path in (video, out))
    assert len(after) == 12
    assert after[6].shape == before[6].shape == (130, 240, 3)
    assert np.abs(after[6].astype(int) - before[6]).max() > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "rows.jsonl"]


def test_a_video_that_ends_early_is_read_up_to_there(weights, tmp_path):
    video = make_video(tmp_path / "in.avi")
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    result = run_detect(video, weights, tmp_path / "out.webm", "--threshold", "1", "--json", tmp_path / "rows.jsonl")
    assert (result.returncode, result.stdout) == (0, "")
    count = count_frames(tmp_path / "out.webm")
    assert 3 <= count <= 8
    assert result.stderr == f"read {count} of 12 frames; plates: 0\n"
    assert (tmp_path / "rows.jsonl").read_text() == ""


@pytest.mark.parametrize("options", [["--resume"], ["--shard", "1/2"]])
def test_a_video_is_read_in_one_go(weights, tmp_path, options):
    (tmp_path / "in.mp4").write_text("")
    assert_refused(run_detect(tmp_path / "in.mp4", weights, tmp_path / "out.mp4", *options), "in.mp4", options[0])


def test_a_full_disk_is_named(weights, tmp_path):
    resource = pytest.importorskip("resource")
    video, out = make_video(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    command = [sys.executable, ROOT / "detect.py", video, weights, out]
    result = subprocess.run(
        [*map(str, command)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr == f"detect.py: {out}: cannot be written; make room on the disk\n"
    assert [*tmp_path.iterdir()] == [video]


# --- real photographs ---------------------------------------------------------------------------------------------


def test_real_photographs_are_read(shipped_weights, tmp_path):
    if not (PHOTOS / "br.tsv").exists():
        pytest.skip(f"NOT TESTED: {PHOTOS} is missing")
    truths = [line.split("\t") for line in (PHOTOS / "br.tsv").read_text().splitlines()][:10]
    (tmp_path / "photos").mkdir()
    for name, *_ in truths:
        (tmp_path / "photos" / name).symlink_to(PHOTOS / "br" / name)
    result = run_detect(tmp_path / "photos", shipped_weights, tmp_path / "out")
    assert result.returncode == 0, result.stderr

    def fold(code):  # Brazilian plates draw O and 0, I and 1 alike
        return code.replace("O", "0").replace("I", "1")

    readings = {(words[0], fold(words[1])) for words in map(str.split, result.stdout.splitlines())}
    right = sum((name, fold(code)) in readings for name, *_, code in truths)
    assert right >= 5, f"{right} of {len(truths)} were read"

"""extractbgs.py, driven through its command line on small archives that are made here."""

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import interrupt_imports
from sample_files import make_archive, make_jpeg

from media.tables import read_row

SCRIPT = Path(__file__).resolve().parent.parent / "extractbgs.py"

JPEG = make_jpeg()
NAMES = (
    "SUN397/s/street/sun_a.jpg",
    "SUN397/g/gas_station/indoor/sun_b.jpg",
    "SUN397/h/highway/sun_c.jpg",
    "SUN397/s/street/sun_d.jpg",
    "SUN397/s/street/sun_e.jpg",
)
CLASSES = ("street", "gas_station/indoor", "highway", "street", "street")


def extract(folder: Path, *options: str | Path) -> subprocess.CompletedProcess:
    """Run the script in `folder`, as a user does."""
    command = [sys.executable, SCRIPT, *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def read_index(folder: Path) -> list[list[str]]:
    """The rows of `folder`/index.tsv, after a look at whether they and the pictures agree."""
    rows = [line.split("\t") for line in (folder / "index.tsv").read_text().splitlines()]
    assert [row[0] for row in rows] == [f"{i:08d}.jpg" for i in range(len(rows))]
    assert {path.name for path in folder.iterdir()} - {".gitkeep"} == {row[0] for row in rows} | {"index.tsv"}
    return rows


def read_all(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_refused(result: subprocess.CompletedProcess, *words: str) -> None:
    """The run ended with exit code 2 and one line on stderr, which holds `words`, and no traceback."""
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr


# ------------------------------------------------------------------------------------------------- what comes out


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.zip", "folder"])
def test_every_kind_of_archive(tmp_path: Path, name: str) -> None:
    members = dict.fromkeys(NAMES, JPEG) | {"SUN397/README.txt": b"no picture", "SUN397/s/street/._sun_a.jpg": b"Mac"}
    result = extract(tmp_path, make_archive(tmp_path / name, members))
    assert result.returncode == 0, result.stderr
    assert result.stdout == "5 pictures of 3 classes in bgs; skipped: none\n"
    rows = read_index(tmp_path / "bgs")
    order = range(5) if "." in name else sorted(range(5), key=lambda i: NAMES[i])
    assert [row[1:] for row in rows] == [[CLASSES[i], NAMES[i]] for i in order]
    image = cv2.imread(str(tmp_path / "bgs/00000000.jpg"))
    assert image.shape == (256, 256, 3)
    assert np.abs(image.mean((0, 1)) - (40, 120, 200)).max() < 3  # in colour


def test_archive_is_known_by_content_not_by_name(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {NAMES[0]: JPEG}).rename(tmp_path / "a.tar.gz")
    assert extract(tmp_path, archive).returncode == 0


def test_sizes_and_bad_members(tmp_path: Path) -> None:
    gray = cv2.imencode(".jpg", np.full((400, 400), 90, np.uint8))[1].tobytes()
    png = cv2.imencode(".png", np.full((700, 900, 3), (0, 0, 255), np.uint8))[1].tobytes()
    members = {
        "x/large.jpg": make_jpeg(3000, 1500),
        "x/cut.jpg": JPEG[: len(JPEG) // 2],
        "x/small.jpg": make_jpeg(128, 64),
        "x/smaller.jpg": make_jpeg(127, 64),
        "x/lower.jpg": make_jpeg(300, 63),
        "x/gray.jpg": gray,
        "x/wide.jpg": make_jpeg(900, 100),
        "x/empty.jpg": b"",
        "x/page.jpg": b"<html>",
        "x/really.png.jpg": png,
        "x/cut.png": png[:-100],
    }
    result = extract(tmp_path, make_archive(tmp_path / "a.tar", members))
    assert result.returncode == 0, result.stderr
    rows = read_index(tmp_path / "bgs")
    shapes = {row[2]: cv2.imread(str(tmp_path / "bgs" / row[0]), cv2.IMREAD_UNCHANGED).shape for row in rows}
    assert shapes == {
        "x/large.jpg": (256, 256, 3),
        "x/small.jpg": (64, 128, 3),
        "x/gray.jpg": (256, 256, 3),
        "x/wide.jpg": (100, 256, 3),
        "x/really.png.jpg": (256, 256, 3),
    }
    assert "skipped: 4 damaged or no picture, 2 smaller than 128x64" in result.stdout
    assert result.stderr.splitlines() == [
        "extractbgs.py: skipped, damaged or no picture: x/cut.jpg, x/empty.jpg, x/page.jpg, x/cut.png",
        "extractbgs.py: skipped, smaller than 128x64: x/smaller.jpg, x/lower.jpg",
    ]


def test_damaged_zip_member(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.zip", {"x/a.jpg": JPEG, "x/b.jpg": JPEG})
    content = bytearray(archive.read_bytes())
    content[60] ^= 255
    archive.write_bytes(content)
    result = extract(tmp_path, archive)
    assert result.returncode == 0
    assert [row[2] for row in read_index(tmp_path / "bgs")] == ["x/b.jpg"]
    assert "x/a.jpg" in result.stderr


def test_memory_stays_below_300_megabytes(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    noise = np.random.default_rng(0).integers(0, 256, (2000, 3000, 3), np.uint8)
    large = cv2.imencode(".jpg", noise)[1].tobytes()
    wide = cv2.imencode(".png", np.zeros((4000, 4000, 3), np.uint8))[1].tobytes()
    members = {f"x/{i}.jpg": large for i in range(15)} | {f"x/{i}.png": wide for i in range(3)}
    archive = make_archive(tmp_path / "a.tar", members)
    assert archive.stat().st_size > 60e6
    # in a process of its own, which has had no other children
    measure = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    measure += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    command = [sys.executable, "-c", measure, sys.executable, SCRIPT, archive]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert 10e6 < int(result.stdout) * (1 if sys.platform == "darwin" else 1024) < 300e6


# ------------------------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("options", "members"),
    [
        (["--classes", "street,highway"], [0, 2, 3, 4]),
        (["--classes", "gas_station"], [1]),
        (["--classes", "gas_station/indoor"], [1]),
        (["--classes", "roadside"], [0, 1, 2, 3, 4]),
        (["--per-class", "2"], [0, 1, 2, 3]),
        (["--limit", "3"], [0, 1, 2]),
        (["--classes", "street", "--per-class", "2", "--limit", "9"], [0, 3]),
    ],
)
def test_choosing(tmp_path: Path, options: list[str], members: list[int]) -> None:
    archive = make_archive(tmp_path / "a.tar", dict.fromkeys(NAMES, JPEG))
    result = extract(tmp_path, archive, *options)
    assert result.returncode == 0, result.stderr
    assert [row[2] for row in read_index(tmp_path / "bgs")] == [NAMES[i] for i in members]


def test_bounds_count_good_pictures_alone(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", dict(zip(NAMES, [b"bad", JPEG, JPEG, JPEG, JPEG], strict=True)))
    assert extract(tmp_path, archive, "--limit", "3", "--per-class", "1").returncode == 0
    assert [row[2] for row in read_index(tmp_path / "bgs")] == [NAMES[1], NAMES[2], NAMES[3]]


def test_unknown_class_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", dict.fromkeys(NAMES, JPEG))
    assert_refused(extract(tmp_path, archive, "--classes", "highway,motorway"), "motorway")
    assert len(read_index(tmp_path / "bgs")) == 1


# --------------------------------------------------------------------------------------- stopping and going on


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """An archive of 800 pictures, each of its own colour and every tenth bad, and the `bgs/` of a run in one go."""
    folder = tmp_path_factory.mktemp("many")
    members = {
        f"SUN397/s/street/{i}.jpg": b"bad" if i % 10 == 5 else make_jpeg(colour=(i % 256, i // 256 * 32, 99))
        for i in range(800)
    }
    archive = make_archive(folder / "many.tar.gz", members)
    assert extract(folder, archive).returncode == 0
    return archive, read_all(folder / "bgs")


@pytest.mark.skipif(os.name == "nt", reason="NOT TESTED: Windows lacks these signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_an_interrupted_run_goes_on(tmp_path: Path, many: tuple[Path, dict[str, bytes]], name: str) -> None:
    archive, whole = many
    index = tmp_path / "bgs/index.tsv"
    with subprocess.Popen([sys.executable, SCRIPT, archive], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        while not (index.exists() and index.stat().st_size > 1000):
            assert run.poll() is None
            time.sleep(0.002)
        run.send_signal(getattr(signal, name))
        stderr = run.communicate(timeout=60)[1]
    assert 0 < index.read_bytes().count(b"\n") < 720
    if name != "SIGKILL":
        assert run.returncode == 130
        assert stderr.count("\n") == 1
        assert "--resume" in stderr

    before = read_all(tmp_path / "bgs")
    assert_refused(extract(tmp_path, archive), "bgs", "--resume")
    assert read_all(tmp_path / "bgs") == before
    result = extract(tmp_path, archive, "--resume")
    assert result.returncode == 0, result.stderr
    assert "720 pictures" in result.stdout
    assert read_all(tmp_path / "bgs") == whole


@pytest.mark.skipif(os.name == "nt", reason="NOT TESTED: Windows lacks this signal")
def test_ctrl_c_during_the_imports_leaves_no_traceback(tmp_path: Path) -> None:
    assert interrupt_imports("extractbgs.py", tmp_path) == (-signal.SIGINT, "")


def test_resume_mends_what_a_crash_left(tmp_path: Path, many: tuple[Path, dict[str, bytes]]) -> None:
    archive, whole = many
    lines = whole["index.tsv"].splitlines(keepends=True)
    (tmp_path / "bgs").mkdir()
    for i in range(6):
        (tmp_path / f"bgs/{i:08d}.jpg").write_bytes(whole[f"{i:08d}.jpg"] if i < 4 else b"half")
    (tmp_path / "bgs/.partial").write_bytes(b"half")
    (tmp_path / "bgs/.gitkeep").touch()
    (tmp_path / "bgs/index.tsv").write_bytes(b"".join(lines[:4]) + lines[4][:12])
    assert extract(tmp_path, archive, "--resume", "--limit", "40").returncode == 0
    assert read_index(tmp_path / "bgs") == [line.decode().rstrip("\n").split("\t") for line in lines[:40]]
    assert (tmp_path / "bgs/00000005.jpg").read_bytes() == whole["00000005.jpg"]


def test_resume_of_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.zip", dict.fromkeys(NAMES, JPEG))
    assert extract(tmp_path, archive, "--resume").returncode == 0  # in a folder that is not there yet
    before = read_all(tmp_path / "bgs")
    assert extract(tmp_path, archive, "--resume").returncode == 0
    assert read_all(tmp_path / "bgs") == before


def write_tar(path: Path, members: list[tuple[str, bytes]]) -> Path:
    """Write a tar whose members may have one name."""
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("first", [b"bad", JPEG])
def test_a_name_that_is_twice_in_the_archive_is_extracted_once(tmp_path: Path, first: bytes) -> None:
    """The first member that makes a background counts, in one run and after --resume."""
    members = [("x/a.jpg", first), ("x/a.jpg", make_jpeg(colour=(9, 9, 9))), ("x/b.jpg", JPEG), ("x/a.jpg", JPEG)]
    archive = write_tar(tmp_path / "a.tar", members)
    result = extract(tmp_path, archive)
    assert [row[2] for row in read_index(tmp_path / "bgs")] == ["x/a.jpg", "x/b.jpg"]
    assert "named twice in the archive: x/a.jpg" in result.stderr
    whole = read_all(tmp_path / "bgs")
    for limit in ("1", "2", "9"):
        assert extract(tmp_path, archive, "--resume", "--out", "parts", "--limit", limit).returncode == 0
    assert read_all(tmp_path / "parts") == whole
    assert extract(tmp_path, archive, "--resume").returncode == 0
    assert read_all(tmp_path / "bgs") == whole


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: names are bytes on POSIX")
@pytest.mark.parametrize("name", ["a.tar", "folder"])
def test_any_name_is_listed_and_resumed(tmp_path: Path, name: str) -> None:
    names = [b"x/\\t.jpg", b"x/a\tb\n.jpg", b"x/\xe2\x80\xa8.jpg", b"x/\xff\xfe.jpg", b"-y/-.jpg"]
    archive = make_archive(tmp_path / name, {os.fsdecode(name): JPEG for name in names})
    assert extract(tmp_path, archive, "--limit", "3").returncode == 0
    assert extract(tmp_path, archive, "--resume").returncode == 0
    lines = (tmp_path / "bgs/index.tsv").read_bytes().split(b"\n")[:-1]
    assert sorted(os.fsencode(read_row(line)[2]) for line in lines) == sorted(names)
    assert len(lines) == 5


def test_a_name_on_stderr_is_one_line(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {"x/a\n\x1b[2J.jpg": b"bad", "x/b.jpg": JPEG})
    result = extract(tmp_path, archive)
    assert result.stderr == "extractbgs.py: skipped, damaged or no picture: x/a\\n\\x1b[2J.jpg\n"
    result = extract(tmp_path, "no\nsuch.tar")
    assert_refused(result, r"no\nsuch.tar")


def test_resume_with_another_archive_is_refused(tmp_path: Path) -> None:
    extract(tmp_path, make_archive(tmp_path / "a.tar", dict.fromkeys(NAMES, JPEG)))
    other = make_archive(tmp_path / "b.tar", {"x/y.jpg": JPEG})
    assert_refused(extract(tmp_path, other, "--resume"), NAMES[0])
    assert len(read_index(tmp_path / "bgs")) == 5


def test_a_folder_with_a_gitkeep_alone_is_empty(tmp_path: Path) -> None:
    (tmp_path / "bgs").mkdir()
    (tmp_path / "bgs/.gitkeep").touch()
    assert extract(tmp_path, make_archive(tmp_path / "a.tar", {NAMES[0]: JPEG})).returncode == 0


# ------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.xz"])
def test_a_cut_archive_keeps_what_was_read(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 280, 300, 3), np.uint8)
    members = {f"x/{i}.jpg": cv2.imencode(".jpg", image)[1].tobytes() for i, image in enumerate(noise)}
    archive = make_archive(tmp_path / name, members)
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    result = extract(tmp_path, archive)
    kept = len(read_index(tmp_path / "bgs"))
    assert 8 <= kept <= 10
    assert_refused(result, name, f"the {kept} pictures", "--resume")
    archive.write_bytes(content)
    assert extract(tmp_path, archive, "--resume").returncode == 0
    assert [row[2] for row in read_index(tmp_path / "bgs")] == list(members)


def test_a_tar_that_ends_between_two_members_is_cut_too(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", dict.fromkeys(NAMES, JPEG))
    member = 512 + (len(JPEG) + 511) // 512 * 512
    archive.write_bytes(archive.read_bytes()[: 2 * member])
    assert_refused(extract(tmp_path, archive), "cut short", "the 2 pictures")


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", dict.fromkeys(NAMES, JPEG))
    content = bytearray(archive.read_bytes())
    content[512 + (len(JPEG) + 511) // 512 * 512] ^= 255
    archive.write_bytes(content)
    assert_refused(extract(tmp_path, archive), "damaged", "the 1 pictures")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.tar.gz", None),
        ("empty.tar.gz", b""),
        ("page.tar.gz", b"<html>not found</html>" * 100),
        ("other.tar.gz", b"\x1f\x8b rubbish"),
        ("short.tar", b"SUN397/a/abbey"),
        ("cut.zip", b"PK\x03\x04" + bytes(100)),
        ("folder", None),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert_refused(extract(tmp_path, name), name)
    assert not (tmp_path / "bgs").exists()


def test_an_archive_without_pictures_leaves_nothing(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {"x/readme.txt": b"text", "x/a.jpg": b"bad"})
    result = extract(tmp_path, archive)
    assert result.returncode == 2
    assert "has no picture" in result.stderr
    assert not list((tmp_path / "bgs").iterdir())


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {NAMES[0]: JPEG})
    (tmp_path / "file").touch()
    assert_refused(extract(tmp_path, archive, "--out", "file"), "file")
    assert_refused(extract(tmp_path, archive, "--out", "file/below"), "file/below")


def test_pictures_without_an_index_are_left_alone(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {NAMES[0]: JPEG})
    (tmp_path / "bgs").mkdir()
    (tmp_path / "bgs/00000000.jpg").write_bytes(b"mine")
    assert_refused(extract(tmp_path, archive, "--resume"), "index.tsv")
    assert read_all(tmp_path / "bgs") == {"00000000.jpg": b"mine"}


def test_a_foreign_index_is_refused_and_nothing_deleted(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {NAMES[0]: JPEG})
    (tmp_path / "bgs").mkdir()
    (tmp_path / "bgs/00000000.jpg").write_bytes(b"mine")
    (tmp_path / "bgs/index.tsv").write_bytes(b"my own notes\n")
    before = read_all(tmp_path / "bgs")
    assert_refused(extract(tmp_path, archive, "--resume"), "index.tsv", "line 1")
    assert read_all(tmp_path / "bgs") == before


@pytest.mark.parametrize("options", [["--limit", "0"], ["--per-class", "x"], ["--classes", ","], []])
def test_bad_options(tmp_path: Path, options: list[str]) -> None:
    result = extract(tmp_path, *(["a.tar"] if options else []), *options)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert (options or ["ARCHIVE"])[0] in result.stderr

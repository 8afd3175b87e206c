"""common.py: codes and classes, rectification, and files that are whole or not there."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common

ROOT = Path(__file__).parent.parent
codes = st.text(common.ALPHABET, max_size=common.LONGEST_CODE)


# --- codes --------------------------------------------------------------------------------------------------------


@given(codes)
@settings(deadline=None)
def test_a_code_becomes_classes_and_then_blanks(code):
    classes = common.code_to_classes(code)
    assert classes.shape == (common.LONGEST_CODE,)
    assert classes.dtype.kind == "i"
    assert "".join(common.ALPHABET[i] for i in classes[: len(code)]) == code
    assert (classes[len(code) :] == common.BLANK).all()


@pytest.mark.parametrize("code", ["KA 02", "ka02", "A·B", "Ä", "A" * (common.LONGEST_CODE + 1)])
def test_no_code_is_refused(code):
    with pytest.raises(ValueError, match=r"substring|longer"):
        common.code_to_classes(code)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("ABC", "ABC", 0), ("ABC", "", 3), ("ABC", "ABD", 1), ("ABC", "XABC", 1), ("KITTEN", "SITTING", 3)],
)
def test_edits_are_counted_both_ways(a, b, distance):
    assert common.edit_distance(a, b) == common.edit_distance(b, a) == distance


@given(codes, st.integers(0, 11), st.sampled_from(common.ALPHABET))
@settings(deadline=None)
def test_one_edit_is_a_distance_of_one_at_most(code, at, character):
    assert common.edit_distance(code, code[:at] + character + code[at:]) == 1
    assert common.edit_distance(code, code[:at] + code[at + 1 :]) == (at < len(code))


# --- messages -------------------------------------------------------------------------------------------------------


@given(st.text() | st.text(min_size=100))
@settings(deadline=None)
def test_a_message_shows_both_ends_of_a_long_text(text):
    shown = common.shorten(text)
    assert len(shown) == min(len(text), common.LONGEST_SHOWN)
    assert shown == text or (text.startswith(shown.split("...")[0]) and text.endswith(shown[-common.SHOWN_END :]))


@pytest.mark.parametrize(
    "value",
    ["a" * 10**6, "\0" * 10**6, ["a"] * 1000, {"a": [[0] * 9] * 9}, 10**4000, 1 << 10**6, b"\xff" * 99, None],
    ids=range(8),
)
def test_a_value_in_a_message_is_printable_and_short(value):
    shown = common.show(value)
    assert len(shown) <= common.LONGEST_SHOWN
    assert shown.isprintable()


def test_a_short_value_is_shown_whole():
    assert [common.show(value) for value in ("a\tb", 1.5, [1, "a"])] == ["'a\\tb'", "1.5", "[1, 'a']"]


@pytest.mark.parametrize("parse", [common.natural, common.positive(int)])
def test_a_number_beyond_all_counts_is_refused(parse):
    assert parse(str(common.LARGEST_COUNT)) == common.LARGEST_COUNT
    with pytest.raises(argparse.ArgumentTypeError, match=r"^10+\.\.\.0+ is too large$"):
        parse(str(10**100))


@pytest.mark.parametrize("text", ["1e20", "1e305", "1e400", "inf"])
def test_hours_without_end_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"^.* is too large$"):
        common.positive(float)(text)


# --- rectification ------------------------------------------------------------------------------------------------


def draw_picture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A picture at the fractions x, y of its width and height: (..., 3) in 0..255, of no symmetry."""
    waves = np.sin(2 * np.pi * (5 * x + y)) * np.cos(2 * np.pi * 2 * y)
    return np.stack([127 + 70 * waves, 40 + 170 * x, 40 + 170 * y], axis=-1)


def pixel_centres(shape: tuple[int, int], divide: int = 1) -> np.ndarray:
    """(height * divide, width * divide, 2): x, y of the middles of pixels, or of what these divide into, in pixels."""
    y, x = np.mgrid[0 : shape[0] * divide, 0 : shape[1] * divide]
    return (np.stack([x, y], axis=-1) + 0.5) / divide


def photograph(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A photo of `shape` in which the picture fills `corners`, its pixels averages of 3x3 points."""
    to_picture = common.rectifying_homography(corners, (1, 1))
    fractions = cv2.perspectiveTransform(pixel_centres(shape, 3), to_picture)
    fine = draw_picture(*np.moveaxis(fractions.clip(0, 1), -1, 0))
    return fine.reshape(shape[0], 3, shape[1], 3, 3).mean((1, 3)).round().astype(np.uint8)


def expected_window() -> np.ndarray:
    height, width = common.WINDOW_SHAPE
    return draw_picture(*np.moveaxis(pixel_centres(common.WINDOW_SHAPE) / (width, height), -1, 0))


@pytest.mark.parametrize("width", [40, 60, 110, 128, 190, 333, 700])
@pytest.mark.parametrize("turned", [0, 20, -40, 180])
def test_rectifying_gives_the_picture_back(width, turned):
    flat = np.array([[0, 0], [1, 0.04], [0.96, 0.5], [0.03, 0.46]]) - 0.5  # a trapezium, nearly
    angle = np.radians(turned)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = width * (flat @ turn)
    corners += 10 - corners.min(0)
    photo = photograph(corners, tuple(np.ceil(corners.max(0)).astype(int)[::-1] + 10))
    window = common.rectify(photo, corners)
    assert window.shape == (*common.WINDOW_SHAPE, 3)
    assert window.dtype == np.uint8
    assert np.abs(window - expected_window()).mean() < (4 if width > 100 else 9)  # few pixels hold little


def test_rectifying_the_whole_changes_nothing():
    image = np.random.default_rng(0).integers(0, 256, (*common.WINDOW_SHAPE, 3), np.uint8)
    height, width = common.WINDOW_SHAPE
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    np.testing.assert_array_equal(common.rectify(image, corners), image)


@pytest.mark.parametrize("times", [2, 3, 6, 8])
def test_no_pixel_of_a_large_plate_is_skipped(times):
    """Noise averages out; a window of chosen pixels would be as rough as the photo."""
    height, width = (times * n for n in common.WINDOW_SHAPE)
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    assert common.rectify(photo, corners).std() < 1.1 * photo.std() / times


@given(st.integers(0, 2**32), st.floats(1, 3000))
@settings(deadline=None)
def test_any_quadrilateral_can_be_cut_out(seed, size):
    """However degenerate the finder's corners are, and also outside the photo."""
    corners = np.random.default_rng(seed).uniform(-size, size, (4, 2))
    photo = np.zeros((48, 64, 3), np.uint8)
    assert common.rectify(photo, corners).shape == (*common.WINDOW_SHAPE, 3)


# --- files --------------------------------------------------------------------------------------------------------


def test_a_finished_file_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "some.file.txt"
    path.write_text("old")
    with common.write_beside(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: modes are POSIX's")
def test_a_file_may_be_read_as_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    with common.write_beside(tmp_path / "ours") as temporary:
        temporary.write_text("")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, common.UserError])
@pytest.mark.parametrize("old", ["old", None])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, error, old):
    path = tmp_path / "file.txt"
    if old:
        path.write_text(old)

    def fail():
        with common.write_beside(path) as temporary:
            temporary.write_text("half")
            raise error("no room")

    with pytest.raises(common.UserError if error is OSError else error, match="no room"):
        fail()
    assert [p.read_text() for p in tmp_path.iterdir()] == ([old] if old else [])


@pytest.mark.parametrize("name", ["missing/file.txt", "file/file.txt", "folder"])
def test_a_path_that_cannot_be_written_is_named(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(common.UserError, match=f"{name}: cannot be written"),
        common.write_beside(tmp_path / name) as temporary,
    ):
        temporary.write_text("")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links are POSIX's")
def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file.txt").write_text("old")
    (tmp_path / "second").symlink_to("there/file.txt")
    (tmp_path / "first.txt").symlink_to("second")
    with common.write_beside(tmp_path / "first.txt") as temporary:
        assert temporary.parent == tmp_path / "there"
        temporary.write_text("new")
    assert (tmp_path / "first.txt").readlink() == Path("second")
    assert (tmp_path / "there/file.txt").read_text() == "new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file.txt", "first.txt", "second", "there"]


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links are POSIX's")
def test_a_link_to_nothing_makes_the_file(tmp_path):
    (tmp_path / "link").symlink_to("file")
    with common.write_beside(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links are POSIX's")
def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(common.UserError, match="loop: cannot be written"), common.write_beside(tmp_path / "loop"):
        pass
    assert (tmp_path / "loop").is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="NOT TESTED: there is no /dev/full")
def test_a_device_is_written_to_and_stays(tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    for path in (tmp_path / "null", Path("/dev/null")):
        with common.write_beside(path) as temporary:
            assert temporary.parent not in (tmp_path, Path("/dev"))
            temporary.write_text("lost")
        assert path.is_char_device()
    with (
        pytest.raises(common.UserError, match="full: cannot be written"),
        common.write_beside("/dev/full") as temporary,
    ):
        temporary.write_text("no room")
    assert Path("/dev/full").is_char_device()
    assert not temporary.exists()


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: pipes are POSIX's")
def test_a_pipe_is_written_to_and_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with common.write_beside(tmp_path / "pipe") as temporary:
        temporary.write_bytes(b"content")
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="NOT TESTED: there is no /dev/stdout")
def test_stdout_may_be_a_file_that_others_write_too(tmp_path):
    code = "import common; print('before', flush=True)\n"
    code += "with common.write_beside('/dev/stdout') as path: path.write_text('content\\n')\nprint('after')"
    with (tmp_path / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=log, check=True, timeout=60)
    assert (tmp_path / "log").read_text() == "before\ncontent\nafter\n"


@pytest.mark.parametrize("length", [251, 255])
@pytest.mark.parametrize("suffix", [".txt", "." + "x" * 200])
def test_the_longest_names_are_written(tmp_path, length, suffix):
    path = tmp_path / ("n" * (length - len(suffix)) + suffix)
    with common.write_beside(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


# --- a script's end -----------------------------------------------------------------------------------------------


def fail_with(error: BaseException):
    def main():
        raise error

    return main


def test_run_leaves_success_alone(capsys):
    common.run(lambda: print("done"))
    assert capsys.readouterr() == ("done\n", "")


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows has no SIGTERM")
def test_sigterm_ends_like_ctrl_c(capsys):
    with pytest.raises(SystemExit) as ended:
        common.run(lambda: signal.raise_signal(signal.SIGTERM))
    assert ended.value.code == 130
    assert capsys.readouterr().err.endswith("interrupted\n")


def test_an_interrupt_leaves_no_temporary_file(tmp_path):
    """Not even where it comes before the block that writes."""

    def main():
        writing = common.write_beside(tmp_path / "file.txt")
        writing.__enter__()
        raise KeyboardInterrupt

    with pytest.raises(SystemExit):
        common.run(main)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (common.UserError("a.jpg: is empty"), 2, "script.py: a.jpg: is empty\n"),
        (KeyboardInterrupt(), 130, "script.py: interrupted\n"),
    ],
)
def test_run_makes_one_line_of_an_error(monkeypatch, capsys, error, code, line):
    monkeypatch.setattr(sys, "argv", ["/some/where/script.py", "x"])
    with pytest.raises(SystemExit) as ended:
        common.run(fail_with(error))
    assert ended.value.code == code
    assert capsys.readouterr() == ("", line)


def test_run_hides_no_fault_of_the_program():
    with pytest.raises(ZeroDivisionError):
        common.run(fail_with(ZeroDivisionError()))


def run_code(code: str, redirection: str = "") -> subprocess.CompletedProcess:
    """Run `code` as the `main` of a script, with its streams redirected by the shell."""
    code = f"import common, sys\ndef main():\n    {code}\ncommon.run(main)"
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="NOT TESTED: there is no /dev/full")
@pytest.mark.parametrize("redirection", ["> /dev/full", "1>&-", "1>&- 0<&-"])
@pytest.mark.parametrize("code", ["print('x')", "[print('x' * 99) for _ in range(9999)]", "print('x'); sys.exit()"])
def test_stdout_that_cannot_be_written_is_one_line(redirection, code):
    result = run_code(code, redirection)
    assert result.returncode == 2
    assert result.stderr.startswith("-c: standard output cannot be written (")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="NOT TESTED: there is no /dev/full")
@pytest.mark.parametrize("redirection", ["> /dev/full", "1>&-"])
def test_the_first_fault_is_told(redirection):
    result = run_code("print('x'); raise common.UserError('a.jpg: is empty')", redirection)
    assert (result.returncode, result.stderr) == (2, "-c: a.jpg: is empty\n")


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: streams are closed by a shell of POSIX")
@pytest.mark.parametrize("redirection", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_does_no_harm_to_files(tmp_path, redirection):
    """A file that is opened does not get the number of a closed stream, to which C libraries print."""
    code = f"file = open({str(tmp_path / 'file')!r}, 'w'); import os; os.write(file.fileno(), b'%d' % file.fileno())"
    assert run_code(code, redirection).returncode == 0
    assert int((tmp_path / "file").read_text()) > 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="NOT TESTED: there is no /dev/full")
def test_stderr_that_cannot_be_written_changes_nothing_else():
    result = run_code("print('x'); raise common.UserError('a.jpg: is empty')", "2> /dev/full")
    assert (result.returncode, result.stdout) == (2, "x\n")


def test_an_os_error_of_another_file_is_a_fault_of_the_program():
    result = run_code("raise OSError('other')", "")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_c_libraries_are_silenced_and_python_is_not():
    code = "import os; common.silence_decoders(); common.silence_decoders(); os.write(2, b'noise'); "
    result = run_code(code + "print('a line', file=sys.stderr); raise common.UserError('a.jpg: is empty')")
    assert result.stderr == "a line\n-c: a.jpg: is empty\n"


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: pipes are POSIX's")
def test_run_ends_quietly_when_nobody_reads_on():
    code = "import common; common.run(lambda: [print('x' * 99) for _ in range(9999)])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()

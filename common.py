"""The words, shapes and small tools that all rooms share.

A *window* is the network's input: 64 rows and 128 columns of pixels, in OpenCV's order blue, green, red. A *code* is
the text of a plate, without spaces and signs. *Corners* are the four corners of a plate, in the order top left, top
right, bottom right, bottom left for somebody who reads the plate.
"""

import argparse
import contextlib
import errno
import functools
import gc
import io
import math
import os
import secrets
import shutil
import signal
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

import cv2
import numpy as np

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BLANK = len(ALPHABET)  # the class that stands for no character
LOOKALIKES = str.maketrans("OI", "01")  # many plate typefaces draw O and 0, I and 1 alike
LONGEST_CODE = 12  # characters; Indian plates alone run from 8 to 11
WINDOW_SHAPE = (64, 128)  # height and width in pixels
READ_MARGIN = 0.04  # of the plate's width and height, left on each side of a plate that is rectified to be read
CUT_RANGE = (0.3, 0.7)  # of a plate's width: where a line may be cut into halves, in training and in reading
UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)  # corners as fractions of width and height
LONGEST_SUFFIX = 16  # characters of a suffix that a writer may know; a longer one could make a name too long
LONGEST_SHOWN = 60  # characters of a user's text in a message; a terminal has about 80 in a line
SHOWN_END = 20  # of them from the text's end, where a file's suffix is
LARGEST_COUNT = 2**63 - 1  # of what a user counts or numbers, seeds too; Python's lists and streams take no larger one
MOST_REDUCTION = 8  # times; `rectify` averages a plate that is larger than this many windows less finely; not tuned

# `cv2.warpPerspective` counts from the centre of the first pixel, and corners count from its edge.
FROM_CENTRES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
TO_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


class UserError(Exception):
    """A mistake that the user can correct. Its text is one line that names the file or option, and the remedy."""


# --- codes ----------------------------------------------------------------------------------------------------------


def code_to_classes(code: str) -> np.ndarray:
    """The classes (LONGEST_CODE,) int64 of the characters of `code`, and BLANK after its end.

    Raises ValueError when the code is longer than LONGEST_CODE or has a character outside ALPHABET.
    """
    if len(code) > LONGEST_CODE:
        raise ValueError(f"{code!r} is longer than {LONGEST_CODE} characters")
    classes = np.full(LONGEST_CODE, BLANK)
    classes[: len(code)] = [ALPHABET.index(character) for character in code]
    return classes


def edit_distance(a: str, b: str) -> int:
    """The least number of characters to insert, delete or replace to turn `a` into `b` (Levenshtein, 1966)."""
    row = list(range(len(b) + 1))  # distances from the part of `a` so far to each beginning of `b`
    for i, x in enumerate(a, 1):
        diagonal = row[0]
        row[0] = i
        for j, y in enumerate(b, 1):
            replaced = diagonal + (x != y)
            diagonal = row[j]
            row[j] = min(row[j] + 1, row[j - 1] + 1, replaced)
    return row[-1]


# --- geometry of corners --------------------------------------------------------------------------------------------


def rectifying_homography(corners: np.ndarray, shape: tuple[int, int] = WINDOW_SHAPE) -> np.ndarray:
    """The homography (3, 3) that takes `corners` (4, 2), in pixels, to the corners of a picture of `shape`."""
    height, width = shape
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return cv2.getPerspectiveTransform(np.asarray(corners, np.float32), target)


def from_unit_square(corners: np.ndarray) -> np.ndarray:
    """The homography (3, 3) that takes fractions of a plate's width and height to pixels.

    `corners` (4, 2) are the plate's corners in pixels.
    """
    return cv2.getPerspectiveTransform(UNIT_SQUARE, np.asarray(corners, np.float32))


def box_corners(left: float, right: float, top: float, bottom: float) -> np.ndarray:
    """The corners (4, 2) of an upright box."""
    return UNIT_SQUARE * [right - left, bottom - top] + [left, top]


def warp_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """The points (N, 2) to which `homography` (3, 3) takes `points` (N, 2)."""
    points = np.asarray(points, np.float64)[None]
    return cv2.perspectiveTransform(points, np.asarray(homography, np.float64))[0]


def rectify(image: np.ndarray, corners: np.ndarray, shape: tuple[int, int] = WINDOW_SHAPE) -> np.ndarray:
    """Cut the quadrilateral `corners` (4, 2), in pixels, out of `image`, so that it fills a picture of `shape`.

    A plate larger than `shape` is first cut out at a multiple of `shape` and then averaged. So no pixel is skipped.
    """
    corners = np.asarray(corners, np.float32)
    points = corners.tolist()
    top, right, bottom, left = (math.dist(points[i], points[i - 3]) for i in range(4))
    across = choose_multiple(max(top, bottom) / shape[1])
    down = choose_multiple(max(left, right) / shape[0])
    large = (shape[0] * down, shape[1] * across)
    homography = TO_CENTRES @ rectifying_homography(corners, large) @ FROM_CENTRES
    window = cv2.warpPerspective(
        image, homography, large[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if large == shape:
        return window
    return cv2.resize(window, shape[::-1], interpolation=cv2.INTER_AREA)


def pixels_around(points: np.ndarray, shape: tuple[int, int], beyond: int = 0) -> tuple[slice, slice]:
    """The rows and columns of a picture of `shape` (height, width) that hold `points` (N, 2) and `beyond` pixels more.

    At least one of each, also where all points are outside of the picture.
    """
    slices = []
    for places, size in zip(points.T.tolist(), shape[::-1], strict=True):
        low = min(max(math.floor(min(places)) - beyond, 0), size - 1)
        high = min(max(math.ceil(max(places)) + beyond, low + 1), size)
        slices.append(slice(low, high))
    columns, rows = slices
    return rows, columns


def choose_multiple(size: float) -> int:
    """The whole number of windows to cut a side out at that is `size` windows long."""
    return math.ceil(min(max(size - 0.5, 1), MOST_REDUCTION))


# --- arguments ------------------------------------------------------------------------------------------------------


class CommandParser(argparse.ArgumentParser):
    """argparse with a script's docstring as its help. A wrong argument is a UserError."""

    def __init__(self, doc: str) -> None:
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help lists all arguments")


def natural(text: str) -> int:
    """An argparse type: a whole number from 0 to LARGEST_COUNT."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    if value > LARGEST_COUNT:
        raise argparse.ArgumentTypeError(f"{shorten(text)} is too large")
    return value


def positive(kind: type[float]) -> Callable[[str], float]:
    """An argparse type: a number of `kind`, int or float, above 0 and at most LARGEST_COUNT."""

    def parse(text: str) -> float:
        value = kind(text)
        if not value > 0:  # true for NaN too
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        if value > LARGEST_COUNT:
            raise argparse.ArgumentTypeError(f"{shorten(text)} is too large")
        return value

    parse.__name__ = kind.__name__  # argparse writes it where `text` is no number: "invalid int value"
    return parse


def probability(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def shard(text: str) -> tuple[int, int]:
    """An argparse type: "2/3" is (2, 3), the second of three parts."""
    part, parts = map(int, text.split("/"))
    if not 1 <= part <= parts:
        raise argparse.ArgumentTypeError(f"{text} is no part; name one as in 2/3, the second of three")
    return part, parts


def find_part(total: int, part: int, parts: int) -> tuple[int, int]:
    """The first of `total` things in part number `part`, from 1, of `parts`, and the one after its last.

    The parts have nearly the same size.
    """
    return total * (part - 1) // parts, total * part // parts


# --- a script's run -------------------------------------------------------------------------------------------------


def run(main: Callable[[], None]) -> None:
    """Run a script's `main`, and end the process with an exit code and at most one line on stderr.

    The exit code is 2 after a UserError and where stdout cannot be written, 130 after Ctrl-C, and 1 without a line
    where the program that reads stdout has ended, as `head` does. SIGTERM, by which `timeout` and systemd end a
    process, does what Ctrl-C does. Other exceptions are faults of the program and show their traceback.
    """
    open_missing_streams()
    stdout = watch_stdout()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # a script may set this for the time of its imports
        signal.signal(signal.SIGINT, signal.default_int_handler)
    line, code = "", 0
    try:
        main()
        sys.stdout.flush()
    except UserError as error:
        line, code = printable(str(error)), 2
    except KeyboardInterrupt as interrupt:
        traceback.clear_frames(interrupt.__traceback__)  # so that all blocks that remove temporary files end now
        line, code = "interrupted", 130
    except SystemExit as end:
        code = end.code or 0
    except OSError:
        if not stdout.finish():  # the exception is of another file
            raise
    fault = stdout.finish()
    if isinstance(fault, BrokenPipeError):
        code = code or 1
    elif fault and not code:
        line, code = f"standard output cannot be written ({fault.strerror}); send it elsewhere", 2
    if line:
        print_error(line)
    gc.freeze()  # else Python searches all objects for garbage once more as it ends, which takes 15 ms
    if code:
        sys.exit(code)


def print_error(line: str) -> None:
    """Print `line` on stderr after the name of the script, if stderr can be written."""
    try:
        print(f"{Path(sys.argv[0]).name}: {line}", file=sys.stderr)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # so that Python can end with the exit code


def open_missing_streams() -> None:
    """Open /dev/null in place of streams that the user closed. What is printed to a closed stdout is a fault.

    Python has None for a closed stream, and the next file that is opened would get the stream's number.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:  # writing fails, as to a closed stream
        sys.stdout = sys.__stdout__ = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


class WatchedFile(io.FileIO):
    """A file that notes why it could not be written."""

    fault: OSError | None = None

    def write(self, data: bytes) -> int | None:
        try:
            return super().write(data)
        except OSError as error:
            self.fault = error
            raise

    def finish(self) -> OSError | None:
        """Write what is waiting, and return the first fault or None. After a fault the file is /dev/null."""
        try:
            sys.stdout.flush()
        except OSError as error:
            self.fault = self.fault or error
        if self.fault:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())  # so that Python can end quietly
        return self.fault


def watch_stdout() -> WatchedFile:
    """Replace `sys.stdout` by one that notes its faults, and return its file."""
    stdout = sys.__stdout__
    file = WatchedFile(stdout.fileno(), "w", closefd=False)
    if sys.stdout is stdout:  # else a test captures what is printed
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(file),
            encoding=stdout.encoding,
            errors="backslashreplace",  # the name of a file need not be text
            line_buffering=stdout.line_buffering or stdout.write_through,
        )
    return file


def printable(text: str) -> str:
    """`text` on one line: what a terminal would not print, in names of files for example, is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def shorten(text: str) -> str:
    """`text`, or its two ends where a message would be too long to read with all of it."""
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[: LONGEST_SHOWN - SHOWN_END - 3]}...{text[-SHOWN_END:]}"


def show(value: object) -> str:
    """`value` as a message quotes it: as Python writes it, printable, and shortened."""
    if isinstance(value, str):
        value = shorten(value)  # before it is quoted, because a sign may take ten characters then
    try:
        return shorten(repr(value))
    except ValueError:  # Python refuses to write a whole number of thousands of digits
        return "a number of thousands of digits"


@functools.cache  # a second call would silence `sys.stderr` too
def silence_decoders() -> None:
    """Silence what C libraries print on stderr, because it does not name the file. `sys.stderr` goes on as before."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


# --- files ----------------------------------------------------------------------------------------------------------


def is_special(path: Path) -> bool:
    """Whether `path` is a device, a pipe or a socket, or lies in /dev. Such a file is written to, never replaced."""
    if path.parent == Path("/dev"):  # /dev/stdout may be a regular file
        return path.exists()
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def make_folder(path: Path) -> None:
    """Make the folder `path` and those above it, where there is none. Raises UserError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made ({error.strerror}); name another folder") from None


@contextlib.contextmanager
def write_beside(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`. It replaces `path` when the block ends without an exception.

    The temporary file has the suffix of `path`, because some writers choose their format by the suffix. A link stays:
    the file that it points to is replaced. A device or pipe stays too: the content is written to it at the end. Raises
    UserError when the file cannot be written.
    """
    path = Path(path)
    temporary = name_temporary(path)
    try:
        yield create(temporary, path)
        if is_special(path):
            append_to(path, temporary)
        else:
            os.replace(temporary, os.path.realpath(path))
    except BrokenPipeError:  # of stdout, to which the block may print
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with contextlib.suppress(OSError):  # it was moved, or its folder was never there
            temporary.unlink()


def name_temporary(path: Path) -> Path:
    """A path that no file has, in the folder of `path` through links, or in that of the system for a special file."""
    folder = tempfile.gettempdir() if is_special(path) else os.path.dirname(os.path.realpath(path))
    suffix = path.suffix if len(path.suffix) <= LONGEST_SUFFIX else ""
    return Path(folder) / f".{secrets.token_hex(8)}{suffix}"


def create(temporary: Path, path: Path) -> Path:
    """Make the empty file `temporary`, which is to become `path`, and return it. Raises UserError."""
    try:
        if os.path.islink(os.path.realpath(path)):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if os.path.isdir(path):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose a folder you may write to") from None
    return temporary


def append_to(path: Path, source: Path) -> None:
    """Write the content of the file `source` to the special file `path`. Raises UserError."""
    try:
        with source.open("rb") as content, open_special(path) as file:
            shutil.copyfileobj(content, file)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None


def open_special(path: Path) -> BinaryIO:
    """Open the special file `path` to write after what it has."""
    stream = {"/dev/stdout": sys.stdout, "/dev/stderr": sys.stderr}.get(str(path))
    if stream is None:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb")
    stream.flush()
    return os.fdopen(os.dup(stream.fileno()), "wb")  # a file of its own would have a place of its own

"""What the scripts share: the alphabet, the shape of a window, files, and the geometry of a plate.

A *window* is the network's input, 64 rows by 128 columns of BGR pixels (OpenCV's order). A *code* is the
text of a plate, letters and digits alone. *Corners* are a plate's four corners in the order top left, top
right, bottom right, bottom left as its reader sees them.
"""

import argparse
import contextlib
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BLANK = len(ALPHABET)  # the class of a slot that holds no character
SLOTS = 12  # the longest code; Indian plates alone run from 8 to 11 characters
WINDOW_SHAPE = (64, 128)  # height, width in pixels
# OpenCV warps the centres of pixels, which are half a pixel from the edges that corners are counted from
CENTRE, UNCENTRE = (np.array([[1, 0, half], [0, 1, half], [0, 0, 1]]) for half in (0.5, -0.5))


class UserError(Exception):
    """A mistake the user can mend: one line that names the file or option, and the remedy."""


class CommandParser(argparse.ArgumentParser):
    """argparse, with a script's docstring as its help, and a wrong option as one line like any other mistake."""

    def __init__(self, doc: str) -> None:
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help lists what there is")


def shard(text: str) -> tuple[int, int]:
    """An argparse type: "2/3", the second of three parts."""
    part, parts = map(int, text.split("/"))
    if not 1 <= part <= parts:
        raise argparse.ArgumentTypeError(f"{text} is no part; name one as in 2/3, the second of three")
    return part, parts


def run(main: Callable[[], None]) -> None:
    """Run a script's `main`; a UserError becomes one line on stderr and exit code 2."""
    try:
        main()
    except UserError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def silence_decoders() -> None:
    """Keep what libraries say of damaged files, naming none, off stderr; `sys.stderr` goes on as before."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@contextlib.contextmanager
def write_beside(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; it replaces `path` when the block ends well.

    The temporary file keeps the suffix of `path`, so that writers which look at it choose the same format.
    Raises UserError when the folder cannot be written.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose a folder you may write to") from None
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files that only their owner may read
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        temporary.unlink(missing_ok=True)


def code_to_slots(code: str) -> np.ndarray:
    """A code as (SLOTS,) int64 classes, BLANK after its end.

    Raises ValueError for a code that is too long or has a character outside ALPHABET.
    """
    if len(code) > SLOTS:
        raise ValueError(f"{code!r} is longer than {SLOTS} characters")
    slots = np.full(SLOTS, BLANK)
    slots[: len(code)] = [ALPHABET.index(c) for c in code]
    return slots


def edit_distance(a: str, b: str) -> int:
    """How many characters must be put in, left out or replaced to make `b` of `a` (Levenshtein, 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def rectifying_homography(corners: np.ndarray, shape: tuple[int, int] = WINDOW_SHAPE) -> np.ndarray:
    """The (3, 3) homography that takes `corners` (4, 2), in pixels, to the corners of a picture of `shape`."""
    height, width = shape
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return cv2.getPerspectiveTransform(np.asarray(corners, np.float32), target)


def rectify(image: np.ndarray, corners: np.ndarray, shape: tuple[int, int] = WINDOW_SHAPE) -> np.ndarray:
    """Cut the quadrilateral `corners` (4, 2), in pixels, out of `image`, upright and filling `shape`.

    A plate larger than `shape` is cut out at a whole multiple of it and averaged down, so that no pixel is skipped.
    """
    corners = np.asarray(corners, np.float32)
    top, right, bottom, left = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    across = int(np.clip(np.ceil(max(top, bottom) / shape[1] - 0.5), 1, 8))
    down = int(np.clip(np.ceil(max(left, right) / shape[0] - 0.5), 1, 8))
    large = shape[0] * down, shape[1] * across
    homography = UNCENTRE @ rectifying_homography(corners, large) @ CENTRE
    window = cv2.warpPerspective(
        image, homography, large[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(window, shape[::-1], interpolation=cv2.INTER_AREA) if large != shape else window


UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
READ_MARGIN = 0.04  # of the plate's size that detect.py leaves round a plate which it rectifies


def from_unit_square(corners: np.ndarray) -> np.ndarray:
    """The (3, 3) homography that takes fractions of a plate to pixels, given its `corners` (4, 2)."""
    return np.linalg.inv(rectifying_homography(corners, (1, 1)))


def warp_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Points (N, 2) through a (3, 3) homography."""
    return cv2.perspectiveTransform(np.asarray(points, np.float64)[None], np.asarray(homography, np.float64))[0]


def natural(text: str) -> int:
    """An argparse type: a whole number from 0 up."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def probability(text: str) -> float:
    if not 0 <= float(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return float(text)


def positive(kind: type[float]) -> Callable[[str], float]:
    """An argparse type: a number of `kind` above 0."""

    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    parse.__name__ = kind.__name__  # argparse names it when `text` is no number
    return parse

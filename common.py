"""What the scripts share: the alphabet, the shape of a window, files, and the geometry of a plate.

A *window* is the network's input, 64 rows by 128 columns of BGR pixels (OpenCV's order). A *code* is the
text of a plate, letters and digits alone. *Corners* are a plate's four corners in the order top left, top
right, bottom right, bottom left as its reader sees them.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

__all__ = [
    "ALPHABET",
    "BLANK",
    "IMAGE_SUFFIXES",
    "SLOTS",
    "WINDOW_SHAPE",
    "UserError",
    "code_to_slots",
    "list_images",
    "read_image",
    "rectify",
    "rectifying_homography",
    "run",
    "slots_to_code",
    "write_beside",
    "write_image",
]

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BLANK = len(ALPHABET)  # the class of a slot that holds no character
SLOTS = 12  # the longest code; Indian plates alone run from 8 to 11 characters
WINDOW_SHAPE = (64, 128)  # height, width in pixels
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


class UserError(Exception):
    """A mistake the user can mend: one line that names the file or option, and the remedy."""


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


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read a photograph as (H, W, 3) uint8 BGR, turned upright by its EXIF orientation.

    Raises UserError when the file is missing, empty, cut or no picture.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not data.size:
        raise UserError(f"{path}: is empty; fetch the picture again")
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise UserError(f"{path}: is no picture that OpenCV can read, or is cut short; convert it to JPEG or PNG")
    return image


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write (H, W[, 3]) uint8 BGR to `path`, in the format of its suffix; never leaves half a file."""
    path = Path(path)
    try:
        ok, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        ok = False
    if not ok:
        raise UserError(f"{path}: no picture format has this suffix; use .jpg or .png")
    with write_beside(path) as temporary:
        temporary.write_bytes(data.tobytes())


def list_images(folder: str | os.PathLike) -> list[Path]:
    """The pictures in `folder`, by suffix, sorted by name."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())


def code_to_slots(code: str) -> np.ndarray:
    """A code as (SLOTS,) int64 classes, BLANK after its end.

    Raises ValueError for a code that is too long or has a character outside ALPHABET.
    """
    if len(code) > SLOTS:
        raise ValueError(f"{code!r} is longer than {SLOTS} characters")
    slots = np.full(SLOTS, BLANK)
    slots[: len(code)] = [ALPHABET.index(c) for c in code]
    return slots


def slots_to_code(probabilities: np.ndarray) -> tuple[str, np.ndarray]:
    """The most likely code of (SLOTS, 37) probabilities, with the probability of each of its characters.

    Blank slots are left out wherever they stand.
    """
    classes = probabilities.argmax(-1)
    kept = classes != BLANK
    return "".join(ALPHABET[c] for c in classes[kept]), probabilities.max(-1)[kept]


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
    window = cv2.warpPerspective(
        image,
        rectifying_homography(corners, large),
        large[::-1],
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.resize(window, shape[::-1], interpolation=cv2.INTER_AREA) if large != shape else window

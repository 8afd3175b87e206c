"""Pictures: photos are read upright and in colour, and pictures are written whole."""

import os
from pathlib import Path

import cv2
import numpy as np

from common import UserError, write_beside

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read a photo as (H, W, 3) uint8 in the order blue, green, red, turned upright by its EXIF orientation.

    Raises UserError when the file is missing, empty, cut short or no picture.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not data.size:
        raise UserError(f"{path}: is empty; fetch the picture again")
    if data[:4].tobytes() == b"\x89PNG" and data[-8:-4].tobytes() != b"IEND":  # libpng would add a line of its own
        raise UserError(f"{path}: is cut short; fetch the picture again")
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise UserError(f"{path}: is no picture that OpenCV can read, or is cut short; convert it to JPEG or PNG")
    return image


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write `image` (H, W) gray or (H, W, 3) BGR, uint8, to `path` in the format of its suffix.

    A file that is there is replaced when the new one is whole. Raises UserError when no format has the suffix, or the
    file cannot be written.
    """
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
    """The files of `folder` whose suffix is that of a picture, in the order of their names."""
    return sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())

"""Pictures: photos are read upright and in colour, and pictures are written whole."""

import os
from pathlib import Path

import cv2
import numpy as np

from common import UserError, write_beside
from media.files import get_size, read_bytes
from media.limits import PICTURE_BYTES, PICTURE_PIXELS, PICTURE_SIDE
from media.picture_headers import PictureHeader, read_header

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
REDUCTIONS = {  # OpenCV's flags; a JPEG is decoded at this part of its size, which takes less memory and time
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}


class BadPicture(Exception):
    """A file from which no picture can be made. Its text is the reason and the remedy."""


def read_image(path: str | os.PathLike, most_pixels: int = PICTURE_PIXELS) -> np.ndarray:
    """Read a photo as (H, W, 3) uint8 in the order blue, green, red, turned upright by its EXIF orientation.

    A photo of more than `most_pixels` is reduced to as many. Raises UserError when the file is missing, empty, cut
    short, too large or no picture. Decoders write warnings on damaged pictures to stderr, unless
    `common.silence_decoders` was called.
    """
    data = read_bytes(path, PICTURE_BYTES)
    try:
        return decode_picture(data, most_pixels)
    except BadPicture as error:
        raise UserError(f"{path}: {error}") from None


def decode_picture(data: bytes, most_pixels: int = PICTURE_PIXELS) -> np.ndarray:
    """The picture of the file `data` as `read_image` gives it. Raises BadPicture."""
    if not data:
        raise BadPicture("is empty; fetch the picture again")
    header = read_header(data)
    if header is None:
        raise BadPicture("is no JPEG, PNG, WebP, BMP, TIFF or GIF, or is cut short; convert it to JPEG or PNG")
    check_size(header)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), choose_reduction(header, most_pixels))
    except cv2.error:
        image = None
    if image is None:
        raise BadPicture(f"is a {header.kind} that OpenCV cannot read, or is damaged; convert it to JPEG or PNG")
    return reduce_image(image, most_pixels)


def choose_reduction(header: PictureHeader, most_pixels: int) -> int:
    """The flag of the strongest of REDUCTIONS that leaves `most_pixels` or more; of none where there are fewer."""
    for factor, flag in REDUCTIONS.items():
        if header.width * header.height >= most_pixels * factor**2:
            return flag
    return cv2.IMREAD_COLOR


def reduce_image(image: np.ndarray, most_pixels: int) -> np.ndarray:
    """`image` (H, W, 3), reduced to `most_pixels` where it has more."""
    height, width = image.shape[:2]
    scale = (most_pixels / (height * width)) ** 0.5
    if scale >= 1:
        return image
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def check_size(header: PictureHeader) -> None:
    """Raise BadPicture when a picture has more pixels than the limits allow."""
    size = f"has {header.width:,}x{header.height:,} pixels"
    if header.width * header.height > PICTURE_PIXELS:
        raise BadPicture(f"{size}, and the limit is {PICTURE_PIXELS // 10**6} megapixels; make it smaller")
    if max(header.width, header.height) > PICTURE_SIDE:
        raise BadPicture(f"{size}, and the limit is {PICTURE_SIDE:,} for a side; cut it into parts")


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write `image` (H, W) gray or (H, W, 3) BGR, uint8, to `path` in the format of its suffix.

    A file that is there is replaced when the new one is whole. Raises UserError when no format has the suffix, when
    the format has no pictures of this size, or when the file cannot be written.
    """
    path = Path(path)
    data = encode(path.suffix, image)
    if data is None and encode(path.suffix, image[:1, :1]) is None:
        raise UserError(f"{path}: no picture format has this suffix; use .jpg or .png")
    if data is None:
        height, width = image.shape[:2]
        raise UserError(f"{path}: no {path.suffix} file can have {width:,}x{height:,} pixels; use .png")
    with write_beside(path) as temporary:
        temporary.write_bytes(data)


def encode(suffix: str, image: np.ndarray) -> bytes | None:
    """The picture file of `image` in the format of `suffix`, or None where there is no such format or size."""
    try:
        is_encoded, data = cv2.imencode(suffix, image)
    except cv2.error:
        return None
    return data.tobytes() if is_encoded else None


def list_images(folder: str | os.PathLike) -> list[Path]:
    """The files of `folder` whose suffix is that of a picture, in the order of their names."""
    paths = (path for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(path for path in paths if get_size(path) is not None)

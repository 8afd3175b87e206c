"""Making a background, a square JPEG of 256x256 pixels, from the file of a photograph."""

import io

import cv2
import numpy as np
from PIL import Image

from common import WINDOW_SHAPE
from media.archives import BadMember

SIDE = 256  # pixels of a background; leaves room to move a window of 128x64 pixels about
QUALITY = 90  # of the JPEGs written, from 0 to 100; the coarser blocks of a lower one would show in a window
DECODED_PIXELS = 1 << 24  # of a picture in memory, 50 MB in each thread; a larger picture is skipped
REDUCTIONS = {  # how much smaller a JPEG can be decoded
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}
JPEG_FORMATS = ("JPEG", "MPO")  # Pillow's names; an MPO file has several JPEGs, of which the first is read


def convert(data: bytes) -> bytes:
    """The JPEG file of the background of a picture file. Raises BadMember when none can be made."""
    background = make_background(read_picture(data))
    return cv2.imencode(".jpg", background, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def read_picture(data: bytes) -> np.ndarray:
    """Decode a picture file to (H, W, 3) uint8 BGR.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where this is still at least SIDE wide and high, which is several
    times faster. Raises BadMember when the picture is damaged or too large, or is no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:  # reads the header only
            reduction = choose_reduction(picture)
            if picture.width * picture.height > DECODED_PIXELS * reduction**2:
                raise BadMember("too large")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), REDUCTIONS.get(reduction, cv2.IMREAD_COLOR))
    except BadMember:
        raise
    except Exception:  # on damaged data decoders raise exceptions of many kinds
        image = None
    if image is None:
        raise BadMember("damaged or no picture")
    return image


def choose_reduction(picture: Image.Image) -> int:
    """How many times smaller `picture` is decoded."""
    if picture.format not in JPEG_FORMATS:
        return 1
    return next((times for times in REDUCTIONS if min(picture.size) >= times * SIDE), 1)


def make_background(image: np.ndarray) -> np.ndarray:
    """The background of a picture: the largest square about the centre of (H, W, 3), resized to (SIDE, SIDE, 3).

    A picture that is less than SIDE wide or high is not magnified. It is cut to at most SIDE each way, because a
    window may fit into this where it would not fit into a square. Raises BadMember when the picture is smaller than a
    window.
    """
    height, width = image.shape[:2]
    if height < WINDOW_SHAPE[0] or width < WINDOW_SHAPE[1]:
        raise BadMember(f"smaller than {WINDOW_SHAPE[1]}x{WINDOW_SHAPE[0]}")
    side = max(min(height, width), SIDE)
    top = max(height - side, 0) // 2
    left = max(width - side, 0) // 2
    image = image[top : top + side, left : left + side]
    if side == SIDE:
        return image
    # Below half size, linear interpolation would skip pixels. Most JPEGs are decoded at less than twice SIDE.
    interpolation = cv2.INTER_LINEAR if side < 2 * SIDE else cv2.INTER_AREA
    return cv2.resize(image, (SIDE, SIDE), interpolation=interpolation)

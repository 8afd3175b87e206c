"""Making a background, a JPEG of at most 256x256 pixels, from the file of a photograph."""

import cv2
import numpy as np

from common import WINDOW_SHAPE
from media.archives import BadMember
from media.limits import MEMBER_PIXELS, PROGRESSIVE_PIXELS
from media.picture_headers import PictureHeader, read_header
from media.pictures import REDUCTIONS

SIDE = 256  # pixels of a background; leaves room to move a window of 128x64 pixels about
QUALITY = 90  # of the JPEGs written, from 0 to 100; the coarser blocks of a lower one would show in a window


def convert(data: bytes) -> bytes:
    """The JPEG file of the background of a picture file. Raises BadMember when none can be made."""
    background = make_background(read_picture(data))
    return cv2.imencode(".jpg", background, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def read_picture(data: bytes) -> np.ndarray:
    """Decode a picture file to (H, W, 3) uint8 BGR.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where this is still at least SIDE wide and high, which is several
    times faster. Raises BadMember when the picture is damaged or too large, or is no picture.
    """
    header = read_header(data)
    if header is None:
        raise BadMember("damaged or no picture")
    reduction = choose_reduction(header)
    pixels = header.width * header.height
    if pixels > MEMBER_PIXELS * reduction**2 or (header.is_progressive and pixels > PROGRESSIVE_PIXELS):
        raise BadMember("too large")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), REDUCTIONS[reduction])
    except cv2.error:
        image = None
    if image is None:
        raise BadMember("damaged or no picture")
    return image


def choose_reduction(header: PictureHeader) -> int:
    """How many times smaller the picture is decoded."""
    if header.kind != "JPEG":
        return 1
    return next((times for times in REDUCTIONS if min(header.width, header.height) >= times * SIDE), 1)


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

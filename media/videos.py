"""Videos, cameras and streams: their frames with the time of each, and videos that are written whole."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from common import UserError, write_beside
from media.files import open_file

CODECS = {  # suffix -> a codec that OpenCV's own FFmpeg writes into such a file; it has no encoder of H.264
    ".mp4": "mp4v",
    ".m4v": "mp4v",
    ".mov": "mp4v",
    ".mkv": "mp4v",
    ".avi": "MJPG",
    ".webm": "VP80",
}
ADDRESS = re.compile(r"(https?|rtsps?|rtmps?|srt|tcp|udp)://", re.IGNORECASE)  # protocols that may be read
FASTEST_RATE = 1000  # frames a second; a file that says more is wrong
USUAL_RATE = 25  # frames a second, where a file gives none or a wrong one


def name_for_opencv(path: Path, meant: Path) -> str:
    """`path` from the root of the file system, so that FFmpeg takes no part of it for a protocol.

    Raises UserError, with the path that the user meant, when the name is not in UTF-8, because OpenCV 5 crashes then.
    """
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(f"{meant}: its name, or a folder's, is not in UTF-8; rename it") from None
    return name


def open_video(path: Path) -> cv2.VideoCapture:
    """Open the video `path`. Whether it is one shows when `read_frames` reads it.

    Raises UserError when the file is missing or cannot be read, or is a pipe or a device.
    """
    open_file(path).close()  # tells why a file cannot be read, which OpenCV does not
    return cv2.VideoCapture(name_for_opencv(path, path), cv2.CAP_FFMPEG)


def open_stream(address: int | str) -> cv2.VideoCapture:
    """Open a camera by its number, or an address that ADDRESS matches, such as rtsp://camera/stream.

    Raises UserError when it cannot be opened.
    """
    if isinstance(address, int):
        video = cv2.VideoCapture(address)
        remedy = "check that it is connected and that no other program uses it"
    else:
        video = cv2.VideoCapture(address, cv2.CAP_FFMPEG)
        remedy = "check the address"
    if not video.isOpened():
        raise UserError(f"{name_stream(address)}: cannot be opened; {remedy}")
    return video


def name_stream(address: int | str) -> str:
    """A name for a camera or an address, without the user and password that the address may have."""
    if isinstance(address, int):
        return f"camera {address}"
    return re.sub(r"(?<=://)[^/]*@", "", address)


def frame_rate(video: cv2.VideoCapture) -> float:
    """Frames a second."""
    rate = video.get(cv2.CAP_PROP_FPS)
    return rate if 0 < rate <= FASTEST_RATE else USUAL_RATE


def read_frames(
    name: str | Path, video: cv2.VideoCapture, every: int = 1, is_live: bool = False
) -> Iterator[tuple[float, np.ndarray]]:
    """The first of each `every` frames of a `video`: the time in seconds, and (H, W, 3) uint8 BGR, all of one size.

    Times always increase. The times of a camera (`is_live`) are those of the clock. Where a file gives no time, or
    begins again, a frame comes one period after the last. Raises UserError, with the `name`, when there is no frame.
    """
    period = every / frame_rate(video)
    start = time.monotonic()
    last = -period
    while True:
        is_there, frame = video.read()
        if not is_there:
            break
        seconds = time.monotonic() - start if is_live else max(0.0, video.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        last = seconds if seconds > last else last + period
        yield last, frame
        for _ in range(every - 1):
            video.grab()
    if last < 0:
        raise UserError(f"{name}: is no video that OpenCV can read, or is cut short; convert it to .mp4")


@contextlib.contextmanager
def write_video(path: Path, rate: float) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that adds a frame, (H, W, 3) uint8 BGR, to a video of `rate` frames a second.

    The video becomes `path` when the block ends without an exception. If the width or the height is odd, the last
    column or row is lost. Raises UserError when OpenCV cannot write the video.
    """
    codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix.lower()])
    writer = cv2.VideoWriter()

    def append(frame: np.ndarray) -> None:
        height, width = frame.shape[:2]
        if not writer.isOpened() and not writer.open(name, cv2.CAP_FFMPEG, codec, rate, (width, height)):
            raise UserError(f"{path}: OpenCV writes no such video of {width}x{height} pixels; try .avi")
        if writer.write(frame) is False:  # OpenCV 4 returns None
            raise UserError(f"{path}: cannot be written; make room on the disk")

    with write_beside(path) as temporary:
        name = name_for_opencv(temporary, path)
        try:
            yield append
        finally:
            writer.release()
        if not cv2.VideoCapture(name, cv2.CAP_FFMPEG).grab():  # the list of frames, at the end, may be missing
            raise UserError(f"{path}: cannot be written; make room on the disk")

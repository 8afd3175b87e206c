"""TODO."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from common import UserError, write_beside

# of the containers that OpenCV's own FFmpeg writes, by suffix; it has no encoder of H.264
CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
FASTEST, USUAL_RATE = 1000, 25  # frames a second, where a file says more, or nothing


def name_for_opencv(path: Path) -> str:
    """`path` from the root, so that FFmpeg takes no part of it for a protocol. Raises UserError where it is no text."""
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:  # which OpenCV 5 crashes on
        raise UserError(f"{path}: its name is not in UTF-8; rename it") from None
    return name


def open_video(path: Path) -> cv2.VideoCapture:
    """The video `path`, if it is one: `read_frames` tells. Raises UserError when it cannot be read as a file."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    return cv2.VideoCapture(name_for_opencv(path), cv2.CAP_FFMPEG)


def frame_rate(video: cv2.VideoCapture) -> float:
    """Frames a second."""
    rate = video.get(cv2.CAP_PROP_FPS)
    return rate if 0 < rate <= FASTEST else USUAL_RATE


def read_frames(path: Path, video: cv2.VideoCapture) -> Iterator[tuple[float, np.ndarray]]:
    """The time in seconds of each frame of the `video` in `path`, and the frame, (H, W, 3) uint8 BGR, all of one size.

    Raises UserError when there is none.
    """
    step = 1 / frame_rate(video)
    last = -step
    while True:
        there, frame = video.read()
        if not there:
            break
        seconds = max(0.0, video.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        last = seconds if seconds > last else last + step  # where the file does not tell, or begins again
        yield last, frame
    if last < 0:
        raise UserError(f"{path}: is no video that OpenCV can read, or is cut short; convert it to .mp4")


@contextlib.contextmanager
def write_video(path: Path, rate: float) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that adds a frame, (H, W, 3) uint8 BGR, to a video; it becomes `path` when the block ends well.

    Of an odd width or height the last column or row is lost. Raises UserError when OpenCV cannot write it.
    """
    codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix.lower()])
    writer = cv2.VideoWriter()

    def append(frame: np.ndarray) -> None:
        size = frame.shape[1::-1]
        if not writer.isOpened() and not writer.open(name, cv2.CAP_FFMPEG, codec, rate, size):
            raise UserError(f"{path}: OpenCV writes no such video of {size[0]}x{size[1]} pixels; try .avi")
        if writer.write(frame) is False:  # OpenCV 4 does not tell
            raise UserError(f"{path}: cannot be written; make room on the disk")

    with write_beside(path) as temporary:
        name = name_for_opencv(temporary)
        try:
            yield append
        finally:
            writer.release()
        if not cv2.VideoCapture(name, cv2.CAP_FFMPEG).grab():  # the end of a file says what is in it
            raise UserError(f"{path}: cannot be written; make room on the disk")

"""Videos: their frames, and which plates of one frame and the next are the same plate.

A *track* is one plate over the frames that show it. Its readings differ from frame to frame, so they vote: its code is
the one whose readings have the largest sum of confidences. Nothing is kept of frames, and nothing of a track that has
ended, so a video may be of any length.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from common import UserError, write_beside

if TYPE_CHECKING:
    from detect import Plate

__all__ = ["CODECS", "Track", "frame_rate", "join", "open_video", "part_ended", "read_frames", "write_video"]

SAME_TRACK = 0.3  # boxes of a plate in neighbouring frames share this much of their union at least
NEARBY = 3.0  # plates' widths that a plate may move unseen and yet be known by its code
MISSED_SECONDS = 1.0  # a plate that was not seen for longer has left: another may stand in its place
# of the containers that OpenCV's own FFmpeg writes, by suffix; it has no encoder of H.264
CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
FASTEST, USUAL_RATE = 1000, 25  # frames a second, where a file says more, or nothing


# --- tracks -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Track:
    """One plate over the frames that show it. Times are in seconds from the video's start."""

    first: float
    last: float
    frames: int = 0  # that show it
    box: tuple[int, int, int, int] = (0, 0, 0, 0)  # x, y, width, height in the last of them
    votes: dict[str, float] = dataclasses.field(default_factory=dict)  # each code's sum of confidences
    surest: dict[str, "Plate"] = dataclasses.field(default_factory=dict)  # each code's surest reading

    def add(self, plate: "Plate", seconds: float) -> None:
        self.last, self.box = seconds, plate.box
        self.frames += 1
        self.votes[plate.code] = self.votes.get(plate.code, 0) + plate.confidence
        self.surest[plate.code] = max(self.surest.get(plate.code, plate), plate, key=lambda p: p.confidence)

    @property
    def code(self) -> str:
        """The code with most votes so far."""
        return max(self.votes, key=self.votes.get)

    @property
    def plate(self) -> "Plate":
        """The surest reading of the voted code; its confidence is multiplied by the code's share of all votes."""
        share = self.votes[self.code] / max(sum(self.votes.values()), 1e-9)
        surest = self.surest[self.code]
        return surest._replace(confidence=share * surest.confidence)


def part_ended(tracks: Sequence[Track], seconds: float) -> tuple[list[Track], list[Track]]:
    """Those of `tracks` that have ended by the time of a frame, and those that may go on in it."""
    gone = [track for track in tracks if seconds - track.last > MISSED_SECONDS]
    return gone, [track for track in tracks if seconds - track.last <= MISSED_SECONDS]


def join(tracks: list[Track], plates: Sequence["Plate"], seconds: float) -> list[Track]:
    """Add the `plates` of a frame to the `tracks` that they go on with, or that begin with them, and return these.

    The most alike are joined first. A track goes on with one plate at most.
    """
    alike = likeness(tracks, plates)
    joined = {}  # by the index of the plate
    while alike.size and alike.max() >= SAME_TRACK:
        row, column = np.unravel_index(alike.argmax(), alike.shape)
        joined[column] = tracks[row]
        alike[row], alike[:, column] = 0, 0
    for i, plate in enumerate(plates):
        if i not in joined:
            joined[i] = Track(seconds, seconds)
            tracks.append(joined[i])
        joined[i].add(plate, seconds)
    return [joined[i] for i in range(len(plates))]


def likeness(tracks: Sequence[Track], plates: Sequence["Plate"]) -> np.ndarray:
    """How alike T tracks and P plates are, (T, P): the share of their boxes' union, and 1 more for one code nearby."""
    before, now = (np.array([item.box for item in items], float).reshape(-1, 4) for items in (tracks, plates))
    before, now = before[:, None], now[None]  # (T, 1, 4), (1, P, 4)
    low = np.maximum(before[..., :2], now[..., :2])  # (T, P, 2)
    high = np.minimum((before[..., :2] + before[..., 2:]), (now[..., :2] + now[..., 2:]))
    shared = np.maximum(high - low, 0).prod(-1)  # (T, P)
    union = before[..., 2:].prod(-1) + now[..., 2:].prod(-1) - shared
    moved = np.linalg.norm(now[..., :2] + now[..., 2:] / 2 - before[..., :2] - before[..., 2:] / 2, axis=-1)
    nearby = moved <= NEARBY * np.maximum(before[..., 2], now[..., 2])
    known = np.array([[p.code in t.votes for p in plates] for t in tracks], bool).reshape(nearby.shape)
    return shared / np.maximum(union, 1e-9) + (known & nearby)


# --- frames -------------------------------------------------------------------------------------------------------


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

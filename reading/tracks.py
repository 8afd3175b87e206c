"""Tracks: one plate followed from frame to frame of a video, and the votes of its readings.

Each frame reads a plate anew, and some readings are wrong. The readings of one track vote with their confidences, and
the code with most votes is the track's.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from reading.plate import Plate

# Which reading goes on with which track; not tuned.
SAME_TRACK = 0.3  # least overlap of a plate's boxes in neighbouring frames, as a share of their union
NEARBY = 3.0  # plate widths that a plate may move between two frames and still be known by its code
MISSED_SECONDS = 1.0  # a plate that was not seen for longer may have left, and another one may stand in its place
# Memory.
MOST_CODES = 50  # different codes of a track that are kept; a parked car is misread in ever new ways. Not tuned


@dataclasses.dataclass
class Track:
    """One plate over the frames that show it. Times are in seconds from the video's start."""

    first: float
    last: float
    frames: int = 0  # frames that show it
    box: tuple[int, int, int, int] = (0, 0, 0, 0)  # x, y, width, height in the last of them
    code: str = ""  # the code with most votes so far
    total: float = 0.0  # sum of the confidences of all readings
    votes: dict[str, float] = dataclasses.field(default_factory=dict)  # each kept code's sum of confidences
    surest: dict[str, Plate] = dataclasses.field(default_factory=dict)  # each kept code's surest reading

    def add(self, plate: Plate, seconds: float) -> None:
        """Add the reading of one frame. Where too many codes are kept, the one with fewest votes is forgotten."""
        self.last = seconds
        self.box = plate.box
        self.frames += 1
        self.total += plate.confidence
        if plate.code not in self.votes and len(self.votes) == MOST_CODES:
            fewest = min(self.votes, key=self.votes.get)
            del self.votes[fewest], self.surest[fewest]
        self.votes[plate.code] = self.votes.get(plate.code, 0) + plate.confidence
        self.surest[plate.code] = max(self.surest.get(plate.code, plate), plate, key=lambda p: p.confidence)
        if self.votes[plate.code] > self.votes.get(self.code, -1):
            self.code = plate.code

    @property
    def plate(self) -> Plate:
        """The surest reading of the code; its confidences are multiplied by the code's share of all votes."""
        share = self.votes[self.code] / max(self.total, 1e-9)
        surest = self.surest[self.code]
        codes = tuple((code, share * confidence) for code, confidence in surest.codes)
        return surest._replace(confidence=share * surest.confidence, codes=codes)


class Tracker:
    """Follows the plates of a film from frame to frame; `period` is the time in seconds between two frames."""

    def __init__(self, period: float) -> None:
        self.patience = max(MISSED_SECONDS, 1.5 * period)  # at least one frame may come before a plate has left
        self.running: list[Track] = []
        self.ended: list[Track] = []

    def name_plates(self, plates: Sequence[Plate], seconds: float) -> list[Plate]:
        """Add the `plates` of the frame at `seconds` to tracks. Returns them with the codes of their tracks."""
        self.ended += [track for track in self.running if seconds - track.last > self.patience]
        self.running = [track for track in self.running if seconds - track.last <= self.patience]
        joined = extend_tracks(self.running, plates, seconds)
        return [plate._replace(code=track.code) for plate, track in zip(plates, joined, strict=True)]

    def take_ended(self) -> list[Track]:
        """The tracks that have ended since the last call."""
        ended = self.ended
        self.ended = []
        return ended

    def take_all(self) -> list[Track]:
        """All tracks since the last call, when the film is over."""
        return self.take_ended() + self.running


def extend_tracks(tracks: list[Track], plates: Sequence[Plate], seconds: float) -> list[Track]:
    """Add each of the `plates` of a frame to the track that it goes on with, or to a new track.

    New tracks are appended to `tracks`. The pairs that are most alike are joined first, and a track goes on with one
    plate at most. Returns the track of each plate.
    """
    alike = likeness(tracks, plates, seconds)
    joined = {}  # by the index of the plate
    while alike.size and alike.max() >= SAME_TRACK:
        row, column = np.unravel_index(alike.argmax(), alike.shape)
        joined[column] = tracks[row]
        alike[row] = 0
        alike[:, column] = 0
    for i, plate in enumerate(plates):
        if i not in joined:
            joined[i] = Track(seconds, seconds)
            tracks.append(joined[i])
        joined[i].add(plate, seconds)
    return [joined[i] for i in range(len(plates))]


def likeness(tracks: Sequence[Track], plates: Sequence[Plate], seconds: float) -> np.ndarray:
    """How alike T tracks and the P plates of the frame at `seconds` are, (T, P).

    It is the overlap of their boxes as a share of the union, 0..1, where the track was seen in the last
    MISSED_SECONDS: later another plate may stand there. It is 1 more where the track has had the plate's code and is
    nearby.
    """
    before = np.array([track.box for track in tracks], float).reshape(-1, 1, 4)  # (T, 1, 4)
    now = np.array([plate.box for plate in plates], float).reshape(1, -1, 4)  # (1, P, 4)
    low = np.maximum(before[..., :2], now[..., :2])  # (T, P, 2)
    high = np.minimum(before[..., :2] + before[..., 2:], now[..., :2] + now[..., 2:])  # (T, P, 2)
    shared = np.maximum(high - low, 0).prod(-1)  # (T, P)
    union = before[..., 2:].prod(-1) + now[..., 2:].prod(-1) - shared  # (T, P)
    centre_before = before[..., :2] + before[..., 2:] / 2
    centre_now = now[..., :2] + now[..., 2:] / 2
    moved = np.linalg.norm(centre_now - centre_before, axis=-1)  # (T, P)
    nearby = moved <= NEARBY * np.maximum(before[..., 2], now[..., 2])  # (T, P)
    known = np.array([[plate.code in track.votes for plate in plates] for track in tracks], bool)
    recent = np.array([seconds - track.last <= MISSED_SECONDS for track in tracks], bool).reshape(-1, 1)  # (T, 1)
    return recent * shared / np.maximum(union, 1e-9) + (known.reshape(nearby.shape) & nearby)

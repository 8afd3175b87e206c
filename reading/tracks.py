"""TODO."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from reading.plate import Plate

SAME_TRACK = 0.3  # boxes of a plate in neighbouring frames share this much of their union at least
NEARBY = 3.0  # plates' widths that a plate may move unseen and yet be known by its code
MISSED_SECONDS = 1.0  # a plate that was not seen for longer has left: another may stand in its place


@dataclasses.dataclass
class Track:
    """One plate over the frames that show it. Times are in seconds from the video's start."""

    first: float
    last: float
    frames: int = 0  # that show it
    box: tuple[int, int, int, int] = (0, 0, 0, 0)  # x, y, width, height in the last of them
    votes: dict[str, float] = dataclasses.field(default_factory=dict)  # each code's sum of confidences
    surest: dict[str, Plate] = dataclasses.field(default_factory=dict)  # each code's surest reading

    def add(self, plate: Plate, seconds: float) -> None:
        self.last, self.box = seconds, plate.box
        self.frames += 1
        self.votes[plate.code] = self.votes.get(plate.code, 0) + plate.confidence
        self.surest[plate.code] = max(self.surest.get(plate.code, plate), plate, key=lambda p: p.confidence)

    @property
    def code(self) -> str:
        """The code with most votes so far."""
        return max(self.votes, key=self.votes.get)

    @property
    def plate(self) -> Plate:
        """The surest reading of the voted code; its confidence is multiplied by the code's share of all votes."""
        share = self.votes[self.code] / max(sum(self.votes.values()), 1e-9)
        surest = self.surest[self.code]
        return surest._replace(confidence=share * surest.confidence)


def part_ended(tracks: Sequence[Track], seconds: float) -> tuple[list[Track], list[Track]]:
    """Those of `tracks` that have ended by the time of a frame, and those that may go on in it."""
    gone = [track for track in tracks if seconds - track.last > MISSED_SECONDS]
    return gone, [track for track in tracks if seconds - track.last <= MISSED_SECONDS]


def extend_tracks(tracks: list[Track], plates: Sequence[Plate], seconds: float) -> list[Track]:
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


def likeness(tracks: Sequence[Track], plates: Sequence[Plate]) -> np.ndarray:
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

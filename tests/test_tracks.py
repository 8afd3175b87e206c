"""tracks.py: what is one plate from frame to frame, how its readings vote, and videos as they are written and read."""

from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracks
from common import UserError


class Reading(NamedTuple):
    """What tracks need of detect.py's Plate."""

    code: str
    confidence: float
    box: tuple[int, int, int, int] = (100, 100, 80, 20)


def follow(frames: list[tuple[float, list[Reading]]]) -> list[tracks.Track]:
    """The tracks of a video whose frames, at these seconds, show these plates; in the order of their ends."""
    running, over = [], []
    for seconds, plates in frames:
        ended, running = tracks.part_ended(running, seconds)
        over += ended
        joined = tracks.join(running, plates, seconds)
        assert [track.box for track in joined] == [plate.box for plate in plates]
        assert len({id(track) for track in joined}) == len(plates)
    return over + running


def spans(found: list[tracks.Track]) -> list[tuple[str, float, float, int]]:
    return [(track.code, track.first, track.last, track.frames) for track in found]


# --- tracks -------------------------------------------------------------------------------------------------------


def test_a_moving_plate_is_one_track():
    frames = [(i / 25, [Reading("KA02MK7259", 0.9, (100 + 20 * i, 100, 80, 20))]) for i in range(20)]
    assert spans(follow(frames)) == [("KA02MK7259", 0, 19 / 25, 20)]


def test_a_plate_is_known_by_its_code_where_it_jumps():
    frames = [(i / 5, [Reading(code, 0.9, (100 + 150 * i, 100, 80, 20))]) for i, code in enumerate(["A123"] * 3)]
    assert spans(follow(frames)) == [("A123", 0, 0.4, 3)]
    frames[1][1][0] = Reading("B456", 0.9, (250, 100, 80, 20))
    assert len(follow(frames)) == 3


def test_one_code_in_two_places_is_two_tracks():
    frames = [(i / 5, [Reading("TAXI", 0.9, (x, 100, 80, 20)) for x in (0, 600)]) for i in range(3)]
    assert spans(follow(frames)) == [("TAXI", 0, 0.4, 3)] * 2


@pytest.mark.parametrize(("gap", "count"), [(tracks.MISSED_SECONDS * 0.9, 1), (tracks.MISSED_SECONDS * 1.1, 2)])
def test_a_plate_may_be_missed_for_a_while(gap, count):
    frames = [(0, [Reading("A123", 0.9)]), (gap / 2, []), (gap, [Reading("A123", 0.9)])]
    assert len(follow(frames)) == count


def test_plates_that_cross_keep_their_tracks():
    frames = []
    for i in range(21):
        plates = [Reading("LEFT11", 0.9, (10 * i, 100, 80, 20)), Reading("RIGHT2", 0.8, (200 - 10 * i, 100, 80, 20))]
        frames.append((i / 25, plates[:: 1 if i % 2 else -1]))
    assert sorted(spans(follow(frames))) == [("LEFT11", 0, 0.8, 21), ("RIGHT2", 0, 0.8, 21)]


def test_readings_vote_with_their_confidence():
    low = Reading("A128", 0.4, (101, 100, 80, 20))
    frames = [(0.0, [low]), (0.1, [Reading("A123", 0.9)]), (0.2, [low]), (0.3, [Reading("A123", 0.7)])]
    [track] = follow(frames)
    assert track.code == "A123"
    assert track.plate.box == (100, 100, 80, 20)
    assert track.plate.confidence == pytest.approx(1.6 / 2.4 * 0.9)


def test_a_track_of_one_reading_says_what_it_says():
    reading = Reading("A123", 0.6)
    assert [track.plate for track in follow([(3.0, [reading])])] == [reading]
    assert follow([(0.0, [Reading("A123", 0.0)])])[0].plate.confidence == 0


boxes = st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(1, 200), st.integers(1, 80))
readings = st.builds(Reading, st.sampled_from(["A123", "B456", "C789"]), st.floats(0, 1), boxes)


@given(st.lists(st.tuples(st.floats(0.01, 2), st.lists(readings, max_size=4)), max_size=12))
def test_every_reading_has_one_vote_in_one_track(steps):
    seconds = np.cumsum([step for step, _ in steps]).tolist()
    frames = [(now, plates) for now, (_, plates) in zip(seconds, steps, strict=True)]
    found = follow(frames)
    every = [plate for _, plates in frames for plate in plates]
    assert sum(track.frames for track in found) == len(every)
    votes = sum(sum(track.votes.values()) for track in found)
    assert votes == pytest.approx(sum(plate.confidence for plate in every))
    for track in found:
        assert track.first <= track.last
        assert track.plate.code == track.code
        assert 0 <= track.plate.confidence <= max(p.confidence for p in every if p.code == track.code) + 1e-9


# --- frames -------------------------------------------------------------------------------------------------------


def make_frames(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Frames that get brighter, from left to right too."""
    slope = np.linspace(0, 100, width)[None, :, None]
    return [np.broadcast_to(slope + 10 * i, (height, width, 3)).astype(np.uint8) for i in range(count)]


@pytest.mark.parametrize("suffix", [*tracks.CODECS, ".MP4"])
def test_a_video_comes_back(tmp_path, suffix):
    path, frames = tmp_path / f"a:b %d{suffix}", make_frames(10)
    with tracks.write_video(path, 12.5) as append:
        for frame in frames:
            append(frame)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    video = tracks.open_video(path)
    assert tracks.frame_rate(video) == pytest.approx(12.5)
    times, read = zip(*tracks.read_frames(path, video), strict=True)
    assert times == pytest.approx([i / 12.5 for i in range(10)], abs=2e-3)
    assert np.abs(np.array(read).astype(int) - frames).mean() < 6


def test_frames_of_an_odd_size_lose_a_line(tmp_path):
    with tracks.write_video(tmp_path / "odd.mp4", 25) as append:
        append(make_frames(1, 65, 49)[0])
    [(_, frame)] = tracks.read_frames(tmp_path / "odd.mp4", tracks.open_video(tmp_path / "odd.mp4"))
    assert frame.shape == (48, 64, 3)


class Clock:
    """A video whose file tells these times of its frames, in milliseconds, and a rate."""

    def __init__(self, times: list[float], rate: float) -> None:
        self.times, self.rate, self.now = iter(times), rate, 0.0

    def read(self):
        self.now = next(self.times, None)
        return self.now is not None, np.zeros((4, 4, 3), np.uint8)

    def get(self, key):
        return self.rate if key == cv2.CAP_PROP_FPS else self.now


@pytest.mark.parametrize(
    ("times", "rate", "wanted"),
    [
        ([0, 40, 100], 20, [0, 0.04, 0.1]),  # of a varying rate
        ([0, 0, 0], 20, [0, 0.05, 0.1]),  # none
        ([0, 50, 0, 50], 20, [0, 0.05, 0.1, 0.15]),  # of two videos in one file
        ([-30, 20], 20, [0, 0.02]),
        ([0, 0], float("nan"), [0, 0.04]),
        ([0, 0], 90000, [0, 0.04]),
    ],
)
def test_times_go_forward(tmp_path, times, rate, wanted):
    assert [seconds for seconds, _ in tracks.read_frames(tmp_path, Clock(times, rate))] == pytest.approx(wanted)


def test_a_video_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path):
    for name, size in [("small.mp4", 1), ("no/folder.mp4", 16), ("\udcff.mp4", 16)]:
        with pytest.raises(UserError, match=r"small|folder|UTF-8"), tracks.write_video(tmp_path / name, 25) as append:
            append(np.zeros((size, size, 3), np.uint8))
    assert not list(tmp_path.iterdir())

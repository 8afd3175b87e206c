"""Tracks: which readings are one plate from frame to frame, and how they vote."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import tracks


class Reading(NamedTuple):
    """The part of a Plate that tracks need."""

    code: str
    confidence: float
    box: tuple[int, int, int, int] = (100, 100, 80, 20)
    codes: tuple[tuple[str, float], ...] = ()


def follow(frames: list[tuple[float, list[Reading]]], period: float = 0.04) -> list[tracks.Track]:
    """The tracks of a film whose frames, at these seconds, show these plates; in the order of their ends."""
    tracker = tracks.Tracker(period)
    over = []
    for seconds, plates in frames:
        named = tracker.name_plates(plates, seconds)
        assert [plate.box for plate in named] == [plate.box for plate in plates]
        over += tracker.take_ended()
    return over + tracker.take_all()


def spans(found: list[tracks.Track]) -> list[tuple[str, float, float, int]]:
    return [(track.code, track.first, track.last, track.frames) for track in found]


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


def test_a_plate_stays_known_by_its_code_where_few_frames_are_read():
    """Frames are 3 seconds apart. Another plate may stand in the same place, and has another code."""
    frames = [(3.0 * i, [Reading(code, 0.9)]) for i, code in enumerate(["A123", "A123", "B456", "B456"])]
    assert spans(follow(frames, period=3.0)) == [("A123", 0, 3, 2), ("B456", 6, 9, 2)]


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


def test_all_codes_of_the_surest_reading_lose_as_much_as_its_confidence():
    readings = [Reading("AB12", 0.8, codes=(("AB12", 0.8), ("AB72", 0.1))), Reading("AB72", 0.2)]
    [track] = follow([(i / 25, [reading]) for i, reading in enumerate(readings)])
    assert track.plate.confidence == pytest.approx(0.64)
    assert dict(track.plate.codes) == {"AB12": pytest.approx(0.64), "AB72": pytest.approx(0.08)}


def test_a_track_of_one_reading_says_what_it_says():
    reading = Reading("A123", 0.6)
    assert [track.plate for track in follow([(3.0, [reading])])] == [reading]
    assert follow([(0.0, [Reading("A123", 0.0)])])[0].plate.confidence == 0


def test_a_parked_car_is_misread_in_ever_new_ways():
    """The memory of a track is bounded, the code that comes again wins, and forgotten readings still count."""
    misread = [Reading(f"X{i:05d}", 0.9) for i in range(1000)]
    frames = [(i / 25, [Reading("A123", 0.5) if i % 4 == 0 else misread[i]]) for i in range(1000)]
    [track] = follow(frames)
    assert len(track.votes) == len(track.surest) == tracks.MOST_CODES
    assert (track.code, track.frames) == ("A123", 1000)
    assert track.plate.confidence == pytest.approx(0.5 * 250 * 0.5 / (250 * 0.5 + 750 * 0.9))


def test_a_code_may_win_late():
    frames = [(i / 25, [Reading(f"X{i:05d}", 0.9)]) for i in range(100)]
    frames += [(i / 25, [Reading("A123", 0.5)]) for i in range(100, 102)]
    assert follow(frames)[0].code == "A123"


boxes = st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(1, 200), st.integers(1, 80))
readings = st.builds(Reading, st.sampled_from(["A123", "B456", "C789"]), st.floats(0, 1), boxes)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 2), st.lists(readings, max_size=4)), max_size=12))
def test_every_reading_has_one_vote_in_one_track(steps):
    seconds = np.cumsum([step for step, _ in steps]).tolist()
    frames = [(now, plates) for now, (_, plates) in zip(seconds, steps, strict=True)]
    found = follow(frames)
    every = [plate for _, plates in frames for plate in plates]
    assert sum(track.frames for track in found) == len(every)
    votes = sum(track.total for track in found)
    assert votes == pytest.approx(sum(plate.confidence for plate in every))
    for track in found:
        assert track.first <= track.last
        assert track.plate.code == track.code
        assert 0 <= track.plate.confidence <= max(p.confidence for p in every if p.code == track.code) + 1e-9

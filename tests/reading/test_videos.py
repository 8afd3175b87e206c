"""Reading films: which frames are read, and the memory of a run over a long one."""

import contextlib
import os
import signal
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from fakes import quad

from common import UserError
from media.videos import open_video, read_frames, write_video
from reading import videos
from reading.plate import Plate
from reading.sources import Film
from reading.videos import FilmReader, catch_interrupt


class BrightnessReader:
    """Sees in every frame a plate that says how bright the frame is."""

    def read(self, frame: np.ndarray) -> list[Plate]:
        return [Plate(f"AB{round(frame.mean() / 10):03d}", 0.9, (2, 2, 4, 2), quad(2, 2, 4, 2), np.ones(5))]


def make_video(path: Path, count: int) -> Path:
    """A video of 10 frames a second, in which frame i has the brightness 10 i."""
    with write_video(path, 10) as append:
        for i in range(count):
            append(np.full((48, 64, 3), 10 * i, np.uint8))
    return path


@pytest.mark.parametrize("side_by_side", [1, 3])
@pytest.mark.parametrize(("every", "read"), [(1, range(12)), (5, (0, 5, 10)), (50, (0,))])
def test_each_nth_frame_is_read_and_drawn(tmp_path, every, read, side_by_side):
    path = make_video(tmp_path / "in.avi", 12)
    film = Film(path, "in.avi", tmp_path / "new" / "out.avi")
    film_reader = FilmReader(BrightnessReader(), film, every, side_by_side)
    assert film_reader.promised == len(read)
    [track] = film_reader.follow_plates()
    assert film_reader.frames == track.frames == len(read)
    assert set(track.votes) == {f"AB{i:03d}" for i in read}
    assert (track.first, track.last) == pytest.approx((0, read[-1] / 10))
    drawn = tmp_path / "new" / "out.avi"
    assert [seconds for seconds, _ in read_frames(drawn, open_video(drawn))] == pytest.approx([i / 10 for i in read])


def test_a_film_need_not_be_drawn(tmp_path):
    path = make_video(tmp_path / "in.avi", 3)
    [track] = FilmReader(BrightnessReader(), Film(path, "in.avi")).follow_plates()
    assert track.frames == 3
    assert [*tmp_path.iterdir()] == [path]


def test_a_film_without_a_frame_ends_with_the_reason(tmp_path):
    (tmp_path / "in.mp4").write_text("no video")
    [error] = FilmReader(BrightnessReader(), Film(tmp_path / "in.mp4", "in.mp4")).follow_plates()
    assert isinstance(error, UserError)
    assert "in.mp4" in str(error)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_interrupt_is_noted_and_the_second_ends(name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with catch_interrupt(True) as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_frames_side_by_side_keep_their_order(tmp_path):
    """Later frames are read sooner, and the first three at the same time."""
    together = threading.Barrier(3, timeout=10)

    class Reader(BrightnessReader):
        def read(self, frame: np.ndarray) -> list[Plate]:
            number = round(frame.mean() / 10)
            if number < 3:
                together.wait()
                time.sleep(0.05 * (3 - number))
            return super().read(frame)

    path = make_video(tmp_path / "in.avi", 9)
    [track] = FilmReader(Reader(), Film(path, "in.avi"), side_by_side=3).follow_plates()
    assert [*track.votes] == [f"AB{i:03d}" for i in range(9)]


def test_a_frame_of_a_stream_does_not_wait_for_the_next_ones(monkeypatch, tmp_path):
    """Two frames are decoded at most before the first is answered: its own, and the next one ahead."""
    decoded = []

    def read(name, video, every, is_live):
        for i in range(9):
            decoded.append(i)
            yield float(2 * i), np.full((8, 8, 3), 10 * i, np.uint8)

    class Reader(BrightnessReader):
        def read(self, frame: np.ndarray) -> list[Plate]:
            counts.append(len(decoded))
            return super().read(frame)

    counts = []
    monkeypatch.setattr(videos, "read_frames", read)
    film = Film(make_video(tmp_path / "in.avi", 1), "in.avi")
    assert len([*FilmReader(Reader(), film).follow_plates()]) == 9
    assert all(count <= i + 2 for i, count in enumerate(counts))


@pytest.mark.parametrize("side_by_side", [1, 4])
def test_a_long_video_needs_no_more_memory_than_a_short_one(monkeypatch, tmp_path, side_by_side):
    """Every two seconds a plate passes, of another code each time."""
    alive = weakref.WeakValueDictionary()  # the frames, and the readings of plates, that anything still holds

    def read(name, video, every, is_live):
        for i in range(1000):
            alive[i] = frame = np.full((8, 8, 3), i // 50 % 20, np.uint8)
            yield i / 25, frame

    @contextlib.contextmanager
    def write(path, rate):
        yield lambda frame: None

    class Reader:
        def read(self, frame):
            number = frame[0, 0, 0]
            if number % 2 == 0:
                return []
            corners = quad(2, 2, 4, 2)
            alive[id(corners)] = corners
            return [Plate(f"AB{number:03d}", 0.9, (2, 2, 4, 2), corners, np.ones(5))]

    monkeypatch.setattr(videos, "read_frames", read)
    monkeypatch.setattr(videos, "write_video", write)
    film = Film(make_video(tmp_path / "in.avi", 1), "in.avi", tmp_path / "out.mp4")
    most, codes = 0, []
    for track in FilmReader(Reader(), film, side_by_side=side_by_side).follow_plates():
        most = max(most, len(alive))
        codes.append(track.code)
    assert codes == [f"AB{i % 20:03d}" for i in range(1, 20, 2)]
    assert most <= 12 + side_by_side

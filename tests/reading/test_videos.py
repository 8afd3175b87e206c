"""Reading videos: the memory of a run over a long one."""

import contextlib
import weakref
from pathlib import Path

import cv2
import numpy as np
from fakes import quad

from reading import videos
from reading.plate import Plate
from reading.videos import follow_plates


def test_a_long_video_needs_no_more_memory_than_a_short_one(monkeypatch, tmp_path):
    """Every two seconds a plate passes, of another code each time."""
    alive = weakref.WeakValueDictionary()  # the frames, and the readings of plates, that anything still holds

    def read(path, video):
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
    most, codes = 0, []
    for track in follow_plates(Reader(), Path("in.mp4"), cv2.VideoCapture(), Path("out.mp4")):
        most = max(most, len(alive))
        codes.append(track.code)
    assert codes == [f"AB{i % 20:03d}" for i in range(1, 20, 2)]
    assert most <= 12

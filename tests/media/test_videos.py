"""media/videos.py: a video comes back as it was written, and the times of its frames go forward."""

import os

import cv2
import numpy as np
import pytest

from common import UserError
from media import videos


def make_frames(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Frames that get brighter, from left to right too."""
    slope = np.linspace(0, 100, width)[None, :, None]
    return [np.broadcast_to(slope + 10 * i, (height, width, 3)).astype(np.uint8) for i in range(count)]


@pytest.mark.parametrize("suffix", [*videos.CODECS, ".MP4"])
def test_a_video_comes_back(tmp_path, suffix):
    path, frames = tmp_path / f"a:b %d{suffix}", make_frames(10)
    with videos.write_video(path, 12.5) as append:
        for frame in frames:
            append(frame)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    video = videos.open_video(path)
    assert videos.frame_rate(video) == pytest.approx(12.5)
    times, read = zip(*videos.read_frames(path, video), strict=True)
    assert times == pytest.approx([i / 12.5 for i in range(10)], abs=2e-3)
    assert np.abs(np.array(read).astype(int) - frames).mean() < 6


def test_frames_of_an_odd_size_lose_a_line(tmp_path):
    with videos.write_video(tmp_path / "odd.mp4", 25) as append:
        append(make_frames(1, 65, 49)[0])
    [(_, frame)] = videos.read_frames(tmp_path / "odd.mp4", videos.open_video(tmp_path / "odd.mp4"))
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
    assert [seconds for seconds, _ in videos.read_frames(tmp_path, Clock(times, rate))] == pytest.approx(wanted)


def test_a_video_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path):
    for name, size in [("small.mp4", 1), ("no/folder.mp4", 16)]:
        with pytest.raises(UserError, match=name), videos.write_video(tmp_path / name, 25) as append:
            append(np.zeros((size, size, 3), np.uint8))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: names are bytes on POSIX")
def test_names_that_are_not_utf8_never_reach_opencv(tmp_path):
    """A video of such a name is written under another name. Neither it nor a folder can be handed to OpenCV."""
    path = tmp_path / "\udcff.mp4"
    with videos.write_video(path, 25) as append:
        append(make_frames(1)[0])
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(UserError, match="not in UTF-8; rename it"):
        videos.open_video(path)
    (tmp_path / "\udcff").mkdir()
    with pytest.raises(UserError, match=r"a\.mp4.*not in UTF-8"), videos.write_video(tmp_path / "\udcff/a.mp4", 25):
        pass


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: pipes are POSIX's")
def test_what_cannot_be_read_as_a_video_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    for name, words in [("pipe.mp4", "it is a pipe"), ("folder.mp4", "it is a folder"), ("none.mp4", "No such file")]:
        with pytest.raises(UserError, match=rf"{name}: cannot be read \({words}"):
            videos.open_video(tmp_path / name)

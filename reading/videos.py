"""Reading a video: every frame is read and drawn, and its plates are followed from frame to frame."""

import contextlib
import itertools
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from common import UserError, silence_decoders, write_beside
from media.videos import CODECS, frame_rate, open_video, read_frames, write_video
from reading.ahead import map_ahead
from reading.drawing import draw
from reading.plate import Plate
from reading.plate_reader import PlateReader
from reading.results import describe
from reading.tracks import Track, extend_tracks, part_ended

BAR_DELAY = 2  # seconds before a progress bar appears


def is_video(path: Path) -> bool:
    """Whether the suffix of `path` says that it is a video."""
    return path.suffix.lower() in CODECS and not path.is_dir()


def check_video_out(source: Path, out: Path) -> None:
    """Raises UserError where the video `source` cannot be drawn into `out`."""
    if not is_video(out):
        raise UserError(f"{out}: a video is drawn into a video; end its name in one of {', '.join(CODECS)}")
    if not out.parent.is_dir():
        raise UserError(f"{out}: its folder does not exist; make it first")


def follow_plates(reader: PlateReader, source: Path, video: cv2.VideoCapture, out: Path) -> Iterator[Track]:
    """Read each frame of the `video` in `source`, and draw it into the video `out`.

    Yields each track when it has ended. A frame shows the codes with most votes up to this frame. Raises UserError
    where no frame can be read, or `out` cannot be written.
    """
    frames = read_frames(source, video)
    tracks: list[Track] = []
    ended: list[Track] = []

    def follow(item: tuple[float, np.ndarray]) -> tuple[np.ndarray, list[Plate]]:
        seconds, frame = item
        gone, tracks[:] = part_ended(tracks, seconds)
        ended.extend(gone)
        plates = reader.read(frame)
        joined = extend_tracks(tracks, plates, seconds)
        return frame, [plate._replace(code=track.code) for plate, track in zip(plates, joined, strict=True)]

    with (
        ThreadPoolExecutor(1) as decoder,  # each pool has one thread, so the frames stay in order
        write_video(out, frame_rate(video)) as append,
        ThreadPoolExecutor(1) as drawer,
    ):
        decoded = map_ahead(decoder, lambda _: next(frames, None), itertools.count())
        decoded = itertools.takewhile(lambda item: item is not None, decoded)
        decoded = tqdm(decoded, total=count_frames(video), unit="frame", delay=BAR_DELAY, disable=None)
        for _ in map_ahead(drawer, lambda item: append(draw(*item)), map(follow, decoded)):
            yield from ended
            ended.clear()
    yield from ended + tracks


def count_frames(video: cv2.VideoCapture) -> int | None:
    """The number of frames that the file promises; None where it promises none."""
    promised = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    return promised if promised > 0 else None


def read_video(reader: PlateReader, source: Path, out: Path, rows: Path | None) -> None:
    """Read the video `source`, draw it into `out`, and print and write to `rows` a track a plate."""
    silence_decoders()
    video = open_video(source)
    count = 0
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(write_beside(rows)) if rows else os.devnull
        file = stack.enter_context(open(path, "w", encoding="utf-8"))
        for track in stack.enter_context(contextlib.closing(follow_plates(reader, source, video, out))):
            tqdm.write(f"{describe(track.plate)} {track.first:.2f}-{track.last:.2f}")
            times = {"first": round(track.first, 3), "last": round(track.last, 3), "frames": track.frames}
            file.write(json.dumps({"video": source.name, **track.plate.as_dict(), **times}) + "\n")
            count += 1
    frames = int(video.get(cv2.CAP_PROP_POS_FRAMES))
    print(f"read {frames} of {max(frames, count_frames(video) or 0)} frames; plates: {count}", file=sys.stderr)

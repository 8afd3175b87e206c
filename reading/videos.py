"""Reading a film, which is a video, a camera or a stream: frames are read, and plates are followed through them."""

import contextlib
import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from common import UserError, make_folder
from media.videos import frame_rate, open_stream, open_video, read_frames, write_video
from reading.ahead import map_ahead
from reading.bars import open_bar
from reading.drawing import draw
from reading.plate import Plate
from reading.plate_reader import PlateReader
from reading.sources import Film
from reading.tracks import Track, Tracker


class FilmReader:
    """Reads one film, and counts its frames.

    The first of each `every` frames is read. `side_by_side` frames are read at a time, in their order. Those of a
    stream should be read one by one, because each would wait for the next ones. Raises UserError when the film cannot
    be opened.
    """

    def __init__(self, reader: PlateReader, film: Film, every: int = 1, side_by_side: int = 1) -> None:
        self.reader = reader
        self.film = film
        self.every = every
        self.side_by_side = side_by_side
        self.video = open_stream(film.address) if film.is_stream else open_video(film.address)
        self.frames = 0  # frames that were read so far

    @property
    def promised(self) -> int | None:
        """How many frames there are to read, as the file says; None where it does not say."""
        count = int(self.video.get(cv2.CAP_PROP_FRAME_COUNT))
        if self.film.is_stream or count <= 0:
            return None
        return -(-count // self.every)

    def follow_plates(self) -> Iterator[Track | UserError]:
        """Read the film, and draw it if it is to be drawn. Yields each plate's track when it has ended.

        A drawn frame shows the codes with most votes up to this frame. Ctrl-C ends a camera or stream as if it had
        ended by itself. The last item is a UserError where no frame can be read or the drawing cannot be written.
        """
        rate = frame_rate(self.video) / self.every
        tracker = Tracker(1 / rate)
        try:
            with (
                catch_interrupt(self.film.is_stream) as stop,
                ThreadPoolExecutor(1) as decoder,
                ThreadPoolExecutor(self.side_by_side) as readers,
                self.open_drawing(rate) as append,
                ThreadPoolExecutor(1) as drawer,
            ):
                ahead = self.side_by_side if self.side_by_side > 1 else 0
                readings = map_ahead(readers, self.read, self.decode(decoder, stop), ahead)  # in the order of frames
                answers = ((frame, tracker.name_plates(plates, seconds)) for seconds, frame, plates in readings)
                for _ in map_ahead(drawer, lambda answer: append(*answer), answers):
                    yield from tracker.take_ended()
        except UserError as error:
            yield error
        else:
            yield from tracker.take_all()

    def decode(self, pool: ThreadPoolExecutor, stop: threading.Event) -> Iterator[tuple[float, np.ndarray]]:
        """The time in seconds and the pixels of each frame until `stop` is set. `pool` decodes the next frame."""
        frames = read_frames(self.film.name, self.video, self.every, self.film.is_camera)
        decoded = map_ahead(pool, lambda _: next(frames, None), itertools.count())
        with open_bar(self.promised, "frame") as bar:
            for item in decoded:
                if item is None or stop.is_set():
                    return
                self.frames += 1
                bar.update()
                yield item

    def read(self, item: tuple[float, np.ndarray]) -> tuple[float, np.ndarray, list[Plate]]:
        """The time in seconds, the pixels and the plates of a frame."""
        seconds, frame = item
        return seconds, frame, self.reader.read(frame)

    @contextlib.contextmanager
    def open_drawing(self, rate: float) -> Iterator[Callable[[np.ndarray, list[Plate]], None]]:
        """Yield a function that draws plates on a frame and adds it to the film's drawing, if there is to be one."""
        if self.film.drawn is None:
            yield lambda frame, plates: None
            return
        make_folder(self.film.drawn.parent)
        with write_video(self.film.drawn, rate) as append:
            yield lambda frame, plates: append(draw(frame, plates))


@contextlib.contextmanager
def catch_interrupt(is_wanted: bool) -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C or SIGTERM sets, if `is_wanted`. A second one raises KeyboardInterrupt."""
    event = threading.Event()

    def stop(_signal, _frame) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM) if is_wanted}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Reading photographs one after the other, while threads decode the next one and draw the last one."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from common import UserError
from media.pictures import read_image, write_image
from reading.ahead import map_ahead
from reading.drawing import draw
from reading.plate import Plate
from reading.plate_reader import PlateReader
from reading.reader import BATCH
from reading.sources import Photo

Watcher = Callable[[str, np.ndarray, list[Plate], Path], None]  # takes a photo's name, its pixels, plates and file


def read_photos(
    reader: PlateReader, photos: Iterable[Photo], crops: bool = False, watchers: Iterable[Watcher] = ()
) -> Iterator[tuple[Photo, list[Plate] | UserError]]:
    """Read `photos` and draw those that are to be drawn. With `crops` each photo is a plate and nothing else.

    Yields each photo with its plates once it is drawn, or with the UserError where it cannot be read. Each of the
    `watchers` is called with each photo that was read, before it is drawn. Raises UserError where a drawing cannot be
    written.
    """

    def decode(photo: Photo) -> tuple[Photo, np.ndarray | UserError]:
        try:
            return photo, read_image(photo.address)
        except UserError as error:
            return photo, error

    def finish(item: tuple[Photo, np.ndarray, list[Plate] | UserError]) -> tuple[Photo, list[Plate] | UserError]:
        photo, pixels, plates = item
        if not isinstance(plates, UserError):
            for watcher in watchers:
                watcher(photo.name, pixels, plates, photo.address)
            if photo.drawn is not None:
                make_folder(photo.drawn.parent)
                write_image(photo.drawn, draw(pixels, plates))
        return photo, plates

    with ThreadPoolExecutor(1) as decoder, ThreadPoolExecutor(1) as finisher:  # one thread each keeps the order
        decoded = map_ahead(decoder, decode, photos)
        yield from map_ahead(finisher, finish, read_decoded(reader, decoded, crops))


def read_decoded(
    reader: PlateReader, decoded: Iterator[tuple[Photo, np.ndarray | UserError]], crops: bool
) -> Iterator[tuple[Photo, np.ndarray | UserError, list[Plate] | UserError]]:
    """Read photos that are decoded: crops in batches, because one alone does not keep the processor busy."""
    while batch := list(itertools.islice(decoded, BATCH if crops else 1)):
        good = [pixels for _, pixels in batch if not isinstance(pixels, UserError)]
        answers = iter(reader.read(good, crops))
        for photo, pixels in batch:
            yield photo, pixels, pixels if isinstance(pixels, UserError) else next(answers)


def make_folder(path: Path) -> None:
    """Make the folder `path` and those above it. Raises UserError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made ({error.strerror}); choose another folder") from None

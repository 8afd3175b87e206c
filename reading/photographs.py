"""Reading photographs in their order, several side by side, while threads decode the next ones and draw the last."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from common import UserError, make_folder
from media.pictures import read_image, write_image
from reading.ahead import map_ahead
from reading.drawing import draw
from reading.plate import Plate
from reading.plate_reader import PlateReader
from reading.reader import BATCH
from reading.sources import Photo

Watcher = Callable[[str, np.ndarray, list[Plate], Path], None]  # takes a photo's name, its pixels, plates and file
Decoded = tuple[Photo, np.ndarray | UserError]  # a photo and its pixels, or why it has none


def read_photos(
    reader: PlateReader,
    photos: Iterable[Photo],
    crops: bool = False,
    watchers: Iterable[Watcher] = (),
    side_by_side: int = 1,
) -> Iterator[tuple[Photo, list[Plate] | UserError]]:
    """Read `photos`, `side_by_side` at a time, and draw those that are to be drawn.

    With `crops` each photo is a plate and nothing else.

    Yields each photo with its plates once it is drawn, or with the UserError where it cannot be read. Each of the
    `watchers` is called with each photo that was read, before it is drawn. Raises UserError where a drawing cannot be
    written.
    """

    def decode(photo: Photo) -> Decoded:
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

    def read(batch: list[Decoded]) -> list[tuple[Photo, np.ndarray | UserError, list[Plate] | UserError]]:
        good = [pixels for _, pixels in batch if not isinstance(pixels, UserError)]
        answers = iter(reader.read(good, crops))
        read_batch = []
        for photo, pixels in batch:
            plates = pixels if isinstance(pixels, UserError) else next(answers)
            read_batch.append((photo, pixels, plates))
        return read_batch

    threads = ThreadPoolExecutor(1), ThreadPoolExecutor(side_by_side), ThreadPoolExecutor(1)
    with threads[0] as decoder, threads[1] as readers, threads[2] as finisher:
        batches = take_batches(map_ahead(decoder, decode, photos, side_by_side), BATCH if crops else 1)
        answers = itertools.chain.from_iterable(map_ahead(readers, read, batches, side_by_side))
        yield from map_ahead(finisher, finish, answers)


def take_batches(decoded: Iterator[Decoded], size: int) -> Iterator[list[Decoded]]:
    """The photos in lists of `size`. Crops are read in batches, because one alone does not keep the processor busy."""
    while batch := list(itertools.islice(decoded, size)):
        yield batch

"""A run over sources: photos and films in their order, what is printed and written, and what is said at the end."""

import contextlib
import dataclasses
import itertools
import sys
from collections.abc import Sequence

from common import UserError, printable
from reading.bars import open_bar
from reading.photographs import Watcher, read_photos
from reading.plate_reader import PlateReader
from reading.results import NOWHERE, Results, RowFiles, open_results, take_up
from reading.sources import Film, Photo, Source
from reading.videos import FilmReader


@dataclasses.dataclass(frozen=True)
class Options:
    """How sources are read."""

    files: RowFiles = NOWHERE
    crops: bool = False  # whether each photo is a plate and nothing else
    every: int = 1  # of a film, the first of each `every` frames is read
    resume: bool = False  # whether photos that an earlier run read are left out
    is_single: bool = False  # whether there is one photo or film, named by itself
    side_by_side: int = 1  # how many photos or frames are read at a time
    watchers: Sequence[Watcher] = ()


@dataclasses.dataclass
class Tally:
    """What a run did so far."""

    photos: int = 0  # of all runs, this one and earlier ones
    before: int = 0  # photos that an earlier run read
    read: int = 0  # photos that this run read
    without_plate: int = 0  # of these: photos on which no plate was read
    films: int = 0
    skipped: list[UserError] = dataclasses.field(default_factory=list)  # one for each source that cannot be read

    def describe_photos(self) -> str:
        earlier = f", {self.before} were read before" if self.before else ""
        return f"read {self.read} of {self.photos} photographs, {self.without_plate} without a plate{earlier}"


def read_sources(
    reader: PlateReader, sources: list[Source], options: Options, faults: Sequence[UserError] = ()
) -> None:
    """Read and draw `sources`, print their plates, and write their rows.

    Sources that cannot be read are named at the end, and so are `faults`. Raises UserError when none can be read.
    """
    left = take_up(sources, options.files.json) if options.resume else sources
    photos = sum(isinstance(source, Photo) for source in sources)
    tally = Tally(photos=photos, before=len(sources) - len(left), skipped=[*faults])
    has_films = photos < len(sources)
    try:
        with open_results(options.files, options.is_single, options.resume, replace=has_films) as results:
            read_groups(reader, left, options, results, tally)
            if options.is_single or not photos:  # no photo has a row, so an empty file must not replace an earlier one
                check_any(tally)
        check_any(tally)
    except KeyboardInterrupt:
        if options.is_single:
            raise
        done = f"{tally.before + tally.read} of {photos} photographs"
        can_resume = not (has_films or options.watchers)  # what watches a run, as a page does, must see all of it
        is_kept = options.files.json or any(source.drawn for source in sources)
        remedy = "; --resume reads the rest" if can_resume and is_kept else ""
        print(f"detect.py: interrupted with {done} read{remedy}", file=sys.stderr)
        sys.exit(130)
    report(sources, options, tally)


def read_groups(reader: PlateReader, left: list[Source], options: Options, results: Results, tally: Tally) -> None:
    """Read the photos that follow each other in `left` together, and each film by itself."""
    with open_bar(tally.photos, "photo", tally.before, is_hidden=options.is_single) as bar:
        for kind, group in itertools.groupby(left, key=type):
            if kind is Film:
                for film in group:
                    read_film(reader, film, options, results, tally)
                continue
            answers = read_photos(reader, group, options.crops, options.watchers, options.side_by_side)
            with contextlib.closing(answers):
                for photo, plates in answers:
                    bar.update()
                    if isinstance(plates, UserError):
                        tally.skipped.append(plates)
                        if not options.is_single:
                            results.add_fault(photo.name, plates)
                        continue
                    results.add_photo(photo.name, plates)
                    tally.read += 1
                    tally.without_plate += not plates


def read_film(reader: PlateReader, film: Film, options: Options, results: Results, tally: Tally) -> None:
    """Read one film, and say how many frames it has. Where it cannot be read, the reason goes to `tally`."""
    try:
        film_reader = FilmReader(reader, film, options.every, options.side_by_side)
    except UserError as error:
        tally.skipped.append(error)
        return
    count = 0
    with contextlib.closing(film_reader.follow_plates()) as tracks:
        for track in tracks:
            if isinstance(track, UserError):
                tally.skipped.append(track)
                return
            results.add_track(film.name, track)
            count += 1
    tally.films += 1
    promised = film_reader.promised
    total = f" of {max(film_reader.frames, promised)}" if promised else ""
    name = "" if options.is_single else f"{printable(film.name)}: "
    print(f"{name}read {film_reader.frames}{total} frames; plates: {count}", file=sys.stderr)


def check_any(tally: Tally) -> None:
    """Raise UserError where nothing could be read."""
    if not tally.skipped or tally.read or tally.before or tally.films:
        return
    if len(tally.skipped) == 1:
        raise tally.skipped[0]
    raise UserError(f"none of {len(tally.skipped)} sources could be read; {tally.skipped[0]}")


def report(sources: list[Source], options: Options, tally: Tally) -> None:
    """Say what was read and what was skipped."""
    if options.is_single:
        if tally.without_plate:
            print(f"{sources[0].address}: no plate found", file=sys.stderr)
        return
    if tally.photos or not tally.films:
        print(tally.describe_photos(), file=sys.stderr)
    for error in tally.skipped:
        print(f"skipped {printable(str(error))}", file=sys.stderr)

"""The results of a run: printed lines, rows of JSON and rows of CSV, and how a run goes on where one stopped.

A *row* of JSON is one line: a photo with its plates, or one plate of a video. A row of CSV is one plate. While a run
goes on, the rows of FILE are in FILE.part, its *partial file*.
"""

import contextlib
import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from common import UserError, is_special, printable, write_beside
from media.files import open_file
from media.limits import ROW_BYTES
from reading.bars import print_above
from reading.plate import Plate
from reading.sources import Source
from reading.tracks import Track

STDOUT = Path("-")  # the FILE that stands for standard output
PART = ".part"  # suffix of a partial file
LONGEST_NAME = 255  # bytes of a file's name, on most file systems
FLAT_NAMES = {  # the numbers of a plate's lists, as columns of CSV have them
    "box": ("x", "y", "width", "height"),
    "corners": ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"),
    "characters": (),
}
TIMES = ("first", "last", "frames")  # columns that plates of videos have


def flatten(plate: dict) -> dict:
    """A plate of a row of JSON with one number or text for each column of CSV.

    Raises ValueError or AttributeError where it is no such plate.
    """
    flat = {}
    for key, value in plate.items():
        if key in FLAT_NAMES:
            numbers = np.ravel(value)[: len(FLAT_NAMES[key])].tolist()
            flat |= dict(zip(FLAT_NAMES[key], numbers, strict=True))
        else:
            flat[key] = value
    return flat


EMPTY_PLATE = Plate("", 0.0, (0, 0, 0, 0), np.zeros((4, 2)), np.zeros(0))
COLUMNS = tuple(flatten(EMPTY_PLATE.as_dict()))  # of a plate in a row of CSV


class RowFiles(NamedTuple):
    """Where rows are written: None for nowhere, STDOUT, or a file."""

    json: Path | None = None
    csv: Path | None = None

    @property
    def use_stdout(self) -> bool:
        return STDOUT in self


NOWHERE = RowFiles()


class RowFile:
    """A file of rows. Its faults are UserErrors that end with `remedy`."""

    def __init__(self, path: Path, file: TextIO, remedy: str) -> None:
        self.path = path
        self.file = file
        self.remedy = remedy

    def write(self, text: str) -> None:
        with self.name_faults():
            self.file.write(text)

    def close(self) -> None:
        with self.name_faults():
            self.file.close()

    @contextlib.contextmanager
    def name_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"{self.path}: cannot be written ({error.strerror}); {self.remedy}") from None


Rows = RowFile | TextIO | None  # where rows are written, if anywhere


class Results:
    """Takes the plates of photos and videos, prints them, and writes their rows."""

    def __init__(self, json_file: Rows, csv_file: Rows, prints: bool, is_single: bool) -> None:
        """`prints` tells whether plates are printed; `is_single`, whether they come of one photo or video."""
        self.json_file = json_file
        self.table = csv.writer(csv_file, lineterminator="\n") if csv_file else None
        self.prints = prints
        self.is_single = is_single
        if self.table:
            self.table.writerow(["image", *COLUMNS, *TIMES])

    def add_photo(self, name: str, plates: list[Plate]) -> None:
        """Print and write the plates of the photo `name`."""
        for plate in plates:
            self.print_line(name, describe(plate) + describe_others(plate))
        row = {"image": name, "plates": [plate.as_dict() for plate in plates]}
        if self.json_file:
            self.json_file.write(json.dumps(row) + "\n")
        self.add_table_rows(row)

    def add_fault(self, name: str, fault: UserError) -> None:
        """Write that the photo `name` cannot be read. So each photo has a row, and none is missing unnoticed."""
        if self.json_file:
            self.json_file.write(json.dumps({"image": name, "plates": [], "error": str(fault)}) + "\n")

    def add_row(self, row: bytes) -> None:
        """Write a row of JSON that another run wrote."""
        if self.json_file:
            self.json_file.write(row.decode("utf-8", "surrogateescape"))
        self.add_table_rows(json.loads(row))

    def add_track(self, name: str, track: Track) -> None:
        """Print and write a plate that has left the video `name`."""
        plate = track.plate
        self.print_line(name, f"{describe(plate)} {track.first:.2f}-{track.last:.2f}{describe_others(plate)}")
        plate = plate.as_dict()
        times = {"first": round(track.first, 3), "last": round(track.last, 3), "frames": track.frames}
        if self.json_file:
            self.json_file.write(json.dumps({"video": name, **plate, **times}) + "\n")
        self.add_table_row(name, {**plate, **times})

    def add_table_rows(self, row: dict) -> None:
        """Write the plates of a row of JSON to the table."""
        for plate in row["plates"]:
            self.add_table_row(row["image"], plate)

    def add_table_row(self, name: str, plate: dict) -> None:
        if self.table:
            cells = flatten(plate)
            self.table.writerow([name, *(cells.get(column, "") for column in (*COLUMNS, *TIMES))])

    def print_line(self, name: str, line: str) -> None:
        if self.prints:
            print_above(line if self.is_single else f"{printable(name)} {line}")


def describe(plate: Plate) -> str:
    """A plate as it is printed: code, confidence, and box as x,y,w,h in pixels."""
    return f"{plate.code} {plate.confidence:.2f} {','.join(map(str, plate.box))}"


def describe_others(plate: Plate) -> str:
    """The other codes that were asked for, as they are printed after the plate: codes and confidences."""
    return "".join(f" or {code} {confidence:.2f}" for code, confidence in plate.codes[1:])


# --- files of rows ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_results(files: RowFiles, is_single: bool, resume: bool = False, replace: bool = False) -> Iterator[Results]:
    """Yield the Results of a run that writes to `files`, each of which is whole when the block ends well.

    With `resume` the rows are added to those that `take_up` left in the partial file of JSON. With `replace` an
    earlier partial file is replaced. Raises UserError when a file cannot be written.
    """
    with (
        append_rows(files.json, resume, replace) as json_file,
        append_rows(files.csv, replace=True) as csv_file,
    ):
        results = Results(json_file, csv_file, not files.use_stdout, is_single)
        if resume and csv_file:
            for _, row in read_rows(name_partial(files.json)):
                results.add_table_rows(json.loads(row))
        yield results


@contextlib.contextmanager
def append_rows(path: Path | None, resume: bool = False, replace: bool = False) -> Iterator[Rows]:
    """Yield a file to write rows to, which become the content of `path` when the block ends well.

    Each row is in the partial file at once, so a run that is killed loses none. With `resume` rows are added to those
    of the partial file, and with `replace` they replace it. Devices, pipes and standard output have no partial file.
    Yields None where `path` is None. Raises UserError when the file cannot be written, or when the partial file exists
    and neither `resume` nor `replace` is true.
    """
    if path is None:
        yield None
        return
    if path == STDOUT:
        yield sys.stdout
        return
    partial = path if is_special(path) else name_partial(path)
    # What a device or pipe has stays: /dev/stderr may be a log that the shell appends to.
    mode = "a" if resume or is_special(path) else "w" if replace else "x"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.stat(path)  # a link that leads to itself or a name that is too long would show at the end only
        opened = partial.open(mode, encoding="utf-8", errors="surrogateescape", buffering=1)
    except FileExistsError:
        raise UserError(f"{partial}: holds the rows of an interrupted run; use --resume, or delete it") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose a folder you may write to") from None
    file = RowFile(path, opened, "correct this, then use --resume")
    try:
        yield file
        file.close()
        if partial != path:
            with file.name_faults():
                os.replace(partial, os.path.realpath(path))
    finally:
        with contextlib.suppress(OSError):  # the exception that ended the block says why
            opened.close()
        if partial != path and partial.exists() and not partial.stat().st_size:
            partial.unlink()


def name_partial(path: Path) -> Path:
    """The partial file of `path`, beside the file that a link points to."""
    real = Path(os.path.realpath(path))
    name = real.name + PART
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(real.name)).hexdigest() + PART
    return real.with_name(name)


# --- going on where a run stopped ---------------------------------------------------------------------------------


def take_up(sources: list[Source], path: Path | None) -> list[Source]:
    """The photos that no earlier run read. One was read when it is drawn, if it is to be, and has a row in `path`.

    A row that says why a photo cannot be read does not count, because the reason may be gone. Where `path` is None no
    rows are asked for. Afterwards the partial file of `path` holds the earlier rows, without the rows of photos that
    are read again.
    """
    if path is None:
        return [source for source in sources if not is_drawn(source)]
    partial = name_partial(path)
    earlier = partial if os.path.exists(partial) else path
    known = {name for name, row in read_rows(earlier) if "error" not in json.loads(row)}
    left = [source for source in sources if source.name not in known or not is_drawn(source)]
    again = {source.name for source in left}
    with write_beside(partial) as temporary, temporary.open("wb") as file:
        file.writelines(row for name, row in read_rows(earlier) if name not in again)
    return left


def is_drawn(source: Source) -> bool:
    """Whether the file that a source is drawn into exists, or it is not to be drawn."""
    return source.drawn is None or os.path.exists(source.drawn)


def read_rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each row's photo, and the row as it stands; nothing where the file does not exist.

    The last row is left out where it was cut short. Raises UserError at any other line that is no row of a photo.
    """
    if not os.path.lexists(path):
        return
    with open_file(path, remedy="name another file") as file:
        number = 0
        while row := file.readline(ROW_BYTES + 1):
            number += 1
            if not row.endswith(b"\n") and len(row) <= ROW_BYTES:
                return
            name = parse_name(row)
            if name is None:
                raise UserError(f"{path}: line {number} is no row of a photograph; name another file")
            yield name, row


def parse_name(line: bytes) -> str | None:
    """The name of a row's photo; None where the line is no row of a photo and its plates."""
    try:
        row = json.loads(line)
        name, plates = row["image"], row["plates"]
        for plate in plates:
            flatten(plate)
        json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogateescape")  # as a table has it
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return name if isinstance(name, str) and isinstance(plates, list) else None

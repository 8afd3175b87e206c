"""Reading one photograph or a folder of them: the plan of files, the pipeline of threads, and the report."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from common import UserError
from media.pictures import list_images, read_image, write_image
from reading.ahead import map_ahead
from reading.drawing import draw
from reading.plate import Plate
from reading.plate_reader import PlateReader
from reading.results import append_rows, describe, take_up

BAR_DELAY = 2  # seconds before a progress bar appears


@dataclasses.dataclass(frozen=True)
class Job:
    """One photograph to read, and the file to draw it into."""

    photo: Path
    drawn: Path


@dataclasses.dataclass
class Tally:
    """What a run over photographs did so far."""

    before: int = 0  # photographs that an earlier run read
    read: int = 0
    without_plate: int = 0
    skipped: list[UserError] = dataclasses.field(default_factory=list)  # one for each photograph that cannot be read

    def count(self, plates: list[Plate] | UserError) -> None:
        """Count one photograph by its plates, or by the reason why it cannot be read."""
        if isinstance(plates, UserError):
            self.skipped.append(plates)
        else:
            self.read += 1
            self.without_plate += not plates

    def describe(self, total: int) -> str:
        """The last line of a run over `total` photographs."""
        earlier = f", {self.before} were read before" if self.before else ""
        return f"read {self.read} of {total} photographs, {self.without_plate} without a plate{earlier}"


def plan_jobs(source: Path, out: Path) -> list[Job]:
    """The photographs of `source`, a photograph or a folder, each with the file below or at `out` to draw it into.

    Raises UserError where `source` and `out` are not of one kind.
    """
    if out.exists() and out.is_dir() != source.is_dir():
        raise UserError(f"{out}: IN and OUT are both a photograph or both a folder; name another OUT")
    if not source.is_dir():
        if not out.parent.is_dir():
            raise UserError(f"{out}: its folder does not exist; make it first")
        return [Job(source, out)]
    jobs = [Job(path, out / path.name) for path in list_images(source)]
    if not jobs:
        raise UserError(f"{source}: holds no picture; name a folder of JPEG or PNG files")
    return jobs


def read_files(reader: PlateReader, jobs: list[Job]) -> Iterator[tuple[Path, list[Plate] | UserError]]:
    """Read the photograph of each job, while threads decode the next one and draw the last one.

    Yields each photograph's path with its plates once it is drawn, or with the UserError where it cannot be read.
    Raises UserError where a drawing cannot be written.
    """

    def decode(job):
        try:
            return read_image(job.photo)
        except UserError as error:
            return error

    def read(decoded):
        return decoded if isinstance(decoded, UserError) else reader.read(decoded)

    def finish(item):
        job, decoded, plates = item
        if not isinstance(plates, UserError):
            make_folder(job.drawn.parent)
            write_image(job.drawn, draw(decoded, plates))
        return job.photo, plates

    with ThreadPoolExecutor(2) as pool:
        decoded = zip(jobs, map_ahead(pool, decode, jobs), strict=True)
        answers = ((job, photo, read(photo)) for job, photo in decoded)
        yield from map_ahead(pool, finish, answers)


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made ({error.strerror}); choose another folder") from None


def read_photos(reader: PlateReader, source: Path, jobs: list[Job], rows: Path | None, resume: bool) -> None:
    """Read and draw the photographs `jobs` of `source`, print their plates, and write their rows to `rows`.

    With `resume` the photographs that an earlier run read are left out. Raises UserError when none can be read.
    """
    many = source.is_dir()
    left = take_up(jobs, rows) if resume else jobs
    tally = Tally(before=len(jobs) - len(left))
    bar = {"total": len(jobs), "initial": tally.before, "unit": "photo", "delay": BAR_DELAY}
    bar["disable"] = None if many else True  # None: shown on a terminal
    try:
        with append_rows(rows, resume) as file:
            for path, plates in tqdm(read_files(reader, left), **bar):
                tally.count(plates)
                if not isinstance(plates, UserError):
                    for plate in plates:
                        tqdm.write(f"{path.name} {describe(plate)}" if many else describe(plate))
                    row = {"image": path.name, "plates": [plate.as_dict() for plate in plates]}
                    file.write(json.dumps(row) + "\n")
            if len(tally.skipped) == len(jobs) > 0:
                reason = tally.skipped[0]
                raise UserError(f"{source}: no photograph could be read; {reason}") if many else reason
    except KeyboardInterrupt:
        done = f"{tally.before + tally.read} of {len(jobs)} photographs"
        print(f"detect.py: interrupted with {done} read; --resume reads the rest", file=sys.stderr)
        sys.exit(130)
    if many:
        print(tally.describe(len(jobs)), *(f"skipped {error}" for error in tally.skipped), sep="\n", file=sys.stderr)
    elif tally.without_plate:
        print(f"{source}: no plate found", file=sys.stderr)

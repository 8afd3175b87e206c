#!/usr/bin/env python3
"""Make a folder of backgrounds out of an archive of photographs.

    ./extractbgs.py SUN397.tar.gz
    ./extractbgs.py SUN397.tar.gz --classes roadside --per-class 500
    ./extractbgs.py SUN397.tar.gz --resume

Reads a .tar, .tar.gz, .tar.bz2, .tar.xz, .zip or a folder, in one pass and without unpacking it. Writes
`bgs/00000000.jpg`, `00000001.jpg`, ... in the order of the archive, and `bgs/index.tsv` with a line for each of
them: file, class (the folder it came from, as in `street` or `gas_station/indoor`), member of the archive.
"""

import argparse
import bz2
import collections
import errno
import gzip
import io
import itertools
import lzma
import os
import re
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from common import IMAGE_SUFFIXES, WINDOW_SHAPE, CommandParser, UserError, run, silence_decoders

__all__ = ["ROADSIDE", "get_class", "make_background", "read_picture"]

SIDE = 256  # pixels; a background has room to move a window of 128x64 about in it
QUALITY = 90  # of the JPEGs written; coarser blocks would show in a window
THREADS = min(max(os.cpu_count() or 1, 2), 4)  # decoding; beyond that decompression, which is one thread, sets the pace
# What may wait and what may be decoded at once bounds memory, whatever the archive holds, to less than 300 MB.
WAITING_PICTURES = 32  # between decompression and decoding
WAITING_BYTES = 16 << 20
MEMBER_BYTES = 16 << 20  # a larger file is skipped
DECODED_PIXELS = 1 << 24  # 50 MB a thread; a larger picture is skipped
NAMED = 5  # skipped members that are named at the end

# The classes of SUN397 that show places where vehicles are.
# fmt: off
ROADSIDE = (
    "alley", "apartment_building/outdoor", "auto_factory", "bazaar/outdoor", "bridge", "building_facade", "campus",
    "church/outdoor", "construction_site", "courthouse", "courtyard", "covered_bridge/exterior", "crosswalk",
    "diner/outdoor", "dock", "driveway", "fire_station", "forest_road", "garage/indoor", "garbage_dump", "gas_station",
    "general_store/outdoor", "harbor", "highway", "hospital", "hotel/outdoor", "house", "industrial_area",
    "inn/outdoor", "landfill", "lift_bridge", "mansion", "manufactured_home", "market/outdoor", "motel",
    "office_building", "parking_garage/indoor", "parking_garage/outdoor", "parking_lot", "plaza", "raceway",
    "residential_neighborhood", "schoolhouse", "shopfront", "street", "toll_plaza", "viaduct", "village",
)
# fmt: on

STREAM_ERRORS = (EOFError, OSError, tarfile.TarError, zlib.error, lzma.LZMAError)
ZIP_ERRORS = (EOFError, OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError)  # the last: encrypted
DECOMPRESSORS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


class BadMember(Exception):
    """A member of the archive that makes no background; says why."""


class CutArchive(Exception):
    """The archive ends or is damaged where it should go on; says how that showed."""


class Member(NamedTuple):
    """A file in the archive, whose content must be read, if at all, before the next member is asked for."""

    name: str  # path in the archive
    size: int  # bytes
    read: Callable[[], bytes]
    position: int  # how far into the archive it begins, in the archive's own unit


class StrictTarInfo(tarfile.TarInfo):
    """A header of a tar that must not end without its end mark.

    The standard library takes a damaged or missing header for the end, and would drop what follows in silence.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None


# ---------------------------------------------------------------------------------------------- reading archives


def open_archive(path: Path) -> tuple[Iterator[Member], int, str]:
    """The members of the archive or folder `path` in their order, its length, and the unit of that length.

    Raises UserError when it is missing, empty, not readable or no archive. It stays open while the process lives.
    """
    try:
        if path.is_dir():
            names = list_files(path)
            return iterate_folder(path, names), len(names), " files"
        file = path.open("rb")
        length = path.stat().st_size
        magic = file.read(6)
        file.seek(0)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not length:
        raise UserError(f"{path}: is empty; fetch the archive again")
    if magic.startswith(b"PK"):
        try:
            archive = zipfile.ZipFile(file)
        except ZIP_ERRORS:
            raise UserError(f"{path}: is cut short, and a zip's list is at its end; fetch it again") from None
        return iterate_zip(archive), sum(info.compress_size for info in archive.infolist()), "B"
    decompress = next((how for start, how in DECOMPRESSORS.items() if magic.startswith(start)), None)
    try:
        archive = tarfile.open(  # noqa: SIM115
            fileobj=decompress(file) if decompress else file,
            mode="r|",
            bufsize=1 << 16,  # larger pieces are slower: tarfile joins what is left of each to the next
            tarinfo=StrictTarInfo,
        )
    except STREAM_ERRORS:
        raise UserError(f"{path}: is no .tar, .tar.gz, .tar.xz or .zip, or is cut short; fetch it again") from None
    return iterate_tar(archive, file), length, "B"


def list_files(folder: Path) -> list[str]:
    """The paths of all files under `folder`, relative to it, with `/`, in an order that is the same everywhere."""
    names = []
    for parent, folders, files in os.walk(folder):
        folders.sort()
        names += [(Path(parent) / name).relative_to(folder).as_posix() for name in sorted(files)]
    return names


def iterate_folder(folder: Path, names: list[str]) -> Iterator[Member]:
    """The files `names` of `folder`; one that cannot be read raises BadMember when it is."""

    def read(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadMember(f"not readable ({error.strerror})") from None

    for position, name in enumerate(names):
        path = folder / name
        if path.is_file():
            yield Member(name, path.stat().st_size, lambda path=path: read(path), position)


def iterate_zip(archive: zipfile.ZipFile) -> Iterator[Member]:
    """The files of a zip in the order in which they lie in it; a damaged one raises BadMember when it is read."""

    def read(info: zipfile.ZipInfo) -> bytes:
        try:
            return archive.read(info)
        except ZIP_ERRORS:
            raise BadMember("damaged or encrypted in the zip") from None

    position = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if not info.is_dir():
            yield Member(info.filename, info.file_size, lambda info=info: read(info), position)
        position += info.compress_size


def iterate_tar(archive: tarfile.TarFile, file: io.BufferedReader) -> Iterator[Member]:
    """The regular files of a tar that is read as a stream out of `file`.

    Going on and reading raise CutArchive where the stream is cut or damaged: nothing behind that can be found.
    """

    def guard(step: Callable) -> Any:
        try:
            return step()
        except STREAM_ERRORS as error:
            raise CutArchive(str(error)) from None

    while (info := guard(archive.next)) is not None:
        archive.members = []  # which would otherwise grow by a kilobyte a member
        if info.isreg():
            content = archive.extractfile(info)
            yield Member(info.name, info.size, lambda content=content: guard(content.read), file.tell())


def read_member(member: Member) -> bytes:
    """The content of `member`; raises BadMember when it is too large to be a photograph or not readable."""
    if member.size > MEMBER_BYTES:
        raise BadMember("too large")
    return member.read()


def get_class(name: str) -> str:
    """The class of the member `name`: its folders below SUN397's letter folder, or all its folders elsewhere."""
    folders = PurePosixPath(name).parent.parts
    for i, (letter, first) in enumerate(itertools.pairwise(folders)):
        if len(letter) == 1 and first.lower().startswith(letter.lower()):
            return "/".join(folders[i + 1 :])
    return "/".join(folders) or "."


# ------------------------------------------------------------------------------------------------ making pictures


def read_picture(data: bytes) -> np.ndarray:
    """Decode a picture to (H, W, 3) uint8 BGR, at 1/2, 1/4 or 1/8 of its size where that still covers SIDE.

    A JPEG decodes several times faster so. Raises BadMember for what is damaged, too large or no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:  # reads the header alone
            reductions = (8, 4, 2) if picture.format in ("JPEG", "MPO") else ()  # MPO: several JPEGs in a file
            reduction = next((r for r in reductions if min(picture.size) >= r * SIDE), 1)
            if picture.width * picture.height > DECODED_PIXELS * reduction**2:
                raise BadMember("too large")
        flag = cv2.IMREAD_COLOR if reduction == 1 else getattr(cv2, f"IMREAD_REDUCED_COLOR_{reduction}")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except BadMember:
        raise
    except Exception:  # on damaged data decoders raise whatever they stumble over
        image = None
    if image is None:
        raise BadMember("damaged or no picture")
    return image


def make_background(image: np.ndarray) -> np.ndarray:
    """Cut (H, W, 3) to the square about its centre and resize it to (SIDE, SIDE, 3).

    A picture less than SIDE wide or high is not magnified but cut to at most SIDE each way about its centre, which
    leaves room for a window where a square might not. Raises BadMember when it is smaller than a window.
    """
    height, width = image.shape[:2]
    if height < WINDOW_SHAPE[0] or width < WINDOW_SHAPE[1]:
        raise BadMember(f"smaller than {WINDOW_SHAPE[1]}x{WINDOW_SHAPE[0]}")
    side = max(min(height, width), SIDE)
    top, left = max(height - side, 0) // 2, max(width - side, 0) // 2
    image = image[top : top + side, left : left + side]
    if side == SIDE:
        return image
    # Linear interpolation would skip pixels below half size, where only a picture that is no JPEG, or a huge one, goes.
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR if side < 2 * SIDE else cv2.INTER_AREA)


def convert(data: bytes) -> bytes:
    """Picture file to the JPEG file of its background; raises BadMember."""
    return cv2.imencode(".jpg", make_background(read_picture(data)), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


# -------------------------------------------------------------------------------------------- the output folder


class Backgrounds:
    """The folder of backgrounds as it grows: a picture is there when, and only when, the index has its line.

    A picture is put in place before its line is appended, so a run that is killed between the two leaves a file
    that the next run does again under the same number.
    """

    def __init__(self, folder: Path, resume: bool):
        """Open `folder`, making it where there is none; raises UserError unless it is empty or `resume` is true."""
        self.folder = folder
        self.path = folder / "index.tsv"
        self.members: list[str] = []  # by number, as the index has them
        self.per_class = collections.Counter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            left = {path.name for path in folder.iterdir()} - {".gitkeep"}
            if left and not resume:
                raise UserError(f"{folder}: is not empty; --resume goes on where a run stopped, --out writes elsewhere")
            if left and self.path.name not in left:
                raise UserError(f"{folder}: has no index.tsv to resume from; empty it, or write elsewhere with --out")
            self.index = self.path.open("ab", buffering=0)  # each line is out before the next picture
            self.load()
            for name in left:
                if re.fullmatch(r"\d{8}\.jpg", name) and int(name[:8]) >= len(self.members):
                    (folder / name).unlink()
        except OSError as error:
            raise UserError(f"{folder}: cannot be written ({error.strerror}); choose another with --out") from None

    def load(self) -> None:
        """Take over the lines of the index, but for one that a kill cut short.

        A picture that the user has deleted since stays deleted. Raises UserError when a line is not as `add` writes it.
        """
        content = self.path.read_bytes()
        for line in content.split(b"\n")[:-1]:
            fields = line.decode("utf-8", "surrogateescape").split("\t")
            if len(fields) != 3 or fields[0] != f"{len(self.members):08d}.jpg":
                number = len(self.members) + 1
                raise UserError(f"{self.path}: line {number} is damaged; empty {self.folder} and run without --resume")
            self.per_class[fields[1]] += 1
            self.members.append(fields[2])
        self.index.truncate(content.rfind(b"\n") + 1)

    def add(self, jpeg: bytes, class_name: str, member: str) -> None:
        """Write the next picture and its line; raises UserError when the disk does not take them."""
        name = f"{len(self.members):08d}.jpg"
        partial = self.folder / ".partial"
        try:
            partial.write_bytes(jpeg)
            os.replace(partial, self.folder / name)
            line = f"{name}\t{class_name}\t{member}\n".encode("utf-8", "surrogateescape")
            if self.index.write(line) < len(line):  # as on a full disk
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise UserError(
                f"{self.folder / name}: cannot be written ({error.strerror}); mend that, then --resume goes on"
            ) from None
        self.members.append(member)
        self.per_class[class_name] += 1

    def close(self) -> None:
        """Close the index, and leave a folder without pictures as empty as it was."""
        self.index.close()
        (self.folder / ".partial").unlink(missing_ok=True)
        if not self.members:
            self.path.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------------------- extraction


class Candidate(NamedTuple):
    """A picture that the user may want."""

    class_name: str
    name: str  # of the member, as the index has it
    member: Member


class Job(NamedTuple):
    """A picture on its way through the threads."""

    candidate: Candidate
    result: Future


def find_candidates(members: Iterator[Member], wanted: Collection[str] | None, met: set[str]) -> Iterator[Candidate]:
    """The pictures among `members` whose class is, or lies in, one of `wanted` (None: all of them).

    `gas_station/indoor` lies in `gas_station`. Those of `wanted` that turn up are added to `met`.
    """
    for member in members:
        path = PurePosixPath(member.name)
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):  # ._x.jpg is a Mac's note on x.jpg
            continue
        class_name = escape(get_class(member.name))
        if wanted is not None:
            lineage = (class_name, *(str(parent) for parent in PurePosixPath(class_name).parents))
            found = {name for name in lineage if name in wanted}
            if not found:
                continue
            met |= found
        yield Candidate(class_name, escape(member.name), member)


def skip_done(candidates: Iterator[Candidate], backgrounds: Backgrounds) -> Iterator[Candidate]:
    """The candidates behind the last one that `backgrounds` has: up to there all was decided by the run before.

    Raises UserError at the end when not all that `backgrounds` has were among the candidates.
    """
    done = collections.deque(backgrounds.members)
    for candidate in candidates:
        if not done:
            yield candidate
        elif candidate.name == done[0]:
            done.popleft()
    if done:
        raise UserError(
            f"{backgrounds.path}: names {done[0]}, which the archive lacks or --classes leaves out; "
            "resume with the archive and options of the first run"
        )


def extract(
    candidates: Iterator[Candidate], backgrounds: Backgrounds, per_class: int, limit: int, skipped: dict[str, list[str]]
) -> None:
    """Add the candidates to `backgrounds`, in order, at most `per_class` of a class and until it has `limit`.

    Members that make no background are added to `skipped`, by reason. Decompression happens in this thread and
    decoding in others; OpenCV lets go of the interpreter meanwhile. Raises CutArchive when all that came before
    the cut is written.
    """
    jobs: collections.deque[Job] = collections.deque()
    cut = None

    def skip(name: str, error: BadMember) -> None:
        skipped.setdefault(str(error), []).append(name)

    def finish_oldest() -> None:
        (class_name, name, _), result = jobs.popleft()
        try:
            backgrounds.add(result.result(), class_name, name)
        except BadMember as error:
            skip(name, error)

    def is_full(class_name: str) -> bool:
        """Whether no picture of the class is wanted any more; waits while that hangs on those on their way."""
        while True:
            waiting = sum(job.candidate.class_name == class_name for job in jobs)
            if not backgrounds.per_class[class_name] < per_class <= backgrounds.per_class[class_name] + waiting:
                return backgrounds.per_class[class_name] >= per_class
            finish_oldest()

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for candidate in candidates:
                while jobs and len(backgrounds.members) + len(jobs) >= limit:
                    finish_oldest()
                if len(backgrounds.members) >= limit:
                    break
                if is_full(candidate.class_name):
                    continue
                try:
                    data = read_member(candidate.member)
                except BadMember as error:
                    skip(candidate.name, error)
                    continue
                jobs.append(Job(candidate, pool.submit(convert, data)))
                while len(jobs) > WAITING_PICTURES or sum(job.candidate.member.size for job in jobs) > WAITING_BYTES:
                    finish_oldest()
        except CutArchive as error:
            cut = error
        while jobs:
            finish_oldest()
    if cut:
        raise cut


def escape(text: str) -> str:
    """`text` fit for a field of a tab-separated line."""
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def parse_count(text: str) -> int:
    """A whole number from 1 up; raises ValueError."""
    if (count := int(text)) < 1:
        raise ValueError
    return count


parse_count.__name__ = "count"  # argparse puts it into its message: invalid count value


def parse_classes(text: str) -> list[str]:
    """The names in a comma-separated list; raises ValueError when there is none."""
    if not (names := [name.strip() for name in text.split(",") if name.strip()]):
        raise ValueError
    return names


def parse_arguments() -> argparse.Namespace:
    parser = CommandParser(__doc__)
    parser.add_argument(
        "archive",
        type=Path,
        metavar="ARCHIVE",
        help=".tar, .tar.gz, .tar.bz2, .tar.xz, .zip or folder of photographs, such as SUN397.tar.gz",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("bgs"), metavar="FOLDER", help="where they go (default: %(default)s)"
    )
    parser.add_argument(
        "--classes",
        type=parse_classes,
        metavar="A,B,...",
        help="only these folders, as in street,highway; gas_station takes gas_station/indoor too; "
        f"roadside stands for {len(ROADSIDE)} classes of SUN397 where vehicles are",
    )
    unbounded = {"type": parse_count, "default": sys.maxsize, "metavar": "N"}
    parser.add_argument("--per-class", help="at most N of each class", **unbounded)
    parser.add_argument("--limit", help="at most N in all", **unbounded)
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run into the folder stopped")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    named = set(arguments.classes or ()) - {"roadside"}
    wanted = (named | set(ROADSIDE) if "roadside" in arguments.classes else named) if arguments.classes else None
    cv2.setNumThreads(1)  # the threads here are the parallelism
    silence_decoders()

    members, length, unit = open_archive(arguments.archive)
    backgrounds = Backgrounds(arguments.out, arguments.resume)
    before = len(backgrounds.members)
    met: set[str] = set()
    skipped: dict[str, list[str]] = {}
    cut = None
    try:
        with tqdm(total=length, unit=unit, unit_scale=True, leave=False, delay=1) as progress:
            candidates = skip_done(find_candidates(show_progress(members, progress), wanted, met), backgrounds)
            extract(candidates, backgrounds, arguments.per_class, arguments.limit, skipped)
    except CutArchive as error:
        cut = error
    except KeyboardInterrupt:
        print(
            f"{Path(sys.argv[0]).name}: interrupted with {len(backgrounds.members):,} pictures in {arguments.out}; "
            "--resume goes on from there",
            file=sys.stderr,
        )
        sys.exit(130)
    finally:
        backgrounds.close()

    report(backgrounds, before, skipped)
    count = len(backgrounds.members)
    if cut:
        raise UserError(
            f"{arguments.archive}: is cut short or damaged ({cut}); the {count:,} pictures before that are kept in "
            f"{arguments.out}; fetch it again, then --resume goes on"
        )
    if count < arguments.limit and (unknown := sorted(named - met)):
        raise UserError(f"{arguments.archive}: has no class {', '.join(unknown)}; --classes takes names of its folders")
    if not count:
        raise UserError(f"{arguments.archive}: holds no picture that was asked for and can be used; name another")


def show_progress(members: Iterator[Member], progress: tqdm) -> Iterator[Member]:
    """The members, moving `progress` on to each."""
    for member in members:
        progress.update(member.position - progress.n)
        yield member


def report(backgrounds: Backgrounds, before: int, skipped: dict[str, list[str]]) -> None:
    """Print how many pictures there are, on stdout, and what was skipped, on stderr."""
    earlier = f", {before:,} of them from before" if before else ""
    reasons = ", ".join(f"{len(names):,} {reason}" for reason, names in skipped.items())
    print(
        f"{len(backgrounds.members):,} pictures of {len(backgrounds.per_class):,} classes in {backgrounds.folder}"
        f"{earlier}; skipped: {reasons or 'none'}"
    )
    for reason, names in skipped.items():
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        print(f"{Path(sys.argv[0]).name}: skipped, {reason}: {', '.join(names[:NAMED])}{more}", file=sys.stderr)


if __name__ == "__main__":
    run(main)

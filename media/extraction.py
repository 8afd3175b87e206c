"""Extraction: from the members of an archive to the folder of backgrounds, with decoding in threads."""

import collections
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import NamedTuple

from common import UserError
from media.archives import BadMember, CutArchive, Member, read_member
from media.background_folder import BackgroundFolder
from media.background_pictures import convert
from media.cores import count_cores
from media.pictures import IMAGE_SUFFIXES
from media.scene_classes import find_wanted, get_class

MOST_THREADS = 4  # that decode; each may hold a large picture, and the limits below count on no more

# Pictures between decompression and decoding. With those of media/limits.py these limits keep the memory below
# 300 MB, whatever the archive holds.
WAITING_PICTURES = 32
WAITING_BYTES = 16 << 20


class Candidate(NamedTuple):
    """A picture in the archive that the user may want."""

    class_name: str
    name: str  # of the member
    member: Member


class Job(NamedTuple):
    """A picture that waits for a thread, or is in one."""

    candidate: Candidate
    background: Future  # its JPEG file as bytes


def find_candidates(members: Iterator[Member], wanted: Collection[str] | None, met: set[str]) -> Iterator[Candidate]:
    """The pictures among `members` whose class is, or lies in, one of the classes `wanted` (None: all classes).

    Classes of `wanted` that a picture has are added to `met`.
    """
    for member in members:
        if not is_picture(member.name):
            continue
        class_name = get_class(member.name)
        if wanted is not None:
            found = find_wanted(class_name, wanted)
            if not found:
                continue
            met |= found
        yield Candidate(class_name, member.name, member)


def is_picture(name: str) -> bool:
    """Whether the member `name` is a picture by its suffix. ._x.jpg is a note of macOS on x.jpg."""
    path = PurePosixPath(name)
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def skip_done(candidates: Iterator[Candidate], backgrounds: BackgroundFolder) -> Iterator[Candidate]:
    """The candidates after the last one in `backgrounds`. An earlier run has dealt with all up to this one.

    Raises UserError at the end if a picture in `backgrounds` was not among the candidates.
    """
    done = collections.deque(backgrounds.members)
    for candidate in candidates:
        if not done:
            yield candidate
        elif candidate.name == done[0]:
            done.popleft()
    if done:
        raise UserError(
            f"{backgrounds.path}: lists {done[0]}, which the archive lacks or --classes leaves out; "
            "resume with the archive and options of the first run"
        )


class Extraction:
    """Decodes pictures in threads and adds them to a folder of backgrounds, in the order of the archive.

    This thread decompresses the archive meanwhile. OpenCV releases the interpreter's lock while it decodes.
    """

    def __init__(self, backgrounds: BackgroundFolder, per_class: int, limit: int) -> None:
        """Add to `backgrounds` until it has `limit` pictures, and at most `per_class` of each class."""
        self.backgrounds = backgrounds
        self.per_class = per_class
        self.limit = limit
        self.skipped: dict[str, list[str]] = {}  # reason -> members of which no background can be made
        self.jobs: collections.deque[Job] = collections.deque()

    def run(self, candidates: Iterator[Candidate]) -> None:
        """Add `candidates` in their order.

        Raises CutArchive where the archive is cut, after all candidates before the cut are added.
        """
        with ThreadPoolExecutor(min(max(count_cores(), 2), MOST_THREADS)) as pool:
            try:
                for candidate in candidates:
                    if self.is_complete():
                        break
                    self.take(candidate, pool)
            except CutArchive:
                self.finish_all()
                raise
            self.finish_all()

    def is_complete(self) -> bool:
        """Whether the folder has `limit` pictures. Waits for pictures in threads where the answer depends on them."""
        while self.jobs and len(self.backgrounds.members) + len(self.jobs) >= self.limit:
            self.finish_oldest()
        return len(self.backgrounds.members) >= self.limit

    def is_full(self, class_name: str) -> bool:
        """Whether the folder has `per_class` pictures of a class. Waits for pictures in threads as `is_complete`."""
        while True:
            done = self.backgrounds.per_class[class_name]
            waiting = sum(job.candidate.class_name == class_name for job in self.jobs)
            if done >= self.per_class or done + waiting < self.per_class:
                return done >= self.per_class
            self.finish_oldest()

    def is_there(self, name: str) -> bool:
        """Whether the folder has a picture of a member of this name.

        An archive may have a name twice. The first member that makes a background counts, also after --resume.
        """
        while any(job.candidate.name == name for job in self.jobs):
            self.finish_oldest()
        return name in self.backgrounds.names

    def take(self, candidate: Candidate, pool: ThreadPoolExecutor) -> None:
        """Read `candidate`, if it is wanted, and hand it to a thread. Then wait while too much is waiting."""
        if self.is_full(candidate.class_name):
            return
        try:
            if self.is_there(candidate.name):
                raise BadMember("named twice in the archive")
            data = read_member(candidate.member)
        except BadMember as error:
            self.skip(candidate, error)
            return
        self.jobs.append(Job(candidate, pool.submit(convert, data)))
        while len(self.jobs) > WAITING_PICTURES or self.count_waiting_bytes() > WAITING_BYTES:
            self.finish_oldest()

    def count_waiting_bytes(self) -> int:
        return sum(job.candidate.member.size for job in self.jobs)

    def finish_oldest(self) -> None:
        """Wait for the oldest job and add its background."""
        candidate, background = self.jobs.popleft()
        try:
            self.backgrounds.add(background.result(), candidate.class_name, candidate.name)
        except BadMember as error:
            self.skip(candidate, error)

    def finish_all(self) -> None:
        while self.jobs:
            self.finish_oldest()

    def skip(self, candidate: Candidate, reason: BadMember) -> None:
        self.skipped.setdefault(str(reason), []).append(candidate.name)

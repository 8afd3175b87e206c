"""TODO."""

import collections
import io
import itertools
import os
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from common import WINDOW_SHAPE, UserError
from media.archives import BadMember, CutArchive, Member, read_member
from media.background_folder import BackgroundFolder
from media.pictures import IMAGE_SUFFIXES

SIDE = 256  # pixels; a background has room to move a window of 128x64 about in it
QUALITY = 90  # of the JPEGs written; coarser blocks would show in a window
THREADS = min(max(os.cpu_count() or 1, 2), 4)  # decoding; beyond that decompression, which is one thread, sets the pace
# What may wait and what may be decoded at once bounds memory, whatever the archive holds, to less than 300 MB.
WAITING_PICTURES = 32  # between decompression and decoding
WAITING_BYTES = 16 << 20
DECODED_PIXELS = 1 << 24  # 50 MB a thread; a larger picture is skipped
ROADSIDE = (
    "alley",
    "apartment_building/outdoor",
    "auto_factory",
    "bazaar/outdoor",
    "bridge",
    "building_facade",
    "campus",
    "church/outdoor",
    "construction_site",
    "courthouse",
    "courtyard",
    "covered_bridge/exterior",
    "crosswalk",
    "diner/outdoor",
    "dock",
    "driveway",
    "fire_station",
    "forest_road",
    "garage/indoor",
    "garbage_dump",
    "gas_station",
    "general_store/outdoor",
    "harbor",
    "highway",
    "hospital",
    "hotel/outdoor",
    "house",
    "industrial_area",
    "inn/outdoor",
    "landfill",
    "lift_bridge",
    "mansion",
    "manufactured_home",
    "market/outdoor",
    "motel",
    "office_building",
    "parking_garage/indoor",
    "parking_garage/outdoor",
    "parking_lot",
    "plaza",
    "raceway",
    "residential_neighborhood",
    "schoolhouse",
    "shopfront",
    "street",
    "toll_plaza",
    "viaduct",
    "village",
)


def get_class(name: str) -> str:
    """The class of the member `name`: its folders below SUN397's letter folder, or all its folders elsewhere."""
    folders = PurePosixPath(name).parent.parts
    for i, (letter, first) in enumerate(itertools.pairwise(folders)):
        if len(letter) == 1 and first.lower().startswith(letter.lower()):
            return "/".join(folders[i + 1 :])
    return "/".join(folders) or "."


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


def skip_done(candidates: Iterator[Candidate], backgrounds: BackgroundFolder) -> Iterator[Candidate]:
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
    candidates: Iterator[Candidate],
    backgrounds: BackgroundFolder,
    per_class: int,
    limit: int,
    skipped: dict[str, list[str]],
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

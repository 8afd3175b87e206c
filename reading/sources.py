"""Sources: the photos, videos, cameras and addresses that the words of a command line stand for.

A word is a photo, a video, a folder of photos, a pattern such as `photos/*.jpg`, the number of a camera, an address
such as `rtsp://camera/stream`, or `-` for a list of such words on standard input.
"""

import dataclasses
import glob
import itertools
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from common import UserError, shorten
from media.files import show_bytes
from media.limits import NAME_LENGTH, TABLE_BYTES
from media.pictures import IMAGE_SUFFIXES
from media.videos import ADDRESS, CODECS, name_stream

STDIN = "-"  # the word that stands for the words on standard input
LONGEST_NUMBER = 9  # digits of a camera's number; OpenCV takes 31 bits


@dataclasses.dataclass(frozen=True)
class Source:
    """Something to read."""

    address: Path | int | str  # a file, the number of a camera, or the address of a stream
    name: str  # in rows and printed lines
    drawn: Path | None = None  # the file to draw it into, if any


class Photo(Source):
    """A photo in a file."""


class Film(Source):
    """A video in a file, a camera, or a stream."""

    @property
    def is_stream(self) -> bool:
        """Whether it is a camera or an address, which may never end."""
        return not isinstance(self.address, Path)

    @property
    def is_camera(self) -> bool:
        return isinstance(self.address, int)


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a command line names."""

    sources: list[Source]
    faults: list[UserError]  # one for each folder or pattern that gives nothing
    is_single: bool  # whether it is one photo or one film, named by itself


def find_sources(words: list[str], recursive: bool = False) -> Inputs:
    """The photos and films that `words` name, in their order; with `recursive` also those in folders within folders.

    A photo of a folder is named by its path below this folder, and any other file by its own name. Files that would
    share a name are named by their whole paths. A file that is named twice is read once.
    """
    faults: list[UserError] = []
    is_single = len(words) == 1 and words[0] != STDIN
    found: dict[Path | int | str, Source] = {}
    for word in list_words(words):
        sources = [*find(word, recursive, faults)]
        is_single &= len(sources) == 1 and str(sources[0].address) == str(make_address(word))
        for source in sources:
            found.setdefault(source.address, source)
    counts = Counter(source.name for source in found.values())
    named = [
        dataclasses.replace(source, name=str(source.address))
        if counts[source.name] > 1 and isinstance(source.address, Path)
        else source
        for source in found.values()
    ]
    return Inputs(named, faults, is_single)


def list_words(words: list[str]) -> Iterator[str]:
    """`words`, with those on standard input in the place of STDIN."""
    for word in words:
        if word == STDIN:
            yield from read_words()
        else:
            yield word


def read_words() -> list[str]:
    """The words on standard input: one a line, or with a null byte after each, as `find -print0` writes them."""
    content = sys.stdin.buffer.read(TABLE_BYTES + 1)
    if len(content) > TABLE_BYTES:
        raise UserError(f"standard input: has more than the limit of {show_bytes(TABLE_BYTES)}; name a folder instead")
    separated = rb"[^\0]+" if b"\0" in content else rb"[^\n]+"
    return [os.fsdecode(word) for word in re.findall(separated, content)]


def make_address(word: str) -> Path | int | str:
    """A word as a file, the number of a camera, or the address of a stream."""
    if ADDRESS.match(word):
        return word
    if word.isascii() and word.isdigit() and len(word) <= LONGEST_NUMBER and not os.path.lexists(word):
        return int(word)
    return Path(word)


def find(word: str, recursive: bool, faults: list[UserError]) -> Iterator[Source]:
    """The sources that one word stands for. A folder or pattern that gives nothing is added to `faults`."""
    address = make_address(word)
    if len(word) > NAME_LENGTH:  # all of it would be in messages
        faults.append(UserError(f"{shorten(word)}: is longer than {NAME_LENGTH:,} characters; check the name"))
    elif not isinstance(address, Path):
        yield Film(address, name_stream(address))
    elif os.path.isdir(address):
        yield from find_in_folder(address, recursive, faults)
    elif glob.has_magic(word) and not os.path.lexists(address):
        yield from find_by_pattern(word, recursive, faults)
    elif address.suffix.lower() in CODECS:
        yield Film(address, address.name)
    else:
        yield Photo(address, address.name)


def find_by_pattern(pattern: str, recursive: bool, faults: list[UserError]) -> Iterator[Source]:
    """The sources that match a pattern, which a shell did not expand, in the order of their names.

    `**` does not follow links to folders, because they may lead in a circle.
    """
    words = sorted(glob.glob(pattern, recursive=True))
    if "**" in Path(pattern).parts:
        start = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
        words = [word for word in words if not is_behind_link(Path(word), start)]
    if not words:
        faults.append(UserError(f"{pattern}: no file has such a name; check the pattern"))
    for word in words:
        yield from find(word, recursive, faults)


def is_behind_link(path: Path, start: Path) -> bool:
    """Whether a link to a folder is on the way from the folder `start` down to `path`."""
    return any(folder.is_symlink() for folder in path.parents if folder != start and start in folder.parents)


def find_in_folder(folder: Path, recursive: bool, faults: list[UserError]) -> Iterator[Photo]:
    """The photos of `folder`, in the order of their names, and with `recursive` those of its folders after them.

    Links to folders are not followed, because they may lead in a circle.
    """
    found = False
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            faults.append(UserError(f"{current}: cannot be read ({error.strerror}); check who may read it"))
            found = True  # one fault is enough
            continue
        for entry in entries:
            path = Path(entry.path)
            if path.suffix.lower() in IMAGE_SUFFIXES and not os.path.isdir(path):
                found = True
                yield Photo(path, path.relative_to(folder).as_posix())
        if recursive:
            folders = [Path(entry.path) for entry in entries if is_folder(entry)]
            waiting += reversed(folders)
    if not found:
        deeper = "" if recursive else ", or use --recursive for the folders in it"
        faults.append(UserError(f"{folder}: holds no picture; name a folder of JPEG or PNG files{deeper}"))


def is_folder(entry: os.DirEntry) -> bool:
    """Whether an entry of a folder is a folder itself, and no link to one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def find_base(photos: Iterable[Photo]) -> Path:
    """The folder, without links, below which all `photos` are. Of photos of one folder it is the folder as named."""
    return Path(os.path.commonpath([find_root(photo) for photo in photos]))


def find_root(photo: Photo) -> str:
    """The folder, without links, below which the path of `photo` is its name."""
    is_whole = photo.name == str(photo.address)  # the name is a path of its own
    return os.path.realpath(photo.address.parents[0 if is_whole else photo.name.count("/")])

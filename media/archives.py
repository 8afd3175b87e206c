"""Archives of photographs, read in one pass: tar files of any compression, zip files, and folders."""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

from common import UserError, shorten
from media import zips
from media.files import get_size, open_file, read_bytes, show_bytes
from media.limits import MEMBER_BYTES, NAME_LENGTH, TAR_HEADER_BYTES, ZIP_LIST_BYTES

TAR_BUFFER = 1 << 16  # bytes tarfile reads at once; larger pieces are slower, because it joins each with what is left
DECOMPRESSORS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}  # by the first bytes of the file
STREAM_ERRORS = (EOFError, OSError, tarfile.TarError, zlib.error, lzma.LZMAError)  # of a tar that is cut or damaged


class BadMember(Exception):
    """A member of the archive from which no background can be made. Its text is the reason."""


class CutArchive(Exception):
    """The archive ends or is damaged before its end mark. Its text says how this showed."""


class Member(NamedTuple):
    """A file in the archive. Its content can be read until the next member is asked for."""

    name: str  # path in the archive
    size: int  # bytes
    read: Callable[[], bytes]
    position: int  # how far into the archive it begins, in the archive's own unit


def open_archive(path: Path, left_out: Path | None = None) -> tuple[Iterator[Member], int, str]:
    """The members of the archive or folder `path` in their order, its length, and the unit of this length.

    What lies in the folder `left_out` is no member of the folder `path`. The archive stays open until the process ends.
    Raises UserError when it is missing, is empty, cannot be read or is no archive.
    """
    if os.path.isdir(path):  # not `path.is_dir()`, which raises an exception in a folder that may not be entered
        names = list_files(path, left_out)
        return map(shorten_name, iterate_folder(path, names)), len(names), " files"
    file = open_file(path)
    length = os.fstat(file.fileno()).st_size
    magic = file.read(6)
    file.seek(0)
    if not length:
        raise UserError(f"{path}: is empty; fetch the archive again")
    if magic.startswith(b"PK"):
        listed = list_zip(path, file)
        return map(shorten_name, iterate_zip(file, listed)), sum(member.compress_size for member in listed), "B"
    return map(shorten_name, iterate_tar(open_tar(path, file, magic), file)), length, "B"


def shorten_name(member: Member) -> Member:
    """`member` as it is, or with a shorter name and no content where its name is longer than a path can be."""
    if len(member.name) <= NAME_LENGTH:
        return member

    reason = f"with a name of more than {NAME_LENGTH:,} characters"
    return member._replace(name=shorten(member.name), read=lambda: refuse(reason))


def refuse(reason: str) -> NoReturn:
    raise BadMember(reason)


def read_member(member: Member) -> bytes:
    """The content of `member`. Raises BadMember when it is too large for a photograph, or cannot be read."""
    if member.size > MEMBER_BYTES:
        refuse("too large")
    return member.read()


# --- folders --------------------------------------------------------------------------------------------------------


def list_files(folder: Path, left_out: Path | None) -> list[str]:
    """The paths of all files under `folder`, relative to it, with `/`, in an order that is the same everywhere.

    Files in the folder `left_out` are not among them. Raises UserError when a folder cannot be read.
    """

    def stop(error: OSError) -> NoReturn:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror}); change its permissions or remove it")

    names = []
    left_out = left_out and os.path.realpath(left_out)
    for parent, folders, files in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(parent, name)) != left_out)
        names += [(Path(parent) / name).relative_to(folder).as_posix() for name in sorted(files)]
    return names


def iterate_folder(folder: Path, names: list[str]) -> Iterator[Member]:
    """The regular files among `names` of `folder`. Reading a file that cannot be read raises BadMember."""

    def read(path: Path) -> bytes:
        try:
            return read_bytes(path, MEMBER_BYTES)
        except UserError:
            refuse("not readable")

    for position, name in enumerate(names):
        path = folder / name
        size = get_size(path)
        if size is not None:
            yield Member(name, size, lambda path=path: read(path), position)


# --- zip files ------------------------------------------------------------------------------------------------------


def list_zip(path: Path, file: BinaryIO) -> list[zipfile.ZipInfo]:
    """The members of the zip `path`, opened as `file`, in the order of their places in it.

    Raises UserError when the list of members cannot be read.
    """
    try:
        members = zips.open_zip(file).infolist()
    except zips.ListTooLong:
        limit = show_bytes(ZIP_LIST_BYTES)
        raise UserError(f"{path}: has a list of members of more than {limit}; unpack it, or name a .tar") from None
    except zips.ZIP_ERRORS:
        raise UserError(f"{path}: is cut short or damaged (the list of members at its end); fetch it again") from None
    return sorted(members, key=lambda member: member.header_offset)


def iterate_zip(file: BinaryIO, members: list[zipfile.ZipInfo]) -> Iterator[Member]:
    """The files among the `members` of the zip `file`. Reading a damaged one raises BadMember."""

    def read(member: zipfile.ZipInfo) -> bytes:
        obstacle = zips.find_obstacle(member)
        if obstacle:
            refuse(f"{obstacle} in the zip")
        try:
            return zips.read_member(file, member)
        except zips.ZIP_ERRORS:
            refuse("damaged in the zip")

    position = 0
    for member in members:
        if not member.filename.endswith("/"):  # `is_dir` raises an exception where there is no name
            size = max(member.file_size, member.compress_size)
            yield Member(member.filename, size, lambda member=member: read(member), position)
        position += member.compress_size


# --- tar files ------------------------------------------------------------------------------------------------------


class TarSource:
    """The unfolded content of a tar, for tarfile to read from.

    tarfile takes a missing end for the end of the archive, and reads a header of any size into memory. This class
    raises an exception in both cases.
    """

    def __init__(self, content: BinaryIO) -> None:
        self.content = content
        self.left: int | None = None  # bytes that may be read of the present header, or None between headers

    def read(self, size: int) -> bytes:
        if self.left is not None:
            self.left -= size
            if self.left < 0:
                raise tarfile.ReadError(f"a header of more than {show_bytes(TAR_HEADER_BYTES)}")
        data = self.content.read(size)
        if not data:
            raise EOFError("it has no end mark")
        return data


def make_strict_header(source: TarSource) -> type[tarfile.TarInfo]:
    """The class of headers of a tar that tarfile reads from `source`.

    The standard library takes a damaged header for the end of the archive, and says nothing of the members after it.
    This class raises ReadError instead.
    """

    class StrictHeader(tarfile.TarInfo):
        @classmethod
        def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
            is_first = source.left is None  # a header may have headers before it, of its name for example
            if is_first:
                source.left = TAR_HEADER_BYTES
            try:
                return super().fromtarfile(archive)
            except tarfile.EOFHeaderError:  # the end mark
                raise
            except tarfile.HeaderError as error:
                raise tarfile.ReadError(str(error)) from None
            except (ValueError, LookupError, OverflowError, RecursionError):  # numbers or texts that make no sense
                raise tarfile.ReadError("a damaged header") from None
            finally:
                if is_first:
                    source.left = None

    return StrictHeader


def open_tar(path: Path, file: BinaryIO, magic: bytes) -> tarfile.TarFile:
    """The tar `path`, opened as `file`, which begins with `magic`. Raises UserError when it is none."""
    decompress = next((how for start, how in DECOMPRESSORS.items() if magic.startswith(start)), None)
    source = TarSource(decompress(file) if decompress else file)
    try:
        return tarfile.open(fileobj=source, mode="r|", bufsize=TAR_BUFFER, tarinfo=make_strict_header(source))
    except STREAM_ERRORS:
        raise UserError(
            f"{path}: is no .tar, .tar.gz, .tar.bz2, .tar.xz or .zip, or is cut short; fetch it again"
        ) from None


def iterate_tar(archive: tarfile.TarFile, file: BinaryIO) -> Iterator[Member]:
    """The regular files of a tar that is read as a stream out of `file`.

    The next step and the reading of a member raise CutArchive where the stream is cut or damaged, because nothing
    after this place can be found.
    """

    def guard(step: Callable) -> Any:
        try:
            return step()
        except STREAM_ERRORS as error:
            raise CutArchive(str(error)) from None

    while (info := guard(archive.next)) is not None:
        archive.members = []  # tarfile keeps all members, a kilobyte each
        if info.issparse():  # tarfile would unfold it in memory
            yield Member(info.name, info.size, lambda: refuse("a sparse file in the tar"), file.tell())
        elif info.isreg():
            content = archive.extractfile(info)
            yield Member(info.name, info.size, lambda content=content: guard(content.read), file.tell())

"""Archives of photographs, read in one pass: tar files of any compression, zip files, and folders."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import UserError
from media.limits import MEMBER_BYTES

TAR_BUFFER = 1 << 16  # bytes tarfile reads at once; larger pieces are slower, because it joins each with what is left
DECOMPRESSORS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}  # by the first bytes of the file

# What the standard library raises where an archive is cut short or damaged.
STREAM_ERRORS = (EOFError, OSError, tarfile.TarError, zlib.error, lzma.LZMAError)
ZIP_ERRORS = (
    EOFError,
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,
)  # RuntimeError: encrypted


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


class StrictTarInfo(tarfile.TarInfo):
    """A header in a tar file that has an end mark.

    The standard library takes a damaged or missing header for the end of the archive, and says nothing of the members
    after it. This class raises ReadError instead.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # the end mark
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None


def open_archive(path: Path) -> tuple[Iterator[Member], int, str]:
    """The members of the archive or folder `path` in their order, its length, and the unit of this length.

    The archive stays open until the process ends. Raises UserError when it is missing, is empty, cannot be read or is
    no archive.
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
        archive = open_zip(path, file)
        return iterate_zip(archive), sum(member.compress_size for member in archive.infolist()), "B"
    return iterate_tar(open_tar(path, file, magic), file), length, "B"


# --- folders --------------------------------------------------------------------------------------------------------


def list_files(folder: Path) -> list[str]:
    """The paths of all files under `folder`, relative to it, with `/`, in an order that is the same everywhere."""
    names = []
    for parent, folders, files in os.walk(folder):
        folders.sort()
        names += [(Path(parent) / name).relative_to(folder).as_posix() for name in sorted(files)]
    return names


def iterate_folder(folder: Path, names: list[str]) -> Iterator[Member]:
    """The files `names` of `folder`. Reading a file that cannot be read raises BadMember."""

    def read(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadMember(f"not readable ({error.strerror})") from None

    for position, name in enumerate(names):
        path = folder / name
        if path.is_file():
            yield Member(name, path.stat().st_size, lambda path=path: read(path), position)


# --- zip files ------------------------------------------------------------------------------------------------------


def open_zip(path: Path, file: io.BufferedReader) -> zipfile.ZipFile:
    """The zip `path`, opened as `file`; raises UserError when its list of members cannot be read."""
    try:
        return zipfile.ZipFile(file)
    except ZIP_ERRORS:
        raise UserError(f"{path}: is cut short, because a zip's list is at its end; fetch it again") from None


def iterate_zip(archive: zipfile.ZipFile) -> Iterator[Member]:
    """The files of a zip in the order of their places in it. Reading a damaged one raises BadMember."""

    def read(member: zipfile.ZipInfo) -> bytes:
        try:
            return archive.read(member)
        except ZIP_ERRORS:
            raise BadMember("damaged or encrypted in the zip") from None

    position = 0
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        if not member.is_dir():
            yield Member(member.filename, member.file_size, lambda member=member: read(member), position)
        position += member.compress_size


# --- tar files ------------------------------------------------------------------------------------------------------


def open_tar(path: Path, file: io.BufferedReader, magic: bytes) -> tarfile.TarFile:
    """The tar `path`, opened as `file`, which begins with `magic`. Raises UserError when it is none."""
    decompress = next((how for start, how in DECOMPRESSORS.items() if magic.startswith(start)), None)
    content = decompress(file) if decompress else file
    try:
        return tarfile.open(fileobj=content, mode="r|", bufsize=TAR_BUFFER, tarinfo=StrictTarInfo)
    except STREAM_ERRORS:
        raise UserError(f"{path}: is no .tar, .tar.gz, .tar.xz or .zip, or is cut short; fetch it again") from None


def iterate_tar(archive: tarfile.TarFile, file: io.BufferedReader) -> Iterator[Member]:
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
        if info.isreg():
            content = archive.extractfile(info)
            yield Member(info.name, info.size, lambda content=content: guard(content.read), file.tell())


def read_member(member: Member) -> bytes:
    """The content of `member`. Raises BadMember when it is too large for a photograph, or cannot be read."""
    if member.size > MEMBER_BYTES:
        raise BadMember("too large")
    return member.read()

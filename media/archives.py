"""TODO."""

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

MEMBER_BYTES = 16 << 20  # a larger file is skipped
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

"""The gate for files that a user hands in: only regular files of a bounded size are opened."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from common import UserError
from media.limits import GIGABYTE, MEGABYTE

KINDS = (  # files that are never read: reading them may wait for ever or never end
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
OPEN_FLAGS = os.O_RDONLY
OPEN_FLAGS |= getattr(os, "O_NONBLOCK", 0)  # does not wait where a pipe has just taken the file's place
OPEN_FLAGS |= getattr(os, "O_BINARY", 0)  # Windows would change line ends


def open_file(path: str | os.PathLike, most: int | None = None, remedy: str = "check the path") -> BinaryIO:
    """Open the regular file `path`, of at most `most` bytes, to read its bytes.

    `remedy` ends the message where the file is missing or must not be read. Raises UserError when `path` is missing,
    may not be read, is a folder, pipe, socket or device, or is larger than `most`.
    """
    try:
        refuse_special(path, os.stat(path), remedy)  # before it is opened, because opening may already act
        file = os.fdopen(os.open(path, OPEN_FLAGS), "rb")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    status = os.fstat(file.fileno())
    try:
        refuse_special(path, status, remedy)
        if most is not None and status.st_size > most:
            raise UserError(f"{path}: has {show_bytes(status.st_size)}, and the limit is {show_bytes(most)}; {remedy}")
    except UserError:
        file.close()
        raise
    return file


def refuse_special(path: str | os.PathLike, status: os.stat_result, remedy: str) -> None:
    """Raise UserError unless `status` is that of a regular file."""
    for is_kind, kind in KINDS:
        if is_kind(status.st_mode):
            raise UserError(f"{path}: cannot be read (it is {kind}); {remedy}")


def read_bytes(path: str | os.PathLike, most: int, remedy: str = "check the path") -> bytes:
    """The content of the regular file `path`, of at most `most` bytes; raises UserError as `open_file` does."""
    with open_file(path, most, remedy) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    if len(content) > most:  # a file that grew, or one of /proc, which has no size
        raise UserError(f"{path}: has more than the limit of {show_bytes(most)}; {remedy}")
    return content


def show_bytes(count: int) -> str:
    """`count` bytes as a user reads it: "1.5 GB"."""
    if count >= GIGABYTE:
        return f"{count / GIGABYTE:.3g} GB"
    if count >= MEGABYTE:
        return f"{count / MEGABYTE:.3g} MB"
    return f"{count:,} bytes"


def get_size(path: Path) -> int | None:
    """The bytes of the regular file `path`, or None where it is missing, may not be looked at, or is another kind."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None

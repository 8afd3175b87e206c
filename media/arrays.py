"""Archives of arrays: .npz files as numpy writes them, checked before their data is read."""

import math
import os
import re
import zipfile
from typing import BinaryIO, NamedTuple

import numpy as np

from common import UserError
from media.files import open_file, show_bytes
from media.limits import ARRAYS_AXES, ARRAYS_BYTES, ARRAYS_MEMBERS, MEGABYTE
from media.zips import ZIP_ERRORS, find_obstacle, open_zip

MAGIC = b"\x93NUMPY\x01\x00"  # of an array's file: version 1.0, which numpy writes for all kinds of HEADER
HEADER = re.compile(  # of an array's file, after MAGIC and its length: booleans, whole and real numbers, strings
    r"\{'descr': '([<>|](?:b1|[iu][1248]|f[248]|U[1-9]\d{0,7}))', "
    r"'fortran_order': (False|True), 'shape': \(([\d, ]*)\), \} *\n"
)
LARGEST_AXIS = 10**15  # more than any memory holds
LAST_CHARACTER = 0x10FFFF  # of Unicode


class Header(NamedTuple):
    """What an array's file says of the array before its data."""

    kind: np.dtype
    order: str  # "C" or "F", numpy's names for row by row and column by column
    shape: tuple[int, ...]
    start: int  # bytes into the file, where the data begins

    def data_bytes(self) -> int:
        return self.kind.itemsize * math.prod(self.shape)


def read_arrays(path: str | os.PathLike, remedy: str, most: int = ARRAYS_BYTES) -> dict[str, np.ndarray]:
    """The arrays of the .npz file `path` by name: booleans, whole numbers, real numbers or strings.

    All sizes are checked before any array is read. `remedy` ends each message, as in "fetch weights.npz again". Raises
    UserError when the file is missing or damaged, is no archive of such arrays, or has more than `most` bytes when it
    is unfolded.
    """
    with open_file(path, most, remedy) as file:
        try:
            archive, headers = read_headers(file)
            unfolded = sum(header.data_bytes() for header in headers.values())
            if unfolded > most:
                fault = f"unfolds to {show_bytes(unfolded)}, and the limit is {show_bytes(most)}"
                raise UserError(f"{path}: {fault}; {remedy}")
            return {
                member.filename.removesuffix(".npy"): read_array(archive, member, header)
                for member, header in headers.items()
            }
        except ZIP_ERRORS:
            raise UserError(f"{path}: is damaged or no archive of arrays; {remedy}") from None


def read_shapes(path: str | os.PathLike, remedy: str) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of the .npz file `path` by name, without reading the arrays.

    Raises UserError as `read_arrays` does.
    """
    with open_file(path, ARRAYS_BYTES, remedy) as file:
        try:
            _, headers = read_headers(file)
        except ZIP_ERRORS:
            raise UserError(f"{path}: is damaged or no archive of arrays; {remedy}") from None
    return {member.filename.removesuffix(".npy"): header.shape for member, header in headers.items()}


def read_headers(file: BinaryIO) -> tuple[zipfile.ZipFile, dict[zipfile.ZipInfo, Header]]:
    """The archive in `file` and the headers of its arrays; raises one of ZIP_ERRORS when it is damaged."""
    archive = open_zip(file)
    return archive, {member: read_header(archive, member) for member in list_arrays(archive)}


def list_arrays(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members of `archive`; raises ValueError unless all can be arrays."""
    members = archive.infolist()
    if len(members) > ARRAYS_MEMBERS or any(find_obstacle(member) for member in members):
        raise ValueError("too many members, or some that are encrypted or compressed in a way that numpy never does")
    return members


def read_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    """The header of an array; raises ValueError when it is not as numpy writes it or does not fit the member's size."""
    with archive.open(member) as file:
        start = file.read(len(MAGIC) + 2)
        if not start.startswith(MAGIC):
            raise ValueError("no array")
        length = int.from_bytes(start[len(MAGIC) :], "little")
        fields = HEADER.fullmatch(file.read(length).decode("latin-1"))
    if fields is None:
        raise ValueError("no header of an array")
    kind, is_fortran, shape = fields.groups()
    header = Header(np.dtype(kind), "F" if is_fortran == "True" else "C", parse_shape(shape), len(start) + length)
    if header.start + header.data_bytes() != member.file_size:
        raise ValueError("an array of another size than its header says")
    return header


def parse_shape(text: str) -> tuple[int, ...]:
    """The shape in an array's header, such as "10, 64," or "" for a single value; raises ValueError."""
    lengths = [length.strip() for length in text.split(",")]
    if lengths[-1] == "":  # after the last comma
        lengths.pop()
    if len(lengths) > ARRAYS_AXES or any(len(length) > len(str(LARGEST_AXIS)) for length in lengths):
        raise ValueError("a shape that no memory holds")
    return tuple(int(length) for length in lengths)


def read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header) -> np.ndarray:
    """The array of `member`; raises one of ZIP_ERRORS when it is damaged."""
    data = np.empty(header.data_bytes(), np.uint8)
    with archive.open(member) as file:
        file.read(header.start)
        fill(data, file)
    array = data.view(header.kind)
    if header.kind.kind == "U" and data.view(header.kind.byteorder + "u4").max(initial=0) > LAST_CHARACTER:
        raise ValueError("a string of numbers that are no characters")
    return array.reshape(header.shape, order=header.order)


def fill(data: np.ndarray, file: BinaryIO) -> None:
    """Fill `data` (N,) uint8 from `file`, a piece at a time; raises EOFError when the file is shorter."""
    for at in range(0, len(data), MEGABYTE):
        piece = memoryview(data)[at : at + MEGABYTE]
        if file.readinto(piece) < len(piece):
            raise EOFError("an array that is cut short")

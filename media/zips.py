"""Zip files: the list of their members, bounded and with names of any bytes, and the content of a member."""

import struct
import zipfile
import zlib
from typing import BinaryIO

from media.limits import ZIP_LIST_BYTES

UTF8_NAME = 0x800  # flag of a member: its name is in UTF-8
ENCRYPTED = 0x1  # flag of a member
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others of zipfile unfold without bound
ZIP_ERRORS = (  # what zipfile, zlib and the file raise on a zip that is damaged
    *(EOFError, OSError, zipfile.BadZipFile, zlib.error),
    NotImplementedError,  # a kind of zip that zipfile does not know
    ValueError,  # numbers that make no sense, such as a place before the start
)


class ListTooLong(zipfile.BadZipFile):
    """The list of members has more than ZIP_LIST_BYTES."""


class ListSource:
    """The file of a zip, for zipfile to read the list of members from.

    zipfile refuses the whole zip where one name is flagged as UTF-8 and is not. So this class takes the flag from such
    names. It knows the list by its first bytes, because zipfile reads the list in one call.
    """

    MARK = b"PK\x01\x02"  # of an entry of the list
    ENTRY = struct.Struct("<4s4xH18xHHH12x")  # mark, flags, bytes of name, extra and comment; APPNOTE.TXT 4.3.12
    FLAGS_AT = 8  # bytes into an entry

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.mended: list[int] = []  # numbers of the entries whose flag was taken

    def read(self, size: int = -1) -> bytes:
        if size > ZIP_LIST_BYTES:
            raise ListTooLong
        content = self.file.read(size)
        return self.take_flags(bytearray(content)) if content.startswith(self.MARK) else content

    def take_flags(self, entries: bytearray) -> bytes:
        """The list with the UTF-8 flag taken from each name that is not UTF-8."""
        start, number = 0, 0
        while start + self.ENTRY.size <= len(entries):
            _, flags, *lengths = self.ENTRY.unpack_from(entries, start)
            name_at = start + self.ENTRY.size
            if flags & UTF8_NAME and not is_utf8(entries[name_at : name_at + lengths[0]]):
                struct.pack_into("<H", entries, start + self.FLAGS_AT, flags & ~UTF8_NAME)
                self.mended.append(number)
            start = name_at + sum(lengths)
            number += 1
        return bytes(entries)


def is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """The zip in `file`. Bytes of a member's name that are not UTF-8 become surrogates.

    Raises ListTooLong, or another of ZIP_ERRORS when its list of members is damaged.
    """
    source = ListSource(file)
    archive = zipfile.ZipFile(source)
    source.read = file.read  # the list is read, and content may begin with the same mark
    members = archive.infolist()
    for number in source.mended:
        name = members[number].filename
        members[number].filename = name.encode("cp437").decode("utf-8", "surrogateescape")  # zipfile decoded it so
    return archive


def find_obstacle(member: zipfile.ZipInfo) -> str | None:
    """Why the content of `member` is not read, or None."""
    if member.flag_bits & ENCRYPTED:
        return "encrypted"
    if member.compress_type not in METHODS:
        return "compressed by another method than deflate"
    return None


def read_member(file: BinaryIO, member: zipfile.ZipInfo) -> bytes:
    """The content of `member` of the zip `file`, without encryption and by one of METHODS.

    Reads no more than `member.compress_size` bytes and unfolds no more than `member.file_size`. Raises one of
    ZIP_ERRORS when it is damaged.
    """
    file.seek(member.header_offset)
    header = file.read(30)  # APPNOTE.TXT 4.3.7; its name is not looked at, because the list has it
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile("no header")
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    file.seek(name_length + extra_length, 1)
    content = file.read(member.compress_size)
    if member.compress_type == zipfile.ZIP_DEFLATED:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, member.file_size + 1)
    if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile("other bytes than its list says")
    return content

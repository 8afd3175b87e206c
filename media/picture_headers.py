"""Headers of pictures: the kind and the size of a JPEG, PNG, WebP, BMP, TIFF or GIF file before it is decoded.

A small file can say that it has billions of pixels, which a decoder would make room for.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

TIFF_WIDTH = 256  # tags; TIFF 6.0, section 8
TIFF_HEIGHT = 257
TIFF_NUMBERS = {3: "H", 4: "I", 16: "Q"}  # types of a tag's value -> struct's names
MOST_TAGS = 4096  # tags of a TIFF and segments of a JPEG that are looked at; pictures have tens

PNG_START = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 100_000  # of a PNG; a chunk of 8 kilobytes is usual, and a file may have 256 megabytes

JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers SOF0 to SOF15; ITU-T T.81, table B.1
JPEG_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
JPEG_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment
JPEG_ENDS = {0xD9, 0xDA}  # the end of the picture, the start of its data


class PictureHeader(NamedTuple):
    """What a picture's file says of the picture."""

    kind: str  # such as "JPEG"
    width: int  # pixels, before the picture is turned upright
    height: int
    is_progressive: bool = False  # a JPEG that is decoded in passes, with all of it in memory


def read_header(data: bytes) -> PictureHeader | None:
    """The header of the picture file `data`, or None where it is none of these kinds, or is cut short or damaged."""
    read = next((read for magic, read in READERS.items() if data.startswith(magic)), None)
    if read is None:
        return None
    try:
        header = read(data)
    except struct.error:  # too few bytes
        return None
    return header if header and header.width > 0 and header.height > 0 else None


def read_png(data: bytes) -> PictureHeader | None:
    """The size in the first chunk, if the file has all chunks up to the last one.

    OpenCV 5 makes room for a chunk before it looks whether the file has so many bytes.
    """
    mark, width, height = struct.unpack_from(">4sII", data, 12)
    if mark != b"IHDR":
        return None
    at = len(PNG_START)
    for _ in range(MOST_CHUNKS):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += 12 + length  # length, kind and checksum
        if at > len(data):
            return None
        if kind == b"IEND":
            return PictureHeader("PNG", width, height)
    return None


def read_gif(data: bytes) -> PictureHeader:
    return PictureHeader("GIF", *struct.unpack_from("<HH", data, 6))


def read_bmp(data: bytes) -> PictureHeader:
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    if header_bytes == 12:  # of OS/2 1.x
        return PictureHeader("BMP", *struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return PictureHeader("BMP", width, abs(height))  # the height is negative where the first row is the top one


def read_webp(data: bytes) -> PictureHeader | None:
    """RFC 9649: lossy, lossless, or extended."""
    mark, chunk = struct.unpack_from("8x4s4s", data)
    if mark != b"WEBP":
        return None
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return PictureHeader("WebP", width & 0x3FFF, height & 0x3FFF)
    if chunk == b"VP8L":
        (sizes,) = struct.unpack_from("<I", data, 21)
        return PictureHeader("WebP", (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8X":
        sizes = data[24:30]
        if len(sizes) < 6:
            return None
        return PictureHeader("WebP", int.from_bytes(sizes[:3], "little") + 1, int.from_bytes(sizes[3:], "little") + 1)
    return None


def read_tiff(data: bytes) -> PictureHeader | None:
    """The first picture of a TIFF, in the order of bytes that it says, or of a BigTIFF."""
    order = "<" if data.startswith(b"II") else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version == 43:  # BigTIFF
        (start,) = struct.unpack_from(order + "Q", data, 8)
        count_format, tag_bytes, value_at = "Q", 20, 12
    else:
        (start,) = struct.unpack_from(order + "I", data, 4)
        count_format, tag_bytes, value_at = "H", 12, 8
    if start >= len(data):
        return None
    (count,) = struct.unpack_from(order + count_format, data, start)
    start += struct.calcsize(order + count_format)
    sizes = {}
    for at in range(start, start + tag_bytes * min(count, MOST_TAGS), tag_bytes):
        tag, kind = struct.unpack_from(order + "HH", data, at)
        if tag in (TIFF_WIDTH, TIFF_HEIGHT) and kind in TIFF_NUMBERS:
            (sizes[tag],) = struct.unpack_from(order + TIFF_NUMBERS[kind], data, at + value_at)
    if len(sizes) < 2:
        return None
    return PictureHeader("TIFF", sizes[TIFF_WIDTH], sizes[TIFF_HEIGHT])


def read_jpeg(data: bytes) -> PictureHeader | None:
    """The first frame header (SOF) of a JPEG: ITU-T T.81, annex B."""
    at = 2
    for _ in range(MOST_TAGS):
        at = data.find(b"\xff", at)  # as libjpeg does, skip bytes that are no marker
        while at >= 0 and data[at : at + 2] == b"\xff\xff":  # any number of these may precede a marker
            at += 1
        if at < 0 or at + 1 >= len(data):
            return None
        marker = data[at + 1]
        if marker in JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return PictureHeader("JPEG", width, height, marker in JPEG_PROGRESSIVE)
        if marker in JPEG_ENDS:
            return None
        at += 2
        if marker not in JPEG_BARE and marker != 0:
            at += struct.unpack_from(">H", data, at)[0]
    return None


READERS: dict[bytes, Callable[[bytes], PictureHeader | None]] = {  # by the first bytes of the file
    b"\xff\xd8\xff": read_jpeg,
    PNG_START: read_png,
    b"RIFF": read_webp,
    b"BM": read_bmp,
    b"II*\x00": read_tiff,
    b"MM\x00*": read_tiff,
    b"II+\x00": read_tiff,
    b"MM\x00+": read_tiff,
    b"GIF87a": read_gif,
    b"GIF89a": read_gif,
}

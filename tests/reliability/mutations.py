"""Mutations of files: bytes that are changed anywhere, and changes that keep the outer form of a format whole.

A mutation takes a file's bytes and a source of random numbers, and returns other bytes. The same seed gives the same.
"""

import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]

MOST_BYTES = 1 << 20  # of a mutated file; repeats of repeats would grow without end
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1)
HOSTILE_TEXTS = (  # what stands in place of a word of a text
    *("", "0", "-1", "1e400", "nan", "inf", "9" * 5000, "1_0", "0x10", "true", "null", "[]", "{}", "\0", "\ufeff"),
    *("[" * 3000, '{"a":' * 3000, "a." * 3000 + "a", '"', "'", '"""', "\\", "\t", "\n", "\r", "\r\n", "\u2028", "ß"),
    *("../../x", "/", ".", "..", "x" * 5000, "\u0661", "1979-05-27", "{A}", "L" * 200, "1e308", "-0.0", "٣", "²"),
)
HOSTILE_VALUES = (  # what stands in place of a value of JSON
    *(None, True, False, 0, -1, 0.5, 1, 2, 1 << 64, 10**400, 1e308, -0.0, float("nan"), float("inf")),
    *("", "A", "\ud800", "\0", "x" * 5000, "9" * 5000, "\n"),
    *([], {}, [[]], [None], {"": None}, [[1], [2, 3]], [{}], [1, "a"]),
)
WORD = re.compile(rb"[\w.-]+|[^\w\s]|\s+")


# --- any bytes ------------------------------------------------------------------------------------------------------


def choose_span(data: bytes, rng: Random, longest: int = 1 << 12) -> tuple[int, int]:
    """The start and the end of a random piece of `data`, which is more often short than long."""
    length = min(len(data), longest, int(2 ** rng.uniform(0, 12)))
    start = rng.randint(0, len(data) - length)
    return start, start + length


def flip_bits(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def replace_bytes(data: bytes, rng: Random) -> bytes:
    start, end = choose_span(data, rng, 64)
    return data[:start] + rng.randbytes(end - start) + data[end:]


def truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def delete_piece(data: bytes, rng: Random) -> bytes:
    start, end = choose_span(data, rng)
    return data[:start] + data[end:]


def repeat_piece(data: bytes, rng: Random) -> bytes:
    start, end = choose_span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 10, 200)) + data[end:]


def move_piece(data: bytes, rng: Random) -> bytes:
    """A piece of the file written over another place of it."""
    start, end = choose_span(data, rng)
    at = rng.randint(0, len(data))
    return data[:at] + data[start:end] + data[at + end - start :]


def insert_bytes(data: bytes, rng: Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice((b"\0", b"\xff", rng.randbytes(4))) * rng.choice((1, 2, 8, 100)) + data[at:]


def set_number(data: bytes, rng: Random) -> bytes:
    """An extreme number at a random place, as a field of a length or of a size has it."""
    size = rng.choice((1, 2, 4, 4, 8))
    near = len(data) + rng.randint(-4, 4)
    number = rng.choice((*EXTREMES, near, rng.getrandbits(8 * size))) % (1 << 8 * size)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 200)  # most fields of sizes are near the start
    at = rng.randint(0, reach)
    return data[:at] + number.to_bytes(size, rng.choice(("little", "big"))) + data[at + size :]


ANY_BYTES: tuple[Mutation, ...] = (
    *(flip_bits, flip_bits, replace_bytes, truncate, delete_piece, repeat_piece, move_piece, insert_bytes),
    *(set_number, set_number, set_number),
)


def mutate_bytes(data: bytes, rng: Random) -> bytes:
    """One to four of ANY_BYTES after each other."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        data = rng.choice(ANY_BYTES)(data, rng)[:MOST_BYTES]
    return data


def splice(first: bytes, second: bytes, rng: Random) -> bytes:
    """The start of one file and the end of another."""
    return first[: rng.randint(0, len(first))] + second[rng.randint(0, len(second)) :]


# --- texts ----------------------------------------------------------------------------------------------------------


def replace_word(data: bytes, rng: Random) -> bytes:
    """A text with a hostile word, or another word of its own, in place of one of its words."""
    words = WORD.findall(data) or [b""]
    at = rng.randrange(len(words))
    if rng.random() < 0.3:
        words[at] = rng.choice(words)
    else:
        words[at] = rng.choice(HOSTILE_TEXTS).encode("utf-8", "surrogatepass")
    return b"".join(words)


def change_lines(data: bytes, rng: Random) -> bytes:
    """A text with a line that is deleted, doubled or moved."""
    lines = data.splitlines(keepends=True) or [b""]
    line = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 2))):
        lines.insert(rng.randint(0, len(lines)), line)
    return b"".join(lines)


def mutate_text(data: bytes, rng: Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = rng.choice((replace_word, replace_word, change_lines, mutate_bytes))(data, rng)[:MOST_BYTES]
    return data


# --- JSON -----------------------------------------------------------------------------------------------------------


def replace_value(value: object, rng: Random) -> object:
    """The JSON `value` with a hostile value in place of one of its parts, or of all of it, or without a part."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.1:
        return rng.choice(HOSTILE_VALUES)
    changed = value.copy()
    key = rng.choice(sorted(changed)) if isinstance(changed, dict) else rng.randrange(len(changed))
    if rng.random() < 0.15:
        del changed[key]
    elif isinstance(changed, dict) and rng.random() < 0.1:
        changed[rng.choice(("", "x", "\0", "9" * 300))] = changed.pop(key)
    else:
        changed[key] = replace_value(changed[key], rng)
    return changed


def mutate_json(text: bytes, rng: Random) -> bytes:
    """A JSON text with other values, or with other bytes."""
    if rng.random() < 0.3:
        return mutate_text(text, rng)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return mutate_text(text, rng)
    for _ in range(rng.choice((1, 1, 2))):
        value = replace_value(value, rng)
    return json.dumps(value).encode()


def mutate_json_lines(data: bytes, rng: Random) -> bytes:
    """JSON Lines of which one line, or the text as a whole, is mutated."""
    if rng.random() < 0.2:
        return mutate_text(data, rng)
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at] = mutate_json(lines[at], rng)
    return b"\n".join(lines)


# --- archives -------------------------------------------------------------------------------------------------------


def mutate_zip(mutate_member: Mutation) -> Mutation:
    """The mutation of a zip, by `mutate_member` within a member, or by bytes of the zip itself."""

    def mutate(data: bytes, rng: Random) -> bytes:
        if rng.random() < 0.4:
            return mutate_bytes(data, rng)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        at = rng.randrange(len(members))
        name, content = members[at]
        if rng.random() < 0.85:
            members[at] = name, mutate_member(content, rng)
        else:
            members[at] = rng.choice(("", "\0", "/", "x" * 70_000, "a\nb", "../x", members[0][0], "state.npy")), content
        return write_zip(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))

    return mutate


def write_zip(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of `members` (name, content), the same at any time of day."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            with_name = zipfile.ZipInfo(name[:60_000])
            with_name.compress_type = method
            if with_name.filename not in archive.NameToInfo:  # zipfile warns of a second one
                archive.writestr(with_name, content)
    return file.getvalue()


def mutate_array(data: bytes, rng: Random) -> bytes:
    """An array's file of numpy with another header, or with other bytes. A text within it is mutated as JSON."""
    start = 10 + int.from_bytes(data[8:10], "little")
    header, content = data[10:start], data[start:]
    choice = rng.random()
    if choice < 0.4 and b"<U" in header:
        text = content.decode("utf-32-le", "replace").encode("utf-8", "replace")
        text = mutate_json(text, rng).decode("utf-8", "replace")
        header = re.sub(rb"<U\d+", b"<U%d" % len(text), header)
        return data[:8] + len(header).to_bytes(2, "little") + header + text.encode("utf-32-le", "surrogatepass")
    if choice < 0.7:
        header = rng.choice((replace_word, replace_number))(header, rng)[:60_000]
        return data[:8] + len(header).to_bytes(2, "little") + header + content
    if choice < 0.8:
        return data[:start] + mutate_bytes(content, rng)[: len(content)].ljust(len(content), b"\xff")
    return mutate_bytes(data, rng)


def replace_number(data: bytes, rng: Random) -> bytes:
    """A text with another number in place of one of its numbers."""
    numbers = [*re.finditer(rb"\d+", data)]
    if not numbers:
        return data
    found = rng.choice(numbers)
    number = rng.choice((*EXTREMES, 10**30, rng.getrandbits(6)))
    return data[: found.start()] + b"%d" % number + data[found.end() :]


def mutate_tar(data: bytes, rng: Random) -> bytes:
    """A tar with other bytes; often a header is changed and its sum is made right again."""
    if rng.random() < 0.4:
        return mutate_bytes(data, rng)
    changed = bytearray(data)
    headers = [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]
    if not headers:
        return mutate_bytes(data, rng)
    at = rng.choice(headers)
    field, size = rng.choice(((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (345, 155)))
    contents = (
        rng.randbytes(size),
        *(b"\xff" * size, b"7" * size, b"\x80" + bytes(size), b" " * size, b"\0" * size),
        rng.choice(b"LKxgS1234567V").to_bytes(1, "big") * size,
    )
    changed[at + field : at + field + size] = rng.choice(contents)[:size]
    if rng.random() < 0.3 and at + 512 < len(data):  # the data of a header of names or numbers
        changed[at + 512 : at + 1024] = mutate_text(bytes(changed[at + 512 : at + 1024]), rng)[:512].ljust(512, b"\0")
    changed[at + 148 : at + 156] = b" " * 8
    changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + 512])
    return bytes(changed)


def mutate_tar_gz(data: bytes, rng: Random) -> bytes:
    """A .tar.gz with other bytes, of the tar or of the file."""
    if rng.random() < 0.4:
        return mutate_bytes(data, rng)
    return gzip.compress(mutate_tar(gzip.decompress(data), rng), 1, mtime=0)


def write_tar(members: dict[str, bytes], form: int) -> bytes:
    """A tar of `members` (name: content) in one of tarfile's forms, the same at any time of day."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


# --- PNG ------------------------------------------------------------------------------------------------------------


def mutate_png(data: bytes, rng: Random) -> bytes:
    """A PNG with other bytes; often those of a chunk whose checksum is made right again."""
    if rng.random() < 0.4:
        return mutate_bytes(data, rng)
    chunks = []
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    number = rng.randrange(len(chunks))
    kind, content = chunks[number]
    kind = rng.choice((kind, kind, kind, b"PLTE", b"tRNS", b"eXIf", b"acTL", b"fcTL"))
    chunks[number] = kind, mutate_bytes(content, rng)
    if rng.random() < 0.2:
        chunks.insert(rng.randint(0, len(chunks)), chunks[number])
    return data[:8] + b"".join(write_chunk(kind, content) for kind, content in chunks)


def write_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

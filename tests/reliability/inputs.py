"""Hostile files: each function puts its files into a folder, as somebody might who wishes the scripts ill.

Files of gigabytes are sparse or compressed, so they take next to no room here.
"""

import functools
import gzip
import io
import json
import os
import shutil
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from command_line import ROOT
from fakes import make_seen_plate, quad
from fontTools.ttLib import TTFont
from format_files import SMALL
from sample_files import make_jpeg
from training_runs import make_test_windows

from common import ALPHABET
from media.pictures import encode
from network.weights import description
from synthesis.storage import ARRAYS, SETTINGS_FILE
from synthesis.typefaces import OWN_FONTS
from training.checkpoint import CHECKPOINT_VERSION
from training.options import TrainingOptions

GRAY = encode(".png", np.full((60, 90, 3), 128, np.uint8))
DEPTH = 100_000  # levels of lists; far more than Python's parsers take
SPARSE_BYTES = 60 << 30
UNFOLDED_BYTES = 3 << 30
FONT = OWN_FONTS / "PlateWide-Regular.ttf"
NAMES = (  # of files, as bytes: all that Linux takes
    b"-dash.png",
    b"tab\t.png",
    b"line\n.png",
    "separator\u2028.png".encode(),
    b"latin \xfc.png",
    b"y" * 247 + b".png",  # 251 bytes, where the name of a temporary file would be too long
    b"z" * 251 + b".png",  # 255 bytes, the most
)


# --- special files --------------------------------------------------------------------------------------------------


def put_special(folder: Path) -> None:
    """A pipe, a socket, a device, a loop of links and 60 GB, all with the names of photographs and of other inputs."""
    os.mkfifo(folder / "pipe")
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket has at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.chdir(here)
    with (folder / "sparse").open("wb") as file:
        file.truncate(SPARSE_BYTES)
    for suffix in (".jpg", ".mp4", ".tar", ".npz", ".tsv"):
        for kind in ("pipe", "socket", "sparse"):
            (folder / (kind + suffix)).symlink_to(kind)
        (folder / f"device{suffix}").symlink_to("/dev/zero")
        (folder / f"loop{suffix}").symlink_to(f"loop{suffix}")


def put_photograph(folder: Path) -> None:
    (folder / "gray.png").write_bytes(GRAY)


# --- pictures -------------------------------------------------------------------------------------------------------


@functools.cache
def make_blank_png(width: int, height: int) -> bytes:
    """A whole PNG of black pixels, of one bit each."""
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + packer.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def put_bad_pictures(folder: Path) -> None:
    """Pictures that are too large, and some that are damaged in the midst, where decoders print what they think."""
    photos = folder / "photos"
    photos.mkdir(exist_ok=True)
    (photos / "square.png").write_bytes(make_blank_png(30_000, 30_000))
    (photos / "wide.png").write_bytes(make_blank_png(70_000, 100))
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    for suffix in (".bmp", ".tif", ".png", ".webp"):
        data = encode(suffix, noise)
        (photos / f"cut{suffix}").write_bytes(data[: len(data) // 2])
    damaged = bytearray(encode(".png", noise))
    damaged[len(damaged) // 2 :] = bytes(len(damaged) - len(damaged) // 2 - 12) + damaged[-12:]
    (photos / "damaged.png").write_bytes(damaged)
    (photos / "gif.png").write_bytes(b"GIF89a\x40\x00\x40\x00\xf7" + bytes(900) + b"\x2c" + b"\xff" * 99)
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "text.jpg").write_text("no picture")
    (photos / "gray.png").write_bytes(GRAY)


def put_names(folder: Path) -> None:
    photos = folder / "photos"
    photos.mkdir(exist_ok=True)
    for name in NAMES:
        (photos / os.fsdecode(name)).write_bytes(GRAY)


def put_pixels(folder: Path) -> None:
    """Backgrounds of one pixel, one row and one column."""
    (folder / "bgs").mkdir()
    for height, width in ((1, 1), (1, 500), (500, 1)):
        picture = encode(".png", np.full((height, width, 3), 99, np.uint8))
        (folder / "bgs" / f"{height}x{width}.png").write_bytes(picture)


# --- archives of pictures -------------------------------------------------------------------------------------------


def put_zip(folder: Path) -> None:
    """A zip of which few members are good: see the names."""
    members = [
        ("a/street/good.jpg", make_jpeg()),
        ("a/street/good.jpg", make_jpeg()),  # the same name again
        ("a/street/\u00fc\u00fc.jpg", make_jpeg()),  # its UTF-8 is spoilt below
        ("a/street/huge.jpg", encode(".jpg", np.full((10_000, 20_000), 90, np.uint8))),  # intact
        ("a/street/bomb.png", make_blank_png(30_000, 30_000)),
        ("../../street/above.jpg", make_jpeg()),
        ("a/street/empty.jpg", b""),
    ]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        archive.writestr("a/street/lzma.jpg", make_jpeg(), zipfile.ZIP_LZMA)
    (folder / "a.zip").write_bytes(stream.getvalue().replace("\u00fc\u00fc.jpg".encode(), b"\xff\xfe\xfd\xfc.jpg"))


def put_tar(folder: Path) -> None:
    """A good picture, and then a header that says it has 2 GB."""
    good = tarfile.TarInfo("a/street/good.jpg")
    content = make_jpeg()
    good.size = len(content)
    header = tarfile.TarInfo("x")
    header.size, header.type = 2 << 30, tarfile.XHDTYPE
    stream = good.tobuf() + content + bytes(-len(content) % 512) + header.tobuf(tarfile.GNU_FORMAT) + bytes(64 << 20)
    (folder / "a.tar.gz").write_bytes(gzip.compress(stream, 1))


def put_extracted(make_index: Callable[[Path], object]) -> Callable[[Path], None]:
    """A good archive, and a folder of extracted pictures whose index `make_index` makes."""

    def put(folder: Path) -> None:
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.writestr("a/street/good.jpg", make_jpeg())
        (folder / "bgs").mkdir()
        make_index(folder / "bgs" / "index.tsv")

    return put


def put_half(make_partial: Callable[[Path], object]) -> Callable[[Path], None]:
    """The same archive, and a folder of an interrupted run whose unfinished picture `make_partial` makes."""

    def put(folder: Path) -> None:
        put_extracted(Path.touch)(folder)
        make_partial(folder / "bgs" / ".partial")

    return put


# --- archives of arrays ---------------------------------------------------------------------------------------------


def make_npy(kind: str, shape: str, data: bytes = b"") -> bytes:
    """An array's file that says it has this kind and shape."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def write_npz(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def write_unfolding(path: Path) -> None:
    """3 MB that unfold to 3 GB. Each block of a megabyte is packed once, because packing 3 GB takes long."""
    start = make_npy("|u1", f"{UNFOLDED_BYTES},")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = head + zeros * (UNFOLDED_BYTES >> 20) + packer.flush()
    size = len(start) + UNFOLDED_BYTES
    name = b"array.npy"
    fields = struct.pack("<HHHHHIIIHH", 20, 0, zipfile.ZIP_DEFLATED, 0, 33, 0, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + fields + name
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    path.write_bytes(local + packed + central + end)


def put_arrays(folder: Path) -> None:
    """Archives of arrays that unfold to gigabytes, have shapes that no memory holds, or another compression."""
    write_unfolding(folder / "unfolds.npz")
    write_npz(folder / "shape.npz", presence=make_npy("<f4", f"{10**30},"))
    write_npz(folder / "lzma.npz", zipfile.ZIP_LZMA, presence=make_npy("<f4", "1,", bytes(4)))
    np.savez(folder / "score.npz", header=json.dumps({**description(), "scores": {"codes": 10**400}}))
    np.savez(folder / "nested.npz", header="[" * DEPTH, state="[" * DEPTH)
    save_large_weights(folder / "large.npz")
    put_special(folder)
    put_photograph(folder)


def save_large_weights(path: Path) -> None:
    """Weights of 3e38, which are numbers of float32 and beyond half precision."""
    from model import layers  # here, because it loads the networks

    arrays = {}
    for name, _, shape, _ in layers():
        arrays[f"{name}/kernel"] = np.broadcast_to(np.float32(3e38), shape)
        arrays[f"{name}/bias"] = np.zeros(shape[3], np.float32)
    np.savez_compressed(path, header=json.dumps({**description(), "scores": {}}), **arrays)


def put_checkpoint(write: Callable[[Path], object]) -> Callable[[Path], None]:
    """A checkpoint that `write` writes, and the weights of its run."""

    def put(folder: Path) -> None:
        write(folder / "checkpoint.npz")
        (folder / "weights.npz").write_bytes(b"the best weights so far")

    return put


def save_state(**changes: object) -> Callable[[Path], None]:
    """Writes a checkpoint of a run whose state has these `changes`."""

    def write(path: Path) -> None:
        state = {"version": CHECKPOINT_VERSION, "options": TrainingOptions().kept(), **changes}
        np.savez(path, state=json.dumps(state))

    return write


def put_batches(folder: Path) -> None:
    """Batches for --data of which none is good, and test windows, which train.py would make."""
    make_test_windows(folder)
    data = folder / "data"
    data.mkdir()
    good = {name: np.zeros((2, *kind.shape), kind.kind) for name, kind in ARRAYS.items()}
    np.savez(data / "00000000.npz", **{name: array[:0] for name, array in good.items()})
    np.savez(data / "00010000.npz", **good | {"presence": np.array(["a", "b"])})
    np.savez(data / "00020000.npz", **good | {"images": np.zeros((2, 3, 3, 3), np.uint8)})
    np.savez(data / "00030000.npz", other=np.zeros(3))
    write_unfolding(data / "00040000.npz")
    write_npz(data / "00050000.npz", presence=make_npy("<f4", f"{10**30},"))
    os.mkfifo(data / "00060000.npz")
    (data / "00070000.npz").mkdir()


# --- typefaces and formats ------------------------------------------------------------------------------------------


def put_fonts(folder: Path) -> None:
    """Typefaces of which one is good."""
    fonts = folder / "fonts"
    fonts.mkdir()
    (fonts / "good.ttf").write_bytes(FONT.read_bytes())
    (fonts / "text.ttf").write_text("no font")
    (fonts / "cut.ttf").write_bytes(FONT.read_bytes()[:5000])
    (fonts / "glyf.ttf").write_bytes(spoil_table(FONT.read_bytes(), "glyf"))
    (fonts / "loca.ttf").write_bytes(spoil_table(FONT.read_bytes(), "loca"))
    for name, character in (("blank", " "), ("alike", "H")):  # the glyph in the place of all others
        font = TTFont(FONT)
        for table in font["cmap"].tables:
            table.cmap.update(dict.fromkeys(map(ord, ALPHABET), table.cmap[ord(character)]))
        font.save(fonts / f"{name}.ttf")
    font = TTFont(FONT)
    for table in font["cmap"].tables:  # as in a symbol font, another shape is in the place of each letter
        letters = [table.cmap[ord(letter)] for letter in ALPHABET[:26]]
        table.cmap.update(dict(zip(map(ord, ALPHABET[:26]), letters[9:] + letters[:9], strict=True)))
    font.save(fonts / "symbols.ttf")
    with (fonts / "sparse.ttf").open("wb") as file:
        file.truncate(SPARSE_BYTES)


def spoil_table(data: bytes, table: str) -> bytes:
    """The font `data` with noise in place of one of its tables."""
    entry = TTFont(FONT).reader.tables[table]
    noise = np.random.default_rng(0).bytes(entry.length)
    return data[: entry.offset] + noise + data[entry.offset + entry.length :]


def put_format(old: str, new: str) -> Callable[[Path], None]:
    """A copy of gen.py whose folder of formats has one more: a good one with `new` in place of `old`."""

    def put(folder: Path) -> None:
        for path in ROOT.iterdir():
            if path.suffix == ".py":
                shutil.copy(path, folder)
            elif path.name == "formats":
                shutil.copytree(path, folder / "formats", ignore=shutil.ignore_patterns("__pycache__", ".*"))
            elif path.is_dir() and any(path.glob("*.py")):
                (folder / path.name).symlink_to(path)
        assert old in SMALL
        (folder / "formats" / "xx.toml").write_text(SMALL.replace(old, new, 1))

    return put


# --- tables and JSON ------------------------------------------------------------------------------------------------


def put_negatives(make_list: Callable[[Path], object]) -> Callable[[Path], None]:
    """Backgrounds with a list of hard negatives that `make_list` makes."""

    def put(folder: Path) -> None:
        (folder / "bgs").mkdir()
        (folder / "bgs" / "a.jpg").write_bytes(make_jpeg())
        make_list(folder / "bgs" / "hard_negatives.tsv")

    return put


def put_rows(make_rows: Callable[[Path], object]) -> Callable[[Path], None]:
    """A photograph, and the rows of an earlier run, which `make_rows` makes."""

    def put(folder: Path) -> None:
        put_photograph(folder)
        make_rows(folder / "rows.jsonl")

    return put


def write_text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def make_row(**changes: object) -> str:
    """A row of JSON with a plate that has these `changes`."""
    plate = {**make_seen_plate(quad(20, 30, 100, 25), (100, 200)).as_dict(), **changes}
    return json.dumps({"image": "gray.png", "plates": [plate]}) + "\n"


def put_settings(folder: Path) -> None:
    """Windows whose settings are nested deeply."""
    (folder / "test").mkdir()
    (folder / "test" / SETTINGS_FILE).write_text("[" * DEPTH)
    write_unfolding(folder / "test" / "00000000.npz")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)

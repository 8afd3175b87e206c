"""The readers of a user's files, each with valid samples of its files and with mutations that suit them.

A reader takes the path of a file and reads it as the scripts do. It raises UserError, or one of REFUSALS, where it
refuses the file.
"""

import bz2
import contextlib
import functools
import gzip
import io
import itertools
import json
import lzma
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np
from fakes import make_seen_plate, quad
from format_files import SMALL
from PIL import Image
from reliability import mutations
from reliability.mutations import Mutation
from sample_files import make_jpeg

from common import LONGEST_CODE, WINDOW_SHAPE, UserError
from formats.loading import FOLDER, load_formats
from media.archives import BadMember, CutArchive, open_archive, read_member
from media.background_folder import BackgroundFolder
from media.background_pictures import convert
from media.extraction import find_candidates
from media.labels import find_folder, find_photos, read_labels
from media.pictures import read_image
from media.tables import write_row
from media.videos import CODECS, frame_rate, open_video, read_frames, write_video
from network.weights import description, read_weights
from reading.results import RowFiles, open_results, take_up
from reading.sources import Film, Photo
from reading.videos import FilmReader
from synthesis.backgrounds import PHOTOGRAPH_PIXELS, cut_piece, load_hard_negatives, write_hard_negative
from synthesis.plates import draw_plate
from synthesis.storage import ARRAYS, SETTINGS_FILE, read_archive, settings_of, windows_in
from synthesis.typefaces import CHARACTERS, OWN_FONTS, Typeface, load_typefaces
from training.checkpoint import CHECKPOINT_VERSION, COLUMNS, Progress, load_checkpoint
from training.options import TrainingOptions

REFUSALS = (UserError, BadMember, CutArchive)  # the last two are told by extractbgs.py, which goes on with the next
WEIGHTS = {"a/kernel": (1, 1, 1, 2), "a/bias": (2,)}  # shapes of a network small enough for small files
FRAMES = 50  # of a video that are read
Samples = list[tuple[str, bytes]]  # (suffix, content) of valid files


class Reader(NamedTuple):
    """A reader of a user's files."""

    make_samples: Callable[[], Samples]
    read: Callable[[Path], object]
    mutate: Mutation = mutations.mutate_bytes
    mutate_suffix: Mapping[str, Mutation] = MappingProxyType({})  # of some suffixes, in place of `mutate`


# --- pictures and videos ---------------------------------------------------------------------------------------------


def make_pictures() -> Samples:
    """A small picture of each kind, some in several forms. The JPEG with a turn has an EXIF header."""
    smooth = cv2.resize(np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8), (40, 30))
    gray = smooth[..., 0]
    forms = [
        *((".jpg", smooth, ()), (".jpg", smooth, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)), (".jpg", gray, ())),
        *((".png", smooth, ()), (".png", gray.astype(np.uint16) * 257, ()), (".png", np.dstack([smooth, gray]), ())),
        *((".webp", smooth, (cv2.IMWRITE_WEBP_QUALITY, 60)), (".webp", smooth, (cv2.IMWRITE_WEBP_QUALITY, 101))),
        *((".bmp", smooth[:8, :10], ()), (".bmp", gray, ())),
        *((".tiff", smooth, (cv2.IMWRITE_TIFF_COMPRESSION, how)) for how in (1, 5, 8, 32773)),
    ]
    samples = [(suffix, cv2.imencode(suffix, image, list(how))[1].tobytes()) for suffix, image, how in forms]
    picture = Image.fromarray(smooth[..., ::-1])
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    for suffix, image, options in (
        (".jpg", picture, {"exif": exif}),
        (".jpg", picture.convert("CMYK"), {}),
        (".png", picture.convert("P"), {"exif": exif}),
        (".gif", picture.convert("P"), {"save_all": True, "append_images": [picture.convert("P").rotate(90)]}),
        (".webp", picture.convert("RGBA"), {"exif": exif, "save_all": True, "append_images": [picture.rotate(90)]}),
        (".tiff", picture, {"compression": "jpeg"}),
        (".bmp", picture.convert("P"), {}),
    ):
        file = io.BytesIO()
        image.save(file, {".jpg": "JPEG", ".tiff": "TIFF"}.get(suffix, suffix[1:].upper()), **options)
        samples.append((suffix, file.getvalue()))
    return samples


def read_picture(path: Path) -> None:
    """As detect.py reads a photo, gen.py a background, and extractbgs.py a member of an archive."""
    photo = read_image(path)
    assert photo.ndim == 3
    assert photo.dtype == np.uint8
    cut_piece(read_image(path, PHOTOGRAPH_PIXELS), WINDOW_SHAPE, np.random.default_rng(0))
    with contextlib.suppress(BadMember):  # smaller than a window
        convert(path.read_bytes())


def make_videos() -> Samples:
    """A video of ten frames of each kind."""
    slope = np.linspace(0, 100, 48)[None, :, None]
    samples = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in CODECS:
            path = Path(folder) / f"video{suffix}"
            with write_video(path, 12.5) as append:
                for i in range(10):
                    append(np.broadcast_to(slope + 10 * i, (32, 48, 3)).astype(np.uint8))
            samples.append((suffix, path.read_bytes()))
    return samples


def read_video(path: Path) -> None:
    film = FilmReader(None, Film(path, path.name), 2)
    assert film.promised is None or film.promised > 0
    frame_rate(film.video)
    last = -1.0
    shapes = set()
    for seconds, frame in itertools.islice(read_frames(path, open_video(path), 2), FRAMES):
        assert seconds > last
        last = seconds
        shapes.add(frame.shape)
    assert len(shapes) == 1


# --- archives -------------------------------------------------------------------------------------------------------


def make_archives() -> Samples:
    """Archives of every compression, with names that need headers of their own."""
    members = {
        "a/street/1.jpg": make_jpeg(130, 70),
        "a/street/" + "x" * 120 + ".jpg": b"no picture",
        "a/highway/\xe9\u0142.png": b"",
        "b.txt": b"text " * 50,
    }
    tars = [mutations.write_tar(members, form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    return [
        *((".tar", tar) for tar in tars),
        *((".tar.gz", gzip.compress(tar, mtime=0)) for tar in tars),
        *((".tar.bz2", bz2.compress(tars[0])), (".tar.xz", lzma.compress(tars[1]))),
        (".zip", mutations.write_zip([*members.items()])),
        (".zip", mutations.write_zip([*members.items()], zipfile.ZIP_DEFLATED)),
    ]


def read_members(path: Path) -> None:
    """As extractbgs.py does, but in one thread."""
    members, length, _ = open_archive(path)
    assert length >= 0
    for candidate in find_candidates(members, None, set()):
        write_row([candidate.class_name, candidate.name])
        with contextlib.suppress(BadMember):
            convert(read_member(candidate.member))


# --- fonts and formats ----------------------------------------------------------------------------------------------


def make_fonts() -> Samples:
    return [(path.suffix, path.read_bytes()) for path in sorted(OWN_FONTS.glob("Plate*.ttf"))]


def read_font(path: Path) -> None:
    face = Typeface(path)
    for character in CHARACTERS:
        mask = face.glyph(character)
        assert mask.size
        assert mask.shape[1] < 10_000


def make_formats() -> Samples:
    """A small format, and the shortest of the project."""
    others = [path.read_bytes() for path in sorted(FOLDER.glob("*.toml"))]
    return [(".toml", content) for content in (SMALL.encode(), *sorted(others, key=len)[:5])]


@functools.cache
def own_faces() -> tuple[Typeface, ...]:
    return load_typefaces(())


def read_format(path: Path) -> None:
    """As gen.py does, with a plate of each of the first styles."""
    [form] = load_formats(path.stem, path.parent)
    for style in form.styles[:3]:
        rng = np.random.default_rng(0)
        text = form.draw_text(rng, style.lines)
        assert 1 <= len(draw_plate(form, style, text, own_faces(), 200, rng).code) <= LONGEST_CODE


# --- arrays ---------------------------------------------------------------------------------------------------------


def write_npz(**arrays: np.ndarray) -> Samples:
    """The same arrays in an .npz file of each of numpy's two ways."""
    files = io.BytesIO(), io.BytesIO()
    np.savez(files[0], **arrays)
    np.savez_compressed(files[1], **arrays)
    return [(".npz", file.getvalue()) for file in files]


def make_weights() -> Samples:
    header = json.dumps({**description(), "scores": {"codes": 0.5}})
    return write_npz(header=header, **{name: np.ones(shape, np.float16) for name, shape in WEIGHTS.items()})


def read_small_weights(path: Path) -> None:
    for partly in (True, False):
        arrays = read_weights(path, WEIGHTS, partly).arrays
        assert all(np.isfinite(array).all() for array in arrays.values())


def make_checkpoints() -> Samples:
    progress = Progress(batch=1, step=3, planned=9, steps=12, windows=768, losses={"finder": [1.0], "reader": [2.0]})
    progress.history = [dict.fromkeys(COLUMNS, 0.5)]
    state = {"version": CHECKPOINT_VERSION, "options": TrainingOptions(seed=0).kept(), **vars(progress)}
    return write_npz(state=json.dumps(state), **{"finder/variables/0": np.ones(3, np.float32), "n": np.int64(3)})


def read_checkpoint(path: Path) -> None:
    checkpoint = load_checkpoint(path, path.with_name("weights.npz"))
    assert TrainingOptions(**checkpoint.options | {"out": None}).checkpoint


def make_batches() -> Samples:
    return write_npz(**{name: np.zeros((2, *kind.shape), kind.kind) for name, kind in ARRAYS.items()})


def read_batch(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        numbered = Path(folder) / "00000007.npz"
        shutil.copyfile(path, numbered)
        assert len(windows_in(numbered)) >= 0
    read_archive(path, ARRAYS)


# --- tables and JSON ------------------------------------------------------------------------------------------------


def make_indices() -> Samples:
    rows = [["00000000.jpg", "street", "a/street/1.jpg"], ["00000001.jpg", "x", "a\tb\\n\n\udcff.jpg"]]
    return [(".tsv", b"".join(map(write_row, rows)))]


def read_index(path: Path) -> None:
    """As extractbgs.py --resume does."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder) / "index.tsv")
        backgrounds = BackgroundFolder(Path(folder), resume=True)
        backgrounds.add(b"", "street", "\n")
        backgrounds.close()


def make_negatives() -> Samples:
    places = [("00000000.jpg", quad(1, 2, 30, 9)), ("a\tb\udcff.jpg", quad(-4, 7, 3, 1))]
    return [(".tsv", b"".join(write_hard_negative(name, corners) for name, corners in places))]


def make_labels() -> Samples:
    return [
        (".tsv", "a.jpg\t1\t2\t30\t9\tKA 02\nb.jpg\t0\t0\t0\t0\t?\n\nßé\\t.jpg\t1.5\t2\t3e1\t9\tx1\n".encode()),
        (".tsv", b"a.jpg\tKA02\r\nb.jpg\t?\r\n"),
        (".csv", b'\xef\xbb\xbfimage_path,plate_text,plate_region\n"a, ""b"".jpg",KA02,in\nb.jpg,?,\n\n'),
    ]


def read_label_table(path: Path) -> None:
    labels = read_labels(path)
    assert labels
    with contextlib.suppress(UserError):  # none of the photographs is there
        find_photos(path, labels, find_folder(path))


def make_rows() -> Samples:
    plate = make_seen_plate(quad(20, 30, 100, 25), (100, 200)).as_dict()
    rows = [{"image": name, "plates": plates} for name, plates in (("a.jpg", [plate, plate]), ("\udcff.jpg", []))]
    return [(".jsonl", b"".join(json.dumps(row).encode() + b"\n" for row in rows))]


def read_row_file(path: Path) -> None:
    """As detect.py --resume does, with a table of CSV."""
    with tempfile.TemporaryDirectory() as folder:
        files = RowFiles(Path(folder) / "rows.jsonl", Path(folder) / "rows.csv")
        shutil.copyfile(path, files.json)
        take_up([Photo(Path(name), name) for name in ("a.jpg", "c.jpg")], files.json)
        with open_results(files, False, resume=True):
            pass


def make_settings() -> Samples:
    return [(".json", b'{"formats": {"in": [1, 2.5]}, "version": 3, "fonts": null}\n')]


def read_settings(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder) / SETTINGS_FILE)
        settings_of(Path(folder))


NPZ = mutations.mutate_zip(mutations.mutate_array)
READERS = {
    "picture": Reader(make_pictures, read_picture, mutate_suffix={".png": mutations.mutate_png}),
    "archive": Reader(
        make_archives,
        read_members,
        mutate_suffix={
            ".tar": mutations.mutate_tar,
            ".tar.gz": mutations.mutate_tar_gz,
            ".zip": mutations.mutate_zip(mutations.mutate_bytes),
        },
    ),
    "font": Reader(make_fonts, read_font),
    "format": Reader(make_formats, read_format, mutate=mutations.mutate_text),
    "weights": Reader(make_weights, read_small_weights, mutate=NPZ),
    "checkpoint": Reader(make_checkpoints, read_checkpoint, mutate=NPZ),
    "batch": Reader(make_batches, read_batch, mutate=NPZ),
    "index": Reader(make_indices, read_index, mutate=mutations.mutate_text),
    "negatives": Reader(make_negatives, load_hard_negatives, mutate=mutations.mutate_text),
    "labels": Reader(make_labels, read_label_table, mutate=mutations.mutate_text),
    "rows": Reader(make_rows, read_row_file, mutate=mutations.mutate_json_lines),
    "settings": Reader(make_settings, read_settings, mutate=mutations.mutate_json),
    "video": Reader(make_videos, read_video),
}


@functools.cache
def samples_of(name: str) -> Samples:
    """The valid files of the reader `name`."""
    return READERS[name].make_samples()


def make_input(name: str, seed: int, number: int) -> tuple[str, bytes]:
    """The suffix and the content of the file `number` that the reader `name` is given; the same each time."""
    rng = Random(f"{seed}/{name}/{number}")
    samples = samples_of(name)
    suffix, content = rng.choice(samples)
    if rng.random() < 0.05:
        return suffix, mutations.splice(content, rng.choice(samples)[1], rng)
    reader = READERS[name]
    return suffix, reader.mutate_suffix.get(suffix, reader.mutate)(content, rng)

"""The page of results: one HTML file that shows every photo small and its plates enlarged, and takes corrections.

A page is a folder with `index.html` and `images/`. `index.html` holds the template `page.html` and, in a block of
JSON, one row a photo. It needs no server and fetches nothing but `images/`: one small JPEG file for each photo and one
for each plate, turned upright. The names of photos and codes are data in that block, never HTML.
"""

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np

from common import UserError, rectify, write_beside
from reading.geometry import expand
from reading.plate import Plate

TEMPLATE = Path(__file__).with_name("page.html")
ROWS = "[]</script>"  # where the template has an empty list of photos
FOLDER = '""</script>'  # where the template has no folder of photos
INDEX, IMAGES = "index.html", "images"  # what a page's folder holds
SIGNATURE = b'<meta name="generator" content="detect.py --page">'  # tells a page from a user's own index.html
SIGNATURE_WITHIN = 1024  # bytes from the beginning of index.html
PICTURE_NAME = re.compile(r"\d{6,}(-\d+)?\.jpg")  # of the pictures in images/: 000012.jpg, and its plate 000012-1.jpg

# Sizes in pixels. The page shows a picture at about half of its largest size, because screens of phones are fine.
PHOTO_SIDE = 320  # longer side of a small photo: 5,000 photos take about 80 MB
PLATE_SIZE = (400, 120)  # most width and height of a plate's picture
PLATE_MARGIN = 0.06  # of the plate's width and height, on each side, because corners are not exact; not tuned
LEAST_SIDE = 8  # of any picture, because a plate may be narrower than a pixel in places; not tuned
QUALITY = 80  # of the JPEG files, 0..100; characters stay clear; not tuned

UNSAFE = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})  # would end a block of JSON within HTML

AddPhoto = Callable[[str, np.ndarray, list[Plate], Path | None], None]


@contextlib.contextmanager
def write_page(folder: str | os.PathLike, base: Path | None = None) -> Iterator[AddPhoto]:
    """Yield a function that adds a photo to a page. The page appears in `folder` when the block ends well.

    The function takes the photo's name, the photo (H, W, 3) uint8 BGR, its plates, and its file, or None where it has
    none; the page links to the file. The labels that the page exports say that the photos are in the folder `base`,
    which is a path without links. Memory does not grow with the number of photos. An earlier page in `folder` is
    replaced, and stays as it is when the block ends with an exception.

    Raises UserError when `folder` cannot be written, or holds an `index.html` or `images` that are no page's.
    """
    folder = Path(folder)
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        making = tempfile.TemporaryDirectory(prefix=".page-", dir=folder)
        draft = Draft(folder, Path(making.name), base)
    except OSError as error:
        raise refuse(folder, error) from None
    with making:
        yield draft.add
        publish(draft)


def refuse(folder: Path, error: OSError) -> UserError:
    """The error that says why a page in `folder` cannot be written."""
    return UserError(f"{folder}: the page cannot be written ({error.strerror}); choose another folder for --page")


def check_folder(folder: Path) -> None:
    """Raise UserError when a page in `folder` would replace files that are no page's."""
    index, images = folder / INDEX, folder / IMAGES
    try:
        if index.exists() and not is_page(index):
            raise UserError(f"{index}: was not written by detect.py; choose another folder for --page")
        if not images.exists():
            return
        strange = [name for name in os.listdir(images) if not PICTURE_NAME.fullmatch(name)]
        if strange or not index.exists():
            raise UserError(f"{images}: holds files that are no page's; choose another folder for --page")
    except OSError as error:
        raise refuse(folder, error) from None


def check_apart(folder: Path, used: Iterable[Path]) -> None:
    """Raise UserError when one of the files `used`, read or written, is among the pictures of a page in `folder`.

    A page replaces all of its pictures.
    """
    images = Path(os.path.realpath(folder / IMAGES))
    for path in used:
        if images in Path(os.path.realpath(path)).parents:
            raise UserError(
                f"{path}: is, or would be, among the pictures of the page; choose another folder for --page"
            )


def is_page(index: Path) -> bool:
    """Whether the file `index` is a page that this module wrote."""
    if not index.is_file():
        return False
    with index.open("rb") as file:
        return SIGNATURE in file.read(SIGNATURE_WITHIN)


class Draft:
    """A page that grows: its pictures and its rows, in a folder that is moved into place later."""

    def __init__(self, folder: Path, making: Path, base: Path | None) -> None:
        self.folder = folder
        self.base = base
        self.images = making / IMAGES
        self.rows = making / "rows"  # the rows so far, as they will stand in index.html
        self.replaced = making / "replaced"  # the earlier page's pictures, when this page has taken its place
        self.photos = 0
        self.images.mkdir()
        self.rows.touch()

    def add(self, name: str, photo: np.ndarray, plates: list[Plate], file: Path | None) -> None:
        """Write the pictures and the row of one photo; see `write_page`."""
        self.photos += 1
        row = {
            "image": name,
            "path": name if file is None or self.base is None else find_path(file, self.base),
            "file": None if file is None else link(file, self.folder),
            "size": [photo.shape[1], photo.shape[0]],
            "plates": [plate.as_dict() for plate in plates],
        }
        pictures = [shrink(photo), *(cut_out(photo, plate.corners) for plate in plates)]
        try:
            for i, picture in enumerate(pictures):
                suffix = f"-{i}" if i else ""
                write_jpeg(self.images / f"{self.photos:06}{suffix}.jpg", picture)
            with self.rows.open("a", encoding="ascii") as rows:
                rows.write(",\n" * (self.photos > 1) + as_json(row))
        except OSError as error:
            raise refuse(self.folder, error) from None


def publish(draft: Draft) -> None:
    """Move the page `draft` into its folder, and the earlier page's pictures out of it."""
    base = "" if draft.base is None else str(draft.base)
    template = TEMPLATE.read_text(encoding="utf-8").replace(FOLDER, FOLDER.replace('""', as_json(base)), 1)
    before, after = template.split(ROWS)
    images = draft.folder / IMAGES
    with write_beside(draft.folder / INDEX) as temporary:
        with temporary.open("w", encoding="utf-8", newline="\n") as index:
            index.write(before + "[\n")
            with draft.rows.open(encoding="ascii") as rows:
                shutil.copyfileobj(rows, index)
            index.write("\n" + ROWS[1:] + after)
        if images.exists():
            os.replace(images, draft.replaced)
        os.replace(draft.images, images)


def as_json(row: dict | str) -> str:
    """`row` as JSON in ASCII, without the characters that mean something to HTML."""
    return json.dumps(row, separators=(",", ":")).translate(UNSAFE)


def find_path(file: Path, base: Path) -> str:
    """The path of `file` below the folder `base`, as a table of labels names the photo."""
    return os.path.relpath(os.path.join(os.path.realpath(file.parent), file.name), base)


def link(file: Path, folder: Path) -> str:
    """The address of `file` as a page in `folder` links to it: a relative URL, every unusual byte as %XX."""
    return quote(os.fsencode(os.path.relpath(file, folder)))


def shrink(photo: np.ndarray) -> np.ndarray:
    """`photo` (H, W, 3), made so small that its longer side has PHOTO_SIDE pixels at most."""
    height, width = photo.shape[:2]
    scale = min(1, PHOTO_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def cut_out(photo: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The plate at `corners` (4, 2) of `photo` (H, W, 3), turned upright, at its own size or smaller.

    The browser enlarges small pictures, so they need no more pixels than the plate has.
    """
    [quad] = expand(corners[None], PLATE_MARGIN)
    top, right, bottom, left = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    width, height = max(top, bottom), max(left, right)
    scale = min(1, PLATE_SIZE[0] / width, PLATE_SIZE[1] / height)
    shape = max(LEAST_SIDE, round(height * scale)), max(LEAST_SIDE, round(width * scale))
    return rectify(photo, quad, shape)


def write_jpeg(path: Path, picture: np.ndarray) -> None:
    """Write `picture` (H, W, 3) uint8 BGR to `path`, which is in a folder of this run's own."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    path.write_bytes(data)

"""Labels: a table of the plates on a user's photographs.

A label is one plate: the name of its photograph, its box where the box is known, and its code. Three kinds of tables
are read. TEXT may have spaces and signs, which do not count. TEXT is `?` where nobody can read the plate.

    image<TAB>x<TAB>y<TAB>w<TAB>h<TAB>TEXT     the box in pixels, 0 0 0 0 where it is not known
    image<TAB>TEXT                             a crop, or a photograph with its plate anywhere
    image_path,plate_text                      the header of a CSV file, as fast-plate-ocr writes it; the box is not
                                               known, and further columns are ignored

Names are paths below one folder. The line `# photographs in FOLDER` says which one; without it see `find_folder`. Other
lines that begin with # and have no tab are remarks.
"""

import csv
import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from common import ALPHABET, UserError, show
from media.files import read_bytes
from media.limits import NAME_LENGTH, TABLE_BYTES
from media.tables import read_row

UNKNOWN = "?"  # TEXT of a plate that nobody can read
CSV_COLUMNS = ("image_path", "plate_text")
REMARK = b"#"  # begins a line that is no label, where the line has no tab
FOLDER_LINE = "# photographs in "  # begins the line that tells the folder
REMEDY = "a line has image, x, y, w, h, TEXT or image, TEXT, with tabs between"

Box = tuple[float, float, float, float]  # x, y, width, height in pixels


class Label(NamedTuple):
    """One plate on a photograph."""

    image: str  # the photograph's name as the table says it: a path below the folder of the photographs
    box: Box | None  # None where it is not known
    code: str  # letters and digits; "" where nobody can read the plate
    line: int = 0  # of the table, from 1; 0 where the label is from no table


class BadLine(Exception):
    """A line of a table that is no label. Its text is the reason and the remedy."""


def clean_code(text: str) -> str:
    """The code in `text`: its letters and digits, in upper case."""
    return "".join(character for character in text.upper() if character in ALPHABET)


def read_labels(path: str | os.PathLike) -> list[Label]:
    """The labels of the table `path`, in the order of its lines.

    Raises UserError when the table cannot be read or has no label. Raises UserError, which names the first wrong line,
    when a line is no label or repeats another one.
    """
    data = read_table(path)
    rows = read_csv(data) if is_csv(data) else read_tsv(data)
    labels: list[Label] = []
    wrong: list[str] = []
    lines: dict[tuple, int] = {}  # of each label, where it stood first
    for number, row in rows:
        try:
            label = parse_row(row, number)
            first = lines.setdefault(label[:3], number)
            if first != number:
                raise BadLine(f"repeats line {first}; delete one of them")
            labels.append(label)
        except BadLine as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" ({len(wrong) - 1} more lines are wrong)" if len(wrong) > 1 else ""
        raise UserError(f"{path}: {wrong[0]}{more}")
    if not labels:
        raise UserError(f"{path}: has no labels; {REMEDY}")
    return labels


def read_table(path: str | os.PathLike) -> bytes:
    """The content of the table `path` without a byte order mark. Raises UserError when it cannot be read."""
    return read_bytes(path, TABLE_BYTES, "name a table of labels").removeprefix(b"\xef\xbb\xbf")


def is_csv(data: bytes) -> bool:
    """Whether the first line of a table is the header of a CSV file of labels."""
    header = data.split(b"\n", 1)[0].decode("utf-8", "replace")
    return set(CSV_COLUMNS) <= {column.strip().strip('"') for column in header.split(",")}


def read_tsv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The number and the fields of each line that is neither empty nor a remark."""
    for number, line in enumerate(data.split(b"\n"), 1):
        line = line.removesuffix(b"\r")
        if line.strip() and not is_remark(line):
            yield number, read_row(line)


def is_remark(line: bytes) -> bool:
    """Whether a line is a remark. The name of a photograph may begin with # too, but a tab follows it."""
    return line.startswith(REMARK) and b"\t" not in line


def read_csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that is not empty, and its two fields of CSV_COLUMNS.

    A line without these fields gives the fields that it has. A line that is no CSV gives no text. A space after a comma
    does not count.
    """
    reader = csv.reader(
        io.StringIO(data.decode("utf-8", "surrogateescape"), newline=""), strict=True, skipinitialspace=True
    )
    try:
        header = [column.strip() for column in next(reader)]
        columns = [header.index(column) for column in CSV_COLUMNS]
    except (csv.Error, ValueError):  # its quotes are not those of CSV
        yield 1, [""]
        return
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = [""]
        if row:
            yield reader.line_num, [row[i] for i in columns if i < len(row)]


def parse_row(row: list[str], number: int) -> Label:
    """The label that line `number` of a table says by the fields `row`. Raises BadLine."""
    if len(row) not in (2, 6):
        count = "1 field" if len(row) == 1 else f"{len(row)} fields"
        raise BadLine(f"has {count}; {REMEDY}")
    image, *numbers, text = row
    if not image.strip():
        raise BadLine("names no image; write its file name first")
    if len(image) > NAME_LENGTH:
        raise BadLine(f"names an image by more than {NAME_LENGTH:,} characters; no file has such a name")
    code = clean_code(text)
    if not code and text.strip() != UNKNOWN:
        raise BadLine(f"{show(text)} has no letter A-Z and no digit; write ? where the plate cannot be read")
    return Label(image, parse_box(numbers), code, number)


def parse_box(numbers: list[str]) -> Box | None:
    """The box that the fields x, y, w, h say; None where there are no fields or all are 0. Raises BadLine."""
    try:
        box = tuple(float(number) for number in numbers)
    except ValueError:
        raise BadLine(f"{show(' '.join(numbers))} is no box; write x, y, w and h in pixels") from None
    if not any(box):
        return None
    if not all(map(math.isfinite, box)) or min(box[2:]) <= 0:
        raise BadLine(f"the box {show(' '.join(numbers))} has no area; write x, y, w and h in pixels, or 0 0 0 0")
    if min(box[2:]) < 1:  # as where they are shares of the photograph's width and height
        raise BadLine(f"the box {show(' '.join(numbers))} is smaller than a pixel; write x, y, w and h in pixels")
    return box


def find_folder(path: str | os.PathLike) -> Path:
    """The folder of the photographs of the table `path`.

    The table may say it. Where the table does not, or where that folder is gone, the photographs are beside the table:
    for `my/labels.tsv` in `my/labels` if this exists, otherwise in `my`. Names in a table are paths below this folder.
    Raises UserError when the table cannot be read.
    """
    path = Path(path)
    said = path.parent / read_folder(read_table(path))
    if said != path.parent and os.path.isdir(said):  # `said.is_dir()` raises OSError at a long name
        return said
    beside = path.with_suffix("")
    return beside if beside != path and os.path.isdir(beside) else path.parent


def read_folder(data: bytes) -> str:
    """The folder that a table says its photographs are in, or ""."""
    for line in data.split(b"\n"):
        if is_remark(line) and line.startswith(FOLDER_LINE.encode()):
            [text] = read_row(line.removesuffix(b"\r"))
            return text.removeprefix(FOLDER_LINE).strip()
    return ""


def find_photos(path: str | os.PathLike, labels: list[Label], folder: Path) -> dict[Path, list[Label]]:
    """The labels of each photograph below `folder` that `labels`, those of the table `path`, name.

    Raises UserError, which names the line of the table, when there is no such photograph.
    """
    photos: dict[Path, list[Label]] = {}
    for label in labels:
        photo = folder / label.image
        if photo not in photos and not os.path.isfile(photo):  # `photo.is_file()` raises OSError at a long name
            remedy = f"correct the name, or write '{FOLDER_LINE}FOLDER' above the labels"
            raise UserError(f"{path}: line {label.line}: {photo} is no file; {remedy}")
        photos.setdefault(photo, []).append(label)
    return photos

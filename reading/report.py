"""The report of a measurement: pictures of the misread plates, of the confusions, and of the reliability.

The pictures show a user's photographs, so they belong to the user.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from common import ALPHABET, UserError, make_folder
from media.charts import GRAY, Line, draw_chart
from media.labels import Box
from media.pictures import read_image, write_image
from reading.drawing import lettering
from reading.measuring import Finding, Measurement
from reading.reliability import CURVE_EDGES, Judged, fill_bins, judge_readings
from reading.scoring import align

SHEET_NAME = "misread-{:02}.png"
CURVE_SIZE = (820, 820)  # width and height in pixels
# A sheet of misread plates, in pixels. Chosen by eye.
COLUMNS = 4  # cells
ROWS = 10  # cells
CELL_WIDTH = 340
PICTURE_HEIGHT = 130
CODE_HEIGHT = 34  # of the row of a code
NOTE_HEIGHT = 26  # of the row with confidence and name
EDGE = 8  # between cells
CELL_HEIGHT = PICTURE_HEIGHT + 2 * CODE_HEIGHT + NOTE_HEIGHT
PITCH = 26  # from one character of a code to the next; less where the code is long
SURROUNDINGS = 0.6  # of a plate's height, shown on each side of the plate
# The picture of confusions, in pixels. Chosen by eye.
CLASSES = (*ALPHABET, "")  # "" for a character that was added or left out
FIELD = 26
MARGIN = 70  # left of the fields and above them
# Colours, BGR.
WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
PALE = (225, 225, 225)  # the ground of pictures that do not fill their cell
WRONG = (190, 190, 255)  # the ground of characters that differ
OUTLINE = (230, 60, 230)  # of the reading; no plate has this colour


def prepare_report(folder: Path, photos: Iterable[Path]) -> None:
    """Make the folder of a report on `photos` if need be, before they are read.

    Raises UserError when the folder cannot be made, or when one of the `photos` is in it, because a report replaces
    pictures.
    """
    make_folder(folder)
    if folder.resolve() in {parent.resolve() for parent in {photo.parent for photo in photos}}:
        raise UserError(f"{folder}: holds the photographs themselves; name another folder for the report")


def write_report(folder: Path, measurement: Measurement) -> None:
    """Write the report into `folder`. Pictures of an earlier report are replaced.

    Raises UserError as `prepare_report` does, and when a picture cannot be written.
    """
    prepare_report(folder, measurement.labels)
    write_sheets(folder, [*measurement.misreadings(), *measurement.missed()])
    write_image(folder / "confusion.png", draw_confusions(measurement.confusions()))
    write_image(folder / "reliability.png", draw_curve(judge_readings(measurement.verdicts.values())))


def write_sheets(folder: Path, findings: Sequence[Finding]) -> None:
    """Write sheets of these plates, misread-01.png and so on, and delete further sheets of an earlier report."""
    for path in folder.iterdir():
        if re.fullmatch(r"misread-\d{2,}\.png", path.name):
            with contextlib.suppress(OSError):  # what cannot be deleted cannot be replaced either, and then it is said
                path.unlink()
    size = COLUMNS * ROWS
    for start in range(0, len(findings), size):
        write_image(folder / SHEET_NAME.format(start // size + 1), draw_sheet(findings[start : start + size]))


def draw_sheet(findings: Sequence[Finding]) -> np.ndarray:
    """Cells of the plates, COLUMNS in a row, (H, W, 3) uint8."""
    rows = -(-len(findings) // COLUMNS)
    height, width = CELL_HEIGHT + EDGE, CELL_WIDTH + EDGE
    sheet = np.full((rows * height + EDGE, COLUMNS * width + EDGE, 3), WHITE, np.uint8)
    for i, finding in enumerate(findings):
        row, column = divmod(i, COLUMNS)
        top, left = EDGE + row * height, EDGE + column * width
        sheet[top : top + CELL_HEIGHT, left : left + CELL_WIDTH] = draw_cell(finding)
    return sheet


def draw_cell(finding: Finding) -> np.ndarray:
    """A plate, its code above its reading, and the confidence and name: (CELL_HEIGHT, CELL_WIDTH, 3) uint8."""
    photo, outcome = finding
    cell = np.full((CELL_HEIGHT, CELL_WIDTH, 3), WHITE, np.uint8)
    cell[:PICTURE_HEIGHT] = show_plate(finding)
    answer = outcome.nearest
    pairs = align(outcome.label.code, answer.code if answer else "")
    for row in range(2):
        part = cell[PICTURE_HEIGHT + row * CODE_HEIGHT :][:CODE_HEIGHT]
        draw_code(part, [pair[row] for pair in pairs], [pair[0] != pair[1] for pair in pairs])
    note = f"{answer.confidence:.2f}" if answer else "not found"
    write(cell[-NOTE_HEIGHT:], f"{note}  {photo.name}", NOTE_HEIGHT // 2)
    return cell


def show_plate(finding: Finding) -> np.ndarray:
    """The labelled plate with its surroundings, and the outline of its reading: (PICTURE_HEIGHT, CELL_WIDTH, 3)."""
    canvas = np.full((PICTURE_HEIGHT, CELL_WIDTH, 3), PALE, np.uint8)
    try:
        photo = read_image(finding.photo)
    except UserError:  # the photograph vanished since it was read
        return canvas
    label, answer = finding.outcome.label, finding.outcome.nearest
    left, top, right, bottom = surround(label.box or (answer.box if answer else None), photo.shape)
    part = photo[top:bottom, left:right]
    scale = min(PICTURE_HEIGHT / part.shape[0], CELL_WIDTH / part.shape[1])
    size = max(1, int(part.shape[1] * scale)), max(1, int(part.shape[0] * scale))
    part = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if answer:
        corners = (answer.corners - (left, top)) * scale
        cv2.polylines(part, [np.round(corners).astype(np.int32)], True, OUTLINE, 1, cv2.LINE_AA)
    y, x = (PICTURE_HEIGHT - part.shape[0]) // 2, (CELL_WIDTH - part.shape[1]) // 2
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
    return canvas


def surround(box: Box | None, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, in whole pixels, of `box` with its surroundings, inside a photo of `shape` (H, W).

    The whole photo where there is no box, or where the box is outside the photo.
    """
    height, width = shape[:2]
    if box is None:
        return 0, 0, width, height
    x, y, across, down = box
    margin = SURROUNDINGS * down
    left, top = max(0, int(x - margin)), max(0, int(y - margin))
    right, bottom = min(width, int(x + across + margin) + 1), min(height, int(y + down + margin) + 1)
    if left >= right or top >= bottom:
        return 0, 0, width, height
    return left, top, right, bottom


def draw_code(part: np.ndarray, characters: Sequence[str], differ: Sequence[bool]) -> None:
    """Draw `characters` into `part` (h, w, 3), one a pitch; those that `differ` on a ground of colour."""
    pitch = min(PITCH, part.shape[1] // max(len(characters), 1))
    if not pitch:
        return
    for i, (character, is_wrong) in enumerate(zip(characters, differ, strict=True)):
        place = part[:, i * pitch : (i + 1) * pitch]
        if is_wrong:
            place[1:-1, 1:-1] = WRONG
        write(place, character, part.shape[0] * 2 // 3)


def write(part: np.ndarray, text: str, height: int) -> None:
    """Write black letters in the middle of `part` (h, w, 3), at most `height` pixels high."""
    if not text:
        return
    ink = lettering(text, height, max(1, part.shape[1] - 4))
    y, x = (part.shape[0] - ink.shape[0]) // 2, (part.shape[1] - ink.shape[1]) // 2
    place = part[y : y + ink.shape[0], x : x + ink.shape[1]]
    share = ink[..., None] / 255.0
    place[:] = np.round(share * BLACK + (1 - share) * place)


def draw_confusions(confusions: Counter[tuple[str, str]]) -> np.ndarray:
    """A field for each pair of characters, (H, W, 3) uint8: rows are the code's, columns are the reading's.

    A field is the darker, the larger its share of its row. The fields of wrong characters have their count.
    """
    side = MARGIN + FIELD * len(CLASSES) + FIELD
    picture = np.full((side, side, 3), WHITE, np.uint8)
    write(picture[: MARGIN - FIELD, MARGIN:], "read", FIELD // 2)
    write(picture[MARGIN:, : MARGIN - FIELD], "code", FIELD // 2)
    for i, character in enumerate(CLASSES):
        place = MARGIN + FIELD * i
        write(picture[place : place + FIELD, MARGIN - FIELD : MARGIN], character or "none", FIELD // 2)
        write(picture[MARGIN - FIELD : MARGIN, place : place + FIELD], character or "none", FIELD // 2)
    totals: Counter[str] = Counter()
    for (truth, _), count in confusions.items():
        totals[truth] += count
    for row, truth in enumerate(CLASSES):
        for column, read in enumerate(CLASSES):
            field = picture[MARGIN + FIELD * row :, MARGIN + FIELD * column :][:FIELD, :FIELD]
            draw_field(field, confusions[truth, read], totals[truth], is_wrong=truth != read)
    return picture


def draw_field(field: np.ndarray, count: int, total: int, is_wrong: bool) -> None:
    """Colour the (FIELD, FIELD, 3) field of a pair that was seen `count` times of `total`, and write the count."""
    field[:-1, :-1] = PALE if is_wrong else WHITE
    if not count:
        return
    share = count / total
    if is_wrong:
        field[:-1, :-1] = np.round((1 - share) * np.array(WRONG) + share * np.array((90, 90, 255)))
        write(field, str(count), FIELD // 2)
    else:
        field[:-1, :-1] = round(235 - 120 * share)


def draw_curve(judged: Sequence[Judged]) -> np.ndarray:
    """The reliability curve: the share of readings that are right, against their confidence; (H, W, 3) uint8."""
    bins = fill_bins(judged, CURVE_EDGES)
    lines = [Line((0, 1), (0, 100), GRAY)]
    if bins:
        counts = [str(b.count) for b in bins]
        lines.append(Line([b.confidence for b in bins], [100 * b.right for b in bins], labels=counts))
    title = "readings that are right, %, and how many there are"
    return draw_chart(CURVE_SIZE, "confidence", title, lines)

"""Photographs with labelled plates, drawn by the synthesis, that stand for a user's own."""

from pathlib import Path

import numpy as np

from formats.plate_format import PlateFormat
from media.pictures import write_image
from synthesis.photograph import photograph
from synthesis.placement import View, outline_in, turn
from synthesis.subject import Choice, make_plate
from synthesis.windows import Synthesizer

SHAPE = (300, 400)  # height, width in pixels
WIDTHS = (80, 160)  # pixels that a plate spans
SEED = 7  # sets them apart from training and test windows


def draw_formats(synthesizer: Synthesizer, formats: list[PlateFormat]) -> None:
    """Have `synthesizer` draw the plates of these formats, which need not be in formats/."""
    synthesizer.formats = formats
    synthesizer.format_weights = [form.weight for form in formats]
    synthesizer.style_weights = {form.name: [style.weight for style in form.styles] for form in formats}


def draw_photo(
    synthesizer: Synthesizer,
    number: int,
    shape: tuple[int, int] = SHAPE,
    widths: tuple[float, float] = WIDTHS,
    night: tuple[str, ...] | None = None,
) -> tuple[np.ndarray, list[int], str]:
    """Photograph `number`, (*shape, 3) uint8, the box x, y, w, h of its plate in pixels, and the plate's code.

    The plate spans `widths` pixels, or more where its code would be illegible. `night` is as in `photograph`.
    """
    rng = np.random.default_rng((SEED, number))
    width = rng.uniform(*widths)
    choice = Choice(rectified=False, shown="plate", present=True, misplaced=False, width=width)
    subject = make_plate(choice, synthesizer.draw_flat_plate(width, rng), synthesizer.faces, rng)
    corners = turn(subject.aspect, "rectified", rng)  # plates lean as rarely as when this was first measured
    corners *= subject.width / np.ptp(corners[:, 0])
    extent = np.ptp(corners, axis=0)
    room = np.array(shape[::-1]) - extent
    corners += room * rng.uniform(0.2, 0.8, 2) - corners.min(0)
    background = synthesizer.backgrounds.draw(shape, number, SEED, rng)
    view = View(shape, corners, subject.pitch)
    image = photograph(background, subject.board, outline_in(view, subject), subject.pitch, rng, night=night)
    low = np.floor(corners.min(0))
    box = [*low, *(np.ceil(corners.max(0)) - low)]
    return image, [int(value) for value in box], subject.code


def write_photos(folder: Path, synthesizer: Synthesizer, count: int, first: int = 0) -> Path:
    """Write photographs first .. first + count - 1 to `folder`, and beside it their table, whose path is returned."""
    folder.mkdir()
    lines = []
    for number in range(first, first + count):
        image, box, code = draw_photo(synthesizer, number)
        write_image(folder / f"{number}.png", image)
        lines.append("\t".join(map(str, [f"{number}.png", *box, code])) + "\n")
    table = folder.with_suffix(".tsv")
    table.write_text("".join(lines))
    return table

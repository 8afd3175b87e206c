#!/usr/bin/env python3
"""Measure what labelled photographs bring: a curve over their number.

    python tests/fine_tuning.py [weights.npz] --hours 0.25 --chart fine_tuning.png

draws photographs of plates of an invented country, in a typeface of dots that the weights have never seen. It trains
with 20, 100 and 500 of them, by `train.py weights.npz --photos labels.tsv --out mine.npz`, and has the weights read 100
further photographs. It prints a table in Markdown.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from dotted_typeface import write_typeface
from drawn_photographs import write_photos

from common import CommandParser, UserError, positive, run
from formats.loading import load_formats
from media.charts import Line, draw_chart
from media.labels import find_folder, find_photos, read_labels
from media.pictures import read_image, write_image
from model import load_weights
from reading.plate_reader import PlateReader
from reading.scoring import Score, add_up, judge
from synthesis.typefaces import load_typefaces
from synthesis.windows import Settings, Synthesizer, normalised

ROOT = Path(__file__).resolve().parent.parent
COUNTS = (20, 100, 500)  # labelled photographs
FURTHER = 100  # photographs that are read after training
CHART_SIZE = (650, 500)  # width and height in pixels
FORMAT = """
title = "Nowhere"
weight = 1
typefaces = ["Dotted"]
patterns = [["L DDD·LLL", 2], ["LL-DDDD", 1]]
styles = [
    { weight = 1, size = [440, 110], glyph_height = 70, colour = "#4b2e83", text_colour = "#ffd54a" },
    { weight = 1, size = [440, 110], glyph_height = 70, colour = "#ffd54a", text_colour = "#4b2e83" },
]
"""


def make_synthesizer(folder: Path, backgrounds: str) -> Synthesizer:
    """Draws the invented country's plates. Its format and typeface are written to `folder`."""
    (folder / "typefaces").mkdir()
    (folder / "formats").mkdir()
    write_typeface(folder / "typefaces" / "Dotted.ttf")
    (folder / "formats" / "nowhere.toml").write_text(FORMAT)
    synthesizer = Synthesizer(Settings(backgrounds=backgrounds))
    synthesizer.formats = load_formats(None, folder / "formats")
    synthesizer.format_weights = normalised([form.weight for form in synthesizer.formats])
    synthesizer.style_weights = {
        form.name: normalised([style.weight for style in form.styles]) for form in synthesizer.formats
    }
    faces = load_typefaces((str(folder / "typefaces"),))
    synthesizer.faces = [face for face in faces if face.path.stem == "Dotted"]
    return synthesizer


def measure(weights: Path, table: Path) -> Score:
    """How well `weights` read the photographs of `table`."""
    reader = PlateReader(weights)
    photos = find_photos(table, read_labels(table), find_folder(table))
    return add_up(judge(labels, reader.read(read_image(photo))) for photo, labels in photos.items())


def fine_tune(weights: Path, table: Path, out: Path, options: list[str]) -> None:
    """Train on the photographs of `table`; UserError when that brings nothing."""
    command = [sys.executable, ROOT / "train.py", weights, "--photos", table, "--out", out, *options]
    if subprocess.run(command, cwd=table.parent).returncode:
        raise UserError(f"train.py wrote no weights with the photographs of {table}")


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=ROOT / "weights.npz", metavar="weights.npz", help="to start from")
    add("--hours", type=positive(float), default=0.25, help="length of each training (%(default)s)")
    add("--counts", type=lambda text: tuple(map(int, text.split(","))), default=COUNTS, help="as in 20,100,500")
    add("--bgs", default=str(ROOT / "bgs"), metavar="DIR", help="background photographs (%(default)s)")
    add("--chart", type=Path, metavar="FILE", help="draw the curve")
    args = parser.parse_args()
    options = ["--hours", str(args.hours), "--bgs", args.bgs]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synthesizer = make_synthesizer(folder, args.bgs)
        further = write_photos(folder / "further", synthesizer, FURTHER)
        scores = {0: measure(args.weights, further)}
        synthetic = {0: None}
        for count in args.counts:
            table = write_photos(folder / f"photos{count}", synthesizer, count, first=FURTHER)
            weights = folder / f"mine{count}.npz"
            fine_tune(args.weights.resolve(), table, weights, options)
            scores[count] = measure(weights, further)
            synthetic[count] = load_weights(weights).scores["synthetic"]
    print("| labelled photographs | read~ | characters | score on the test windows |", "|---|---|---|---|", sep="\n")
    for count, score in scores.items():
        kept = "" if synthetic[count] is None else f"{100 * synthetic[count]:.1f} %"
        shares = score.percent(score.read_alike), score.percent(score.right_characters)
        print(f"| {count} | {shares[0]:.0f} % | {shares[1]:.1f} % | {kept} |")
    if args.chart:
        counts = list(scores)
        line = Line(counts, [score.percent(score.read_alike) for score in scores.values()])
        write_image(args.chart, draw_chart(CHART_SIZE, "labelled photographs", "read~, %", [line]))


if __name__ == "__main__":
    run(main)

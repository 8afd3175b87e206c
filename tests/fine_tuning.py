#!/usr/bin/env python3
"""Measure what labelled photographs bring: a curve over their number.

    python tests/fine_tuning.py [weights.npz] --hours 0.25 --chart fine_tuning.png

draws photographs of plates of an invented country, in a typeface of dots that the weights have never seen. It trains
with 20, 100 and 500 of them, by `train.py weights.npz --photos labels.tsv --out mine.npz`, and has the weights read 100
further photographs. It prints a table in Markdown. Where a training brings nothing and so writes nothing, the weights
that it started from are read.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from dotted_typeface import write_typeface
from drawn_photographs import draw_formats, write_photos

from common import CommandParser, UserError, positive, run
from formats.loading import load_formats
from media.charts import Line, draw_chart
from media.labels import find_folder, find_photos, read_labels
from media.pictures import read_image, write_image
from model import load_weights
from reading.plate_reader import PlateReader
from reading.scoring import Score, add_up, judge
from synthesis.typefaces import load_typefaces
from synthesis.windows import Settings, Synthesizer

ROOT = Path(__file__).resolve().parent.parent
COUNTS = (20, 100, 500)  # labelled photographs
FURTHER = 100  # photographs that are read after training
REFUSED = 2  # exit code of train.py where it writes nothing
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
    draw_formats(synthesizer, load_formats(None, folder / "formats"))
    faces = load_typefaces((str(folder / "typefaces"),))
    synthesizer.faces = tuple(face for face in faces if face.path.stem == "Dotted")
    return synthesizer


def measure(weights: Path, table: Path) -> Score:
    """How well `weights` read the photographs of `table`."""
    reader = PlateReader(weights)
    photos = find_photos(table, read_labels(table), find_folder(table))
    return add_up(judge(labels, reader.read(read_image(photo))) for photo, labels in photos.items())


def fine_tune(weights: Path, table: Path, out: Path, options: list[str]) -> bool:
    """Train on the photographs of `table`. Whether that wrote weights; train.py says on stderr why it did not."""
    command = [sys.executable, ROOT / "train.py", weights, "--photos", table, "--out", out, *options]
    code = subprocess.run(command, cwd=table.parent, stdout=sys.stderr).returncode
    if code not in (0, REFUSED):
        raise UserError(f"train.py ended with exit code {code}; see what it says above")
    return out.exists()


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=ROOT / "weights.npz", metavar="weights.npz", help="to start from")
    add("--hours", type=positive(float), default=0.25, help="length of each training (%(default)s)")
    add("--counts", type=lambda text: tuple(map(int, text.split(","))), default=COUNTS, help="as in 20,100,500")
    add("--further", type=positive(int), default=FURTHER, help="photographs that are read (%(default)s)")
    add("--bgs", default=str(ROOT / "bgs"), metavar="DIR", help="background photographs (%(default)s)")
    add("--chart", type=Path, metavar="FILE", help="draw the curve")
    args = parser.parse_args()
    options = ["--hours", str(args.hours), "--bgs", args.bgs]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synthesizer = make_synthesizer(folder, args.bgs)
        further = write_photos(folder / "further", synthesizer, args.further)
        scores = {0: measure(args.weights, further)}
        kept = {0: ""}
        for count in args.counts:
            table = write_photos(folder / f"photos{count}", synthesizer, count, first=args.further)
            weights = folder / f"mine{count}.npz"
            if fine_tune(args.weights.resolve(), table, weights, options):
                scores[count] = measure(weights, further)
                kept[count] = f"{100 * load_weights(weights).scores['synthetic']:.1f} %"
            else:
                scores[count] = scores[0]
                kept[count] = "nothing was written"
    print("| labelled photographs | read~ | characters | score on the test windows |", "|---|---|---|---|", sep="\n")
    for count, score in scores.items():
        shares = score.percent(score.read_alike), score.percent(score.right_characters)
        print(f"| {count} | {shares[0]:.0f} % | {shares[1]:.1f} % | {kept[count]} |")
    if args.chart:
        counts = list(scores)
        line = Line(counts, [score.percent(score.read_alike) for score in scores.values()])
        write_image(args.chart, draw_chart(CHART_SIZE, "labelled photographs", "read~, %", [line]))


if __name__ == "__main__":
    run(main)

#!/usr/bin/env python3
"""Measure how many plates are found in the light of a dashcam at night, on drawn photographs.

    python tests/dashcam.py [weights.npz] --photos 400 --bgs bgs --keep photographs

draws photographs of 768x432 pixels with a plate of 60 to 110 pixels, lit in each way of `synthesis/night.py` in turn:
nearly one colour, little contrast, a plate brighter or darker than all else, lamps mirrored in it or above it, bloom.
It prints a table in Markdown. `found` and `read~` are as `reading/scoring.py` defines them.
"""

import sys
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from drawn_photographs import draw_photo

from common import CommandParser, positive, run
from media.labels import Label
from media.pictures import write_image
from reading.plate_reader import WEIGHTS, PlateReader
from reading.scoring import Score, add_scores, add_up, judge
from synthesis.night import EFFECTS
from synthesis.windows import Settings, Synthesizer

SHAPE = (432, 768)  # height, width of a photograph in pixels; the synthetic camera has noise for no larger one
WIDTHS = (60, 110)  # pixels of a plate


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=WEIGHTS, help="(weights.npz of the project)")
    add("--photos", type=positive(int), default=400, help="how many are drawn (%(default)s)")
    add("--bgs", default="bgs", metavar="DIR", help="background photographs (%(default)s)")
    add("--fonts", action="append", default=[], metavar="DIR", help="typefaces beside fonts/; may be repeated")
    add("--keep", type=Path, metavar="DIR", help="write the photographs there")
    args = parser.parse_args()
    synthesizer = Synthesizer(Settings(fonts=tuple(args.fonts), backgrounds=args.bgs))
    reader = PlateReader(args.weights)
    effects = list(EFFECTS)
    verdicts = {effect: [] for effect in effects}
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    for number in tqdm(range(args.photos), "photographs", leave=False, disable=None):
        effect = effects[number % len(effects)]
        photo, box, code = draw_photo(synthesizer, number, SHAPE, WIDTHS, (effect,))
        label = Label(f"{number}.png", tuple(map(float, box)), code)
        verdicts[effect].append(judge([label], reader.read(photo)))
        if args.keep:
            write_image(args.keep / label.image, photo)
    scores = {effect: add_up(verdicts[effect]) for effect in effects if verdicts[effect]}
    print("| light | photographs | found, % | read~, % |", "|---|---|---|---|", sep="\n")
    for effect, score in [*scores.items(), ("all", add_scores(*scores.values()))]:
        print(f"| {effect} | {score.photos} | {found(score):.1f} | {score.percent(score.read_alike):.1f} |")


def found(score: Score) -> float:
    """The share of plates that are found, in percent."""
    return 100 * score.found / max(score.plates, 1)


if __name__ == "__main__":
    run(main)

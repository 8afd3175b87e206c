#!/usr/bin/env python3
"""Measure weights on real photographs: what is read, what is no plate, and whether confidence means what it says.

    python tests/accuracy.py
    python tests/accuracy.py --labels mine.tsv --photos mine

The first reads the sets of `../shared/photos` and prints a line a set. `text` is one of the sets: the photographs of
shop fronts and signboards in `../shared/backgrounds.tar.gz`, which show no plates. They must be held out of training,
so leave these two classes out of `bgs/`. The second reads the photographs of any table of labels; `media/labels.py`
says what a table looks like.

`read~` takes O for 0 and I for 1. `top1~` is the share of plates whose photograph's surest reading is right. `chars`
is the share of characters that are right. `false/image` are the readings a photograph that overlap no labelled plate.
`ms` is processor time a photograph, its decoding included, of one thread.
"""

import functools
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from photo_sets import SETS, TEXT, add_arguments, load_sets, measure_set, print_false_plates

from common import CommandParser, UserError, probability, run
from media.pictures import decode_picture, write_image
from reading.plate_reader import THRESHOLD, WEIGHTS, PlateReader
from reading.reliability import Judged, describe_reliability, judge_readings
from reading.report import draw_curve, write_report
from reading.scoring import Score

TEXT_CLASSES = ("shopping_mall_text", "signboard")  # of backgrounds.tar.gz


def count_text(reader: PlateReader, archive: Path) -> tuple[int, int]:
    """How many photographs of TEXT_CLASSES `archive` has, and on how many of them a plate is read."""
    if not archive.is_file():
        raise UserError(f"{archive}: does not exist; leave {TEXT} out of --sets, or name its folder with --shared")
    count = wrong = 0
    with tarfile.open(archive, "r|gz") as members:
        for member in tqdm(members, TEXT, leave=False, disable=None):
            if member.isfile() and Path(member.name).parent.name in TEXT_CLASSES:
                count += 1
                wrong += bool(reader.read(decode_picture(members.extractfile(member).read())))
    return count, wrong


def main(arguments: Sequence[str] | None = None) -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=WEIGHTS, help="(weights.npz of the project)")
    add_arguments(parser, [*SETS, TEXT])
    add("--threshold", type=probability, default=THRESHOLD, metavar="P", help="least confidence (%(default)s)")
    add("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    add("--crops", action="store_true", help="take each photograph for a plate and nothing else; for sets of crops")
    add("--curve", type=Path, metavar="FILE", help="draw the reliability curve of all sets")
    add("--failures", type=Path, metavar="DIR", help="draw the mistakes of each set into a folder of its name")
    args = parser.parse_args(arguments)
    sets = load_sets(args)
    reader = PlateReader(args.weights, formats=args.formats, threshold=args.threshold, threads=1)
    judged: list[Judged] = []
    scores: dict[str, Score] = {}
    for name, labels in sets.items():
        measurement = measure_set(name, labels, functools.partial(reader.read, crops=args.crops))
        scores[name] = measurement.score()
        judged += judge_readings(measurement.verdicts.values())
        if args.failures:
            write_report(args.failures / name, measurement)
    print_false_plates(scores)
    if not args.labels and TEXT in args.sets.split(","):
        count, wrong = count_text(reader, args.shared / "backgrounds.tar.gz")
        print(f"{TEXT:<12} a plate on {wrong} of {count} photographs, {100 * wrong / max(count, 1):.1f} %")
    if sets:
        print(describe_reliability(judged))
    if args.curve:
        write_image(args.curve, draw_curve(judged))


if __name__ == "__main__":
    run(main)

#!/usr/bin/env python3
"""Measure weights on real photographs: what is read, what is no plate, and whether confidence means what it says.

    python tests/accuracy.py
    python tests/accuracy.py --labels mine.tsv --photos mine

The first reads the sets of `../shared/photos` and prints a line a set. `text` is one of the sets: the photographs of
shop fronts and signboards in `../shared/backgrounds.tar.gz`, which show no plates. They must be held out of training,
so leave these two classes out of `bgs/`. The second reads the photographs of any table of labels; `detect.py --help`
says what a table looks like.

`read~` takes O for 0 and I for 1. `top1~` is the share of plates whose photograph's surest reading is right. `chars`
is the share of characters that are right. `false/image` are the readings a photograph that overlap no labelled plate.
`ms` is processor time a photograph, its decoding included, on all cores together.
"""

import argparse
import concurrent.futures
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import CommandParser, UserError, probability, run
from media.labels import Label, find_folder, find_photos, read_labels
from media.pictures import decode_picture, read_image, write_image
from reading.measuring import Measurement
from reading.plate_reader import THRESHOLD, WEIGHTS, PlateReader
from reading.reliability import Judged, describe_reliability, judge_readings
from reading.report import draw_curve, write_report
from reading.scoring import Score, add_scores

SHARED = Path(__file__).resolve().parents[2] / "shared"
SETS = ("eu", "br", "us", "in", "in_two_line", "in_street", "in_crops", "us_crops", "ar_crops")
TEXT = "text"  # the set of photographs without plates
TEXT_CLASSES = ("shopping_mall_text", "signboard")  # of backgrounds.tar.gz
STREET_SETS = ("eu", "br", "us")  # whose false plates are counted together; nearly all of their plates are labelled


def load_sets(args: argparse.Namespace) -> dict[str, dict[Path, list[Label]]]:
    """The labels of each photograph of each set by the set's name, `text` left out. Raises UserError."""
    if args.labels:
        folder = args.photos or find_folder(args.labels)
        return {args.labels.stem: find_photos(args.labels, read_labels(args.labels), folder)}
    photos = args.shared / "photos"
    names = [name for name in args.sets.split(",") if name != TEXT]
    if names and not photos.is_dir():
        raise UserError(f"{photos}: does not exist; name a table with --labels, or the folder above with --shared")
    tables = {name: photos / f"{name}.tsv" for name in names}
    return {name: find_photos(table, read_labels(table), photos / name) for name, table in tables.items()}


def read_set(reader: PlateReader, name: str, labels: dict[Path, list[Label]]) -> tuple[Measurement, float]:
    """Read the labelled photographs of a set; returns also the seconds of processor time a photograph."""
    measurement = Measurement(labels)
    paths = list(labels)
    start = time.process_time()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # pictures are decoded while the networks run
        photos = pool.map(read_image, paths)
        for path, photo in tqdm(zip(paths, photos, strict=True), name, len(paths), leave=False, disable=None):
            measurement.add(path, reader.read(photo))
    return measurement, (time.process_time() - start) / len(paths)


def read_text(reader: PlateReader, archive: Path) -> tuple[int, int]:
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


def describe_false_plates(scores: dict[str, Score]) -> list[str]:
    """A line about the false plates of the street sets that were read; none where none was read."""
    streets = [name for name in STREET_SETS if name in scores]
    if not streets:
        return []
    total = add_scores(*(scores[name] for name in streets))
    return [f"false plates a photograph over {', '.join(streets)}: {total.false_rate:.3f}"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=WEIGHTS, help="(weights.npz of the project)")
    add("--labels", type=Path, metavar="FILE", help="a table of labels, in place of the sets")
    add("--photos", type=Path, metavar="DIR", help="its photographs (the folder of its name beside it, or its own)")
    add("--shared", type=Path, default=SHARED, metavar="DIR", help="the folder of the sets (%(default)s)")
    add("--sets", default=",".join((*SETS, TEXT)), help="(%(default)s)")
    add("--threshold", type=probability, default=THRESHOLD, metavar="P", help="least confidence (%(default)s)")
    add("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    add("--curve", type=Path, metavar="FILE", help="draw the reliability curve of all sets")
    add("--failures", type=Path, metavar="DIR", help="draw the mistakes of each set into a folder of its name")
    args = parser.parse_args(arguments)
    sets = load_sets(args)
    reader = PlateReader(args.weights, formats=args.formats, threshold=args.threshold)
    judged: list[Judged] = []
    scores: dict[str, Score] = {}
    for name, labels in sets.items():
        measurement, seconds = read_set(reader, name, labels)
        scores[name] = measurement.score()
        judged += judge_readings(measurement.verdicts.values())
        print(f"{name:<12} {scores[name]}  ms {1000 * seconds:.0f}", flush=True)
        if args.failures:
            write_report(args.failures / name, measurement)
    for line in describe_false_plates(scores):
        print(line)
    if not args.labels and TEXT in args.sets.split(","):
        count, wrong = read_text(reader, args.shared / "backgrounds.tar.gz")
        print(f"{TEXT:<12} a plate on {wrong} of {count} photographs, {100 * wrong / max(count, 1):.1f} %")
    if judged:
        print(describe_reliability(judged))
    if args.curve:
        write_image(args.curve, draw_curve(judged))


if __name__ == "__main__":
    run(main)

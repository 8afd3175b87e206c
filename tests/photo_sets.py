"""The sets of labelled photographs that accuracy.py and peers.py measure on, and a set's lines."""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common import CommandParser, UserError
from media.labels import Label, find_folder, find_photos, read_labels
from media.pictures import read_image
from reading.ahead import map_ahead
from reading.measuring import Measurement
from reading.scoring import Answer, Score, add_scores

SHARED = Path(__file__).resolve().parents[2] / "shared"
SETS = ("eu", "br", "us", "in", "in_two_line", "in_street", "in_crops", "us_crops", "ar_crops")
TEXT = "text"  # the set of photographs without plates, which no table labels
STREET_SETS = ("eu", "br", "us")  # whose false plates are counted together; nearly all of their plates are labelled


def add_arguments(parser: CommandParser, sets: Sequence[str]) -> None:
    """Add the options that choose sets, by default `sets`."""
    add = parser.add_argument
    add("--labels", type=Path, metavar="FILE", help="a table of labels, in place of the sets")
    add("--photos", type=Path, metavar="DIR", help="its photographs (the folder of its name beside it, or its own)")
    add("--shared", type=Path, default=SHARED, metavar="DIR", help="the folder of the sets (%(default)s)")
    add("--sets", default=",".join(sets), help="(%(default)s)")


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


def measure_set(
    name: str, labels: dict[Path, list[Label]], read: Callable[[np.ndarray], Sequence[Answer]]
) -> Measurement:
    """Read the labelled photographs of a set by `read`, and print the set's line."""
    measurement = Measurement(labels)
    start = time.process_time()
    with ThreadPoolExecutor(1) as pool:  # the next picture is decoded while one is read
        photos = zip(labels, map_ahead(pool, read_image, labels), strict=True)
        for path, photo in tqdm(photos, name, len(labels), leave=False, disable=None):
            measurement.add(path, read(photo))
    milliseconds = 1000 * (time.process_time() - start) / len(labels)
    print(f"{name:<12} {measurement.score()}  ms {milliseconds:.0f}", flush=True)
    return measurement


def print_false_plates(scores: dict[str, Score]) -> None:
    """Print a line about the false plates of the street sets among `scores`, if there are any."""
    streets = [name for name in STREET_SETS if name in scores]
    if streets:
        total = add_scores(*(scores[name] for name in streets))
        print(f"false plates a photograph over {', '.join(streets)}: {total.false_rate:.3f}")

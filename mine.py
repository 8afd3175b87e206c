#!/usr/bin/env python3
"""Find the places in the backgrounds that the network takes for plates, to teach it that they are none.

    python mine.py weights.npz

reads every picture in `bgs/` as detect.py does, and writes `bgs/hard_negatives.tsv`. This file has a row for each
place: the name of the picture and four corners (x and y in pixels of the top left, top right, bottom right and bottom
left). From then on some windows of gen.py and train.py show these places as examples of what is no plate: hard negative
mining (Sung and Poggio, 1998). Do it again with the weights that come of that training.

A place that is read with a confidence of `--sure` or more may be a true plate, so it is left out.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below would print a traceback

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common import CommandParser, UserError, probability, run, silence_decoders, write_beside
from media.pictures import read_image
from reading.plate_reader import Places, PlateReader
from synthesis.backgrounds import HARD_NEGATIVES, backgrounds_in, write_hard_negative

MAX_PLACES = 10  # most places of a picture, those with most support; not tuned


def hard_negatives(reader: PlateReader, photo: np.ndarray, sure: float) -> Iterator[np.ndarray]:
    """Yield the corners (4, 2) in pixels of each place of `photo` (H, W, 3) uint8 BGR that seems to be a plate.

    Places whose confidence is `sure` or more are left out.
    """
    corners, support = reader.find_places(photo, least_support=0)
    for candidate in reader.read_places(photo, Places(corners[:MAX_PLACES], support[:MAX_PLACES])):
        if candidate.plate.confidence < sure:
            yield candidate.place


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", metavar="weights.npz", type=Path, help="the networks' weights, as train.py writes them")
    add("--bgs", type=Path, default=Path("bgs"), metavar="DIR", help="background photographs (%(default)s)")
    add("--sure", type=probability, default=0.25, metavar="P", help="least confidence of a true plate (%(default)s)")
    add("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    args = parser.parse_args()
    reader = PlateReader(args.weights, args.formats)
    paths = backgrounds_in(args.bgs)
    if not paths:
        raise UserError(f"{args.bgs}: holds no picture; extractbgs.py fills it")
    silence_decoders()
    count = 0
    skipped = 0
    with write_beside(args.bgs / HARD_NEGATIVES) as temporary, temporary.open("wb") as file:
        for path in tqdm(paths, unit=" pictures"):
            try:
                photo = read_image(path)
            except UserError:
                skipped += 1
                continue
            for corners in hard_negatives(reader, photo, args.sure):
                file.write(write_hard_negative(path.name, corners))
                count += 1
    print(f"{args.bgs / HARD_NEGATIVES}: {count} places in {len(paths) - skipped} pictures", end="")
    print(f"; {skipped} could not be read" if skipped else "")


if __name__ == "__main__":
    run(main)

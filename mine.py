#!/usr/bin/env python3
"""Find the places in the backgrounds that the network takes for plates, to teach it that they are none.

    python mine.py weights.npz

runs both phases of detect.py on every picture in `bgs/` and writes `bgs/hard_negatives.tsv`, a row a place: the name
of the picture and four corners (x, y of the top left, top right, bottom right, bottom left, in pixels). From then on
some of the windows of gen.py and train.py show one of these, as what is no plate: hard negative mining (Sung and
Poggio, 1998). Do it again with the weights that come of it.

A place that is read with a confidence of `--sure` or more may be a true plate, and is left out.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common import CommandParser, UserError, probability, run, write_beside
from formats.loading import load_formats
from media.pictures import read_image
from reading.finder import find, merge
from reading.geometry import sound
from reading.grammar import Grammar
from reading.plate_reader import load_networks, make_plate
from reading.reader import look
from synthesis.backgrounds import HARD_NEGATIVES, backgrounds_in

MIN_PLATE = 45  # pixels, as in detect.py: narrower places are too blurred to teach much
MAX_PLACES = 10  # of a picture: those with most support


def hard_negatives(photo: np.ndarray, networks, grammar: Grammar, sure: float) -> Iterator[np.ndarray]:
    """Corners (4, 2) in pixels of each place of `photo` (H, W, 3) uint8 that seems a plate, but not `sure`-ly."""
    finder, reader = networks
    _, corners = merge(*find(finder, photo, MIN_PLATE, photo.shape[1]))
    answers = look(reader, photo, corners[sound(corners)][:MAX_PLACES])
    for place, *answer in zip(*answers, strict=True):
        if make_plate(*answer, photo.shape, grammar).confidence < sure:
            yield place


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", metavar="weights.npz", type=Path, help="the networks' weights, as train.py writes them")
    add("--bgs", type=Path, default=Path("bgs"), metavar="DIR", help="background photographs (%(default)s)")
    add("--sure", type=probability, default=0.25, metavar="P", help="least confidence of a true plate (%(default)s)")
    add("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    args = parser.parse_args()
    networks, grammar = load_networks(args.weights), Grammar(load_formats(args.formats))
    paths = backgrounds_in(args.bgs)
    if not paths:
        raise UserError(f"{args.bgs}: holds no picture; extractbgs.py fills it")
    count, skipped = 0, 0
    with write_beside(args.bgs / HARD_NEGATIVES) as temporary, temporary.open("w") as file:
        for path in tqdm(paths, unit=" pictures"):
            try:
                photo = read_image(path)
            except UserError:
                skipped += 1
                continue
            for corners in hard_negatives(photo, networks, grammar, args.sure):
                file.write("\t".join([path.name, *(f"{x:.1f}" for x in corners.ravel())]) + "\n")
                count += 1
    print(f"{args.bgs / HARD_NEGATIVES}: {count} places in {len(paths) - skipped} pictures", end="")
    print(f"; {skipped} could not be read" if skipped else "")


if __name__ == "__main__":
    run(main)

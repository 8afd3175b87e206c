#!/usr/bin/env python3
"""Synthesise windows: plates, near-plates and no plates at all, as a street photograph would show them.

    ./gen.py 1000

writes 1,000 windows of 128x64 pixels to `test/` as `00000000_KA02MK7259_1.png`: index, code, and 1 when the plate is
wholly in the window and at the right scale, else 0. What plates say and look like comes from `formats/`, typefaces from
`fonts/`, backgrounds from `bgs/` (see `extractbgs.py`; without them backgrounds are painted). Window i depends on
`--seed` and i alone, so any number of workers, and several machines, make the same files. Corners and the places of
the characters are in `00000000.npz` beside the windows.

There are two kinds of window, for the two phases of `detect.py`. A *street* window is a piece of a photograph at the
scale at which plates are found. A *rectified* window is what the finder's slightly wrong corners, turned upright,
give the reader.

A window is made as a photograph is: a plate is laid out flat and mounted (`plates.py`), seen in perspective before a
background (`Synthesizer.photograph`), lit (`light`), and taken by an imperfect camera (`take`).
"""

import itertools
import os
import sys
from pathlib import Path

from common import CommandParser, UserError, natural, run, shard
from media.pictures import write_image
from synthesis.backgrounds import backgrounds_in
from synthesis.sheet import draw_sheet
from synthesis.storage import write_batches, write_windows
from synthesis.windows import Settings, Synthesizer
from synthesis.workers import split_range, stream_chunks


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("count", type=natural, metavar="N", help="how many windows")
    add("--out", type=Path, default=Path("test"), metavar="DIR", help="folder of the PNG files (%(default)s)")
    add("--batches", type=Path, metavar="DIR", help="write .npz files of 10,000 windows for train.py --data instead")
    add("--sheet", type=Path, metavar="FILE", help="draw a contact sheet of the first 200 windows too")
    add("--seed", type=natural, default=0, help="another number, other windows (%(default)s)")
    add(
        "--shard",
        type=shard,
        default=(1, 1),
        metavar="I/N",
        help="make the I-th of N parts; another machine, another I",
    )
    add("--formats", metavar="LIST", help="formats of plates, such as in,gb (all in formats/)")
    add("--fonts", action="append", default=[], metavar="DIR", help="typefaces beside fonts/; may be repeated")
    add("--bgs", default="bgs", metavar="DIR", help="background photographs (%(default)s)")
    add("--workers", type=natural, default=os.cpu_count(), help="processes (%(default)s)")
    args = parser.parse_args()

    if not args.count:
        raise UserError("0 windows asked for; name how many, as in gen.py 1000")
    part, parts = args.shard
    first, end = args.count * (part - 1) // parts, args.count * part // parts
    ranges = split_range(first, end)
    synthesizer = Synthesizer(Settings(args.formats, tuple(args.fonts), args.bgs))
    settings = synthesizer.describe(args.seed)
    chunks = stream_chunks(synthesizer, args.seed, ranges, args.workers)
    if args.sheet:  # first of all, so that a wrong name shows before anything is replaced
        first_chunk = list(itertools.islice(chunks, 1))
        for chunk in first_chunk:
            write_image(args.sheet, draw_sheet({key: array[:200] for key, array in chunk.items()}))
        chunks = itertools.chain(first_chunk, chunks)
    folder = args.batches or args.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); name another folder") from None
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: cannot be written; name another folder")
    if not backgrounds_in(args.bgs):
        print(f"gen.py: {args.bgs} holds no pictures: backgrounds are painted; extractbgs.py fills it", file=sys.stderr)
    if args.batches:
        write_batches(folder, first, end, chunks, settings)
    else:
        write_windows(folder, first, end, chunks, settings)


if __name__ == "__main__":
    run(main)

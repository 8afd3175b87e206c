#!/usr/bin/env python3
"""Make windows: small pictures of plates, of parts of plates, and of no plate, with the truth about each.

    ./gen.py 1000

writes 1,000 windows of 128x64 pixels to `test/`. A window's name has its index, its code and its presence, as in
`00000000_KA02MK7259_1.png`. Presence is 1 when the plate is wholly in the window and at the right scale, else 0. A
window of a part of a plate, such as one of its lines, has the code of the part, and presence 0. The corners and the
places of the characters are in `00000000.npz`. `settings.json` says what the windows are made of; windows of other
settings that are in the folder are removed.

What plates say and look like comes from `formats/`, typefaces from `fonts/`, backgrounds from `bgs/`, which
extractbgs.py fills. Without pictures there, backgrounds are painted. Window i depends on these, on `--seed` and on i
alone. So any number of workers, and several machines with `--shard`, make the same files.

There are two kinds of window, for the two networks. A *street* window, for the finder, is a piece of a photograph at
the scale at which plates are found. A *rectified* window, for the reader, is a plate turned upright by corners that
are slightly wrong, as the finder's are, or a part of one.

A window is made in four steps (`synthesis/windows.py`). Its subject is chosen and drawn flat. The subject is posed in
perspective. It is photographed before a background, in some light, by an imperfect camera. The truth is told.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below would print a traceback

if __name__ == "__mp_main__":  # a worker; it might outlive its parent by the time of the imports below
    from synthesis.orphans import watch_parent

    watch_parent()

import argparse
import contextlib
import itertools
import os
import sys
from pathlib import Path

from common import CommandParser, UserError, find_part, make_folder, natural, run, shard
from media.cores import count_cores
from media.pictures import write_image
from synthesis.sheet import draw_sheet
from synthesis.storage import write_batches, write_windows
from synthesis.windows import Settings, Synthesizer
from synthesis.workers import CHUNK, split_range, stream_chunks

SHEET_COUNT = 200  # windows on a contact sheet


def main() -> None:
    args = parse_arguments()
    first, end = choose_range(args.count, args.shard)
    synthesizer = Synthesizer(Settings(args.formats, tuple(args.fonts), args.bgs))
    workers = min(args.workers, -(-(end - first) // CHUNK))  # no more than there is work for
    with contextlib.closing(stream_chunks(synthesizer, args.seed, split_range(first, end), workers)) as chunks:
        first_chunk = next(chunks)  # before anything is replaced, because some mistakes show only now
        if args.sheet:
            write_image(args.sheet, draw_sheet({key: array[:SHEET_COUNT] for key, array in first_chunk.items()}))
        folder = args.batches or args.out
        prepare_folder(folder)
        if not synthesizer.backgrounds.paths:
            print(
                f"gen.py: {args.bgs} holds no pictures: backgrounds are painted; extractbgs.py fills it",
                file=sys.stderr,
            )
        write = write_batches if args.batches else write_windows
        write(folder, first, end, itertools.chain([first_chunk], chunks), synthesizer.describe(args.seed))


def parse_arguments() -> argparse.Namespace:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("count", type=natural, metavar="N", help="how many windows")
    add("--out", type=Path, default=Path("test"), metavar="DIR", help="folder of the PNG files (%(default)s)")
    add("--batches", type=Path, metavar="DIR", help="write .npz files of 10,000 windows for train.py --data instead")
    add("--sheet", type=Path, metavar="FILE", help="draw a contact sheet of the first 200 windows too")
    add("--seed", type=natural, default=0, help="another number makes other windows (%(default)s)")
    add(
        "--shard",
        type=shard,
        default=(1, 1),
        metavar="I/N",
        help="make the I-th of N parts; another machine makes another part",
    )
    add("--formats", metavar="LIST", help="formats of plates, such as in,gb (all in formats/)")
    add("--fonts", action="append", default=[], metavar="DIR", help="typefaces beside fonts/; may be repeated")
    add("--bgs", default="bgs", metavar="DIR", help="background photographs (%(default)s)")
    add("--workers", type=natural, default=count_cores(), help="processes (%(default)s)")
    return parser.parse_args()


def choose_range(count: int, part_of: tuple[int, int]) -> tuple[int, int]:
    """The first window of a part of `count` windows, and the one after its last. UserError where there is none."""
    part, parts = part_of
    first, end = find_part(count, part, parts)
    if not count:
        raise UserError("0 windows asked for; name how many, as in gen.py 1000")
    if first == end:
        raise UserError(f"--shard {part}/{parts}: this part of {count} windows is empty; make fewer parts")
    return first, end


def prepare_folder(folder: Path) -> None:
    """Make a folder where there is none; UserError where that is impossible, or nothing can be written in it."""
    make_folder(folder)
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: cannot be written; name another folder")


if __name__ == "__main__":
    run(main)

#!/usr/bin/env python3
"""Make a folder of backgrounds from an archive of photographs.

    ./extractbgs.py SUN397.tar.gz
    ./extractbgs.py SUN397.tar.gz --classes roadside --per-class 500
    ./extractbgs.py SUN397.tar.gz --resume

The archive is a .tar, .tar.gz, .tar.bz2, .tar.xz or .zip file, or a folder. It is read once and never unpacked. The
backgrounds are `bgs/00000000.jpg`, `bgs/00000001.jpg` and so on, in the order of the archive. The file
`bgs/index.tsv` has a line for each of them: its file name, its class and its path in the archive. The class is the
folder in the archive, such as `street` or `gas_station/indoor`.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below would print a traceback

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
from tqdm import tqdm

from common import CommandParser, UserError, positive, printable, run, show, silence_decoders
from media.archives import CutArchive, Member, open_archive
from media.background_folder import BackgroundFolder
from media.extraction import Extraction, find_candidates, skip_done
from media.scene_classes import ROADSIDE

ALIAS = "roadside"  # a name in --classes that stands for all of ROADSIDE
NAMED = 5  # skipped members of each reason that are named at the end


def parse_classes(text: str) -> list[str]:
    """The names in a list with commas. Raises ArgumentTypeError when there is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"{show(text)} names no class; name some, as in street,highway")
    return names


def parse_arguments() -> argparse.Namespace:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("archive", type=Path, metavar="ARCHIVE", help="archive or folder of photographs, such as SUN397.tar.gz")
    add("--out", type=Path, default=Path("bgs"), metavar="FOLDER", help="folder of the backgrounds (%(default)s)")
    add(
        "--classes",
        type=parse_classes,
        metavar="A,B,...",
        help="only these folders of the archive, such as street,highway; gas_station includes gas_station/indoor; "
        f"{ALIAS} stands for {len(ROADSIDE)} classes of SUN397 where vehicles are",
    )
    add("--per-class", type=positive(int), default=sys.maxsize, metavar="N", help="at most N pictures of each class")
    add("--limit", type=positive(int), default=sys.maxsize, metavar="N", help="at most N pictures in all")
    add("--resume", action="store_true", help="continue a run into the folder that was interrupted")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    named, wanted = choose_classes(arguments.classes)
    cv2.setNumThreads(1)  # pictures are decoded in several threads, so OpenCV needs no more
    silence_decoders()

    members, length, unit = open_archive(arguments.archive, arguments.out)
    backgrounds = BackgroundFolder(arguments.out, arguments.resume)
    before = len(backgrounds.members)
    met: set[str] = set()
    extraction = Extraction(backgrounds, arguments.per_class, arguments.limit)
    cut = None
    try:
        with tqdm(total=length, unit=unit, unit_scale=True, leave=False, delay=1, disable=None) as progress:
            candidates = find_candidates(show_progress(members, progress), wanted, met)
            extraction.run(skip_done(candidates, backgrounds))
    except CutArchive as error:
        cut = error
    except KeyboardInterrupt:
        report_interrupt(backgrounds)
        sys.exit(130)
    finally:
        backgrounds.close()

    report(backgrounds, before, extraction.skipped)
    count = len(backgrounds.members)
    if cut:
        raise UserError(
            f"{arguments.archive}: is cut short or damaged ({cut}); the {count:,} pictures before that are kept in "
            f"{arguments.out}; fetch it again, then --resume continues"
        )
    unknown = sorted(named - met)
    if unknown and count < arguments.limit:  # else the archive was not read to its end
        raise UserError(f"{arguments.archive}: has no class {', '.join(unknown)}; --classes takes names of its folders")
    if not count:
        raise UserError(f"{arguments.archive}: has no picture that was asked for and can be used; name another")


def choose_classes(names: list[str] | None) -> tuple[set[str], set[str] | None]:
    """The classes that the user named himself, and all classes to take (None: every class)."""
    if names is None:
        return set(), None
    named = set(names) - {ALIAS}
    if ALIAS in names:
        return named, named | set(ROADSIDE)
    return named, named


def show_progress(members: Iterator[Member], progress: tqdm) -> Iterator[Member]:
    """The members. `progress` moves to the place of each."""
    for member in members:
        progress.update(member.position - progress.n)
        yield member


def report_interrupt(backgrounds: BackgroundFolder) -> None:
    """Print how many pictures there are, on stderr."""
    print(
        f"{Path(sys.argv[0]).name}: interrupted with {len(backgrounds.members):,} pictures in {backgrounds.folder}; "
        "--resume continues",
        file=sys.stderr,
    )


def report(backgrounds: BackgroundFolder, before: int, skipped: dict[str, list[str]]) -> None:
    """Print how many pictures there are, on stdout, and which members were skipped, on stderr."""
    earlier = f", {before:,} of them from before" if before else ""
    reasons = ", ".join(f"{len(names):,} {reason}" for reason, names in skipped.items())
    print(
        f"{len(backgrounds.members):,} pictures of {len(backgrounds.per_class):,} classes in {backgrounds.folder}"
        f"{earlier}; skipped: {reasons or 'none'}"
    )
    for reason, names in skipped.items():
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        named = ", ".join(printable(name) for name in names[:NAMED])
        print(f"{Path(sys.argv[0]).name}: skipped, {reason}: {named}{more}", file=sys.stderr)


if __name__ == "__main__":
    run(main)

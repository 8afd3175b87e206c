#!/usr/bin/env python3
"""Make a folder of backgrounds out of an archive of photographs.

    ./extractbgs.py SUN397.tar.gz
    ./extractbgs.py SUN397.tar.gz --classes roadside --per-class 500
    ./extractbgs.py SUN397.tar.gz --resume

Reads a .tar, .tar.gz, .tar.bz2, .tar.xz, .zip or a folder, in one pass and without unpacking it. Writes
`bgs/00000000.jpg`, `00000001.jpg`, ... in the order of the archive, and `bgs/index.tsv` with a line for each of
them: file, class (the folder it came from, as in `street` or `gas_station/indoor`), member of the archive.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
from tqdm import tqdm

from common import CommandParser, UserError, run, silence_decoders
from media.archives import CutArchive, Member, open_archive
from media.background_folder import BackgroundFolder
from media.extraction import ROADSIDE, extract, find_candidates, skip_done

NAMED = 5  # skipped members that are named at the end


def parse_count(text: str) -> int:
    """A whole number from 1 up; raises ValueError."""
    if (count := int(text)) < 1:
        raise ValueError
    return count


parse_count.__name__ = "count"  # argparse puts it into its message: invalid count value


def parse_classes(text: str) -> list[str]:
    """The names in a comma-separated list; raises ValueError when there is none."""
    if not (names := [name.strip() for name in text.split(",") if name.strip()]):
        raise ValueError
    return names


def parse_arguments() -> argparse.Namespace:
    parser = CommandParser(__doc__)
    parser.add_argument(
        "archive",
        type=Path,
        metavar="ARCHIVE",
        help=".tar, .tar.gz, .tar.bz2, .tar.xz, .zip or folder of photographs, such as SUN397.tar.gz",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("bgs"), metavar="FOLDER", help="where they go (default: %(default)s)"
    )
    parser.add_argument(
        "--classes",
        type=parse_classes,
        metavar="A,B,...",
        help="only these folders, as in street,highway; gas_station takes gas_station/indoor too; "
        f"roadside stands for {len(ROADSIDE)} classes of SUN397 where vehicles are",
    )
    unbounded = {"type": parse_count, "default": sys.maxsize, "metavar": "N"}
    parser.add_argument("--per-class", help="at most N of each class", **unbounded)
    parser.add_argument("--limit", help="at most N in all", **unbounded)
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run into the folder stopped")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    named = set(arguments.classes or ()) - {"roadside"}
    wanted = (named | set(ROADSIDE) if "roadside" in arguments.classes else named) if arguments.classes else None
    cv2.setNumThreads(1)  # the threads here are the parallelism
    silence_decoders()

    members, length, unit = open_archive(arguments.archive)
    backgrounds = BackgroundFolder(arguments.out, arguments.resume)
    before = len(backgrounds.members)
    met: set[str] = set()
    skipped: dict[str, list[str]] = {}
    cut = None
    try:
        with tqdm(total=length, unit=unit, unit_scale=True, leave=False, delay=1) as progress:
            candidates = skip_done(find_candidates(show_progress(members, progress), wanted, met), backgrounds)
            extract(candidates, backgrounds, arguments.per_class, arguments.limit, skipped)
    except CutArchive as error:
        cut = error
    except KeyboardInterrupt:
        print(
            f"{Path(sys.argv[0]).name}: interrupted with {len(backgrounds.members):,} pictures in {arguments.out}; "
            "--resume goes on from there",
            file=sys.stderr,
        )
        sys.exit(130)
    finally:
        backgrounds.close()

    report(backgrounds, before, skipped)
    count = len(backgrounds.members)
    if cut:
        raise UserError(
            f"{arguments.archive}: is cut short or damaged ({cut}); the {count:,} pictures before that are kept in "
            f"{arguments.out}; fetch it again, then --resume goes on"
        )
    if count < arguments.limit and (unknown := sorted(named - met)):
        raise UserError(f"{arguments.archive}: has no class {', '.join(unknown)}; --classes takes names of its folders")
    if not count:
        raise UserError(f"{arguments.archive}: holds no picture that was asked for and can be used; name another")


def show_progress(members: Iterator[Member], progress: tqdm) -> Iterator[Member]:
    """The members, moving `progress` on to each."""
    for member in members:
        progress.update(member.position - progress.n)
        yield member


def report(backgrounds: BackgroundFolder, before: int, skipped: dict[str, list[str]]) -> None:
    """Print how many pictures there are, on stdout, and what was skipped, on stderr."""
    earlier = f", {before:,} of them from before" if before else ""
    reasons = ", ".join(f"{len(names):,} {reason}" for reason, names in skipped.items())
    print(
        f"{len(backgrounds.members):,} pictures of {len(backgrounds.per_class):,} classes in {backgrounds.folder}"
        f"{earlier}; skipped: {reasons or 'none'}"
    )
    for reason, names in skipped.items():
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        print(f"{Path(sys.argv[0]).name}: skipped, {reason}: {', '.join(names[:NAMED])}{more}", file=sys.stderr)


if __name__ == "__main__":
    run(main)

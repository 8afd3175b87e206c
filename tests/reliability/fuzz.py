#!/usr/bin/env python3
"""Give every reader of a user's files damaged and hostile files, and look for anything but a value or a UserError.

    python tests/reliability/fuzz.py --minutes 60 [--seed 1] [--only picture]

prints a table in Markdown: reader, files tried, accepted, refused, failed, and files at which a C library wrote on
stderr. A file fails where its reader raises another exception, dies, takes more than 10 s of processor time or 2 GB of
memory, or refuses it in more than ten lines. The first file of each failure is made small and kept in
tests/reliability/corpus/, which test_fuzz.py reads again; a file of more than 4 KB is kept among the system's temporary
files. The exit code is 1 where one failed. The same seed tries the same files in the same order.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from reliability.child import ACCEPTED, FAILED, REFUSED, Child, Outcome
from reliability.readers import READERS

from common import CommandParser, natural, positive, run

CORPUS = Path(__file__).parent / "corpus"
LARGEST_KEPT = 4096  # bytes of a file of the corpus
TURN = 200  # files of a reader before the next reader has its turn
STEP = 10  # files after which the clock is looked at
TURN_SECONDS = 4  # a turn ends sooner where files take long
MOST_TRIES = {True: 10, False: 300}  # tries to make a failing file smaller, by whether each costs a process
HEADER = "| reader | files | accepted | refused | failed | noise |\n|---|---|---|---|---|---|"


class Tally:
    """The outcomes of each reader, and the failures that differ."""

    def __init__(self, names: list[str]) -> None:
        self.counts = {name: Counter() for name in names}
        self.failures: dict[tuple[str, str], Outcome] = {}

    def add(self, name: str, outcome: Outcome) -> bool:
        """Count an outcome. Returns whether it is a failure that was not met before."""
        self.counts[name][outcome.kind] += 1
        self.counts[name]["noise"] += outcome.is_noisy
        is_new = outcome.kind == FAILED and (name, outcome.what) not in self.failures
        if is_new:
            self.failures[name, outcome.what] = outcome
        return is_new

    def rows(self) -> Iterator[str]:
        """A line of Markdown for each reader."""
        for name, counts in self.counts.items():
            kinds = [counts[kind] for kind in (ACCEPTED, REFUSED, FAILED)]
            yield f"| {name} | {sum(kinds):,} | {' | '.join(f'{n:,}' for n in kinds)} | {counts['noise']:,} |"


def fuzz_turns(child: Child, names: list[str], seed: int, end: float) -> Iterator[tuple[str, Outcome]]:
    """The outcomes of files of each of the readers `names` in turn, until the time `end`."""
    firsts = Counter()
    while time.monotonic() < end:
        for name in names:
            turn_end = min(end, time.monotonic() + TURN_SECONDS)
            for _ in range(TURN // STEP):
                if time.monotonic() >= turn_end:
                    break
                for outcome in child.fuzz(name, seed, firsts[name], STEP):
                    yield name, outcome
                firsts[name] += STEP


def shrink(child: Child, name: str, outcome: Outcome) -> bytes:
    """The file of a failure without the pieces, of half of it at first, without which it fails in the same way."""
    content = bytes.fromhex(outcome.content)
    tries = MOST_TRIES[child.process is None]  # the failure ended it
    piece = len(content) // 2
    while piece and tries > 0:
        at = 0
        while at < len(content) and tries > 0:
            shorter = content[:at] + content[at + piece :]
            tries -= 1
            if child.read(name, shorter, outcome.suffix).what == outcome.what:
                content = shorter
            else:
                at += piece
        piece //= 2
    return content


def keep(name: str, outcome: Outcome, content: bytes) -> Path:
    """Write the file of a failure of the reader `name` to the corpus, or elsewhere where it is too large."""
    folder = CORPUS if len(content) <= LARGEST_KEPT else Path(tempfile.gettempdir())
    what = re.sub(r"[^a-z0-9]+", "-", outcome.what.lower().replace(".py", ""))
    path = folder / f"{name}-{what}{outcome.suffix}"
    path.write_bytes(content)
    return path


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("--minutes", type=positive(float), default=1.0, metavar="M", help="how long (%(default)s)")
    parser.add_argument("--seed", type=natural, default=1, metavar="S", help="other files with another (%(default)s)")
    parser.add_argument("--only", choices=READERS, metavar="READER", help=f"one of {', '.join(READERS)}")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(READERS)
    tally = Tally(names)
    child = Child()
    end = time.monotonic() + 60 * arguments.minutes
    try:
        with tqdm(unit=" files", mininterval=1) as bar:
            for name, outcome in fuzz_turns(child, names, arguments.seed, end):
                bar.update()
                if tally.add(name, outcome):
                    tqdm.write(f"{name}: {outcome.what}", file=sys.stderr)
    finally:
        child.close()
        print(HEADER, *tally.rows(), sep="\n")
    for (name, _), outcome in tally.failures.items():
        keeper = Child()
        try:
            keeper.read(name, bytes.fromhex(outcome.content), outcome.suffix)  # ends the process if it ended the first
            path = keep(name, outcome, shrink(keeper, name, outcome))
        finally:
            keeper.close()
        print(f"{path}: {outcome.what}")
    if tally.failures:
        sys.exit(1)


if __name__ == "__main__":
    run(main)

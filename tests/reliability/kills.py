#!/usr/bin/env python3
"""Kill the scripts at random moments, let them go on, and count what is lost.

    python tests/reliability/kills.py --kills 200

Each command is run once to its end. Then it is started and killed again and again: by SIGKILL and SIGTERM, which reach
the process alone, and by SIGINT, which reaches its workers too, as Ctrl-C in a terminal does. After a kill the same
command goes on with --resume, or gen.py anew, which may be killed too. At last it comes to its end, and its files must
equal those of the first run. The table is in Markdown. The exit code is 1 when anything was lost.
"""

import collections
import contextlib
import csv
import dataclasses
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from drawn_photographs import write_photos  # noqa: E402
from sample_files import make_archive, make_jpeg  # noqa: E402
from training_runs import SMALL, make_test_windows  # noqa: E402

from common import CommandParser, UserError, natural, positive, run  # noqa: E402
from media.arrays import read_arrays  # noqa: E402
from synthesis.windows import Settings, Synthesizer  # noqa: E402

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
GRACE = 2.0  # seconds that a process may live after the one that started it
PYTHON_STARTS = 0.2  # seconds; before, Python itself would be hit, which forgets SIGINT or prints a traceback
LONGEST = 600  # seconds that a run may take before it counts as hanging
GOES_ON = 0.5  # the chance that the run after a kill comes to its end; not tuned
PICTURES = 600  # in the archive of extractbgs.py; its run takes about as long as its start
PHOTOS = 12  # that detect.py reads, for the same reason
WINDOWS = 300  # that gen.py makes: a chunk for each of two workers
TIMES = ("hours", "windows_per_second")  # columns of training.csv that no two runs have alike
STDERR = "stderr"  # the file that the last run's stderr goes to, beside the folder it runs in
END = {".jpg": b"\xff\xd9", ".png": b"IEND\xaeB`\x82", ".tsv": b"\n", ".csv": b"\n", ".jsonl": b"\n", ".json": b"\n"}


# --- commands -------------------------------------------------------------------------------------------------------


def read_files(folder: Path) -> dict[str, bytes]:
    """The content of each file in `folder`, by its path there, without temporary files."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not is_temporary(path)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def read_training(folder: Path) -> dict[str, bytes]:
    """What a run of train.py left, as `read_files` returns it, without the times that it took."""
    files = read_files(folder)
    files["training.png"] = b""  # its axis shows hours
    arrays = read_arrays(folder / "checkpoint.npz", "none")
    state = json.loads(str(arrays.pop("state")))
    del state["seconds"]
    rows = [*state["history"], *csv.DictReader(files["training.csv"].decode().splitlines())]
    for row in rows:
        for column in TIMES:
            del row[column]
    files["training.csv"] = repr(rows).encode()
    parts = [json.dumps(state).encode(), *(key.encode() + arrays[key].tobytes() for key in sorted(arrays))]
    files["checkpoint.npz"] = b"".join(parts)
    return files


@dataclasses.dataclass(frozen=True)
class Command:
    """A script with its arguments, and how it goes on."""

    line: tuple[str, ...]  # the script and its arguments
    begun: str = ""  # the file without which a run begins anew
    resume: tuple[str, ...] = ("--resume",)
    read: Callable[[Path], dict[str, bytes]] = read_files
    prepare: Callable[[Path], object] = Path.mkdir  # makes the folder that the command runs in
    share: int = 3  # of the kills; train.py has fewer, because its start alone takes seconds

    @property
    def name(self) -> str:
        return " ".join([self.line[0], *self.resume])

    @contextlib.contextmanager
    def start(self, folder: Path) -> Iterator[subprocess.Popen]:
        """Start the command in `folder`, in a session of its own; it goes on where an earlier run has begun.

        No process of it lives longer than the block.
        """
        resume = self.resume if (folder / self.begun).exists() and any(folder.iterdir()) else ()
        line = [sys.executable, ROOT / self.line[0], *self.line[1:], *resume]
        with (folder.parent / STDERR).open("wb") as stderr:
            pipes = {"stdout": subprocess.DEVNULL, "stderr": stderr}
            with interrupts_heard():
                process = subprocess.Popen([*map(str, line)], cwd=folder, start_new_session=True, **pipes)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def interrupts_heard() -> Iterator[None]:
    """A process that is started in this block is told of SIGINT, even where this one ignores it.

    A shell has the programs that it runs in the background ignore it, and they would hand that on.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def make_commands(inputs: Path) -> list[Command]:
    """The commands that are killed, with their inputs, which are made in the folder `inputs`."""
    members = {f"sun/street/{i:04d}.jpg": make_jpeg(colour=(i % 256, i // 256, 99)) for i in range(PICTURES)}
    archive = make_archive(inputs / "many.tar.gz", members)
    write_photos(inputs / "photos", Synthesizer(Settings("in", backgrounds="none")), PHOTOS)
    (inputs / "training").mkdir()
    make_test_windows(inputs / "training")
    detect = ("detect.py", inputs / "photos", "--out", "drawn", "--json", "rows.jsonl")
    gen = ("gen.py", WINDOWS, "--bgs", "none", "--formats", "in", "--workers", 2)
    training = ("train.py", *SMALL, "--workers", 2)
    return [
        Command(("extractbgs.py", str(archive)), begun="bgs"),
        Command(tuple(map(str, gen)), resume=()),
        Command(tuple(map(str, detect))),
        Command(
            tuple(map(str, training)),
            begun="checkpoint.npz",
            read=read_training,
            prepare=lambda folder: shutil.copytree(inputs / "training", folder),
            share=1,
        ),
    ]


# --- what is left ---------------------------------------------------------------------------------------------------


def is_temporary(path: Path) -> bool:
    """Whether `path` is named as the scripts name files that they have not finished."""
    return path.name.startswith(".")


def list_temporary(folder: Path) -> set[Path]:
    """The temporary files in `folder`."""
    return {path for path in folder.rglob("*") if is_temporary(path)}


def is_whole(path: Path) -> bool:
    """Whether a file has its end, and a picture or an archive can be read."""
    if path.suffix == ".npz":
        try:
            return bool(read_arrays(path, "none"))
        except Exception:  # whatever the fault is, the file is not whole
            return False
    if not path.read_bytes().endswith(END.get(path.suffix, b"")) and path.stat().st_size:
        return False
    return path.suffix not in (".jpg", ".png") or cv2.imdecode(np.fromfile(path, np.uint8), 1) is not None


def count_processes(session: int) -> int:
    """How many processes of `session` run, by Linux's /proc."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        count += int(its_session) == session and state not in "ZX"
    return count


def count_left_behind(session: int) -> int:
    """How many processes of `session` live longer than GRACE from now."""
    deadline = time.monotonic() + GRACE
    while (count := count_processes(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return count


# --- kills ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Tally:
    """What the kills of a command did."""

    kills: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by signal
    runs: int = 0  # that came to their end after kills
    lost: int = 0  # files of the uninterrupted run that are missing
    incomplete: int = 0  # files that a kill left in part, under their own name
    temporary: int = 0  # unfinished files that SIGKILL left, which no process can prevent
    forgotten: int = 0  # unfinished files that other signals left
    left_behind: int = 0  # processes
    different: int = 0  # files
    failed: int = 0  # runs after kills that ended with a fault

    @property
    def faults(self) -> int:
        return self.lost + self.incomplete + self.forgotten + self.left_behind + self.different + self.failed


def has_ended_well(code: int, folder: Path) -> bool:
    """Whether a run came to its end; train.py refuses to go on with a run that already has."""
    return code == 0 or b"this run is complete" in (folder.parent / STDERR).read_bytes()


def finish(command: Command, folder: Path) -> bool:
    """Run `command` to its end; returns whether it ended well."""
    with command.start(folder) as process:
        code = process.wait(LONGEST)
    if has_ended_well(code, folder):
        return True
    print((folder.parent / STDERR).read_text(errors="replace"), file=sys.stderr)
    return False


def has_failed(code: int, number: signal.Signals, folder: Path) -> bool:
    """Whether a run that signal `number` ended did so with another exit code than it should, or with a traceback.

    It ends by the signal during its imports, and with 130 afterwards. It may just have come to its end, with 0.
    """
    return code not in (0, 130, -number) or b"Traceback" in (folder.parent / STDERR).read_bytes()


def kill(command: Command, folder: Path, after: float, number: signal.Signals, tally: Tally) -> bool:
    """Start `command`, and send it signal `number` after some seconds; returns whether it had not yet ended."""
    before = list_temporary(folder)
    with command.start(folder) as process:
        try:
            tally.failed += not has_ended_well(process.wait(after), folder)
            return False
        except subprocess.TimeoutExpired:
            send = os.killpg if number == signal.SIGINT else os.kill
            send(process.pid, number)
        process.wait(LONGEST)
        left_behind = count_left_behind(process.pid)
    is_faulty = number != signal.SIGKILL and has_failed(process.returncode, number, folder)
    tally.failed += is_faulty
    tally.kills[number.name] += 1
    temporary = len(list_temporary(folder) - before)  # an earlier run that SIGKILL ended may have left others
    incomplete = [name for name in read_files(folder) if not is_whole(folder / name)]
    if number == signal.SIGKILL:
        tally.temporary += temporary
    else:
        tally.forgotten += temporary
    tally.incomplete += len(incomplete)
    tally.left_behind += left_behind
    if left_behind or incomplete or is_faulty or (temporary and number != signal.SIGKILL):
        what = f"{left_behind} processes, {temporary} temporary files, {incomplete}"
        print(f"{number.name} after {after:.2f} s ended it with {process.returncode}, left {what}", file=sys.stderr)
        print((folder.parent / STDERR).read_text(errors="replace")[-1000:], file=sys.stderr)
    return True


def try_command(command: Command, kills: int, rng: random.Random, folder: Path, tally: Tally) -> None:
    """Kill `command` so many times in `folder`, compare it with an uninterrupted run, and count in `tally`."""
    folder.mkdir()
    whole, place = folder / "whole", folder / "killed"
    command.prepare(whole)
    began = time.monotonic()
    if not finish(command, whole):
        raise RuntimeError(f"{command.name} fails without a kill")
    length = time.monotonic() - began
    expected = command.read(whole)
    while (done := tally.kills.total()) < kills:
        if not place.exists():
            command.prepare(place)
        ended = not kill(command, place, rng.uniform(PYTHON_STARTS, length), SIGNALS[done % len(SIGNALS)], tally)
        print(f"{command.name}: {tally.kills.total()} of {kills} kills, {tally.faults} faults", file=sys.stderr)
        if ended or rng.random() < GOES_ON or tally.kills.total() == kills:
            compare(command, place, expected, tally)
            shutil.rmtree(place)


def compare(command: Command, folder: Path, expected: dict[str, bytes], tally: Tally) -> None:
    """Let `command` come to its end in `folder`, and compare its files with those that are `expected`."""
    tally.runs += 1
    if not finish(command, folder):
        tally.failed += 1
        return
    files = command.read(folder)
    tally.lost += len(expected.keys() - files.keys())
    different = [name for name in files if files[name] != expected.get(name)]
    tally.different += len(different)
    if different:
        print(f"{command.name}: {different[:5]} differ", file=sys.stderr)


def try_commands(commands: list[Command], kills: int, seed: int, folder: Path) -> Iterator[tuple[str, Tally]]:
    """Kill `commands` so many times in all; yields the name of each and its tally, in which it then counts."""
    folder.mkdir()
    ends = list(itertools.accumulate(command.share for command in commands))
    for command, end in zip(commands, ends, strict=True):
        count = kills * end // ends[-1] - kills * (end - command.share) // ends[-1]
        rng = random.Random(f"{seed} {command.name}")
        tally = Tally()
        yield command.name, tally
        try_command(command, count, rng, folder / command.line[0], tally)


def draw_table(tallies: dict[str, Tally]) -> str:
    """The table in Markdown."""
    names = [number.name for number in SIGNALS]
    head = ["command", *names, "runs compared", "files lost", "incomplete files", "processes left behind"]
    head += ["files that differ", "failed runs", "temporary files after SIGKILL", "after SIGTERM and SIGINT"]
    rows = [head, ["---"] * len(head)]
    for command, tally in tallies.items():
        kills = [tally.kills[name] for name in names]
        counts = [tally.runs, tally.lost, tally.incomplete, tally.left_behind, tally.different, tally.failed]
        rows.append([f"`{command}`", *kills, *counts, tally.temporary, tally.forgotten])
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("--kills", type=positive(int), default=200, metavar="N", help="of all scripts (%(default)s)")
    parser.add_argument("--only", metavar="SCRIPT", help="kill this script alone, such as gen.py")
    parser.add_argument("--seed", type=natural, default=0, help="of the moments (%(default)s)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = [command for command in make_commands(Path(folder)) if args.only in (None, command.line[0])]
        if not commands:
            raise UserError(f"--only {args.only}: is no script that is killed; name one as in --only gen.py")
        tallies = {}
        try:
            for name, tally in try_commands(commands, args.kills, args.seed, Path(folder) / "runs"):
                tallies[name] = tally
        finally:  # after Ctrl-C too, because all kills take an hour
            print(draw_table(tallies), end="")
    sys.exit(any(tally.faults for tally in tallies.values()))


if __name__ == "__main__":
    run(main)

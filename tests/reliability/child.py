"""The process in which readers meet hostile files, and the parent's hold on it.

A file may cost SECONDS of processor time and GROWTH bytes of memory. A process that takes more time, crashes or waits
for ever is replaced by another.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

ROOT = Path(__file__).resolve().parent.parent.parent
PATHS = (ROOT, ROOT / "tests")  # of the project's modules and of those of the tests
SECONDS = 10  # of processor time a file; a clock would depend on what else the machine does
LONGEST_WAIT = 60  # seconds by the clock a file, for what waits without working
GROWTH = 2 << 30  # bytes of memory a file
ROOM = 2  # times the growth, in addresses; so a MemoryError that a reader swallows hides nothing
LONGEST_MESSAGE = 1000  # characters of a refusal; a terminal shows some ten lines
TOO_LONG, TOO_LARGE = "too long", "too large"
DEATHS = {signal.SIGPROF: TOO_LONG, signal.SIGALRM: "waits for ever", signal.SIGKILL: "killed"}
INPUT = "input"  # the name of a file without its suffix
ACCEPTED, REFUSED, FAILED = "accepted", "refused", "failed"


class Outcome(NamedTuple):
    """What became of one file."""

    kind: str  # ACCEPTED, REFUSED or FAILED
    what: str = ""  # of a failure: the exception and its place, or how the process died
    is_noisy: bool = False  # whether a C library wrote on stderr
    content: str = ""  # of a file that failed, in hexadecimal digits
    suffix: str = ""  # of the same file


# --- within the process ---------------------------------------------------------------------------------------------


def serve(readers: dict, refusals: tuple, make_input) -> None:
    """Answer each line of stdin, [reader, seed, first, count] or [reader, path], with a line for each file."""
    warnings.simplefilter("error")  # a warning of Python would be a line that names no file
    for kind in (DeprecationWarning, ResourceWarning):  # which users do not see
        warnings.simplefilter("ignore", kind)
    with tempfile.TemporaryFile() as noise:
        answers = redirect(noise)
        limits = float(os.environ["FUZZ_SECONDS"]), int(os.environ["FUZZ_GROWTH"])
        for line in sys.stdin:
            name, *request = json.loads(line)
            for path in list_paths(name, make_input, *request):
                os.ftruncate(noise.fileno(), 0)
                kind, what = read_file(readers[name].read, path, refusals, *limits)
                outcome = [kind, what, os.fstat(noise.fileno()).st_size > 0]
                if kind == FAILED:
                    outcome += [path.read_bytes().hex(), path.name.removeprefix(INPUT)]
                print(json.dumps(outcome), file=answers)


def redirect(noise: BinaryIO) -> TextIO:
    """Send what C libraries print to the file `noise`, and return stdout as it was. `sys.stderr` goes on as before."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)  # tells of a fault of the fuzzer itself
    os.dup2(noise.fileno(), 1)
    os.dup2(noise.fileno(), 2)
    return answers


def list_paths(name: str, make_input, *request) -> Iterator[Path]:
    """The files of a request: that of a path, or inputs, each written when it is asked for."""
    if len(request) == 1:
        yield Path(request[0])
        return
    seed, first, count = request
    folder = Path(os.environ["FUZZ_FOLDER"])
    for number in range(first, first + count):
        yield put_input(folder, *make_input(name, seed, number))


def put_input(folder: Path, suffix: str, content: bytes) -> Path:
    """Write a file in place of the last one in `folder`, and return its path."""
    for old in folder.iterdir():
        old.unlink()
    path = folder / f"{INPUT}{suffix}"
    path.write_bytes(content)
    return path


def read_file(read, path: Path, refusals: tuple, seconds: float, growth: int) -> tuple[str, str]:
    """The kind of outcome of reading `path`, and what failed."""
    resource.setrlimit(resource.RLIMIT_AS, (read_memory("VmSize") + ROOM * growth, resource.RLIM_INFINITY))
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
    resident = read_memory("VmRSS")
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_WAIT)
    try:
        read(path)
        outcome = ACCEPTED, ""
    except refusals as error:
        is_short = len(str(error)) <= LONGEST_MESSAGE
        outcome = (REFUSED, "") if is_short else (FAILED, f"long message of {describe(error)}")
    except Exception as error:
        outcome = FAILED, describe(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    if read_memory("VmHWM") - resident > growth:
        return FAILED, TOO_LARGE
    return outcome


def describe(error: Exception) -> str:
    """The class of an exception, and the last place in the project that it passed."""
    _, *passed = traceback.extract_tb(error.__traceback__)  # without this module
    frames = [frame for frame in passed if Path(frame.filename).is_relative_to(ROOT)]
    place = f"{Path(frames[-1].filename).relative_to(ROOT)}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__} at {place}"


def read_memory(field: str) -> int:
    """Bytes that a field of /proc/self/status says, such as VmSize."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


# --- the parent's hold ----------------------------------------------------------------------------------------------


class Child:
    """A process that reads files, and is started again where it dies."""

    def __init__(self, program: Path = Path(__file__), seconds: float = SECONDS, growth: int = GROWTH) -> None:
        """`program` calls `serve`. A file may cost these `seconds` of processor time and `growth` bytes of memory."""
        self.program = program
        self.limits = {"FUZZ_SECONDS": str(seconds), "FUZZ_GROWTH": str(growth)}
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        self.files = self.folder / "files"  # one at a time
        self.temporary = self.folder / "temporary"  # where readers make folders, which a crash leaves behind
        self.files.mkdir()
        self.temporary.mkdir()
        self.process = None

    def start(self) -> None:
        environment = {
            **os.environ,
            **self.limits,
            "FUZZ_FOLDER": str(self.files),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join(map(str, PATHS)),
            "OMP_NUM_THREADS": "1",
            "OPENCV_FFMPEG_LOGLEVEL": "16",  # errors
        }
        self.process = subprocess.Popen(
            [sys.executable, self.program],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fuzz(self, name: str, seed: int, first: int, count: int) -> Iterator[Outcome]:
        """The outcomes of the inputs first .. first + count - 1 of the reader `name`."""
        end = first + count
        while first < end:
            for outcome in self.ask([name, seed, first, end - first], end - first):
                first += 1
                yield outcome

    def read(self, name: str, content: bytes, suffix: str) -> Outcome:
        """The outcome of the reader `name` with a file."""
        path = put_input(self.files, suffix, content)
        [outcome] = self.ask([name, str(path)], 1)
        return outcome

    def ask(self, request: list, count: int) -> Iterator[Outcome]:
        """The outcomes of at most `count` files. The last one is that of the death of the process, if it dies."""
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for _ in range(count):
            line = self.process.stdout.readline()
            if not line:
                [path] = self.files.iterdir()
                yield Outcome(FAILED, self.name_death(), True, path.read_bytes().hex(), path.name.removeprefix(INPUT))
                return
            yield Outcome(*json.loads(line))

    def name_death(self) -> str:
        """How the process died. The next request starts another."""
        code = self.process.wait()
        self.process = None
        return DEATHS.get(-code) or (signal.Signals(-code).name if code < 0 else f"exit {code}")

    def close(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


if __name__ == "__main__":
    import cv2
    from reliability.readers import READERS, REFUSALS, make_input

    cv2.setNumThreads(1)
    serve(READERS, REFUSALS, make_input)

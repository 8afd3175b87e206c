#!/usr/bin/env python3
"""Measure what it costs to decode pictures in a process of their own, which may crash and be started again.

    python tests/reliability/decoders.py --rounds 8

Three kinds of work are done: photographs of one megapixel are read, photographs of twelve are read, and backgrounds are
made as extractbgs.py makes them. Each round does the same pictures with OpenCV here and then in a child. The table in
Markdown has the medians of the rounds: processor time of both processes, and time by the clock. The last columns are
the medians of the rounds' quotients. What the child's start takes is not in the table, and has a line of its own.
"""

import os
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from common import CommandParser, positive, run  # noqa: E402
from media.background_pictures import convert  # noqa: E402
from media.pictures import decode_picture, encode  # noqa: E402
from reading.ahead import map_ahead  # noqa: E402
from reading.plate_reader import PlateReader  # noqa: E402

HEADER = struct.Struct("<qd")  # bytes of a picture's file, or of an answer; seconds of the child's processor time
SHAPE = struct.Struct("<qqq")  # of a decoded picture
ROOM = 1 << 26  # bytes for a decoded picture, which both processes see
KINDS = {"decode": decode_picture, "convert": convert}
PICTURES = {  # width in pixels, count
    "1 megapixel, read": (1200, 8),
    "12 megapixels, read": (4000, 2),
    "1 megapixel, to backgrounds": (1200, 60),
}
COLUMNS = (
    "pictures",
    "processor here, s",
    "in a child",
    "clock here, s",
    "in a child",
    "processor, times",
    "clock, times",
)


# --- the child ------------------------------------------------------------------------------------------------------


def serve(kind: str, number: int) -> None:
    """Answer each picture's file on stdin: by a shape, with the pixels in the file `number`, or by another file."""
    cv2.setNumThreads(1)
    shared = np.memmap(os.fdopen(number, "r+b"), np.uint8, "r+", shape=ROOM)
    while head := sys.stdin.buffer.read(HEADER.size):
        answer = KINDS[kind](sys.stdin.buffer.read(HEADER.unpack(head)[0]))
        if kind == "decode":
            shared[: answer.size] = answer.ravel()
            answer = SHAPE.pack(*answer.shape)
        sys.stdout.buffer.write(HEADER.pack(len(answer), time.process_time()) + answer)
        sys.stdout.buffer.flush()


class Child:
    """A process that decodes."""

    def __init__(self, kind: str) -> None:
        """`kind` is one of KINDS."""
        number = os.memfd_create("picture")
        os.ftruncate(number, ROOM)
        line = [sys.executable, __file__, "--serve", kind, str(number)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.kind = kind
        self.process = subprocess.Popen(line, pass_fds=[number], **pipes)
        self.shared = np.memmap(os.fdopen(number, "r+b"), np.uint8, "r+", shape=ROOM)
        self.spent = 0.0  # seconds of its processor time, at its last answer

    def do(self, data: bytes) -> object:
        """What the function of KINDS returns for a picture's file."""
        self.process.stdin.write(HEADER.pack(len(data), 0))
        self.process.stdin.write(data)
        self.process.stdin.flush()
        length, self.spent = HEADER.unpack(self.process.stdout.read(HEADER.size))
        answer = self.process.stdout.read(length)
        if self.kind == "convert":
            return answer
        shape = SHAPE.unpack(answer)
        return self.shared[: np.prod(shape)].reshape(shape).copy()  # the next picture takes its place

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


# --- the measurement ------------------------------------------------------------------------------------------------


def read(pictures: list[bytes], decode: Callable, reader: PlateReader) -> list:
    """Read `pictures` as detect.py does: a thread decodes the next one."""
    with ThreadPoolExecutor(1) as pool:
        return [reader.read_photo(photo) for photo in map_ahead(pool, decode, pictures)]


def measure(work: Callable[[], object], child: Child) -> tuple[float, float, object]:
    """Seconds of processor time, of this process and of `child`, seconds by the clock, and the result of `work`."""
    began = time.process_time() + child.spent, time.perf_counter()
    result = work()
    return time.process_time() + child.spent - began[0], time.perf_counter() - began[1], result


def make_pictures(width: int, count: int) -> list[bytes]:
    """The files of `count` photographs of a street, each cut a little differently, `width` pixels wide."""
    photo = cv2.imread(str(ROOT / "in.jpg"))
    scale = width / photo.shape[1]
    large = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return [encode(".jpg", large[i % 16 :, i // 16 :]) for i in range(count)]


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("--rounds", type=positive(int), default=8, help="of each kind of work (%(default)s)")
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    reader = PlateReader()
    print(f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}", sep="\n")
    starts = []
    for name, (width, count) in PICTURES.items():
        pictures = make_pictures(width, count)
        if name.endswith("read"):
            kind, work = "decode", lambda do, pictures=pictures: read(pictures, do, reader)
        else:
            kind, work = "convert", lambda do, pictures=pictures: [do(data) for data in pictures]
        child = Child(kind)
        child.do(pictures[0])
        starts.append(child.spent)
        work(KINDS[kind])  # the first time takes longer
        rows = []
        for _ in range(rounds):
            *here, result = measure(lambda work=work, kind=kind: work(KINDS[kind]), child)
            *there, same = measure(lambda work=work, child=child: work(child.do), child)
            if repr(result) != repr(same):
                raise RuntimeError("the child's pictures are others")
            rows.append((here[0], there[0], here[1], there[1], there[0] / here[0], there[1] / here[1]))
        child.close()
        middles = [statistics.median(column) for column in zip(*rows, strict=True)]
        print(f"| {count} of {name} | {' | '.join(f'{value:.2f}' for value in middles)} |", flush=True)
    print(f"The start of a child takes {statistics.median(starts):.2f} s of processor time.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        run(main)

#!/usr/bin/env python3
"""Measure PP-OCR, a general reader of text, on the photographs that accuracy.py measures on.

    python3 -m venv peers && peers/bin/pip install rapidocr onnxruntime
    python tests/peers.py --python peers/bin/python

PP-OCR runs in a Python of its own, so that this project does not depend on it. Its models are in the package
`rapidocr`. It has no notion of a plate, so its lines of text are joined to plates by a rule that favours it:

- Lines side by side are joined where they overlap by half in height and are less than a line apart.
- Lines one above the other are joined where they overlap by half in width and are less than 0.6 of a line apart.
- A joined text has at most 11 characters and at least one digit. Its box is the union of the lines' boxes.
- Joined texts may be joined again, up to four lines. The single lines stay readings too.
- In the sets of crops the whole picture is recognised as one line too, because lines that fill a picture are rarely
  found. `--recognition` has nothing but this line there, which is faster.

The lines that are printed are those of accuracy.py. `false/image` counts all text that is no plate. `ms` is processor
time a photograph, its decoding included; PP-OCR runs in one thread, because waiting threads would count too.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from photo_sets import SETS, add_arguments, load_sets, measure_set, print_false_plates

from common import UNIT_SQUARE, CommandParser, UserError, run
from media.labels import Box, clean_code

# The rule by which lines are joined to plates.
LEAST_OVERLAP = 0.5  # of the lower line's height, or of the narrower one's width
MOST_BESIDE = 1.0  # lines between two that stand side by side
MOST_BETWEEN = 0.6  # lines between two that stand one above the other
MOST_CHARACTERS = 11  # of a joined text
MOST_LINES = 4  # of a joined text, as of "TN" over "19", "AB" and "1234"; bounds the work on pages of text


class Text(NamedTuple):
    """A text on a photograph: one line, or several that were joined."""

    code: str  # letters and digits
    confidence: float  # 0..1, the least of the lines'
    box: Box
    lines: frozenset[int]  # which of the photograph's lines it consists of
    line_height: float  # pixels, the mean of the lines'


def measure_gaps(a: Text, b: Text) -> tuple[float, float, float, float]:
    """Overlap in width and in height, as shares of the smaller, and the gaps beside and between in pixels."""
    ax, ay, a_width, a_height = a.box
    bx, by, b_width, b_height = b.box
    across = min(ax + a_width, bx + b_width) - max(ax, bx)
    down = min(ay + a_height, by + b_height) - max(ay, by)
    in_width = across / max(min(a_width, b_width), 1)
    in_height = down / max(min(a_height, b_height), 1)
    return in_width, in_height, -across, -down


def join(a: Text, b: Text) -> Text | None:
    """The text of `a` and then `b` if `b` stands right of `a` or below it, as the rule says; otherwise None."""
    in_width, in_height, beside, between = measure_gaps(a, b)
    line = (a.line_height + b.line_height) / 2
    is_beside = in_height >= LEAST_OVERLAP and beside < MOST_BESIDE * line and a.box[0] < b.box[0]
    is_below = in_width >= LEAST_OVERLAP and between < MOST_BETWEEN * line and a.box[1] < b.box[1]
    code = a.code + b.code
    if not (is_beside or is_below) or len(code) > MOST_CHARACTERS or code.isalpha():
        return None
    left, top = min(a.box[0], b.box[0]), min(a.box[1], b.box[1])
    right = max(a.box[0] + a.box[2], b.box[0] + b.box[2])
    bottom = max(a.box[1] + a.box[3], b.box[1] + b.box[3])
    count_a, count_b = len(a.lines), len(b.lines)
    line = (a.line_height * count_a + b.line_height * count_b) / (count_a + count_b)
    box = (left, top, right - left, bottom - top)
    return Text(code, min(a.confidence, b.confidence), box, a.lines | b.lines, line)


def join_lines(lines: Sequence[Text]) -> list[Text]:
    """The lines, and every text that they can be joined to. A text that can be joined in two ways is there once."""
    texts = list(lines)
    known = {(text.lines, text.code) for text in texts}
    newest = texts
    while newest:
        joined = [text for text in join_pairs(texts, newest) if (text.lines, text.code) not in known]
        newest = list({(text.lines, text.code): text for text in joined}.values())
        known |= {(text.lines, text.code) for text in newest}
        texts = texts + newest
    return texts


def join_pairs(texts: Sequence[Text], newest: Sequence[Text]) -> Iterator[Text]:
    """Yield what comes of joining each of `newest` with each of `texts` that has none of its lines."""
    for a in newest:
        for b in texts:
            if a.lines & b.lines or len(a.lines) + len(b.lines) > MOST_LINES:
                continue
            for text in (join(a, b), join(b, a)):
                if text:
                    yield text


def make_line(index: int, text: str, score: float, corners: np.ndarray) -> Text:
    """A line as PP-OCR found it: `corners` are (4, 2), in pixels."""
    (left, top), (right, bottom) = corners.min(0).tolist(), corners.max(0).tolist()
    return Text(
        clean_code(text), float(score), (left, top, right - left, bottom - top), frozenset([index]), bottom - top
    )


class TextReader:
    """PP-OCR as `rapidocr` ships it, with its defaults, in one thread."""

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            reason = f"{error.name} is not installed in {sys.executable}"
            raise UserError(
                f"{reason}; pip install rapidocr onnxruntime into a venv, and name it with --python"
            ) from None
        threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        self.engine = RapidOCR(params={"Global.log_level": "error", **threads})
        sample = np.full((200, 400, 3), 255, np.uint8)
        cv2.putText(sample, "AB 12", (40, 120), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 6)
        self.read(sample)  # so that no photograph's time holds the loading of models

    def read(self, photo: np.ndarray) -> list[Text]:
        """The texts of `photo` (H, W, 3) uint8 BGR, single lines and joined ones."""
        result = self.engine(photo, use_det=True, use_cls=True)  # it remembers the last call's steps
        if result.txts is None or result.boxes is None:
            return []
        answers = enumerate(zip(result.txts, result.scores, result.boxes, strict=True))
        lines = [make_line(i, text, score, np.asarray(corners)) for i, (text, score, corners) in answers]
        return join_lines([line for line in lines if line.code])

    def recognise(self, crop: np.ndarray) -> list[Text]:
        """The text of `crop` (H, W, 3) uint8 BGR, taken for a single line."""
        height, width = crop.shape[:2]
        result = self.engine(crop, use_det=False, use_cls=False)
        if result.txts is None:
            return []
        corners = UNIT_SQUARE * (width, height)
        lines = [make_line(0, text, score, corners) for text, score in zip(result.txts, result.scores, strict=True)]
        return [line for line in lines if line.code]

    def read_crop(self, crop: np.ndarray) -> list[Text]:
        """The texts of `crop` (H, W, 3) uint8 BGR, found in it, and the whole picture as one line more."""
        return [*self.recognise(crop), *self.read(crop)]


def run_elsewhere(python: str, arguments: Sequence[str]) -> None:
    """Run this script by another Python, and end with its exit code."""
    try:
        code = subprocess.call([python, __file__, *arguments])
    except OSError as error:
        raise UserError(f"{python}: cannot be run ({error.strerror}); name the python of a venv") from None
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = CommandParser(__doc__)
    parser.add_argument("--python", metavar="FILE", help="the Python that has rapidocr (the one that runs this)")
    parser.add_argument("--recognition", action="store_true", help="find no lines in the sets of crops")
    add_arguments(parser, SETS)
    args = parser.parse_args(arguments)
    if args.python:
        run_elsewhere(args.python, [*arguments, "--python", ""])
    sets = load_sets(args)
    reader = TextReader()
    print(f"rapidocr {version('rapidocr')}")
    read_crop = reader.recognise if args.recognition else reader.read_crop
    scores = {
        name: measure_set(name, labels, read_crop if name.endswith("crops") else reader.read).score()
        for name, labels in sets.items()
    }
    print_false_plates(scores)


if __name__ == "__main__":
    run(main)

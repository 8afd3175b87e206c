"""Further looks at a plate by its parts: each line by itself, and halves of a line.

A part fills a window, so small characters are larger there. The frames of a plate's parts, one after the other, are one
look at the plate. Training shows the reader such parts (`synthesis/parts.py`).
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from common import BLANK, CUT_RANGE, box_corners
from model import COLUMNS

CUTS = (0.38, 0.46, 0.54)  # of the plate's height: where the middle between two lines may be
BEYOND_CUT = 0.05  # of the height: what a line's window shows beyond it
LEAST_HALVED = 4  # characters on such a line; not tuned
WIDE = 0.12  # of the width, from one character to the next: a half in which all are as wide needs no window of its own
UNDER = 0.04  # of the width: so far right of an upper character a lower one still stands under it; not tuned


class Part(NamedTuple):
    """A part of a plate, as fractions of its width and height, and the frames of the part's window that count."""

    left: float
    right: float
    top: float
    bottom: float
    first: int = 0
    end: int = COLUMNS

    @property
    def corners(self) -> np.ndarray:
        """The corners (4, 2) of the part's window."""
        return box_corners(self.left, self.right, self.top, self.bottom)


def partitions(look: np.ndarray) -> Iterator[list[Part]]:
    """The ways to see a plate by its parts, given a `look` (128, 37) at it: log-probabilities of its frames.

    A way is a list of parts in the order in which the code is read. The parts are those of the look's window.
    """
    upper, lower = (place_characters(line) for line in (look[:COLUMNS], look[COLUMNS:]))
    if len(upper) and not len(lower):
        halves = halve(upper, 0, 1)
        if len(halves) > 1:
            yield halves
    elif len(upper):
        edge = find_number_beside(upper, lower)
        for cut in CUTS:
            above, below = (0, cut + BEYOND_CUT), (cut - BEYOND_CUT, 1)
            lines = [Part(0, 1, *above), Part(0, 1, *below)]
            halves = halve(upper, *above) + halve(lower, *below)
            yield lines
            if halves != lines:
                yield halves
            if edge:
                yield [Part(0, edge, *above), Part(0, edge, *below), Part(edge, 1, 0, 1)]


def place_characters(line: np.ndarray) -> np.ndarray:
    """Where the characters of a `line` (64, 37) of frames stand: x (N,) ascending, as fractions of the width."""
    classes = line.argmax(-1)
    edges = np.flatnonzero(np.diff(classes, prepend=BLANK, append=BLANK))  # where the class changes
    runs = [(first, end) for first, end in itertools.pairwise(edges) if classes[first] != BLANK]
    return np.array([(first + end) / 2 for first, end in runs]) / COLUMNS


def find_number_beside(upper: np.ndarray, lower: np.ndarray) -> float | None:
    """The left edge of a number that may stand beside two short rows, and that ends the lower line.

    `upper` and `lower` (N,) are the places of the characters on the lines. None where the lower line goes on by less
    than two characters after the upper one.
    """
    start = np.searchsorted(lower, upper[-1] + UNDER)  # characters of the lower row
    if not start or len(lower) - start < 2:
        return None
    return float(lower[start - 1] + lower[start]) / 2


def halve(x: np.ndarray, top: float, bottom: float) -> list[Part]:
    """The halves of a line between `top` and `bottom` with characters at `x` (N,).

    A half with wide characters is seen in the window of the whole line. It is the whole line where both halves have
    wide characters, or where there is no place for a cut.
    """
    cuts = (x[1:] + x[:-1]) / 2
    cuts = cuts[(cuts > CUT_RANGE[0]) & (cuts < CUT_RANGE[1])]
    if len(x) < LEAST_HALVED or not len(cuts):
        return [Part(0, 1, top, bottom)]
    cut = float(cuts[np.abs(cuts - x.mean()).argmin()])
    left, right = Part(0, cut, top, bottom), Part(cut, 1, top, bottom)
    frame = round(cut * COLUMNS)
    if is_wide(x[x < cut]):
        left = Part(0, 1, top, bottom, end=frame)
    if is_wide(x[x > cut]):
        right = Part(0, 1, top, bottom, first=frame)
    return [left, right] if left.right < 1 or right.left > 0 else [Part(0, 1, top, bottom)]


def is_wide(x: np.ndarray) -> bool:
    """Whether characters at `x` (N,) are wide enough to be read in the window of a whole line."""
    return np.diff(x).min(initial=1) >= WIDE

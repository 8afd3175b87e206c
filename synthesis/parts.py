"""Parts of a plate that the reader looks at by themselves: a line of two, or half of a line.

A part fills the reader's window, so its characters are larger than in a window of the whole plate. Detection looks at
the same parts (`reading/parts.py`).

The shares and ranges were set by eye, and none was tuned.
"""

import dataclasses

import numpy as np

from common import CUT_RANGE, box_corners
from synthesis.subject import Subject

PART_SHARES = (0.1, 0.35)  # of the reader's windows that could show a whole plate of one line, of two: parts
HALF_SHARE = 0.45  # of the parts of a plate with two lines: half of a line
LEAST_CHARACTERS = 2  # on a half of a line
CUT_ERROR = 0.15  # of the distance of two characters: how far from their middle the cut is at most
BEYOND_LINE = (-0.04, 0.14)  # of the plate's height: what a line's window shows beyond the middle between the lines


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a plate, as fractions of its width and height, and the characters of the code that are wholly on it."""

    first: int  # number of its first character in the code
    end: int  # number of the character after its last one
    left: float = 0.0
    right: float = 1.0
    top: float = 0.0
    bottom: float = 1.0

    @property
    def corners(self) -> np.ndarray:
        """The corners (4, 2) of the part."""
        return box_corners(self.left, self.right, self.top, self.bottom)


def draw_part(subject: Subject, rng: np.random.Generator) -> Part | None:
    """Choose a part of `subject`, a plate. None where its window is to show the whole plate."""
    rows = subject.centres[:, 2]
    two_lines = bool(rows.any())
    if rng.random() >= PART_SHARES[two_lines]:
        return None
    if not two_lines:
        return draw_half(subject, Part(0, len(rows)), rng)
    if subject.middle is None:
        return None
    line = draw_line(subject, rng)
    half = draw_half(subject, line, rng) if rng.random() < HALF_SHARE else None
    return half or line


def draw_line(subject: Subject, rng: np.random.Generator) -> Part:
    """Choose one of the two lines of `subject`."""
    rows = subject.centres[:, 2]
    start = int(np.argmax(rows))  # number of the first character on the lower line
    beyond = rng.uniform(*BEYOND_LINE)
    if rng.random() < 0.5:
        return Part(0, start, bottom=min(subject.middle + beyond, 1.0))
    return Part(start, len(rows), top=max(subject.middle - beyond, 0.0))


def draw_half(subject: Subject, line: Part, rng: np.random.Generator) -> Part | None:
    """Choose a half of `line`, which is a line of `subject`. None where it cannot be cut about its middle."""
    x = subject.centres[line.first : line.end, 0]
    distance = np.diff(x)  # 0 between letters that stand above each other
    cuts = (x[1:] + x[:-1]) / 2 + distance * rng.uniform(-CUT_ERROR, CUT_ERROR)
    before = np.arange(1, len(x))  # characters to the left of each cut
    enough = np.minimum(before, len(x) - before) >= LEAST_CHARACTERS
    possible = np.flatnonzero(enough & (distance > 0) & (cuts > CUT_RANGE[0]) & (cuts < CUT_RANGE[1]))
    if not len(possible):
        return None
    chosen = possible[rng.integers(len(possible))]
    number, cut = line.first + int(before[chosen]), float(cuts[chosen])
    if rng.random() < 0.5:
        return dataclasses.replace(line, end=number, right=cut)
    return dataclasses.replace(line, first=number, left=cut)

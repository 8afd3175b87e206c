"""Scoring: how many labelled plates were found and read.

A labelled plate is *found* when a reading overlaps it: their boxes share FOUND_IOU of their union, or the reading's
box holds the centre of the plate's box and is at most WIDEST times as wide. Where the label has no box, any reading of
the photograph overlaps. A found plate is *read* when an overlapping reading has its code. It is *read~* when the codes
are the same once O counts as 0 and I as 1, because many plate typefaces draw these alike. It is *top1~* when the
photograph's surest reading is so, which is the convention of papers on plate reading. A reading that overlaps no
labelled plate is a *false plate*.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from common import LOOKALIKES, edit_distance
from media.labels import Box, Label, clean_code

FOUND_IOU = 0.3  # intersection over union; low, because labels are drawn loosely
WIDEST = 3  # times the width of the labelled box; a wider reading does not show where the plate is


class Answer(Protocol):
    """A reading that is scored: a Plate, or a text that another program read."""

    code: str
    confidence: float  # 0..1
    box: Box


class Outcome(NamedTuple):
    """A labelled plate and the readings that overlap it, the surest first."""

    label: Label
    answers: Sequence[Answer]

    def distance(self, answer: Answer) -> int:
        """How many characters of the reading are to be inserted, deleted or replaced to make the label's code of it."""
        return edit_distance(clean_code(answer.code), self.label.code)

    @property
    def nearest(self) -> Answer | None:
        """The overlapping reading with the least edit distance; None where nothing overlaps."""
        return min(self.answers, key=lambda answer: self.distance(answer), default=None)

    @property
    def right_characters(self) -> float:
        """One minus the edit distance of the nearest reading, as a share of the code's characters; 0..1.

        The label's code must be known.
        """
        if not self.answers:
            return 0.0
        return max(0.0, 1 - self.distance(self.nearest) / len(self.label.code))

    @property
    def is_read(self) -> bool:
        return any(clean_code(answer.code) == self.label.code for answer in self.answers)

    @property
    def is_read_alike(self) -> bool:
        """Whether the plate is read where O counts as 0 and I as 1."""
        return any(fold(answer.code) == fold(self.label.code) for answer in self.answers)


class Verdict(NamedTuple):
    """What became of the labelled plates of one photograph, and of its readings."""

    outcomes: list[Outcome]
    answers: list[Answer]  # the surest first
    false_plates: list[Answer]


class Score(NamedTuple):
    """Sums over photographs."""

    photos: int = 0
    plates: int = 0
    codes: int = 0  # labelled plates whose code is known
    found: int = 0
    read: int = 0
    read_alike: int = 0
    top1_alike: int = 0
    right_characters: float = 0  # the sum of the shares
    false_plates: int = 0
    not_read: int = 0  # photographs for which there are no readings, because they could not be opened

    @property
    def false_rate(self) -> float:
        """False plates a photograph."""
        return self.false_plates / max(self.photos, 1)

    def percent(self, count: float) -> float:
        """`count` as a share of the plates whose code is known, in percent."""
        return 100 * count / max(self.codes, 1)

    def __str__(self) -> str:
        return (
            f"plates {self.plates}  found {100 * self.found / max(self.plates, 1):.1f}%  "
            f"read {self.percent(self.read):.1f}%  read~ {self.percent(self.read_alike):.1f}%  "
            f"top1~ {self.percent(self.top1_alike):.1f}%  chars {self.percent(self.right_characters):.1f}%  "
            f"false/image {self.false_rate:.2f}  images without a row {self.not_read}"
        )


def fold(code: str) -> str:
    """The letters and digits of a code, with O as 0 and I as 1."""
    return clean_code(code).translate(LOOKALIKES)


def overlaps(truth: Box, box: Box) -> bool:
    """Whether a reading's `box` is at the place of the labelled box `truth`."""
    x, y, width, height = truth
    left, top, across, down = box
    shared_width = max(0, min(x + width, left + across) - max(x, left))
    shared_height = max(0, min(y + height, top + down) - max(y, top))
    shared = shared_width * shared_height
    union = width * height + across * down - shared
    if shared / union >= FOUND_IOU:
        return True
    holds_centre = left <= x + width / 2 <= left + across and top <= y + height / 2 <= top + down
    return holds_centre and across <= WIDEST * width


def judge(labels: Iterable[Label], answers: Iterable[Answer]) -> Verdict:
    """Hold the readings of a photograph against its labels."""
    answers = sorted(answers, key=lambda answer: -answer.confidence)
    outcomes = []
    for label in labels:
        near = [answer for answer in answers if label.box is None or overlaps(label.box, answer.box)]
        outcomes.append(Outcome(label, near))
    true = {id(answer) for outcome in outcomes for answer in outcome.answers}
    return Verdict(outcomes, answers, [answer for answer in answers if id(answer) not in true])


def add_up(verdicts: Iterable[Verdict], not_read: int = 0) -> Score:
    """The sums over photographs, of which `not_read` have no readings for want of a picture."""
    score = Score(not_read=not_read)
    for verdict in verdicts:
        known = [outcome for outcome in verdict.outcomes if outcome.label.code]
        surest = fold(verdict.answers[0].code) if verdict.answers else None
        photo = Score(
            photos=1,
            plates=len(verdict.outcomes),
            codes=len(known),
            found=sum(bool(outcome.answers) for outcome in verdict.outcomes),
            read=sum(outcome.is_read for outcome in known),
            read_alike=sum(outcome.is_read_alike for outcome in known),
            top1_alike=sum(fold(outcome.label.code) == surest for outcome in known),
            right_characters=sum(outcome.right_characters for outcome in known),
            false_plates=len(verdict.false_plates),
        )
        score = add_scores(score, photo)
    return score


def add_scores(*scores: Score) -> Score:
    return Score(*map(sum, zip(*scores, strict=True)))


def align(truth: str, code: str) -> list[tuple[str, str]]:
    """Pairs of a character of `truth` and the character of `code` that was read for it.

    The first is "" where a character was added, the second where one was left out. As few pairs as possible differ.
    """
    pairs = []
    i, j = len(truth), len(code)
    while i or j:
        distance = edit_distance(truth[:i], code[:j])
        if i and j and distance == edit_distance(truth[: i - 1], code[: j - 1]) + (truth[i - 1] != code[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], code[j]))
        elif i and distance == edit_distance(truth[: i - 1], code[:j]) + 1:
            i -= 1
            pairs.append((truth[i], ""))
        else:
            j -= 1
            pairs.append(("", code[j]))
    return pairs[::-1]

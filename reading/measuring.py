"""Measuring: the readings of a user's photographs held against the user's labels.

A table of labels names a photograph by its path below the folder of the table's photographs. A photograph that is
elsewhere, as a copy is, may be named by any end of its path: `a.jpg` and `street/a.jpg` both name
`photos/street/a.jpg`.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np

from common import UserError
from media.labels import Label, find_folder, read_labels
from reading.plate import Plate
from reading.reliability import describe_reliability, judge_readings
from reading.scoring import Outcome, Score, Verdict, add_up, align, judge

MOST_CONFUSIONS = 10  # confusions of characters that are printed; not tuned
MOST_MISREADINGS = 10  # misreadings that are printed; not tuned
LEAST_RIGHT = 0.5  # of a code's characters; a worse reading shows something else, and its characters confuse nothing


class Finding(NamedTuple):
    """What became of one labelled plate, and on which photograph it is."""

    photo: Path
    outcome: Outcome


class Measurement:
    """Takes the readings of photographs one by one, and says how right they are.

    `labels` are those of each photograph that has any.
    """

    def __init__(self, labels: dict[Path, list[Label]]) -> None:
        self.labels = labels
        self.verdicts: dict[Path, Verdict] = {}
        self.unlabelled = 0  # photographs that were read but have no label

    def add(self, photo: Path, plates: Sequence[Plate]) -> None:
        """Hold the readings of a photograph, which need not have a label, against its labels."""
        labels = self.labels.get(photo)
        if labels:
            self.verdicts[photo] = judge(labels, plates)
        else:
            self.unlabelled += 1

    def watch(self, name: str, pixels: np.ndarray, plates: Sequence[Plate], photo: Path) -> None:
        """Take the readings of a photograph as a run over sources gives them to its watchers."""
        self.add(photo, plates)

    def score(self) -> Score:
        """The sums over the labelled photographs. The plates of one that could not be opened are not found."""
        unread = [judge(labels, []) for photo, labels in self.labels.items() if photo not in self.verdicts]
        return add_up([*self.verdicts.values(), *unread], not_read=len(unread))

    def findings(self) -> list[Finding]:
        """Every labelled plate of the photographs that were read."""
        return [Finding(photo, outcome) for photo, verdict in self.verdicts.items() for outcome in verdict.outcomes]

    def misreadings(self) -> list[Finding]:
        """The plates that were found and misread, although O counts as 0 and I as 1.

        Those with the most wrong characters come first, and of these the surest.
        """

        def badness(finding: Finding) -> tuple[int, float]:
            nearest = finding.outcome.nearest
            return finding.outcome.distance(nearest), nearest.confidence

        found = [finding for finding in self.findings() if finding.outcome.answers and finding.outcome.label.code]
        wrong = [finding for finding in found if not finding.outcome.is_read_alike]
        return sorted(wrong, key=badness, reverse=True)

    def missed(self) -> list[Finding]:
        """The plates that were not found."""
        return [finding for finding in self.findings() if not finding.outcome.answers]

    def confusions(self) -> Counter[tuple[str, str]]:
        """How often which character was read for which, as in `("O", "0")`; equal ones too.

        The first is "" where a character was added, the second where one was left out. Readings that have less than
        LEAST_RIGHT of the characters right do not count.
        """
        pairs: Counter[tuple[str, str]] = Counter()
        for _, outcome in self.findings():
            if outcome.answers and outcome.label.code and outcome.right_characters >= LEAST_RIGHT:
                pairs.update(align(outcome.label.code, outcome.nearest.code))
        return pairs

    def describe(self) -> list[str]:
        """The lines that a user reads."""
        score = self.score()
        lines = [
            f"plates        {score.plates} on {score.photos} photographs",
            f"found         {100 * score.found / max(score.plates, 1):.1f} %",
            f"read          {score.percent(score.read):.1f} %",
            f"read~         {score.percent(score.read_alike):.1f} %, where O counts as 0 and I as 1",
            f"characters    {score.percent(score.right_characters):.1f} %",
            f"false plates  {score.false_rate:.2f} a photograph",
            f"confidence    {describe_reliability(judge_readings(self.verdicts.values()))}",
        ]
        if score.not_read:
            lines.append(f"not opened    {score.not_read} photographs; their plates count as not found")
        if self.unlabelled:
            lines.append(f"no label      {self.unlabelled} photographs, which do not count")
        return lines + describe_confusions(self.confusions()) + describe_misreadings(self.misreadings())


def match_labels(path: Path, photos: Iterable[Path]) -> dict[Path, list[Label]]:
    """The labels of the table `path` for each of the `photos` that the table names.

    Raises UserError when the table is wrong, or when it names a photograph that is not among `photos`, or two of them.
    """
    labels = read_labels(path)
    folder = find_folder(path)
    places: dict[str, Path] = {}
    named: dict[str, list[Path]] = {}
    for photo in dict.fromkeys(photos):
        places[without_links(photo)] = photo
        named.setdefault(photo.name, []).append(photo)
    matched: dict[Path, list[Label]] = {}
    for label in labels:
        exact = places.get(without_links(folder / label.image))
        fitting = [exact] if exact else find_by_end(label.image, named)
        if not fitting:
            reason = f"{label.image} is none of the photographs to read; name its folder too, or delete it"
            raise UserError(f"{path}: line {label.line}: {reason}")
        if len(fitting) > 1:
            both = f"{fitting[0]} and {fitting[1]}"
            raise UserError(f"{path}: line {label.line}: {label.image} names {both}; write more of the path")
        matched.setdefault(fitting[0], []).append(label)
    return matched


def without_links(photo: Path) -> str:
    """The path of a photograph without links to folders. The photograph itself may be a link to another name."""
    return os.path.join(os.path.realpath(photo.parent), photo.name)


def find_by_end(image: str, named: dict[str, list[Path]]) -> list[Path]:
    """The photographs whose paths end in `image`. `named` are all photographs by their last names."""
    name = PurePath(image)
    return [photo for photo in named.get(name.name, []) if photo.absolute().parts[-len(name.parts) :] == name.parts]


def describe_confusions(confusions: Counter[tuple[str, str]]) -> list[str]:
    """A line of the most frequent confusions of two characters; none where there is no confusion."""
    wrong = [(pair, count) for pair, count in confusions.most_common() if pair[0] != pair[1]]
    told = [f"{describe_pair(*pair)} {count}" for pair, count in wrong[:MOST_CONFUSIONS]]
    return [f"confused      {', '.join(told)}"] if told else []


def describe_pair(truth: str, read: str) -> str:
    """A confusion in a few words."""
    if not truth:
        return f"{read} added"
    if not read:
        return f"{truth} left out"
    return f"{truth} as {read}"


def describe_misreadings(misreadings: Sequence[Finding]) -> list[str]:
    """A line for each of the worst misreadings: the code, the reading, its confidence and the photograph."""
    lines = []
    for photo, outcome in misreadings[:MOST_MISREADINGS]:
        answer = outcome.nearest
        lines.append(f"misread       {outcome.label.code} as {answer.code} {answer.confidence:.2f} {photo.name}")
    return lines

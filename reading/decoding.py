"""Decoding: from the frames of the looks at a plate to its code.

A beam search finds the codes that a look may say, and their probabilities by the frames alone. The probabilities of a
code are added up over the looks, and weighed by how often plates say it (`grammar.py`), by Bayes' rule.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from common import ALPHABET, BLANK
from reading.grammar import LOOKALIKES, Grammar

BEAM_WIDTH = 32  # prefixes that are kept from frame to frame; 16 read one plate in a hundred less
LEAST_PROBABILITY = 1e-3  # of a character in a frame; a less probable one begins no new prefix


def beam_search(log_probabilities: np.ndarray, width: int = BEAM_WIDTH) -> dict[str, float]:
    """The most probable codes of one look and their probabilities, 0..1, by prefix beam search.

    `log_probabilities` (64, 37) are those of the frames, whose last class is CTC's blank. A code's probability is the
    sum over all ways to spread its characters over the frames (Hannun et al., arXiv:1408.2873).
    """
    probabilities = np.exp(log_probabilities.astype(np.float64))  # (64, 37)
    rows = probabilities.tolist()
    likely: list[list[int]] = [[] for _ in rows]  # of each frame, the characters that may begin there
    for frame, character in np.argwhere(probabilities[:, :BLANK] > LEAST_PROBABILITY).tolist():
        likely[frame].append(character)
    beam = {(): (1.0, 0.0)}  # prefix -> probability of the paths that end in a blank, and in its last character
    for row, characters in zip(rows, likely, strict=True):
        following: dict[tuple, list[float]] = {}
        for prefix, (blank, last) in beam.items():
            total = blank + last
            stay = following.setdefault(prefix, [0.0, 0.0])
            stay[0] += total * row[BLANK]
            if prefix:
                stay[1] += last * row[prefix[-1]]
            for character in characters:
                # a character that repeats the last one is a new one only after a blank
                paths = blank if prefix and prefix[-1] == character else total
                grown = following.setdefault((*prefix, character), [0.0, 0.0])
                grown[1] += paths * row[character]
        if len(following) > width:
            best = sorted(following.items(), key=lambda item: -sum(item[1]))[:width]
            following = dict(best)
        beam = following
    return {spell(prefix): blank + last for prefix, (blank, last) in beam.items()}


def best_path(scores: np.ndarray) -> str:
    """The code of the most probable class of each frame, from the logits or probabilities (64, 37) of one look.

    It is what training is tested by: faster than the beam search, and free of what formats say.
    """
    classes = scores.argmax(-1)
    starts = np.append(True, classes[1:] != classes[:-1])  # a class that goes on from frame to frame counts once
    return spell(classes[starts & (classes != BLANK)])


def spell(classes: Sequence[int]) -> str:
    """The code of a sequence of classes."""
    return "".join(ALPHABET[c] for c in classes)


class Reading(NamedTuple):
    """The code that the looks at a plate agree on."""

    code: str
    probability: float  # 0..1, of the code or one that differs in O and 0 or I and 1 alone
    characters: np.ndarray  # (len(code),) probability of each character, 0..1
    codes: dict[str, float]  # the possible codes and their probabilities, which add up to 1


NOTHING = Reading("", 0.0, np.zeros(0), {})


def decode(looks: np.ndarray, grammar: Grammar) -> Reading:
    """The most probable code of the `looks` (M, 64, 37), log-probabilities of their frames, by Bayes' rule.

    Codes that differ in O and 0 or I and 1 alone count as one, because many plate typefaces draw these alike.
    """
    codes = weigh_codes([beam_search(look) for look in looks], grammar)
    if not codes:
        return NOTHING
    alike: dict[str, float] = {}
    for code, probability in codes.items():
        same = code.translate(LOOKALIKES)
        alike[same] = alike.get(same, 0.0) + probability
    best = max(alike, key=alike.get)
    code = max((c for c in codes if c.translate(LOOKALIKES) == best), key=codes.get)
    return Reading(code, min(1.0, alike[best]), weigh_characters(code, codes), codes)


def weigh_codes(beams: Sequence[dict[str, float]], grammar: Grammar) -> dict[str, float]:
    """The probability of each code that a look may say, given how probable each look finds it: they add up to 1."""
    weights: dict[str, float] = {}
    for beam in beams:
        for code, probability in beam.items():
            if code:
                weights[code] = weights.get(code, 0.0) + probability
    weights = {code: weight * grammar.prior(code) for code, weight in weights.items()}
    total = sum(weights.values())
    if not total:
        return {}
    return {code: weight / total for code, weight in weights.items()}


def weigh_characters(code: str, codes: dict[str, float]) -> np.ndarray:
    """The probability of each character of `code`, (len(code),): of all `codes` of its length that have it there."""
    same_length = [(other, p) for other, p in codes.items() if len(other) == len(code)]
    return np.array([sum(p for other, p in same_length if other[i] == c) for i, c in enumerate(code)])

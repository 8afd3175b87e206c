"""Decoding: from the frames of the looks at a plate to its code.

A beam search finds the codes that a look may say, and their probabilities by the frames alone. The probabilities of a
code are added up over the looks, and weighed by how often plates say it (`grammar.py`), by Bayes' rule.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from common import ALPHABET, BLANK, LOOKALIKES
from reading.grammar import Grammar

# The beam search.
BEAM_WIDTH = 32  # prefixes that are kept from frame to frame; 16 read one plate in a hundred less
LEAST_PROBABILITY = 1e-3  # of a character in a frame; a less probable one begins no new prefix
SURE_BLANK = 0.9999  # a frame whose blank is more probable ends the last character and changes nothing else
FAINT = 1e-8  # prefixes that are so much less probable than the best one are dropped
# The beam search among the codes that the formats allow.
LENGTH_WIDTH = 8  # prefixes of each length that are kept from frame to frame; not tuned
LEAST_FORCED = 1e-6  # of a character in a frame; formats do not outweigh a million to one

Beam = dict[str, tuple[float, float]]  # prefix -> probability of its paths that end in a blank, and of the others


def beam_search(log_probabilities: np.ndarray, width: int = BEAM_WIDTH) -> dict[str, float]:
    """The most probable codes of one look and their probabilities, 0..1, by prefix beam search.

    `log_probabilities` (frames, 37) have CTC's blank as their last class. A code's probability is the sum over all ways
    to spread its characters over the frames (Hannun et al., arXiv:1408.2873). The probabilities of all codes add up
    to 1 at most.
    """
    beam: Beam = {"": (1.0, 0.0)}
    after_blank = True  # whether all paths end in a blank
    for row, characters in likely_characters(log_probabilities, LEAST_PROBABILITY):
        sure = row[BLANK] > SURE_BLANK
        if sure and not after_blank:
            beam = {prefix: (blank + last, 0.0) for prefix, (blank, last) in beam.items()}
        if not sure:
            following = stay(beam, row)
            if characters:
                grow(beam, characters, following, width)
            beam = keep_best(following, width)
        after_blank = sure
    return {prefix: blank + last for prefix, (blank, last) in beam.items()}


def search_allowed(log_probabilities: np.ndarray, grammar: Grammar, width: int = LENGTH_WIDTH) -> dict[str, float]:
    """The most probable codes of one look among the codes that the formats allow, and their probabilities, 0..1.

    It is `beam_search` over the beginnings of these codes. The best `width` prefixes of each length are kept, because
    a whole code that some frames speak against is less probable than a prefix without its last characters.
    """
    beam: Beam = {"": (1.0, 0.0)}
    for row, characters in likely_characters(log_probabilities, LEAST_FORCED):
        following = stay(beam, row)
        if characters:
            grow_allowed(beam, characters, following, grammar)
        beam = keep_best_of_each_length(following, width)
    return {prefix: blank + last for prefix, (blank, last) in beam.items() if grammar.following(prefix)[1]}


def likely_characters(log_probabilities: np.ndarray, least: float) -> list[tuple[list[float], list[tuple[float, str]]]]:
    """Of each frame: the probabilities of its classes, and the characters of more than `least`, the likeliest first.

    `log_probabilities` is (frames, 37).
    """
    probabilities = np.exp(log_probabilities.astype(np.float64))  # (frames, 37)
    frames = [(row, []) for row in probabilities.tolist()]
    for frame, number in np.argwhere(probabilities[:, :BLANK] > least).tolist():
        row, characters = frames[frame]
        characters.append((row[number], ALPHABET[number]))
    for _, characters in frames:
        characters.sort(reverse=True)
    return frames


def stay(beam: Beam, row: list[float]) -> Beam:
    """The beam after a frame with the probabilities `row`, without the prefixes that begin there.

    A path of a prefix stays with it where a blank follows, or its last character again. A path of the prefix without
    its last character comes to it where this character follows.
    """
    probability = dict(zip(ALPHABET, row, strict=False))  # the blank, at the end of `row`, is no character
    following = {}
    for prefix, (blank, last) in beam.items():
        if prefix:
            character = prefix[-1]
            shorter = beam.get(prefix[:-1])
            before = new_character(shorter, prefix[-2:-1], character) if shorter else 0.0
            following[prefix] = ((blank + last) * row[BLANK], (last + before) * probability[character])
        else:
            following[prefix] = (blank * row[BLANK], 0.0)
    return following


def new_character(paths: tuple[float, float], last_character: str, character: str) -> float:
    """The probability of those `paths` of a prefix after which `character` is a new character.

    A character that repeats the last one is a new one only after a blank.
    """
    blank, last = paths
    return blank if character == last_character else blank + last


def grow(beam: Beam, characters: list[tuple[float, str]], following: Beam, width: int) -> None:
    """Add to `following` the prefixes that begin in a frame with these likely `characters`.

    Prefixes that `keep_best` would drop at once are left out.
    """
    staying = [blank + last for blank, last in following.values()]
    floor = FAINT * max(staying)
    if len(staying) >= width:
        floor = max(floor, min(staying))
    for prefix, paths in beam.items():
        total = paths[0] + paths[1]
        last_character = prefix[-1:]
        for probability, character in characters:
            if total * probability < floor:
                break  # the characters after it are still less probable
            longer = prefix + character
            if longer not in beam:
                following[longer] = (0.0, new_character(paths, last_character, character) * probability)


def keep_best(beam: Beam, width: int) -> Beam:
    """The `width` most probable prefixes."""
    if len(beam) <= width:
        return beam
    totals = sorted([blank + last for blank, last in beam.values()], reverse=True)
    least = max(totals[width - 1], FAINT * totals[0])
    return {prefix: paths for prefix, paths in beam.items() if paths[0] + paths[1] >= least}


def grow_allowed(beam: Beam, characters: list[tuple[float, str]], following: Beam, grammar: Grammar) -> None:
    """Add to `following` the prefixes that begin in a frame with these `characters`, where the formats allow them."""
    floor = FAINT * max(blank + last for blank, last in following.values())
    for prefix, paths in beam.items():
        allowed, _ = grammar.following(prefix)
        total = paths[0] + paths[1]
        last_character = prefix[-1:]
        for probability, character in characters:
            if total * probability < floor:
                break  # the characters after it are still less probable
            longer = prefix + character
            if character in allowed and longer not in beam:
                following[longer] = (0.0, new_character(paths, last_character, character) * probability)


def keep_best_of_each_length(beam: Beam, width: int) -> Beam:
    """The `width` most probable prefixes of each length, without faint ones."""
    totals: dict[int, list[float]] = {}  # by length
    for prefix, (blank, last) in beam.items():
        totals.setdefault(len(prefix), []).append(blank + last)
    faint = FAINT * max(map(max, totals.values()))
    least = {length: max(sorted(same)[-width:][0], faint) for length, same in totals.items()}
    return {prefix: paths for prefix, paths in beam.items() if paths[0] + paths[1] >= least[len(prefix)]}


def best_path(scores: np.ndarray) -> str:
    """The code of the most probable class of each frame, from the logits or probabilities (128, 37) of one look.

    Training is tested by it, because it is faster than the beam search and free of what formats say.
    """
    classes = scores.argmax(-1)
    starts = np.append(True, classes[1:] != classes[:-1])  # a class that goes on from frame to frame counts once
    return "".join(ALPHABET[c] for c in classes[starts & (classes != BLANK)])


class Reading(NamedTuple):
    """The code that the looks at a plate agree on."""

    code: str
    probability: float  # 0..1, of the code or one that differs in O and 0 or I and 1 alone
    characters: np.ndarray  # (len(code),) probability of each character, 0..1
    codes: dict[str, float]  # the possible codes and their probabilities, which add up to 1 at most

    def ranked(self) -> list[tuple[str, float]]:
        """The possible codes and their probabilities, the most probable first.

        Codes that differ in O and 0 or I and 1 alone count as one, spelt in the most probable way. So the first is
        `code` with `probability`.
        """
        return merge_lookalikes(self.codes)


NOTHING = Reading("", 0.0, np.zeros(0), {})


def find_codes(look: np.ndarray, grammar: Grammar) -> dict[str, float]:
    """The codes that one look may say and their probabilities, 0..1, by its frames alone.

    `look` (frames, 37) has log-probabilities. Where the grammar allows the codes of formats only, these are searched
    for too.
    """
    codes = beam_search(look)
    return add_allowed(codes, search_allowed(look, grammar)) if grammar.only else codes


def agree(looks: Sequence[dict[str, float]], grammar: Grammar) -> Reading:
    """The most probable code of several looks at a plate, by Bayes' rule. Each look is what `find_codes` gave.

    Codes that differ in O and 0 or I and 1 alone count as one, because many plate typefaces draw these alike. Where the
    grammar allows the codes of formats only, there is no other code, and NOTHING where none of them can be seen.
    """
    codes = weigh_codes(looks, grammar)
    if not codes:
        return NOTHING
    code, probability = merge_lookalikes(codes)[0]
    return Reading(code, probability, weigh_characters(code, codes), codes)


def add_allowed(beam: dict[str, float], allowed: dict[str, float]) -> dict[str, float]:
    """The codes of both searches. Each search misses some paths of a code, so the larger probability counts."""
    return beam | {code: max(probability, beam.get(code, 0.0)) for code, probability in allowed.items()}


def weigh_codes(beams: Sequence[dict[str, float]], grammar: Grammar) -> dict[str, float]:
    """The probability of each code that a look may say, given how probable each look finds it.

    The probabilities of all codes add up to 1. Where the grammar allows the codes of formats only, the other codes are
    left out after that, and the rest may add up to less. So a code that the frames speak against stays improbable, even
    if no other code is allowed.
    """
    weights: dict[str, float] = {}
    for beam in beams:
        for code, probability in beam.items():
            if code:
                weights[code] = weights.get(code, 0.0) + probability
    weights = {code: weight * grammar.prior(code) for code, weight in weights.items()}
    total = sum(weights.values())
    if not total:
        return {}
    return {code: weight / total for code, weight in weights.items() if not grammar.only or grammar.allows(code)}


def merge_lookalikes(codes: dict[str, float]) -> list[tuple[str, float]]:
    """The codes and their probabilities, where codes that differ in O and 0 or I and 1 alone count as one.

    It is spelt as its most probable code. The most probable one is first.
    """
    spelling: dict[str, str] = {}
    probabilities: dict[str, float] = {}
    for code, probability in sorted(codes.items(), key=lambda item: -item[1]):
        same = code.translate(LOOKALIKES)
        spelling.setdefault(same, code)
        probabilities[same] = probabilities.get(same, 0.0) + probability
    merged = [(spelling[same], min(1.0, probability)) for same, probability in probabilities.items()]
    return sorted(merged, key=lambda item: -item[1])


def weigh_characters(code: str, codes: dict[str, float]) -> np.ndarray:
    """The probability of each character of `code`, (len(code),): of all `codes` of its length that have it there."""
    same_length = [(other, p) for other, p in codes.items() if len(other) == len(code)]
    return np.array([sum(p for other, p in same_length if other[i] == c) for i, c in enumerate(code)])

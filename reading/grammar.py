"""The grammar of plates: how probable a code is on a plate, by the patterns of `formats/`.

The reader names the characters that it sees. Patterns know more: `KA02MK7259` is a state, digits, letters and digits,
and no plate says `KAO2MK7Z59`. Bayes' rule joins both. A pattern's *row* is one way to fill it: tokens, each of which
stands for texts of one length.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from common import ALPHABET
from formats.plate_format import PlateFormat

# Share of plates whose code fits no pattern. It bounds how much a pattern may decide: a code that fits none, and that
# the reader sees clearly, stays.
OFF_PATTERN = 0.05
ANY = "any"  # the format that describes the plates of no country
# Among false detections with legible text: the share with only letters, only digits, both. Of 33 that were legible in
# 2,886 backgrounds.
KINDS_ELSEWHERE = {"letters": 0.36, "digits": 0.09, "both": 0.55}
LOOKALIKES = str.maketrans("OI", "01")  # many plate typefaces draw O and 0, I and 1 alike
WORD_LETTERS = str.maketrans("01", "OI")
KIND_SHARE = {c: 1 / 26 if c.isalpha() else 1 / 10 for c in ALPHABET}  # of a character among its kind


class Row(NamedTuple):
    """One way to fill a pattern."""

    tokens: tuple[dict[str, float], ...]  # of each token: how often each text stands there, against chance
    lengths: tuple[int, ...]  # characters of each token
    shares: np.ndarray  # (F,) share of all plates that are of each format and fill this row


class Grammar:
    """How probable codes are on plates of `formats`, whose codes are drawn as `PlateFormat.draw_text` draws them."""

    def __init__(self, formats: Sequence[PlateFormat]) -> None:
        self.names = [form.name for form in formats]
        self.rows: dict[int, dict[str, list[Row]]] = {}  # length of a code -> kinds of its characters -> rows
        total = sum(form.weight for form in formats)
        texts: dict[tuple, dict[str, float]] = {}  # rows share their tokens
        found: dict[tuple, np.ndarray] = {}  # tokens by their identity -> shares
        tokens: dict[tuple, tuple] = {}
        for number, form in enumerate(formats):
            weights = sum(weight for _, weight in form.patterns)
            for pattern, weight in form.patterns:
                for row in itertools.product(*(by_length(tuple(choice)) for choice in form.expand(pattern))):
                    kept = [group for _, group in row if group[0][0]]  # separators have no characters
                    share = np.prod([share for share, _ in row]) * weight / weights * form.weight / total
                    key = tuple(map(id, kept))
                    tokens[key] = kept
                    shares = found.setdefault(key, np.zeros(len(formats)))
                    shares[number] += share
        for key, shares in found.items():
            groups = tokens[key]
            row = Row(
                tuple(texts.setdefault(id(group), against_chance(group)) for group in groups),
                tuple(len(group[0][0]) for group in groups),
                shares,
            )
            length = sum(row.lengths)
            self.rows.setdefault(length, {}).setdefault("".join(map(kinds_of, groups)), []).append(row)
        self.kinds = self._count_kinds()
        self.fitting = functools.lru_cache(maxsize=None)(self._fitting)
        self.weigh = functools.lru_cache(maxsize=100_000)(self._weigh)

    def _count_kinds(self) -> dict[str, float]:
        """Shares of plates whose codes are only letters, only digits, both."""
        shares = {"letters": 0.0, "digits": 0.0}
        for kinds, rows in itertools.chain.from_iterable(group.items() for group in self.rows.values()):
            for name, kind in (("letters", "L"), ("digits", "D")):
                if set(kinds) <= {kind, "X"}:
                    for row in rows:
                        shares[name] += row.shares.sum() * np.prod([share_of_kind(t, name) for t in row.tokens])
        return {**shares, "both": 1 - sum(shares.values())}

    def _fitting(self, shape: str) -> list[Row]:
        """The rows that a code of this `shape`, as in "LLDDDD", may fill."""
        groups = self.rows.get(len(shape), {})
        return [
            row
            for kinds, rows in groups.items()
            if all(kind in ("X", wanted) for kind, wanted in zip(kinds, shape, strict=True))
            for row in rows
        ]

    def _weigh(self, code: str) -> np.ndarray:
        """How often plates of each format say `code`, (F,), against a code of the same letters and digits by chance."""
        weights = np.zeros(len(self.names))
        for row in self.fitting(shape_of(code)):
            product, start = 1.0, 0
            for token, length in zip(row.tokens, row.lengths, strict=True):
                product *= token.get(code[start : start + length], 0.0)
                if not product:
                    break
                start += length
            else:
                weights += product * row.shares
        return weights

    def prior(self, code: str) -> float:
        """How often plates say `code`, against a code of the same letters and digits by chance."""
        return (1 - OFF_PATTERN) * float(self.weigh(code).sum()) + OFF_PATTERN * 0.5 ** len(code)

    def presence(self, presence: float, code: str) -> float:
        """The probability of a plate, `presence` by its looks, 0..1, once it is known to say `code`.

        By Bayes' rule, because signs and lettering say words and numbers far more often than plates do.
        """
        kind = self.kind_of(code)
        alike = 0.5 ** len(code)  # share of codes off the patterns that are all letters, or all digits
        off = 1 - 2 * alike if kind == "both" else alike
        plates = (1 - OFF_PATTERN) * self.kinds[kind] + OFF_PATTERN * off
        return float(presence * plates / (presence * plates + (1 - presence) * KINDS_ELSEWHERE[kind]))

    def kind_of(self, code: str) -> str:
        """Whether `code` says "letters", "digits" or "both".

        A code that no country's pattern describes may be a word whose O and I were read as 0 and 1.
        """
        if code.isdigit():
            return "digits"
        known = self.weigh(code)
        if any(known[i] for i, name in enumerate(self.names) if name != ANY):
            return "letters" if code.isalpha() else "both"
        word = sum(map(str.isalpha, code)) > len(code) / 2 and code.translate(WORD_LETTERS).isalpha()
        return "letters" if word else "both"

    def country(self, code: str) -> tuple[str | None, float]:
        """The format that fits `code` best and its probability, 0..1; None where no country's pattern fits."""
        weights = self.weigh(code)
        best = int(weights.argmax())
        if not weights[best] or self.names[best] == ANY:
            return None, 0.0
        return self.names[best], float((1 - OFF_PATTERN) * weights[best] / self.prior(code))


def shape_of(code: str) -> str:
    """The kinds of a code's characters, as in "LLDDLLDDDD"."""
    return "".join("L" if c.isalpha() else "D" for c in code)


def kinds_of(group: tuple) -> str:
    """Of each place of a token: L where all its texts have letters, D where all have digits, X otherwise."""
    columns = zip(*(text for text, _ in group), strict=True)
    return "".join("L" if all(map(str.isalpha, c)) else "D" if all(map(str.isdigit, c)) else "X" for c in columns)


def chance(text: str) -> float:
    """How probable `text` is among texts of the same kinds of characters, all alike."""
    return float(np.prod([KIND_SHARE[c] for c in text]))


def against_chance(group: tuple) -> dict[str, float]:
    """The share of each text of a token over the share that chance would give its letters and digits."""
    return {text: share / chance(text) for text, share in group}


@functools.cache
def by_length(texts: tuple[str, ...]) -> list[tuple[float, tuple[tuple[str, float], ...]]]:
    """`texts`, some of which may be given more than once, grouped by the number of their letters and digits.

    For each length: its share of `texts`, and the different texts, each with its share of that length.
    """
    counts = {}
    for text in texts:
        text = "".join(c for c in text if c in ALPHABET)
        counts[text] = counts.get(text, 0) + 1
    lengths = {}
    for text in sorted(counts):
        lengths.setdefault(len(text), []).append((text, counts[text]))
    rows = []
    for group in lengths.values():
        count = sum(n for _, n in group)
        rows.append((count / len(texts), tuple((text, n / count) for text, n in group)))
    return rows


def share_of_kind(token: dict[str, float], kind: str) -> float:
    """The share of a token's texts that are only "letters" or only "digits"."""
    test = str.isalpha if kind == "letters" else str.isdigit
    return sum(weight * chance(text) for text, weight in token.items() if test(text))

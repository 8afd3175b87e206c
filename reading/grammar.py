"""The grammar of plates: how probable a code is on a plate, by the patterns of `formats/`.

The reader names the characters that it sees. Patterns know more: `KA02MK7259` is a state, digits, letters and digits,
and no plate says `KAO2MK7Z59`. Bayes' rule joins both.
"""

import functools
from collections.abc import Sequence

import numpy as np

from formats.plate_format import PlateFormat
from reading.pattern_rows import MIXED, Prefixes, Row, make_rows, shape_of

# Share of plates whose code fits no pattern. It bounds how much a pattern may decide: a code that fits no pattern stays
# where the reader sees it clearly.
OFF_PATTERN = 0.05
ANY = "any"  # the format that describes the plates of no country
# Among false detections with legible text: the share with only letters, only digits, both. Of 33 that were legible in
# 2,886 backgrounds.
KINDS_ELSEWHERE = {"letters": 0.36, "digits": 0.09, "both": 0.55}
WORD_LETTERS = str.maketrans("01", "OI")  # a word whose letters were read as digits becomes a word again
MOST_REMEMBERED = 100_000  # codes whose rows are remembered: some 20 MB


class Grammar:
    """How probable codes are on plates of formats that are called `names` and have these `rows`.

    With `only` there are no other codes than the codes that the formats allow.
    """

    def __init__(self, names: Sequence[str], rows: Sequence[Row], only: bool = False) -> None:
        self.names = names
        self.only = only
        self.by_length: dict[int, dict[str, list[Row]]] = {}  # length of a code -> kinds of its characters -> rows
        for row in rows:
            self.by_length.setdefault(len(row.kinds), {}).setdefault(row.kinds, []).append(row)
        self.kinds = count_kinds(rows)
        self.following = Prefixes(rows).following
        self.fitting = functools.cache(self._fitting)
        self.fits = functools.lru_cache(MOST_REMEMBERED)(self._fits)

    def _fitting(self, shape: str) -> list[Row]:
        """The rows that a code of this `shape`, as in "LLDDDD", may fill."""
        fitting = []
        for kinds, rows in self.by_length.get(len(shape), {}).items():
            if all(kind in (MIXED, wanted) for kind, wanted in zip(kinds, shape, strict=True)):
                fitting += rows
        return fitting

    def _fits(self, code: str) -> list[tuple[float, Row]]:
        """The rows that allow `code`, each with how often its plates say `code`, against chance."""
        weighed = [(row.weigh(code), row) for row in self.fitting(shape_of(code))]
        return [(weight, row) for weight, row in weighed if weight]

    def weigh(self, code: str) -> np.ndarray:
        """How often plates of each format say `code`, (F,), against a code of the same letters and digits by chance."""
        weights = np.zeros(len(self.names))
        for weight, row in self.fits(code):
            for number, share in row.shares.items():
                weights[number] += weight * share
        return weights

    def allows(self, code: str) -> bool:
        """Whether a plate of the formats may say `code`."""
        return bool(self.fits(code))

    def prior(self, code: str) -> float:
        """How often plates say `code`, against a code of the same letters and digits by chance."""
        on_pattern = sum(weight * row.total for weight, row in self.fits(code))
        return (1 - OFF_PATTERN) * on_pattern + OFF_PATTERN * 0.5 ** len(code)

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

        A code that no country's pattern allows may be a word whose O and I were read as 0 and 1.
        """
        if code.isdigit():
            return "digits"
        if code.isalpha():
            return "letters"
        word = sum(map(str.isalpha, code)) > len(code) / 2 and code.translate(WORD_LETTERS).isalpha()
        if word and self.country(code)[0] is None:
            return "letters"
        return "both"

    def country(self, code: str) -> tuple[str | None, float]:
        """The country's format that fits `code` best, and its probability, 0..1; None where no country's fits.

        The probability is of the format once a plate is known to say `code`.
        """
        weights = self.weigh(code)
        countries = [0.0 if name == ANY else weight for name, weight in zip(self.names, weights, strict=True)]
        best = int(np.argmax(countries))
        if not countries[best]:
            return None, 0.0
        return self.names[best], float((1 - OFF_PATTERN) * countries[best] / self.prior(code))


def make_grammar(formats: Sequence[PlateFormat], only: bool = False) -> Grammar:
    """The grammar of `formats`, whose codes are drawn as `PlateFormat.draw_text` draws them."""
    return Grammar([form.name for form in formats], make_rows(formats), only)


def count_kinds(rows: Sequence[Row]) -> dict[str, float]:
    """Shares of plates whose codes are only "letters", only "digits", and "both"."""
    letters = 0.0
    digits = 0.0
    for row in rows:
        only_letters = only_digits = row.total
        for token in row.tokens:
            only_letters *= token.letters
            only_digits *= token.digits
        letters += only_letters
        digits += only_digits
    return {"letters": letters, "digits": digits, "both": 1 - letters - digits}

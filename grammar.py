"""What plates may say: of the codes that the reader's slots allow, the one that is likeliest on a plate of some format.

The reader names the character of each slot by itself. That `KA02MK7259` is letters, digits, letters, digits, that KA
is a state, and that no plate says `KAO2MK7Z59`, it need not know, for `formats/` says so. A *pattern* here is one way
to fill the slots: a row of tokens, each standing for texts of one length, then blanks.
"""

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from common import ALPHABET, BLANK, SLOTS, PlateFormat, slots_to_code

__all__ = ["Grammar"]

OFF_PATTERN = 0.01  # share of plates that say what no pattern describes
KIND_SHARES = np.array([1 / 26 if c.isalpha() else 1 / 10 for c in ALPHABET])  # of a character among its kind
LEAST = 1e-6  # probability of a character, at least: the reader is never surer
LOOKALIKES = str.maketrans("OI", "01")  # drawn alike in many plate typefaces: looks that differ so do agree


class Grammar:
    """How likely codes are on plates of `formats`, whose texts are drawn as `PlateFormat.draw_text` draws them."""

    def __init__(self, formats: Sequence[PlateFormat]) -> None:
        tokens: dict[tuple, int] = {}  # ((text, share), ...) -> number
        patterns: Counter[tuple[int, ...]] = Counter()  # numbers of tokens -> share of plates
        total = sum(form.weight for form in formats)
        for form in formats:
            weights = sum(weight for _, weight in form.patterns)
            for pattern, weight in form.patterns:
                for row in itertools.product(*map(by_length, form.expand(pattern))):
                    numbers = tuple(tokens.setdefault(texts, len(tokens)) for _, texts in row if texts[0][0])
                    share = np.prod([share for share, _ in row])
                    patterns[numbers] += share * weight / weights * form.weight / total
        # of each token: its texts' classes (N, length) and the logarithms of their weights (N,)
        self.classes = [np.array([[ALPHABET.index(c) for c in text] for text, _ in texts]) for texts in tokens]
        self.log_weights = [
            np.log([share for _, share in texts]) - np.log(KIND_SHARES[classes]).sum(1)
            for texts, classes in zip(tokens, self.classes, strict=True)
        ]
        lengths = [classes.shape[1] for classes in self.classes]
        # of each pattern: its share, its tokens and where they begin, and its length
        longest = max(map(len, patterns))
        self.log_shares = np.log(np.array([*patterns.values()]) * (1 - OFF_PATTERN))  # (P,)
        self.tokens = np.full((len(patterns), longest), len(tokens))  # (P, T), filled up with a token of no characters
        self.starts = np.zeros((len(patterns), longest), int)  # (P, T)
        for row, numbers in enumerate(patterns):
            self.tokens[row, : len(numbers)] = numbers
            self.starts[row, : len(numbers)] = np.cumsum([0, *(lengths[n] for n in numbers)])[:-1]
        self.lengths = np.array([sum(lengths[n] for n in numbers) for numbers in patterns])  # (P,)

    def decode(self, slots: np.ndarray) -> tuple[str, float]:
        """The likeliest code of the reader's `slots`, (12, 37) probabilities, and its probability, 0..1.

        By Bayes' rule, with the slots taken as independent but for what the patterns say.
        """
        log_slots = np.log(np.maximum(slots, LEAST))
        best = np.full((len(self.classes) + 1, SLOTS), -np.inf)  # of a token that begins at a slot, its likeliest text
        whole = best.copy()  # all of its texts
        choice = np.zeros(best.shape, int)
        best[-1] = whole[-1] = 0
        for token, (classes, log_weights) in enumerate(zip(self.classes, self.log_weights, strict=True)):
            length = classes.shape[1]
            for start in np.unique(self.starts[self.tokens == token]):
                texts = log_slots[start + np.arange(length), classes].sum(1) + log_weights  # (N,)
                choice[token, start] = texts.argmax()
                best[token, start], whole[token, start] = texts.max(), np.logaddexp.reduce(texts)
        blanks = np.append(np.cumsum(log_slots[::-1, BLANK])[::-1], 0)[self.lengths]  # (P,)
        prior = self.log_shares + blanks
        likeliest = prior + best[self.tokens, self.starts].sum(1)
        total = np.logaddexp.reduce(prior + whole[self.tokens, self.starts].sum(1))
        # what the slots say by themselves, on a plate that no pattern describes: of either kind, each of them
        free, _ = slots_to_code(slots)
        off = np.log(OFF_PATTERN * 0.5 ** len(free)) + log_slots.max(1).sum()
        any_text = np.log(0.5 + 0.5 * slots[:, BLANK]).sum()
        total = np.logaddexp(total, np.log(OFF_PATTERN) + any_text)
        pattern = likeliest.argmax()
        if off > likeliest[pattern]:
            return free, float(np.exp(off - total))
        code = ""
        for token, start in zip(self.tokens[pattern], self.starts[pattern], strict=True):
            if token < len(self.classes):
                code += "".join(ALPHABET[c] for c in self.classes[token][choice[token, start]])
        return code, float(np.exp(likeliest[pattern] - total))

    def vote(self, looks: np.ndarray) -> tuple[str, np.ndarray, float]:
        """The code on which the looks at a plate, (M, 12, 37), agree best; its characters' probabilities; its own.

        They vote with the probability of the code that each sees; slots are not averaged, for a look that sees a
        character more than another has all that follow in other slots.
        """
        votes, codes = {}, {}
        for look in looks:
            code, probability = self.decode(look)
            same = code.translate(LOOKALIKES)
            votes[same] = votes.get(same, 0) + probability / len(looks)
            codes.setdefault(same, []).append((probability, code, look))
        best = max(votes, key=votes.get)
        code = max(codes[best], key=lambda row: row[0])[1]
        places = np.arange(len(code)), [ALPHABET.index(c) for c in code]
        return code, np.mean([look[places] for _, _, look in codes[best]], axis=0), votes[best]


def by_length(texts: Sequence[str]) -> list[tuple[float, tuple[tuple[str, float], ...]]]:
    """`texts`, some of which may be given more than once, by their characters in ALPHABET and those by their number.

    For each length, its share of `texts` and the different texts, each with its share of that length.
    """
    counts = Counter("".join(c for c in text if c in ALPHABET) for text in texts)
    lengths = {}
    for text in sorted(counts):
        lengths.setdefault(len(text), []).append((text, counts[text]))
    rows = []
    for group in lengths.values():
        count = sum(n for _, n in group)
        rows.append((count / len(texts), tuple((text, n / count) for text, n in group)))
    return rows

"""TODO."""

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from common import ALPHABET, BLANK, SLOTS, slots_to_code
from formats.plate_format import PlateFormat

OFF_PATTERN = 0.01  # share of plates that say what no pattern describes
KIND_SHARES = np.array([1 / 26 if c.isalpha() else 1 / 10 for c in ALPHABET])  # of a character among its kind
LEAST = 1e-6  # probability of a character, at least: the reader is never surer
# shares of what else has text and is taken for a plate that say letters alone, digits alone, and both: of 33 that were
# legible in 2,886 backgrounds
KINDS_ELSEWHERE = {"letters": 0.36, "digits": 0.09, "both": 0.55}
LOOKALIKES = str.maketrans("OI", "01")  # drawn alike in many plate typefaces: looks that differ so do agree
WORD_LETTERS = str.maketrans("01", "OI")


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
        letters, digits = (
            np.array([sum(share for text, share in rows if alone(text)) for rows in tokens])
            for alone in (str.isalpha, str.isdigit)
        )
        self.kinds = {  # shares of plates that say letters alone, digits alone, and both
            "letters": sum(share * letters[[*numbers]].prod() for numbers, share in patterns.items()),
            "digits": sum(share * digits[[*numbers]].prod() for numbers, share in patterns.items()),
        }
        self.kinds["both"] = 1 - sum(self.kinds.values())
        shares = [[share for _, share in rows] for rows in tokens]
        texts = [[text for text, _ in rows] for rows in tokens]
        # a place is a token and the slot that it begins at; for each pattern the numbers of its places, filled up with
        # one more that changes nothing
        places: dict[tuple[int, int], int] = {}
        self.ends, rows = [], []  # (P,) characters of each pattern
        for numbers in patterns:
            starts = np.cumsum([0, *(len(texts[n][0]) for n in numbers)])
            self.ends.append(starts[-1])
            rows.append([places.setdefault((n, s), len(places)) for n, s in zip(numbers, starts[:-1], strict=True)])
        longest = max(map(len, rows))
        self.places = np.array([row + [len(places)] * (longest - len(row)) for row in rows])  # (P, T)
        self.log_shares = np.log(np.array([*patterns.values()]) * (1 - OFF_PATTERN))  # (P,)
        # the texts of all places, one place after another: the slots and the classes of their characters, filled up
        # with a class that changes nothing, and their weights
        self.texts = [text for number, _ in places for text in texts[number]]
        sizes = [len(texts[number]) for number, _ in places]
        self.firsts = np.cumsum([0, *sizes])[:-1]  # number of the first text of each place
        starts = np.repeat([start for _, start in places], sizes)
        longest = max(map(len, self.texts))
        self.slots = np.minimum(starts[:, None] + np.arange(longest), SLOTS - 1)  # (N, longest)
        filled = [[ALPHABET.index(c) for c in text] + [BLANK + 1] * (longest - len(text)) for text in self.texts]
        self.classes = np.array(filled)  # (N, longest)
        kinds = np.append(KIND_SHARES, [1, 1])[self.classes].prod(1)
        self.log_weights = np.log([share for number, _ in places for share in shares[number]]) - np.log(kinds)  # (N,)

    def decode(self, slots: np.ndarray) -> tuple[str, float]:
        """The likeliest code of the reader's `slots`, (12, 37) probabilities, and its probability, 0..1.

        By Bayes' rule, with the slots taken as independent but for what the patterns say.
        """
        log_slots = np.log(np.maximum(slots, LEAST))
        texts = np.pad(log_slots, ((0, 0), (0, 1)))[self.slots, self.classes].sum(1) + self.log_weights  # (N,)
        best = np.append(np.maximum.reduceat(texts, self.firsts), 0)  # of each place its likeliest text,
        whole = np.append(np.log(np.add.reduceat(np.exp(texts), self.firsts)), 0)  # and all of them
        blanks = np.append(np.cumsum(log_slots[::-1, BLANK])[::-1], 0)[self.ends]  # (P,)
        likeliest = self.log_shares + blanks + best[self.places].sum(1)
        total = np.logaddexp.reduce(self.log_shares + blanks + whole[self.places].sum(1))
        # what the slots say by themselves, on a plate that no pattern describes: of either kind, each of them
        free, _ = slots_to_code(slots)
        off = np.log(OFF_PATTERN * 0.5 ** len(free)) + log_slots.max(1).sum()
        total = np.logaddexp(total, np.log(OFF_PATTERN) + np.log(0.5 + 0.5 * slots[:, BLANK]).sum())
        pattern = likeliest.argmax()
        if off > likeliest[pattern]:
            return free, min(1.0, float(np.exp(off - total)))
        code = ""
        for place in self.places[pattern]:
            if place < len(self.firsts):
                first = self.firsts[place]
                last = self.firsts[place + 1] if place + 1 < len(self.firsts) else len(texts)
                code += self.texts[first + texts[first:last].argmax()]
        return code, min(1.0, float(np.exp(likeliest[pattern] - total)))

    def presence(self, presence: float, code: str) -> float:
        """The probability of a plate, `presence` by its looks, 0..1, once it is known to say `code`.

        By Bayes' rule: signs and lettering say words and numbers far more often than plates do.
        """
        kind = kind_of(code)
        elsewhere = KINDS_ELSEWHERE[kind]
        alike = 0.5 ** len(code)  # share of codes off the patterns that are all letters, or all digits
        off = 1 - 2 * alike if kind == "both" else alike
        plates = (1 - OFF_PATTERN) * self.kinds[kind] + OFF_PATTERN * off
        return float(presence * plates / (presence * plates + (1 - presence) * elsewhere))

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


def kind_of(code: str) -> str:
    """Whether `code` says "letters", "digits" or "both"; O and I may have been read as 0 and 1 within a word."""
    if code.isdigit():
        return "digits"
    word = sum(map(str.isalpha, code)) > len(code) / 2 and code.translate(WORD_LETTERS).isalpha()
    return "letters" if word else "both"


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

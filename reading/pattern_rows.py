"""The codes that the patterns of the formats allow, as rows of tokens.

A pattern has places, such as a state, two digits, a letter. A *token* is one place: texts of one length, and how often
each stands there. A *row* is one way to fill a whole pattern: a token for each place. A place with texts of several
lengths makes several rows.
"""

import functools
import itertools
from collections.abc import Sequence

from common import ALPHABET
from formats.plate_format import PlateFormat

LETTER_CHANCE = 1 / 26  # of one letter among all letters
DIGIT_CHANCE = 1 / 10  # of one digit among all digits
MOST_REMEMBERED = 100_000  # prefixes whose answers are remembered; not tuned
# The kinds of characters in one position of a token's texts.
LETTER, DIGIT, MIXED = "LDX"


class Token:
    """Texts of one length that may stand in one place."""

    def __init__(self, kinds: str, weights: dict[str, float], letters: float, digits: float) -> None:
        self.length = len(kinds)  # characters
        self.kinds = kinds  # as in "LLX"
        self.weights = weights  # of each text: how often it stands there, against chance
        self.letters = letters  # share of texts of letters only
        self.digits = digits  # share of texts of digits only

    @functools.cached_property
    def following(self) -> dict[str, set[str]]:
        """The characters that may follow each beginning of a text. "" is a beginning, and a whole text is none."""
        following: dict[str, set[str]] = {}
        for text in self.weights:
            for i, character in enumerate(text):
                following.setdefault(text[:i], set()).add(character)
        return following


class Row:
    """One way to fill a pattern. Several formats may have the same row."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens = tokens
        self.kinds = "".join(token.kinds for token in tokens)  # as in "LLDDLLDDDD"
        self.shares: dict[int, float] = {}  # share of all plates, by the number of their format, that fill this row
        self.total = 0.0  # sum of `shares`

    def add(self, number: int, share: float) -> None:
        """Let a `share` of all plates be of the format `number` and fill this row."""
        self.shares[number] = self.shares.get(number, 0.0) + share
        self.total += share

    def weigh(self, code: str) -> float:
        """How often plates of this row say `code`, against a code of the same letters and digits by chance.

        `code` has as many characters as the row. 0 where the row does not allow `code`.
        """
        product = 1.0
        start = 0
        for token in self.tokens:
            end = start + token.length
            weight = token.weights.get(code[start:end])
            if weight is None:
                return 0.0
            product *= weight
            start = end
        return product


def make_rows(formats: Sequence[PlateFormat]) -> list[Row]:
    """The rows of all patterns of `formats`, whose codes are drawn as `PlateFormat.draw_text` draws them.

    The shares of all rows add up to 1.
    """
    rows: dict[tuple[Token, ...], Row] = {}
    all_formats = sum(form.weight for form in formats)
    for number, form in enumerate(formats):
        all_patterns = sum(weight for _, weight in form.patterns)
        for pattern, weight in form.patterns:
            share = form.weight / all_formats * weight / all_patterns
            for tokens, part in fill(form.expand(pattern)):
                if tokens not in rows:
                    rows[tokens] = Row(tokens)
                rows[tokens].add(number, share * part)
    return list(rows.values())


def make_token(shares: dict[str, float]) -> Token:
    """The token of texts of one length, each with its share of the plates that have one. The `shares` add up to 1."""
    kinds = "".join(map(kind_of_position, zip(*shares, strict=True)))
    weights = {text: share / chance(text) for text, share in shares.items()}
    letters = sum(share for text, share in shares.items() if text.isalpha())
    digits = sum(share for text, share in shares.items() if text.isdigit())
    return Token(kinds, weights, letters, digits)


def fill(places: Sequence[Sequence[str]]) -> list[tuple[tuple[Token, ...], float]]:
    """The ways to fill the places of a pattern, each with its share of the pattern's codes.

    `places` are the texts that may stand in each place, each as likely as the others.
    """
    choices = [make_tokens(texts) for texts in places]
    ways = []
    for way in itertools.product(*filter(None, choices)):
        share = 1.0
        for _, part in way:
            share *= part
        ways.append((tuple(token for token, _ in way if token), share))
    return ways


@functools.cache
def make_tokens(texts: Sequence[str]) -> list[tuple[Token | None, float]]:
    """The tokens of one place of a pattern, one for each length, with their shares of `texts`.

    `texts` is a tuple of texts or a string of characters. A text may be there more than once. Separators do not count.
    The token is None for the texts of separators alone. The list is empty where there are no other texts.
    """
    counts: dict[int, dict[str, int]] = {}  # by length and text
    for text in texts:
        characters = "".join(c for c in text if c in ALPHABET)
        same_length = counts.setdefault(len(characters), {})
        same_length[characters] = same_length.get(characters, 0) + 1
    if set(counts) == {0}:
        return []
    choices = []
    for length, same_length in sorted(counts.items()):
        count = sum(same_length.values())
        token = make_token({text: n / count for text, n in same_length.items()}) if length else None
        choices.append((token, count / len(texts)))
    return choices


def kind_of_position(characters: Sequence[str]) -> str:
    """LETTER, DIGIT or MIXED: the kinds of `characters`."""
    text = "".join(characters)
    if text.isalpha():
        return LETTER
    return DIGIT if text.isdigit() else MIXED


def shape_of(code: str) -> str:
    """The kinds of a code's characters, as in "LLDDLLDDDD"."""
    return "".join(LETTER if c.isalpha() else DIGIT for c in code)


def chance(text: str) -> float:
    """How probable `text` is among texts of the same kinds of characters, all equally likely."""
    digits = sum(map(str.isdigit, text))
    return DIGIT_CHANCE**digits * LETTER_CHANCE ** (len(text) - digits)


class Prefixes:
    """The beginnings of the codes that `rows` allow."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.following = functools.lru_cache(MOST_REMEMBERED)(self._following)
        self._places = functools.lru_cache(MOST_REMEMBERED)(self._find_places)

    def _following(self, prefix: str) -> tuple[frozenset[str], bool]:
        """The characters that may follow `prefix`, and whether `prefix` is a whole code."""
        characters: set[str] = set()
        whole = False
        for tokens, begun in self._places(prefix):
            if tokens:
                characters |= tokens[0].following[begun]
            else:
                whole = True
        return frozenset(characters), whole

    def _find_places(self, prefix: str) -> list[tuple[tuple[Token, ...], str]]:
        """Where `prefix` may end in the rows: the tokens to come, and the beginning of the first of them."""
        if not prefix:
            return [(row.tokens, "") for row in self.rows]
        places = {}
        for tokens, begun in self._places(prefix[:-1]):
            if not tokens or prefix[-1] not in tokens[0].following[begun]:
                continue
            text = begun + prefix[-1]
            if len(text) == tokens[0].length:
                place = (tokens[1:], "")
            else:
                place = (tokens, text)
            places[place] = None  # a dict, because a place may come twice
        return list(places)

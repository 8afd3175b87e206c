"""TODO."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from common import ALPHABET

SEPARATORS = " -.·/()[]"  # drawn on a plate, but no part of its code
LINE_BREAK = "|"  # where a plate may break into two lines
BANDS = ("", "left", "right", "top", "both")
_TOKEN = re.compile(r"\{\w+\}|.", re.DOTALL)  # of a pattern: {NAME} or one character


@dataclasses.dataclass(frozen=True)
class PlateStyle:
    """One look of a plate. Lengths are in millimetres, colours (red, green, blue) of 0..255."""

    weight: float  # its share among the styles of its format
    size: tuple[float, float]  # width, height
    colour: tuple[int, int, int]
    text_colour: tuple[int, int, int]  # the colour of the code
    glyph_height: float  # of a capital on a one-line plate, or on the lower line
    upper_height: float = 0.0  # of a capital on the upper line; glyph_height when not given
    lines: int = 1
    border: float = 0.0  # probability of a line round the plate in the colour of the text
    band: str = ""  # where a coloured band is: one of BANDS
    band_colour: tuple[int, int, int] = (0, 51, 153)
    band_text: tuple[str, ...] = ()  # letters on the band; drawn from
    stacked: float = 0.0  # probability that two letters before the lower line's number stand one above the other
    stencil: float = 0.0  # probability that the code is painted through a stencil
    beside: float = 0.0  # probability that the last group stands, large, at the right of two short rows
    letter_scale: float = 1.0  # height of the letters as a share of the height of the digits
    small_prefix: float = 0.0  # probability that the first group, of at most three characters, is small
    painted: float = 0.0  # probability that the code is painted on the bodywork, without a plate
    taper: float = 0.0  # share of its width by which the plate is narrower at the top
    panel: tuple[int, int, int] | None = None  # colour of a panel within the plate, on which the code stands
    picture: float = 0.0  # probability of pictures behind the code
    flag: tuple[tuple[int, int, int], ...] = ()  # colours of the stripes of a small flag beside the code
    emblem: float = 0.0  # probability of a small coloured emblem, sticker or seal in a gap of the code
    captions: tuple[str, ...] = ()  # small words above or below the code; drawn from
    caption: float = 0.0  # probability of such words

    def __post_init__(self) -> None:
        object.__setattr__(self, "upper_height", self.upper_height or self.glyph_height)


@dataclasses.dataclass(frozen=True)
class PlateFormat:
    """The plates of one country or region."""

    name: str  # the stem of its file
    title: str
    weight: float  # its share among the formats in use
    patterns: tuple[tuple[str, float], ...]  # each with its weight
    styles: tuple[PlateStyle, ...]
    lists: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    typefaces: tuple[str, ...] = ()  # prefixes of the file names of typical fonts, in any case

    def draw_text(self, rng: np.random.Generator, lines: int = 1) -> str:
        """Draw what one plate says, as in "KA 02|MK|7259": a code of 1..SLOTS characters, SEPARATORS, LINE_BREAKs.

        A plate of two `lines` breaks at one LINE_BREAK, and the text has one at least; at the others, and on a plate of
        one line, is a space or nothing.
        """
        patterns = [row for row in self.patterns if lines == 1 or LINE_BREAK in row[0]]
        weights = np.array([weight for _, weight in patterns])
        pattern, _ = patterns[rng.choice(len(weights), p=weights / weights.sum())]
        return "".join(texts[rng.integers(len(texts))] for texts in self.expand(pattern))

    def expand(self, pattern: str) -> list[Sequence[str]]:
        """For each token of one of the patterns, the texts that it may become, each as likely as the others."""
        return [_expand(token, self.lists) for token in _TOKEN.findall(pattern)]


def _expand(token: str, lists: dict[str, Sequence[str]]) -> Sequence[str]:
    """The texts that a token of a pattern may become; raises ValueError when there are none."""
    if len(token) > 1:
        if token[1:-1] not in lists:
            raise ValueError(f"no list {token[1:-1]} in [lists]")
        return lists[token[1:-1]]
    if token in ("L", "D"):
        return lists.get(token, ALPHABET[:26] if token == "L" else ALPHABET[26:])
    if token not in ALPHABET + SEPARATORS + LINE_BREAK:
        raise ValueError(
            f"{token!r} is not one of L, D, {{NAME}}, A-Z, 0-9, {LINE_BREAK} and the separators {SEPARATORS!r}"
        )
    return token

"""What a plate of a country may say and look like: the two classes that a file of this folder becomes.

`any.toml` explains every key for somebody who writes such a file.
"""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from common import ALPHABET

LETTERS, DIGITS = ALPHABET[:26], ALPHABET[26:]
PICTURE = "*"  # a picture as high as the characters, such as a seal or a tree
CLASS_MARK = "&"  # small letters beside the code, as of a profession
SEPARATORS = " -.·/()[]" + PICTURE + CLASS_MARK  # drawn on a plate, but no part of its code
LINE_BREAK = "|"  # where a plate may break into two lines
BANDS = ("", "left", "right", "top", "both")  # where a coloured band is; "" is no band, "both" is left and right
TOKEN = re.compile(r"\{\w+\}|.", re.DOTALL)  # of a pattern: {NAME} or one character

Colour = tuple[int, int, int]  # red, green, blue, each 0..255


@dataclasses.dataclass(frozen=True)
class PlateStyle:
    """One look of a plate. Lengths are in millimetres, probabilities and shares are 0..1."""

    weight: float  # its share among the styles of its format
    size: tuple[float, float]  # width, height
    colour: Colour
    text_colour: Colour  # of the code
    glyph_height: float  # of a capital on a plate of one line, or on the lower line
    upper_height: float = 0.0  # of a capital on the upper line; `glyph_height` where it is not given
    lines: int = 1
    border: float = 0.0  # probability of a line round the plate in the colour of the text
    band: str = ""  # one of BANDS
    band_colour: Colour = (0, 51, 153)
    band_text: tuple[str, ...] = ()  # the letters on the band are one of these
    stacked: float = 0.0  # probability that two letters before the lower line's number stand one above the other
    squeezed: float = 0.0  # probability that one to three letters there are as high as the number and very narrow
    stencil: float = 0.0  # probability that the code is painted through a stencil
    beside: float = 0.0  # probability that the last group stands, large, at the right of two short rows
    letter_scale: float = 1.0  # height of the letters as a share of the height of the digits
    small_prefix: float = 0.0  # probability that the first group, of at most three characters, is small
    class_letters: float = 0.0  # probability of small letters beside the code that are no part of it
    painted: float = 0.0  # probability that the code is painted on the bodywork, without a plate
    taper: float = 0.0  # share of its width by which the plate is narrower at the top
    panel: Colour | None = None  # colour of a panel within the plate, on which the code stands
    picture: float = 0.0  # probability of pictures behind the code
    flag: tuple[Colour, ...] = ()  # colours of the stripes of a small flag beside the code
    emblem: float = 0.0  # probability of a small coloured emblem, sticker or seal in a gap of the code
    captions: tuple[str, ...] = ()  # small words above and below the code are some of these
    caption: float = 0.0  # probability of such words

    def __post_init__(self) -> None:
        object.__setattr__(self, "upper_height", self.upper_height or self.glyph_height)


@dataclasses.dataclass(frozen=True)
class PlateFormat:
    """The plates of one country or region."""

    name: str  # of its file, without ".toml"
    title: str
    weight: float  # its share among the formats in use
    patterns: tuple[tuple[str, float], ...]  # (pattern, weight) pairs
    styles: tuple[PlateStyle, ...]
    lists: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    typefaces: tuple[str, ...] = ()  # beginnings of the file names of typical fonts, in upper or lower case

    def draw_text(self, rng: "np.random.Generator", lines: int = 1) -> str:
        """Draw the text of one plate, such as "KA 02|MK|7259".

        It holds 1..LONGEST_CODE letters and digits, which are its code, and SEPARATORS and LINE_BREAKs. The text for a
        plate of two `lines` has a LINE_BREAK, and the plate breaks at one of them. Other LINE_BREAKs become a space or
        nothing. Raises ValueError when no pattern has a LINE_BREAK and `lines` is 2.
        """
        patterns = [row for row in self.patterns if lines == 1 or LINE_BREAK in row[0]]
        weights = np.array([weight for _, weight in patterns])
        pattern, _ = patterns[rng.choice(len(weights), p=weights / weights.sum())]
        tokens = self.expand(pattern)
        chosen = rng.integers([len(texts) for texts in tokens]).tolist()
        return "".join(texts[i] for texts, i in zip(tokens, chosen, strict=True))

    def expand(self, pattern: str) -> list[Sequence[str]]:
        """For each token of `pattern`, the texts that it may become, each as likely as the others."""
        return [expand_token(token, self.lists) for token in TOKEN.findall(pattern)]


def expand_token(token: str, lists: dict[str, Sequence[str]]) -> Sequence[str]:
    """The texts that a `token` of a pattern may become. Raises ValueError, with the reason, when there are none."""
    if len(token) > 1:
        name = token[1:-1]
        if name not in lists:
            raise ValueError(f"no list {name} in [lists]")
        return lists[name]
    if token == "L":
        return lists.get("L", LETTERS)
    if token == "D":
        return lists.get("D", DIGITS)
    if token not in ALPHABET + SEPARATORS + LINE_BREAK:
        raise ValueError(
            f"{token!r} is not one of L, D, {{NAME}}, A-Z, 0-9, {LINE_BREAK} and the separators {SEPARATORS!r}"
        )
    return token

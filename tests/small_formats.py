"""Small formats for tests, and all that they say by counting out."""

import itertools

from common import ALPHABET
from formats.plate_format import PlateFormat, PlateStyle

STYLE = PlateStyle(1, (500, 120), (255, 255, 255), (0, 0, 0), 70)
NUMBERS = ("1", "2")


def make_format(
    patterns: list[tuple[str, float]], weight: float = 1, name: str = "xx", **lists: tuple[str, ...]
) -> PlateFormat:
    return PlateFormat(name, "Test", weight, tuple(patterns), (STYLE,), lists)


def two_formats() -> list[PlateFormat]:
    """Formats "aa" and "bb" with a dozen codes, some of which both of them have.

    A place has texts of several lengths, and a text that is there twice.
    """
    areas = ("X", "XY", "Y", "Y")
    return [
        make_format([("{A} D", 3.0), ("{A}|{B}", 1.0)], 2, "aa", A=areas, B=("Z1", "12", ""), D=NUMBERS),
        make_format([("L-D", 1.0)], 1, "bb", L=("X", "W"), D=NUMBERS),
    ]


def count_out(formats: list[PlateFormat]) -> dict[str, dict[str, float]]:
    """The share of all plates that say each code, by code and name of the format."""
    shares: dict[str, dict[str, float]] = {}
    all_formats = sum(form.weight for form in formats)
    for form in formats:
        all_patterns = sum(weight for _, weight in form.patterns)
        for pattern, weight in form.patterns:
            texts = list(itertools.product(*form.expand(pattern)))
            for text in texts:
                code = "".join(c for c in "".join(text) if c in ALPHABET)
                names = shares.setdefault(code, {})
                share = form.weight / all_formats * weight / all_patterns / len(texts)
                names[form.name] = names.get(form.name, 0) + share
    return shares


def draw_code(rng, form: PlateFormat) -> str:
    """The code of some plate of `form`."""
    return "".join(c for c in form.draw_text(rng) if c in ALPHABET)

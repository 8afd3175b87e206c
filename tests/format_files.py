"""A small file of formats to spoil, and the codes in texts: shared by the tests of formats/."""

from pathlib import Path

import common
from formats.loading import load_formats
from formats.plate_format import PlateFormat

SMALL = """\
# a format for the tests
title = "Test"
weight = 1.5
typefaces = ["Plate"]
patterns = [
    ["LL DD|DDDD", 3],
    ["{AREA}-DDD", 1],
]
styles = [
    # white
    { weight = 2, size = [520, 110], glyph_height = 76, colour = "#ffffff", text_colour = "#000000" },
    { weight = 1, size = [280, 200], lines = 2, glyph_height = 70, upper_height = 60, colour = "#FFCC00" },
]

[defaults]
border = 0.5
band = "left"
text_colour = "#000000"

[lists]
AREA = ["KA", "DL1"]
"""


def load_text(folder: Path, text: str) -> PlateFormat:
    (folder / "xx.toml").write_text(text, "utf-8")
    [form] = load_formats("xx", folder)
    return form


def code_of(text: str) -> str:
    """The letters and digits of `text`."""
    return "".join(c for c in text if c in common.ALPHABET)

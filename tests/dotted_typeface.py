"""A typeface of dots, five across and seven down, as displays have it: one that the shipped weights have never seen."""

import math
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

EM = 1000  # units in the em
PITCH = 100  # units from dot to dot: seven rows make a cap height of 700
RADIUS = 47  # units; dots nearly touch
SIDES = 12  # of the polygon that a dot is
ADVANCE = 600  # units from glyph to glyph
ROWS = 7
COLUMNS = {  # five columns a glyph in hexadecimal; the lowest bit is the upper row
    "0": "3E5149453E", "1": "00427F4000", "2": "4261514946", "3": "2141454B31", "4": "1814127F10", "5": "2745454539",
    "6": "3C4A494930", "7": "0171090503", "8": "3649494936", "9": "064949291E", "A": "7E1111117E", "B": "7F49494936",
    "C": "3E41414122", "D": "7F4141221C", "E": "7F49494941", "F": "7F09090901", "G": "3E4149497A", "H": "7F0808087F",
    "I": "00417F4100", "J": "2040413F01", "K": "7F08142241", "L": "7F40404040", "M": "7F020C027F", "N": "7F0408107F",
    "O": "3E4141413E", "P": "7F09090906", "Q": "3E4151215E", "R": "7F09192946", "S": "4649494931", "T": "01017F0101",
    "U": "3F4040403F", "V": "1F2040201F", "W": "3F4038403F", "X": "6314081463", "Y": "0708700807", "Z": "6151494543",
    " ": "0000000000", "-": "0008080800", ".": "0060600000", "·": "0018180000",
}  # fmt: skip


def write_typeface(path: Path) -> None:
    """Write the typeface as a .ttf file."""
    names = {character: f"uni{ord(character):04X}" for character in COLUMNS}
    glyphs = {".notdef": draw_glyph("7F4141417F")}  # which is the first in every font
    glyphs |= {names[character]: draw_glyph(columns) for character, columns in COLUMNS.items()}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (ADVANCE, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Dotted", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, sCapHeight=ROWS * PITCH)
    builder.setupPost()
    builder.save(path)


def draw_glyph(columns: str):
    """The glyph whose five columns of dots are `columns` in hexadecimal."""
    pen = TTGlyphPen(None)
    for i, column in enumerate(bytes.fromhex(columns)):
        for row in range(ROWS):
            if column >> row & 1:
                draw_dot(pen, (i + 0.75) * PITCH, (ROWS - row - 0.5) * PITCH)
    return pen.glyph()


def draw_dot(pen: TTGlyphPen, x: float, y: float) -> None:
    """A polygon about (x, y), clockwise."""
    angles = [-2 * math.pi * k / SIDES for k in range(SIDES)]
    points = [(round(x + RADIUS * math.cos(angle)), round(y + RADIUS * math.sin(angle))) for angle in angles]
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()

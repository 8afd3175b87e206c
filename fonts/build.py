#!/usr/bin/env python3
"""Draw the plate typefaces of this folder.

    ./fonts/build.py                            # writes the .ttf files beside this script anew
    ./fonts/build.py --specimen specimen.png    # also draws all glyphs on one sheet to look at

The script writes one .ttf file for every family and weight. Each has the letters A to Z, the digits 0 to 9, a space,
a hyphen, a period and a middle dot. The letters are the tables in this script, so it reads no file. The same tables
give the same bytes on every run.

A glyph is a skeleton: the path that the middle of a pen follows. The weight is the pen's width. The family decides the
width of a glyph and the roundness of its corners, so one table serves narrow and wide plates alike. A row of a table
reads

    character  width  path

The width is in widths of the family's letters or digits, with the ends of the strokes included. A width of 0 is a bare
stem. The points of the path are in a unit square: x to the right, y up from the baseline to the top of the capitals.

    x,y     a sharp corner, or the end of a stroke. The end is cut along the edge of the square when it lies on the
            edge, else across the stroke. So an end that joins another stroke stops just inside the edge.
    x,y~    a rounded corner, as round as the family and the edges allow
    |       lifts the pen: another stroke follows. A stroke that ends at its first point is closed.
    @6      (alone) the path of another character, turned upside down
"""

import cmath
import io
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPointPen
from fontTools.ttLib.tables._g_l_y_f import Glyph, flagOverlapSimple
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import CommandParser, run, write_beside  # noqa: E402
from media.pictures import write_image  # noqa: E402

EM = 1000  # units in the em; all lengths below are in these units
CAP_HEIGHT = 700  # of every letter and digit
GRID = 4  # steps of the font's grid in a unit; on whole units the joints of small arcs would show as kinks
PIECE = math.radians(30)  # arc that one quadratic curve draws; at 30 degrees within 0.06 % of the radius
DATE = 3786912000  # head.created and head.modified, in seconds since 1904: 2024-01-01, so that bytes repeat

# Shapes after DIN 1451: straight sides, round shoulders, an open 4, a straight-backed 6.
SKELETONS = """
A 1.08  0,0 .5,1 1,0 | .14,.28 .86,.28
B 1     .02,.53 1,.53~ 1,0~ 0,0 0,1 .94,1~ .94,.53~ .42,.53
C 1     1,.72 1,1~ 0,1~ 0,0~ 1,0~ 1,.28
D 1     0,0 0,1 1,1~ 1,0~ 0,0
E .92   1,1 0,1 0,0 1,0 | .02,.52 .9,.52
F .9    0,0 0,1 1,1 | .02,.5 .88,.5
G 1     1,.72 1,1~ 0,1~ 0,0~ 1,0~ 1,.45 .55,.45
H 1     0,0 0,1 | 1,0 1,1 | .02,.52 .98,.52
I 0     0,0 0,1
J .9    1,1 1,0~ 0,0~ 0,.28
K 1.06  0,0 0,1 | 1,1 0,.34 | .32,.55 1,0
L .88   0,1 0,0 1,0
M 1.2   0,0 0,1 .5,.3 1,1 1,0
N 1.04  0,0 0,1 1,0 1,1
O 1.06  0,0~ 0,1~ 1,1~ 1,0~ 0,0~
P 1     0,0 0,1 1,1~ 1,.46~ .02,.46
Q 1.06  0,0~ 0,1~ 1,1~ 1,0~ 0,0~ | .58,.24 1,0
R 1.02  0,0 0,1 1,1~ 1,.48~ .02,.48 | .5,.48 1,0
S 1     1,.74 1,1~ 0,1~ 0,.57~ 1,.49~ 1,0~ 0,0~ 0,.26
T 1     0,1 1,1 | .5,0 .5,.98
U 1     0,1 0,0~ 1,0~ 1,1
V 1.06  0,1 .5,0 1,1
W 1.5   0,1 .25,0 .5,.86 .75,0 1,1
X 1.06  0,0 1,1 | 0,1 1,0
Y 1.06  0,1 .5,.44 1,1 | .5,0 .5,.44
Z 1     0,1 1,1 0,0 1,0
0 1     0,0~ 0,1~ 1,1~ 1,0~ 0,0~
1 .66   0,.75 1,1 1,0
2 1     0,.74 0,1~ 1,1~ 1,.6~ 0,0 1,0
3 1     0,.75 0,1~ .95,1~ .95,.54~ .4,.54 | .5,.54 1,.54~ 1,0~ 0,0~ 0,.25
4 1.06  .5,1 0,.2 1,.2 | .72,.46 .72,0
5 1     .94,1 .06,1 .02,.58 1,.58~ 1,0~ 0,0~ 0,.24
6 1     .6,1 0,.58~ 0,0~ 1,0~ 1,.58~ 0,.58~ 0,.36
7 1     0,1 1,1 .3,0
8 1     .05,.54~ .05,1~ .95,1~ .95,.54~ .05,.54~ | 0,0~ 0,.54~ 1,.54~ 1,0~ 0,0~
9 1     @6
- .6    0,.5 1,.5
. 0     0,0
· 0     0,.5
"""

# A closed 4 and a curled 6, as in the highway alphabets and in Charles Wright's (United Kingdom, much of India).
CURLED = """
4 1.06  1,.24 0,.24 .7,1 .7,0
6 1     1,.76 1,1~ 0,1~ 0,0~ 1,0~ 1,.58~ 0,.58~ 0,.3
"""
BARRED = "I .52   0,0 1,0 | 0,1 1,1 | .5,.02 .5,.98"  # an I that no 1 looks like

# Irregular shapes after the German FE alphabet, none of which can be painted into another.
IRREGULAR = """
B 1     .02,.57 1,.57~ 1,0~ 0,0 0,1 .86,1~ .86,.57~ .3,.57
E .96   .86,1 0,1 0,0 1,0 | .02,.55 .7,.55
F .92   0,0 0,1 1,1 | .02,.44 .7,.44
G 1     1,.74 1,1~ 0,1~ 0,0~ 1,0~ 1,.5 .5,.5
J .96   .3,1 1,1 1,0~ 0,0~ 0,.3
M 1.2   0,0 0,1 .5,.14 1,1 1,0
P 1     0,0 0,1 1,1~ 1,.4~ .32,.4
Q 1.08  0,.12~ 0,1~ .92,1~ .92,.12~ 0,.12~ | .5,.3 1,0
R 1.02  0,0 0,1 1,1~ 1,.54~ .02,.54 | .4,.54 1,0
W 1.5   0,1 .16,0 .5,.6 .84,0 1,1
0 1     .66,1 0,1~ 0,0~ 1,0~ 1,.78
1 .7    0,.66 1,1 1,0
3 1     .04,1 .96,1 .4,.58 | .22,.58 1,.58~ 1,0~ 0,0~ 0,.26
6 1     1,.8 1,1~ 0,1~ 0,0~ 1,0~ 1,.56~ .34,.56
8 1     .12,.58~ .12,1~ .88,1~ .88,.58~ .12,.58~ | 0,0~ 0,.58~ 1,.58~ 1,0~ 0,0~
9 1     .25,0 1,0~ 1,1~ 0,1~ 0,.42~ .97,.42
"""

# Nearly upright legs, so that an M and a W are one shape upside down, as on plates of Brazil and of the United States.
UPRIGHT = """
M 1.2   0,0 0,1 .5,.3 1,1 1,0
W 1.2   0,1 .08,0 .5,.7 .92,0 1,1
"""

# Rounded shapes after the dies of American plates: a D with a straight back, a Q with its tail inside, a narrow 0.
DIE = """
B 1     .02,.53 1,.53~ 1,0~ 0,0 0,1 .92,1~ .92,.53~ .42,.53
D 1.02  0,0 0,1 .62,1 1,.72 1,.28 .62,0 0,0
G 1     1,.74 1,1~ 0,1~ 0,0~ 1,0~ 1,.44 .62,.44
J .94   .34,1 1,1 1,0~ 0,0~ 0,.28
O 1.12  0,.1~ 0,.9~ .16,1~ .84,1~ 1,.9~ 1,.1~ .84,0~ .16,0~ 0,.1~
Q 1.12  0,.1~ 0,.9~ .16,1~ .84,1~ 1,.9~ 1,.1~ .84,0~ .16,0~ 0,.1~ | .5,.36 .96,.04
0 .94   0,0~ 0,1~ 1,1~ 1,0~ 0,0~
1 .56   .04,.8 .6,1 .6,0
3 1     0,1 .95,1 .42,.6 | .3,.6 1,.6~ 1,0~ 0,0~ 0,.24
7 1     0,1 1,1 .38,0
"""

# Letters of one width, so that an M and a W are narrow and their middle is short, as American presses stamp them. The
# serifs of an I are as broad as a letter, as in California.
STAMPED = """
A 1     0,0 .5,1 1,0 | .12,.26 .88,.26
E .96   1,1 0,1 0,0 1,0 | .02,.52 .9,.52
F .96   0,0 0,1 1,1 | .02,.5 .88,.5
J .96   1,1 1,0~ 0,0~ 0,.28
I .86   0,0 1,0 | 0,1 1,1 | .5,.02 .5,.98
K 1     0,0 0,1 | 1,1 0,.36 | .3,.55 1,0
M 1.04  0,0 0,1 .5,.52 1,1 1,0
N 1     0,0 0,1 1,0 1,1
O 1     0,0~ 0,1~ 1,1~ 1,0~ 0,0~
Q 1     0,0~ 0,1~ 1,1~ 1,0~ 0,0~ | .55,.26 1,0
V 1     0,1 .5,0 1,1
W 1.04  0,1 .04,0 .5,.54 .96,0 1,1
X 1     0,0 1,1 | 0,1 1,0
Y 1     0,1 .5,.46 1,1 | .5,0 .5,.46
1 .5    .3,.8 1,1 1,0
"""

# Squarish shapes, as on Brazil's plates.
SQUARE = """
A 1.06  0,0 .5,1 1,0 | .16,.26 .84,.26
Q 1.06  0,0~ 0,1~ 1,1~ 1,0~ 0,0~ | .62,.3 1,0
"""

# Letters made of arches, as painters of Indian plates like them: an N like a Greek pi, an M and a W with three legs.
ARCHED = """
A 1     0,0 0,1 1,1 1,0 | 0,.42 1,.42
K 1     0,0 0,1 | 1,1 1,.72 .1,.5 | .5,.6 1,.28 1,0
M 1.3   0,0 0,1 1,1 1,0 | .5,.98 .5,0
N 1     0,0 0,1 1,1 1,0
U 1     0,1 0,0 1,0 1,1
V 1     0,1 0,.4 .5,0 1,.4 1,1
W 1.3   0,1 0,0 1,0 1,1 | .5,.02 .5,1
"""


@dataclass(frozen=True)
class Family:
    """A typeface: how wide, how heavy, how round, and which skeletons differ from SKELETONS."""

    name: str
    letter: int  # width of a letter of width 1, the ends of its strokes included
    digit: int  # the same for a digit
    radius: int  # of a rounded corner, along the middle of the stroke; less where the edges are short
    spacing: int  # room on each side of a glyph
    weights: dict[str, int]  # style -> width of the stroke
    round_ends: bool = False  # strokes end, and turn sharp corners, round; otherwise square
    overrides: str = ""


FAMILIES = (
    Family("Plate Condensed", 372, 356, 999, 50, {"Regular": 88, "Bold": 112}, False, UPRIGHT),
    Family("Plate Wide", 500, 460, 250, 54, {"Regular": 92, "Bold": 122}, True, CURLED + BARRED),
    Family("Plate Wright", 440, 440, 160, 48, {"Regular": 106, "Bold": 126}, False, CURLED),
    Family("Plate Square", 430, 414, 105, 50, {"Regular": 90, "Bold": 114}, False, CURLED + SQUARE + UPRIGHT),
    Family("Plate Die", 404, 372, 150, 46, {"Regular": 84, "Bold": 108}, True, CURLED + UPRIGHT + BARRED + DIE),
    Family("Plate Stamped", 380, 370, 150, 46, {"Regular": 80, "Bold": 100}, True, CURLED + STAMPED),
    Family("Plate Arched", 440, 420, 60, 54, {"Regular": 84, "Bold": 108}, False, CURLED + SQUARE + ARCHED),
    Family("Plate Irregular", 430, 410, 190, 50, {"Regular": 90, "Bold": 110}, False, IRREGULAR + BARRED),
)

FONTS = {
    f"{family.name.replace(' ', '')}-{weight}.ttf": (family, weight) for family in FAMILIES for weight in family.weights
}

# x + yj with a mark: in a stroke, a rounded corner; in a contour, on the curve (else a quadratic's control point)
Points = list[tuple[complex, bool]]


def parse_table(table: str) -> dict[str, tuple[float, str]]:
    """A table of skeletons as {character: (width, path)}."""
    rows = (line.split(maxsplit=2) for line in table.splitlines() if line)
    return {character: (float(width), path) for character, width, path in rows}


def parse_path(character: str, table: dict[str, tuple[float, str]]) -> list[Points]:
    """The strokes of a character: for each its points in the unit square, and whether they are rounded."""
    path = table[character][1]
    if path.startswith("@"):
        return [[(1 + 1j - point, rounded) for point, rounded in stroke] for stroke in parse_path(path[1:], table)]
    return [
        [(complex(*map(float, point.rstrip("~").split(","))), point.endswith("~")) for point in stroke.split()]
        for stroke in path.split("|")
    ]


def unit(vector: complex) -> complex:
    return vector / abs(vector)


def meet(a: complex, along_a: complex, b: complex, along_b: complex) -> complex:
    """Where the line through `a` meets the line through `b`."""
    return a + along_a * ((b - a) / along_b).imag / (along_a / along_b).imag


@dataclass(frozen=True)
class Station:
    """A place that the pen passes: where it is, how it comes, how it goes, and whether it goes on in a curve."""

    point: complex
    arrives: complex
    leaves: complex
    curves: bool = False


def round_corner(before: complex, corner: complex, after: complex) -> list[Station]:
    """Stations along the conic from `before` to `after` that touches both edges of `corner`.

    It is a circle where the edges are equally long, an ellipse where they are not and meet at a right angle:
    the rational quadratic Bezier curve of middle weight sin(angle / 2), cut by de Casteljau's construction.
    """
    arrives, leaves = unit(corner - before), unit(after - corner)
    turn = abs(cmath.phase(leaves / arrives))
    weight = math.cos(turn / 2)
    pieces = math.ceil(turn / PIECE - 1e-9)
    stations = []
    for piece in range(pieces + 1):
        t = piece / pieces
        first, last = 1 - t + t * weight, (1 - t) * weight + t
        left = ((1 - t) * before + t * weight * corner) / first
        right = ((1 - t) * weight * corner + t * after) / last
        point = ((1 - t) * first * left + t * last * right) / ((1 - t) * first + t * last)
        direction = unit(right - left)
        stations.append(Station(point, direction, direction, piece < pieces))
    return stations


def find_stations(stroke: Points, radius: float) -> list[Station]:
    """The stations of a stroke in units, its rounded corners turned into curves of at most `radius`."""
    if len(stroke) == 1:
        return [Station(stroke[0][0], 1, 1)] * 2
    closed = stroke[0] == stroke[-1]
    points = stroke[:-1] if closed else stroke
    stations = []
    for index, (point, rounded) in enumerate(points):
        behind, behind_rounded = points[index - 1]
        ahead, ahead_rounded = points[(index + 1) % len(points)]
        back, to = behind - point, ahead - point
        if not closed and index == 0:
            back = -to
        elif not closed and index == len(points) - 1:
            to = -back
        if rounded:  # two rounded corners share the edge between them
            begin = point + unit(back) * min(radius, abs(back) / (1 + behind_rounded))
            end = point + unit(to) * min(radius, abs(to) / (1 + ahead_rounded))
            stations += round_corner(begin, point, end)
        else:
            stations.append(Station(point, unit(-back), unit(to)))
    return stations


def arc(centre: complex, start: complex, end: complex, turn: float) -> Points:
    """A circular arc about `centre` from `start` to `end`, `turn` radians anticlockwise (clockwise if negative)."""
    pieces = math.ceil(abs(turn) / PIECE - 1e-9)
    step = turn / pieces
    points = [(start, True)]
    for piece in range(pieces):
        middle = (start - centre) * cmath.rect(1 / math.cos(step / 2), step * (piece + 0.5))
        points += [(centre + middle, False), (centre + (start - centre) * cmath.rect(1, step * (piece + 1)), True)]
    return [*points[:-1], (end, True)]


def leave_square(point: complex, along: complex, centre: complex, half: float) -> complex:
    """Where the ray from `point`, inside the square of half width `half` about `centre`, leaves that square."""
    ways = (point.real - centre.real, along.real), (point.imag - centre.imag, along.imag)
    return point + along * min((math.copysign(half, speed) - start) / speed for start, speed in ways if speed)


def join(station: Station, side: complex, half: float, round_ends: bool) -> Points:
    """One side of the stroke at a station: `side` is 1j for the left of the pen's way, -1j for its right."""
    arrives, leaves = station.arrives, station.leaves
    begin, end = station.point + side * half * arrives, station.point + side * half * leaves
    if abs(leaves - arrives) < 1e-9:
        return [(end, True)]
    mitre = meet(begin, arrives, end, leaves)
    outer = (leaves / arrives).imag * side.imag < 0
    if not outer or (abs(mitre - station.point) < 1.5 * half and not round_ends):
        return [(mitre, True)]
    if round_ends:
        return arc(station.point, begin, end, cmath.phase(leaves / arrives))
    # a sharp point would stick out of the line: cut it where the pen's square ends
    corners = leave_square(begin, arrives, station.point, half), leave_square(end, -leaves, station.point, half)
    return [(corner, True) for corner in corners]


def end_stroke(point: complex, outward: complex, size: complex, half: float, round_ends: bool) -> Points:
    """The end of a stroke, from the left of the outward way to its right.

    A square end at the edge of the glyph is cut along that edge, as the foot of an A is; elsewhere across the stroke.
    """
    left = point + 1j * outward * half
    right = point - 1j * outward * half
    if round_ends:
        return arc(point, left, right, -math.pi)
    if outward.imag and point.imag in (0, size.imag):
        edge = point.imag + math.copysign(half, outward.imag)
        left, right = (side + outward * (edge - side.imag) / outward.imag for side in (left, right))
    elif not outward.imag and point.real in (0, size.real):
        left, right = left + outward * half, right + outward * half
    return [(left, True), (right, True)]


def stroke_contours(stroke: Points, size: complex, family: Family, width: float) -> list[Points]:
    """The outline of a pen of `width` that follows `stroke`, a path in units inside (0, 0) to `size`.

    One contour, or two when the stroke is closed. Ink is to the right of the contours' way, as TrueType asks.
    """
    stations, half = find_stations(stroke, min(family.radius, size.real / 2)), width / 2
    closed = len(stroke) > 1 and stroke[0] == stroke[-1]
    sides = []
    for side in (1j, -1j):
        points: Points = []
        for index, station in enumerate(stations):
            points += join(station, side, half, family.round_ends)
            if station.curves:
                ahead = stations[index + 1]
                begin, end = points[-1][0], ahead.point + side * half * ahead.arrives
                points.append((meet(begin, station.leaves, end, ahead.arrives), False))
        sides.append(points)
    left, right = sides[0], sides[1][::-1]
    if closed:
        return [left, right]
    first, last = stations[0], stations[-1]
    begin = end_stroke(first.point, -first.leaves, size, half, family.round_ends)
    end = end_stroke(last.point, last.arrives, size, half, family.round_ends)
    return [[*left[1:-1], *end, *right[1:-1], *begin]]


def draw_glyph(family: Family, weight: str, character: str) -> list[Points]:
    """The contours of a character in units, standing on the baseline, its skeleton's left end at half a stroke."""
    table = parse_table(SKELETONS) | parse_table(family.overrides)
    pen = family.weights[weight]
    whole = table[character][0] * (family.digit if character.isdigit() else family.letter)
    size = complex(max(0, whole - pen), CAP_HEIGHT - pen)
    contours = []
    for stroke in parse_path(character, table):
        scaled = [(complex(at.real * size.real, at.imag * size.imag), rounded) for at, rounded in stroke]
        contours += stroke_contours(scaled, size, family, pen)
    return [[(point + (1 + 1j) * pen / 2, on_curve) for point, on_curve in contour] for contour in contours]


def grid_point(point: complex) -> tuple[int, int]:
    """A point on the font's grid; the last bits of a float, which machines may differ in, do not decide."""
    return math.floor(round(GRID * point.real, 6) + 0.5), math.floor(round(GRID * point.imag, 6) + 0.5)


def build_font(name: str) -> bytes:
    """The bytes of the .ttf file `name`, one of FONTS."""
    family, weight = FONTS[name]
    characters = {f"uni{ord(c):04X}": c for c in parse_table(SKELETONS)}
    glyphs, advances = {}, {}
    for glyph, character in characters.items():
        glyphs[glyph], advances[glyph] = build_glyph(family, weight, character)
    for glyph in (".notdef", "space"):
        glyphs[glyph] = TTGlyphPointPen(None).glyph()
        advances[glyph] = GRID * family.letter // 2

    builder = FontBuilder(GRID * EM, isTTF=True)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder([".notdef", "space", *characters])
    builder.setupCharacterMap({ord(" "): "space"} | {ord(c): glyph for glyph, c in characters.items()})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({glyph: (advances[glyph], getattr(glyphs[glyph], "xMin", 0)) for glyph in glyphs})
    describe_font(builder, name, family, weight)
    data = io.BytesIO()
    builder.save(data)
    return data.getvalue()


def build_glyph(family: Family, weight: str, character: str) -> tuple[Glyph, int]:
    """The glyph of `character` on the font's grid, and its advance."""
    contours = [[(grid_point(p), on) for p, on in contour] for contour in draw_glyph(family, weight, character)]
    across = [x for contour in contours for (x, _), _ in contour]
    shift = GRID * family.spacing - min(across)
    pen = TTGlyphPointPen(None)
    for contour in contours:
        pen.beginPath()
        for index, ((x, y), on_curve) in enumerate(contour):
            if (x, y) != contour[index - 1][0]:
                pen.addPoint((x + shift, y), "qcurve" if on_curve else None)
        pen.endPath()
    glyph = pen.glyph()
    glyph.flags[0] |= flagOverlapSimple  # strokes overlap: rasterisers must not add up their edges
    return glyph, max(across) + shift + GRID * family.spacing


def describe_font(builder: FontBuilder, name: str, family: Family, weight: str) -> None:
    """Set up the tables that say what the font in the file `name` is called and how high its lines are."""
    bold = weight == "Bold"
    full = f"{family.name} {weight}"
    above, below = GRID * (CAP_HEIGHT + 100), GRID * 100
    names = {"familyName": family.name, "styleName": weight, "uniqueFontIdentifier": full, "fullName": full}
    names |= {"version": "Version 1.0", "psName": name.removesuffix(".ttf")}
    builder.setupHorizontalHeader(ascent=above, descent=-below)
    builder.setupHead(unitsPerEm=GRID * EM, created=DATE, modified=DATE, macStyle=int(bold))
    builder.setupNameTable(names)
    heights = {"sTypoAscender": above, "sTypoDescender": -below, "usWinAscent": above, "usWinDescent": below}
    style = {"usWeightClass": 700 if bold else 400, "fsSelection": 0x20 if bold else 0x40}
    builder.setupOS2(sCapHeight=GRID * CAP_HEIGHT, **heights, **style)
    builder.setupPost()


def draw_specimen(folder: Path) -> np.ndarray:
    """Every typeface of FAMILIES, read from `folder`, on one sheet: (H, W) uint8, black on white."""
    lines = "ABCDEFGHIJKLM", "NOPQRSTUVWXYZ", "0123456789 -.·"
    sheet = Image.new("L", (1500, 440 * len(FONTS)), 255)
    draw = ImageDraw.Draw(sheet)
    for index, name in enumerate(FONTS):
        font = ImageFont.truetype(folder / name, 160)
        for row, line in enumerate(lines):
            draw.text((30, 440 * index + 140 * (row + 1)), line, font=font, fill=0, anchor="ls")
    return np.asarray(sheet)


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="where to write (default: this one)")
    parser.add_argument("--specimen", type=Path, metavar="PNG", help="also draw every glyph on one sheet")
    options = parser.parse_args()
    for name in FONTS:
        with write_beside(options.folder / name) as temporary:
            temporary.write_bytes(build_font(name))
    if options.specimen:
        write_image(options.specimen, draw_specimen(options.folder))


if __name__ == "__main__":
    run(main)

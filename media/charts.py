"""Charts of lines through points, drawn with Pillow."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")  # the colour-blind tell them apart (Okabe and Ito, 2008)
GRAY = "#aaaaaa"  # of lines that matter less
PALE = "#dddddd"  # of the grid

# Pixels of the picture before it is made smaller by SCALE. Chosen by eye.
SCALE = 2  # times; makes lines smooth
LEFT = 150  # left of the grid, where the numbers of the y axis stand
RIGHT = 90  # right of the grid, where no line has a name
LEGEND = 420  # right of the grid, where lines have names
UPPER = 110  # above the grid, where the title of the y axis stands
LOWER = 130  # below the grid, where the numbers and the title of the x axis stand
FONT_SIZE = 36
OUTLINE = 6  # of white, round all text
DOT = 9  # radius of a point
LEGEND_DOT = 14  # radius of the dot beside a name
LEGEND_ROW = 56  # from one name to the next

# Pillow's anchor of a label, and the way from its point in pixels: right, down.
ABOVE = ("ms", 0, -18)
BEFORE = ("rm", -20, 0)
BEHIND = ("lm", 20, 0)


class Axis(NamedTuple):
    """An axis: its title, the values where lines of the grid cross it, and the values at its two ends."""

    title: str
    ticks: Sequence[float]
    ends: tuple[float, float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where `value` is on the axis: 0 at the first end, 1 at the second."""
        low, high = self.ends
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


class Line(NamedTuple):
    """A line through points. A line with a name ends in a dot. A line without name and labels is thin."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str = COLOURS[0]
    name: str = ""  # for the legend
    labels: Sequence[str] = ()  # one for each point; each of these points has a dot
    steep: bool = False  # labels stand left of their points, and right of the last; else above


def linear_axis(title: str, largest: float) -> Axis:
    """An axis from 0 to `largest`, which is above 0, or a little more, with four to eight round numbers."""
    unit = 10.0 ** math.floor(math.log10(largest))
    step = next(unit * factor for factor in (0.2, 0.5, 1, 2) if largest <= 6 * unit * factor)
    ticks = [step * i for i in range(math.ceil(largest / step) + 1)]
    return Axis(title, ticks, (0, ticks[-1]))


def logarithmic_axis(title: str, values: Sequence[float]) -> Axis:
    """An axis with round numbers (1, 2, 5, 10 ...) from one below all `values` to one above. `values` are above 0."""
    first_decade = math.floor(math.log10(min(values))) - 1
    last_decade = math.ceil(math.log10(max(values)))
    rungs = [digit * 10.0**decade for decade in range(first_decade, last_decade + 1) for digit in (1, 2, 5)]
    low = max(rung for rung in rungs if rung < min(values))
    high = min(rung for rung in rungs if rung > max(values))
    return Axis(title, [rung for rung in rungs if low <= rung <= high], (low, high), logarithmic=True)


def draw_chart(size: tuple[int, int], x: Axis, y: Axis, lines: Sequence[Line]) -> np.ndarray:
    """A chart of `size`, width and height in pixels, as (height, width, 3) uint8 BGR.

    The title of `x` stands below the grid, and the title of `y` above it. Later lines cover earlier ones.
    """
    canvas = Canvas(size, x, y, has_legend=any(line.name for line in lines))
    canvas.draw_grid()
    for row, line in enumerate(lines):
        canvas.draw_line(line)
        if line.name:
            canvas.draw_name(line, row)
    return np.asarray(canvas.image.reduce(SCALE))[..., ::-1]


class Canvas:
    """The picture that a chart is drawn on, and the place of its grid."""

    def __init__(self, size: tuple[int, int], x: Axis, y: Axis, has_legend: bool) -> None:
        width, height = SCALE * size[0], SCALE * size[1]
        self.image = Image.new("RGB", (width, height), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.font = ImageFont.load_default(FONT_SIZE)
        self.x, self.y = x, y
        self.right = width - (LEGEND if has_legend else RIGHT)
        self.lower = height - LOWER

    def place(self, x: float, y: float) -> tuple[float, float]:
        """The pixel, right and down, where the point of these values is."""
        right = LEFT + (self.right - LEFT) * self.x.place(x)
        down = self.lower - (self.lower - UPPER) * self.y.place(y)
        return right, down

    def write(self, right: float, down: float, text: str, anchor: str) -> None:
        self.draw.text((right, down), text, "black", self.font, anchor, stroke_width=OUTLINE, stroke_fill="white")

    def draw_grid(self) -> None:
        """The lines of the grid, their numbers, and the titles of the axes."""
        for tick in self.y.ticks:
            self.draw.line([self.place(end, tick) for end in self.x.ends], PALE, 2)
            self.write(LEFT - 20, self.place(self.x.ends[0], tick)[1], f"{tick:g}", "rm")
        for tick in self.x.ticks:
            self.draw.line([self.place(tick, end) for end in self.y.ends], PALE, 2)
            self.write(self.place(tick, self.y.ends[0])[0], self.lower + 20, f"{tick:g}", "ma")
        self.write(LEFT, UPPER - 30, self.y.title, "ls")
        self.write((LEFT + self.right) / 2, self.lower + 70, self.x.title, "ma")

    def draw_line(self, line: Line) -> None:
        """The line, the labels of its points and its dots."""
        points = [self.place(x, y) for x, y in zip(line.x, line.y, strict=True)]
        is_thin = not line.name and not line.labels
        self.draw.line(points, line.colour, 2 if is_thin else 5, "curve")
        for i, label in enumerate(line.labels):
            anchor, right, down = choose_side(line, is_last=i == len(points) - 1)
            self.write(points[i][0] + right, points[i][1] + down, label, anchor)
        if line.labels:
            dotted = points
        elif line.name:
            dotted = points[-1:]
        else:
            dotted = []
        for point in dotted:
            self.draw.circle(point, DOT, line.colour)

    def draw_name(self, line: Line, row: int) -> None:
        """The name of the line in the legend, at this row."""
        down = UPPER + 30 + LEGEND_ROW * row
        self.draw.circle((self.right + 60, down), LEGEND_DOT, line.colour)
        self.write(self.right + 90, down, line.name, "lm")


def choose_side(line: Line, is_last: bool) -> tuple[str, int, int]:
    """On which side of its point a label stands."""
    if not line.steep:
        return ABOVE
    return BEHIND if is_last else BEFORE

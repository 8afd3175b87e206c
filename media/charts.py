"""TODO."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")  # told apart by the colour-blind too (Okabe and Ito)
GRAY, PALE = "#aaaaaa", "#dddddd"
# a chart is drawn at twice its size, for smooth lines; pixels there
LEFT, RIGHT, UPPER, LOWER = 150, 90, 110, 130  # beside the grid, for what is written there
LEGEND = 420  # right of the grid, where lines have names
ABOVE, BEFORE, BEHIND = ("ms", 0, -18), ("rm", -20, 0), ("lm", 20, 0)  # Pillow's anchor of a label, way from the point


class Axis(NamedTuple):
    """An axis: its title, where the lines of the grid cross it, and the values at its two ends."""

    title: str
    ticks: Sequence[float]
    ends: tuple[float, float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where `value` is, as a fraction of the way from the first end to the second."""
        low, high, at = map(math.log, (*self.ends, value)) if self.logarithmic else (*self.ends, value)
        return (at - low) / (high - low)


class Line(NamedTuple):
    """A line through points. One with a name has a dot at its end; one with neither name nor labels is thin."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str = COLOURS[0]
    name: str = ""  # for the legend
    labels: Sequence[str] = ()  # one a point, each of which then has a dot
    steep: bool = False  # labels stand before the points, behind the last, instead of above


def linear_axis(title: str, largest: float) -> Axis:
    """From 0 to `largest`, above 0, or a little more, with four to eight round numbers."""
    unit = 10.0 ** math.floor(math.log10(largest))
    step = next(unit * s for s in (0.2, 0.5, 1, 2) if largest <= 6 * unit * s)
    ticks = [step * i for i in range(math.ceil(largest / step) + 1)]
    return Axis(title, ticks, (0, ticks[-1]))


def logarithmic_axis(title: str, values: Sequence[float]) -> Axis:
    """Round numbers (1, 2, 5, 10 ...) from one below all `values`, above 0, to one above them."""
    decades = range(math.floor(math.log10(min(values))) - 1, math.ceil(math.log10(max(values))) + 1)
    rungs = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    low, high = max(r for r in rungs if r < min(values)), min(r for r in rungs if r > max(values))
    return Axis(title, [r for r in rungs if low <= r <= high], (low, high), logarithmic=True)


def draw_chart(size: tuple[int, int], x: Axis, y: Axis, lines: Sequence[Line]) -> np.ndarray:
    """A chart of `size`, width and height in pixels: (height, width, 3) uint8 BGR.

    The title of `x` stands below the grid, that of `y` above it. Later lines cover earlier ones.
    """
    width, height = 2 * size[0], 2 * size[1]
    image = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(36)
    right, lower = width - (LEGEND if any(line.name for line in lines) else RIGHT), height - LOWER

    def place(a: float, b: float) -> tuple[float, float]:
        return LEFT + (right - LEFT) * x.place(a), lower - (lower - UPPER) * y.place(b)

    def write(across: float, down: float, text: str, anchor: str) -> None:
        draw.text((across, down), text, "black", font, anchor, stroke_width=6, stroke_fill="white")

    for tick in y.ticks:
        draw.line([place(end, tick) for end in x.ends], PALE, 2)
        write(LEFT - 20, place(x.ends[0], tick)[1], f"{tick:g}", "rm")
    for tick in x.ticks:
        draw.line([place(tick, end) for end in y.ends], PALE, 2)
        write(place(tick, y.ends[0])[0], lower + 20, f"{tick:g}", "ma")
    write(LEFT, UPPER - 30, y.title, "ls")
    write((LEFT + right) / 2, lower + 70, x.title, "ma")
    for row, line in enumerate(lines):
        points = list(map(place, line.x, line.y))
        draw.line(points, line.colour, 5 if line.name or line.labels else 2, "curve")
        for i, (label, (across, down)) in enumerate(zip(line.labels, points, strict=False)):
            anchor, aside, below = ABOVE if not line.steep else BEHIND if i == len(points) - 1 else BEFORE
            write(across + aside, down + below, label, anchor)
        for point in points if line.labels else points[-1:] if line.name else []:
            draw.circle(point, 9, line.colour)
        if line.name:
            draw.circle((right + 60, UPPER + 30 + 56 * row), 14, line.colour)
            write(right + 90, UPPER + 30 + 56 * row, line.name, "lm")
    return np.asarray(image.reduce(2))[..., ::-1]

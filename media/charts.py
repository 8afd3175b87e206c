"""Charts of lines through points, drawn with matplotlib."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from common import UserError

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")  # the colour-blind tell them apart (Okabe and Ito, 2008)
GRAY = "#aaaaaa"  # of lines that matter less
PIXELS_PER_INCH = 100  # matplotlib measures figures in inches


class Line(NamedTuple):
    """A line through points. A line with a name stands in the legend; a line with labels has a dot at each point."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str = COLOURS[0]
    name: str = ""
    labels: Sequence[str] = ()  # one for each point


def draw_chart(
    size: tuple[int, int], x_title: str, y_title: str, lines: Sequence[Line], logarithmic: bool = False
) -> np.ndarray:
    """A chart of `size`, width and height in pixels, as (height, width, 3) uint8 BGR.

    The axes begin at 0, or are both logarithmic. Later lines cover earlier ones. Raises UserError where matplotlib is
    missing, because somebody who only reads plates need not install it.
    """
    # imported here because it takes half a second, and most runs draw nothing
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullFormatter
    except ImportError:
        raise UserError("matplotlib, which draws charts, is missing; pip install -r requirements.txt") from None
    figure = Figure([pixels / PIXELS_PER_INCH for pixels in size], PIXELS_PER_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    for line in lines:
        axes.plot(line.x, line.y, color=line.colour, label=line.name or None, marker="o" if line.labels else "")
        for x, y, label in zip(line.x, line.y, line.labels, strict=False):
            axes.annotate(label, (x, y), (0, 6), textcoords="offset points", ha="center")
    axes.set_xlabel(x_title)
    axes.set_title(y_title, loc="left", fontsize="medium")
    axes.grid(alpha=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    if any(line.name for line in lines):
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., 2::-1].copy()

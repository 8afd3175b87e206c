"""media/charts.py: charts have the asked size, and show their lines, names and labels."""

import sys

import numpy as np
import pytest

from common import UserError
from media.charts import COLOURS, Line, draw_chart

BLUE = np.array([0xB2, 0x72, 0x00])  # COLOURS[0] as BGR


def blue(chart: np.ndarray) -> np.ndarray:
    """Which pixels (H, W) of `chart` are blue, or nearly so."""
    return abs(chart.astype(int) - BLUE).sum(-1) < 60


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_chart_has_its_size_and_shows_its_line(logarithmic):
    chart = draw_chart((400, 300), "x", "y", [Line([1, 10, 100], [1, 50, 100])], logarithmic)
    assert chart.shape == (300, 400, 3)
    assert chart.dtype == np.uint8
    rows, columns = np.nonzero(blue(chart))
    assert columns[rows.argmin()] > columns[rows.argmax()]  # a line that rises


def test_points_with_labels_have_dots():
    plain = draw_chart((400, 300), "x", "y", [Line([1, 2, 3], [1, 2, 3])])
    dotted = draw_chart((400, 300), "x", "y", [Line([1, 2, 3], [1, 2, 3], labels=["a", "b", "c"])])
    assert blue(dotted).sum() > blue(plain).sum()


def test_lines_with_names_stand_in_a_legend():
    lines = [Line([1, 2], [1, 2], colour, f"name {i}") for i, colour in enumerate(COLOURS)]
    named = draw_chart((400, 300), "x", "y", lines)
    unnamed = draw_chart((400, 300), "x", "y", [line._replace(name="") for line in lines])
    assert (named[:, -40:] < 128).any()
    assert not (unnamed[20:260, -4:] < 128).any()


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match=r"requirements\.txt"):
        draw_chart((400, 300), "x", "y", [Line([1, 2], [1, 2])])

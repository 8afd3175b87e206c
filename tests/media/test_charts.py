"""media/charts.py: axes end where they should, and what is drawn is where the axes say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import charts

BLUE = np.array([0xB2, 0x72, 0x00])  # COLOURS[0] as BGR


def blue(chart: np.ndarray) -> np.ndarray:
    """Which pixels (H, W) of `chart` are blue, or nearly so."""
    return abs(chart.astype(int) - BLUE).sum(-1) < 60


@pytest.mark.parametrize(("largest", "last"), [(97.1, 100), (3.6, 4), (0.31, 0.4), (5760, 6000), (1, 1), (10, 10)])
def test_linear_axes_are_round(largest, last):
    axis = charts.linear_axis("", largest)
    assert axis.ends == (0, pytest.approx(last))
    assert (axis.ticks[0], axis.ticks[-1]) == axis.ends
    assert 4 <= len(axis.ticks) <= 8


@given(st.lists(st.floats(1e-3, 1e6), min_size=1))
def test_logarithmic_axes_hold_all_values(values):
    axis = charts.logarithmic_axis("", values)
    assert axis.ends[0] < min(values) <= max(values) < axis.ends[1]
    assert (axis.ticks[0], axis.ticks[-1]) == axis.ends
    assert sorted(axis.ticks) == axis.ticks
    places = [axis.place(value) for value in sorted(values)]
    assert 0 <= places[0] <= places[-1] <= 1
    assert places == sorted(places)


def test_points_are_where_the_axes_say():
    x, y = charts.Axis("", (1, 1e10), (1, 1e10), logarithmic=True), charts.linear_axis("", 1)
    assert x.place(10) == pytest.approx(y.place(0.1)) == pytest.approx(0.1)
    chart = charts.draw_chart((400, 300), x, y, [charts.Line([1e5, 1e5], [0, 0.5], labels=["a", "b"])])
    assert chart.shape == (300, 400, 3)
    rows, columns = np.nonzero(blue(chart))
    lower, middle = 300 - charts.LOWER / 2, (300 - charts.LOWER / 2 + charts.UPPER / 2) / 2
    assert columns.mean() == pytest.approx((400 + charts.LEFT / 2 - charts.RIGHT / 2) / 2, abs=1)
    assert rows.min() == pytest.approx(middle, abs=6)  # there is a dot about the point
    assert rows.max() == pytest.approx(lower, abs=6)


DOTS = [({}, [False] * 3), ({"name": "n"}, [False, False, True]), ({"labels": ["a", "b", "c"]}, [True] * 3)]


@pytest.mark.parametrize(("told", "dots"), DOTS)
def test_points_that_are_told_of_have_dots(told, dots):
    """A dot is wider than a line. There are none on a mere line, one at the end of a line with a name."""
    axis = charts.linear_axis("", 1)
    chart = charts.draw_chart((600, 400), axis, axis, [charts.Line([0, 0.5, 1], [0.5] * 3, **told)])
    left, right = charts.LEFT // 2, 600 - (charts.LEGEND if "name" in told else charts.RIGHT) // 2
    heights = blue(chart)[:, [left, (left + right) // 2, right]].sum(0)
    assert (heights > 5).tolist() == dots

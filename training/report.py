"""TODO."""

import csv
from pathlib import Path

import numpy as np

from common import write_beside
from media.charts import COLOURS, Line, draw_chart, linear_axis
from media.pictures import write_image
from training.evaluation import FIGURES
from training.minibatches import MODELS

CHART_SIZE = (1200, 480)  # width and height in pixels of each of the two charts of training.png


def write_history(path: Path, history: list[dict]) -> None:
    """Write training.csv."""
    with write_beside(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def draw_training(path: Path, history: list[dict]) -> None:
    """Draw training.png: accuracies above, losses below, over the windows trained on."""
    millions = [row["windows"] / 1e6 for row in history]
    accuracies = {figure: [100 * row[figure] for row in history] for figure in FIGURES}
    losses = {name: [row[f"{name}_loss"] for row in history] for name in MODELS}
    x, charts = linear_axis("windows trained on, millions", millions[-1]), []
    for title, series in (("accuracy on the test windows, %", accuracies), ("loss while training", losses)):
        y = linear_axis(title, max(map(max, series.values())))
        named = zip(series.items(), COLOURS, strict=False)
        lines = [Line(millions, values, colour, f"{name} {values[-1]:.3g}") for (name, values), colour in named]
        charts.append(draw_chart(CHART_SIZE, x, y, lines))
    write_image(path, np.vstack(charts))


def progress_line(row: dict, seconds_left: float) -> str:
    """The line printed after a batch, from its row of the history."""
    losses = "  ".join(f"{name}'s loss {row[f'{name}_loss']:.3f}" for name in MODELS)
    figures = "  ".join(f"{figure} {100 * row[figure]:.1f} %" for figure in FIGURES)
    hours, minutes = divmod(round(seconds_left / 60), 60)
    return (
        f"batch {row['batch']}  {row['windows']:,} windows  {losses}  {figures}  "
        f"{row['windows_per_second']:.0f} windows/s  {hours} h {minutes:02d} min left"
    )

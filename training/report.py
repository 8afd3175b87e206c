"""What a run says of itself: its lines, training.csv and training.png."""

import contextlib
import csv
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from common import write_beside
from media.charts import COLOURS, Line, draw_chart
from media.pictures import write_image
from training.evaluation import FIGURES
from training.minibatches import MODELS

PHOTOS_FIGURES = ("photos",)  # accuracies of a run with a user's photographs, 0..1
CHART_SIZE = (1200, 480)  # width and height in pixels of each of the two charts of training.png
FIRST_REPORT = 20  # seconds until a run first says how it goes
REPORT_EVERY = 55  # seconds from then on: at least once a minute
LEAST_HISTORY = 5  # batches with LEAST_CODE before a run says what to expect at its end; not tuned
LEAST_CODE = 0.05  # share of codes that are read; before, a run learns to find and not yet to read


def say(*lines: str) -> None:
    """Print `lines` at once, also into a file or a pipe, where Python would hold them back."""
    print(*lines, sep="\n", flush=True)


def warn(text: str) -> None:
    """Tell on stderr what goes wrong without ending the run."""
    print(f"train.py: {text}", file=sys.stderr, flush=True)


class Reporter:
    """Says how a run goes, from a thread of its own, so that a long wait is reported too.

    `describe` gives the line to say. It may be replaced while the thread runs. It must not wait for anything.
    """

    def __init__(self, describe: Callable[[], str]) -> None:
        self.describe = describe
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.report, daemon=True)

    def report(self) -> None:
        pause = FIRST_REPORT
        with contextlib.suppress(OSError):  # nobody listens any more; the main thread finds out by itself
            while not self.ended.wait(pause):
                say(self.describe())
                pause = REPORT_EVERY

    def __enter__(self) -> "Reporter":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.thread.join()


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
    charts = []
    for title, series in (("accuracy on the test windows, %", accuracies), ("loss while training", losses)):
        named = zip(series.items(), COLOURS, strict=False)
        lines = [Line(millions, values, colour, f"{name} {values[-1]:.3g}") for (name, values), colour in named]
        charts.append(draw_chart(CHART_SIZE, "windows trained on, millions", title, lines))
    write_image(path, np.vstack(charts))


def expect_code(history: list[dict], windows: float) -> float | None:
    """The share of codes, 0..1, to expect on the test windows after `windows` windows, or None in the first batches.

    The share of codes that are misread falls as a power of the windows trained on, as errors of networks do (Hestness
    et al., arXiv:1712.00409). The power is fitted to the later half of the `history`, the rows of training.csv.
    """
    rows = [row for row in history if row["code"] >= LEAST_CODE]
    if len(rows) < LEAST_HISTORY:
        return None
    rows = rows[len(rows) // 2 :]
    seen = np.log([row["windows"] for row in rows])
    missed = np.log([max(1 - row["code"], 1e-4) for row in rows])
    power, level = np.polyfit(seen, missed, 1)
    return max(rows[-1]["code"], 1 - float(np.exp(level + power * np.log(windows))))


def batch_line(row: dict, seconds_left: float, expected: float | None = None) -> str:
    """The line said after a batch, from its row of the history.

    `expected` is the share of codes, 0..1, to expect at the end of the run, if it is known.
    """
    losses = losses_text({name: row[f"{name}_loss"] for name in MODELS})
    names = [*FIGURES, *(figure for figure in PHOTOS_FIGURES if figure in row)]
    figures = "  ".join(f"{figure} {100 * row[figure]:.1f} %" for figure in names)
    if expected is not None:
        figures += f"  at the end about {100 * expected:.0f} % of codes"
    return (
        f"batch {row['batch']}  {row['windows']:,} windows  {losses}  {figures}  "
        f"{row['windows_per_second']:.0f} windows/s  {time_text(seconds_left)} left"
    )


def losses_text(losses: dict[str, float]) -> str:
    """Model name -> loss as text."""
    return "  ".join(f"{name}'s loss {loss:.3f}" for name, loss in losses.items())


def time_text(seconds: float) -> str:
    """Seconds as hours and minutes."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"

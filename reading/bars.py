"""Progress bars on a terminal, and lines that are printed above them.

The import of tqdm takes longer than reading a small photograph, so it waits until there is a bar.
"""

import sys
from types import TracebackType

DELAY = 2  # seconds before a bar appears


class NoBar:
    """Stands for a bar where none is shown."""

    def __enter__(self) -> "NoBar":
        return self

    def __exit__(self, kind: type | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def update(self) -> None:
        pass


def open_bar(total: int | None, unit: str, done: int = 0, is_hidden: bool = False):
    """A bar that counts to `total` from `done`, to be used as a context; None is an unknown total.

    It is shown on a terminal alone, and not where `is_hidden`.
    """
    if is_hidden or not sys.stderr.isatty():
        return NoBar()
    from tqdm import tqdm

    return tqdm(total=total, initial=done, unit=unit, delay=DELAY)


def print_above(line: str) -> None:
    """Print `line` on standard output, above the bars that are shown."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(line)
    else:
        print(line)

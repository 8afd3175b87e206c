"""Signals that end a run: Ctrl-C (SIGINT) and SIGTERM."""

import contextlib
import signal
from collections.abc import Iterator


class Interrupt:
    """Handles SIGINT and SIGTERM alike.

    A step of training is finished first: then only `requested` is set. Waiting ends at once, by KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.requested = False
        self.waiting = False
        signal.signal(signal.SIGINT, self)
        signal.signal(signal.SIGTERM, self)

    def __call__(self, _signal, _frame) -> None:
        if self.waiting or self.requested:  # a second Ctrl-C does not wait for the step
            raise KeyboardInterrupt
        self.requested = True

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """In this block a signal raises KeyboardInterrupt at once."""
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False

    def until(self, stream: Iterator[dict]) -> Iterator[dict]:
        """The items of `stream` until a signal comes."""
        with contextlib.closing(stream):
            while not self.requested:
                try:
                    with self.at_once():
                        item = next(stream)
                except KeyboardInterrupt:
                    self.requested = True
                    return
                yield item

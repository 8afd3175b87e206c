"""Threads that decode the next picture and draw the last one while the networks read."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor


def map_ahead(pool: ThreadPoolExecutor, function: Callable, items: Iterable) -> Iterator:
    """Yield what `map(function, items)` yields; `pool` works one item ahead of the one that is taken."""
    futures = deque()
    for item in items:
        futures.append(pool.submit(function, item))
        if len(futures) > 1:
            yield futures.popleft().result()
    yield from (future.result() for future in futures)

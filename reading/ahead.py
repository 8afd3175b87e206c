"""Threads that work ahead: on the next pictures, or on the next parts of one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor


def map_ahead(pool: ThreadPoolExecutor, function: Callable, items: Iterable, ahead: int = 1) -> Iterator:
    """Yield what `map(function, items)` yields; `pool` works `ahead` items ahead of the one that is taken."""
    futures = deque()
    for item in items:
        futures.append(pool.submit(function, item))
        if len(futures) > ahead:
            yield futures.popleft().result()
    yield from (future.result() for future in futures)

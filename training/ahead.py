"""Work that a thread does ahead of its use."""

import collections
import concurrent.futures
import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator

DEPTH = 2  # results made ahead; one more than is used at a time, so that neither side waits for the other


def prepare_ahead(prepare: Callable, arguments: Iterable[tuple]) -> Iterator:
    """The results of `prepare(*argument)`, in order; a thread makes the next DEPTH of them meanwhile.

    An exception that `prepare` raises is raised here, in the place of its result.
    """
    arguments, waiting = iter(arguments), collections.deque()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as stack:
        stack.callback(lambda: [future.cancel() for future in waiting])
        while True:
            for argument in itertools.islice(arguments, DEPTH - len(waiting)):
                waiting.append(pool.submit(prepare, *argument))
            if not waiting:
                return
            yield waiting.popleft().result()

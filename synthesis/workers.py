"""TODO."""

import collections
import concurrent.futures
import itertools
import multiprocessing
import signal
from collections.abc import Iterator

import cv2
import numpy as np

from synthesis.storage import concatenate, stack
from synthesis.windows import Settings, Synthesizer

CHUNK = 250  # windows a worker makes at a time
AHEAD = 80  # chunks made ahead of their use
_synthesizer = None  # a worker process's own


def _start_worker(settings: Settings) -> None:
    global _synthesizer
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one ends the others
    _synthesizer = Synthesizer(settings)


def _make_chunk(start: int, count: int, seed: int) -> dict[str, np.ndarray]:
    return stack([_synthesizer.window(i, seed) for i in range(start, start + count)])


def stream_chunks(settings: Settings, seed: int, ranges, workers: int) -> Iterator[dict[str, np.ndarray]]:
    """The windows of `ranges`, pairs of (start, count), as batches, in order, made by worker processes ahead of use."""
    synthesizer = Synthesizer(settings)  # here even when workers do the work, so that a wrong setting shows at once
    if workers <= 1:
        return (stack([synthesizer.window(i, seed) for i in range(start, start + count)]) for start, count in ranges)
    return _stream_from_workers(settings, seed, iter(ranges), workers)


def _stream_from_workers(settings: Settings, seed: int, ranges, workers: int) -> Iterator[dict[str, np.ndarray]]:
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (settings,)
    )
    waiting = collections.deque()
    try:
        while True:
            for start, count in itertools.islice(ranges, AHEAD - len(waiting)):
                waiting.append(pool.submit(_make_chunk, start, count, seed))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:  # not a `with` block, whose end would wait for every chunk that is still in the queue
        pool.shutdown(cancel_futures=True)


def make_batch(start: int, count: int, seed: int, settings: Settings, workers: int = 1) -> dict[str, np.ndarray]:
    """Windows start .. start + count - 1 as the arrays that `storage.ARRAYS` tells of."""
    ranges = [(i, min(CHUNK, start + count - i)) for i in range(start, start + count, CHUNK)]
    return concatenate(list(stream_chunks(settings, seed, ranges, workers)))


def stream_batches(
    settings: Settings, seed: int, first: int, size: int, workers: int
) -> Iterator[dict[str, np.ndarray]]:
    """Batches of `size` windows without end, from window `first` on, made ahead by `workers` processes."""
    chunks_of = [(i, min(CHUNK, size - i)) for i in range(0, size, CHUNK)]
    endless = ((start + i, count) for start in itertools.count(first, size) for i, count in chunks_of)
    chunks = stream_chunks(settings, seed, endless, workers)
    while True:
        yield concatenate([next(chunks) for _ in chunks_of])

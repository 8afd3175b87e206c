"""Windows in batches, made by worker processes ahead of their use.

Windows are made in *chunks*: runs of consecutive indices. A window that fails costs itself alone. It is named on
stderr, and another one takes its place.
"""

import collections
import concurrent.futures
import dataclasses
import itertools
import multiprocessing
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from common import WINDOW_SHAPE, UserError
from synthesis.storage import concatenate, stack
from synthesis.windows import Settings, Synthesizer

CHUNK = 250  # windows a worker makes at a time; a second's work
CHUNK_BYTES = CHUNK * WINDOW_SHAPE[0] * WINDOW_SHAPE[1] * 3  # the images alone; all else is 1 % of them
AHEAD_A_WORKER = 4  # chunks; a worker has something to do while the windows before are written; not tuned
AHEAD_BYTES = 256 << 20  # all windows made ahead together; room for a batch of 10,000
MOST_FAILURES = 5  # failed windows in a chunk; more are no accident

_synthesizer = None  # a worker process's own


@dataclasses.dataclass
class Chunk:
    """The windows of a chunk as a batch, and how windows failed, a text with a traceback each.

    There is no batch where more than MOST_FAILURES failed.
    """

    batch: dict[str, np.ndarray] | None
    failures: list[str]


def make_chunk(synthesizer: Synthesizer, start: int, count: int, seed: int) -> Chunk:
    """Windows start .. start + count - 1. Others, the same each time, take the place of those that fail."""
    windows, failures = [], []
    for index in range(start, start + count):
        for attempt in itertools.count():
            try:
                windows.append(synthesizer.window(index, seed, attempt))
                break
            except UserError:
                raise
            except Exception:  # whatever the fault is: a run of hours must not end with one window
                failures.append(f"window {index} of seed {seed} failed and is replaced:\n{traceback.format_exc()}")
            if len(failures) > MOST_FAILURES:
                return Chunk(None, failures)
    return Chunk(stack(windows), failures)


def _start_worker(settings: Settings) -> None:
    global _synthesizer
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one ends the others
    _synthesizer = Synthesizer(settings)


def _make_chunk_in_worker(start: int, count: int, seed: int) -> Chunk:
    return make_chunk(_synthesizer, start, count, seed)


def stream_chunks(
    synthesizer: Synthesizer, seed: int, ranges: Iterable[tuple[int, int]], workers: int, ahead: int = 0
) -> Iterator[dict[str, np.ndarray]]:
    """The windows of `ranges`, pairs of (start, count), as batches, in order.

    Worker processes make them ahead of their use: `ahead` chunks or a few a worker, whichever is more, within
    AHEAD_BYTES. Raises UserError where too many windows fail.
    """
    if workers <= 1:
        chunks = (make_chunk(synthesizer, start, count, seed) for start, count in ranges)
    else:
        ahead = chunks_ahead(workers, ahead)
        chunks = _stream_from_workers(synthesizer.settings, seed, iter(ranges), workers, ahead)
    return report_failures(chunks)


def chunks_ahead(workers: int, wanted: int) -> int:
    """How many chunks are made ahead: `wanted` or more, within AHEAD_BYTES, but enough to keep `workers` busy."""
    most = AHEAD_BYTES // CHUNK_BYTES
    return max(workers + 1, min(most, max(wanted, AHEAD_A_WORKER * workers)))


def report_failures(chunks: Iterable[Chunk]) -> Iterator[dict[str, np.ndarray]]:
    """The batches of `chunks`. Failures are named on stderr and counted; UserError where a chunk has too many."""
    count = 0
    for chunk in chunks:
        for failure in chunk.failures:
            count += 1
            print(f"{failure}Failed windows so far: {count}", file=sys.stderr)
        if chunk.batch is None:
            raise UserError(f"more than {MOST_FAILURES} of {CHUNK} windows failed, as said above; that is a bug")
        yield chunk.batch


def _stream_from_workers(settings: Settings, seed: int, ranges, workers: int, ahead: int) -> Iterator[Chunk]:
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (settings,)
    )
    waiting = collections.deque()
    try:
        while True:
            for start, count in itertools.islice(ranges, ahead - len(waiting)):
                waiting.append(pool.submit(_make_chunk_in_worker, start, count, seed))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:  # not a `with` block, whose end would wait for every chunk that is still in the queue
        pool.shutdown(cancel_futures=True)


def split_range(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Windows start .. end - 1 in chunks: pairs of (start, count)."""
    return ((i, min(CHUNK, end - i)) for i in range(start, end, CHUNK))


def make_batch(start: int, count: int, seed: int, settings: Settings, workers: int = 1) -> dict[str, np.ndarray]:
    """Windows start .. start + count - 1 as the arrays that `storage.ARRAYS` tells of."""
    ranges = split_range(start, start + count)
    return concatenate(list(stream_chunks(Synthesizer(settings), seed, ranges, workers)))


def stream_batches(
    settings: Settings, seed: int, first: int, size: int, workers: int
) -> Iterator[dict[str, np.ndarray]]:
    """Batches of `size` windows without end, from window `first` on, made ahead by `workers` processes.

    Raises UserError, at once, where a setting is wrong.
    """
    starts = itertools.count(first, size)
    ranges = itertools.chain.from_iterable(split_range(start, start + size) for start in starts)
    chunks_a_batch = -(-size // CHUNK)
    chunks = stream_chunks(Synthesizer(settings), seed, ranges, workers, chunks_a_batch)
    return join_chunks(chunks, chunks_a_batch)


def join_chunks(chunks: Iterator[dict], count: int) -> Iterator[dict[str, np.ndarray]]:
    """Batches of `count` chunks each."""
    while part := list(itertools.islice(chunks, count)):
        yield concatenate(part)

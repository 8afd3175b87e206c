"""Windows in batches, made by worker processes ahead of their use.

Windows are made in *chunks*: runs of consecutive indices. A window that fails costs itself alone. It is named on
stderr, and another one takes its place. A worker process that dies costs its chunk, which another process makes again.
Workers end when the process that started them ends, however it ends; `orphans.py` sees to it.
"""

import collections
import concurrent.futures
import contextlib
import ctypes
import dataclasses
import itertools
import multiprocessing
import multiprocessing.connection
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from multiprocessing import resource_tracker

import cv2
import numpy as np

from common import WINDOW_SHAPE, UserError
from synthesis.orphans import name_worker, watch_parent
from synthesis.storage import concatenate, stack
from synthesis.windows import Settings, Synthesizer

CHUNK = 250  # windows a worker makes at a time; half a second's work
CHUNK_BYTES = CHUNK * WINDOW_SHAPE[0] * WINDOW_SHAPE[1] * 3  # the images alone; all else is 1 % of them
AHEAD_A_WORKER = 4  # chunks; a worker has something to do while the windows before are written; not tuned
AHEAD_BYTES = 256 << 20  # all windows made ahead together; room for a batch of 10,000
MOST_FAILURES = 5  # failed windows in a chunk; more are no accident
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # options of glibc's mallopt
KEPT_BYTES = 32 << 20  # glibc allows no more; a window's arrays have a few MB
SIGNALS = {signal.SIGINT, signal.SIGTERM}  # that end a run
MOST_DEATHS = 2  # of workers at one chunk; the first may be an accident, as when the memory is full for a moment


# --- chunks ---------------------------------------------------------------------------------------------------------


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


def report_failures(chunks: Iterator[Chunk]) -> Iterator[dict[str, np.ndarray]]:
    """The batches of `chunks`. Failures are named on stderr and counted; UserError where a chunk has too many."""
    count = 0
    with contextlib.closing(chunks):
        for chunk in chunks:
            for failure in chunk.failures:
                count += 1
                print(f"{failure}Failed windows so far: {count}", file=sys.stderr)
            if chunk.batch is None:
                raise UserError(f"more than {MOST_FAILURES} of {CHUNK} windows failed, as said above; that is a bug")
            yield chunk.batch


# --- worker processes -----------------------------------------------------------------------------------------------


class Worker:
    """A process that makes chunks, one at a time."""

    def __init__(self, settings: Settings, described: dict) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        task = {"target": work, "args": (settings, described, theirs)}
        self.process = context.Process(**task, name=name_worker(), daemon=True)
        with signals_blocked():  # the process inherits this, so that Ctrl-C ends only the process that started it
            self.process.start()
        theirs.close()  # from now on it is open in the worker alone, so that it closes when the worker dies

    def make(self, start: int, count: int, seed: int) -> Chunk:
        """Windows start .. start + count - 1; raises EOFError when the process dies, UserError as it does."""
        try:
            self.connection.send((start, count, seed))
            answer = self.connection.recv()
        except OSError:  # a pipe whose other end was closed
            raise EOFError from None
        if isinstance(answer, UserError):
            raise answer
        return answer

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """In this block neither this thread nor a process that it starts is told of SIGNALS, where the system can do it.

    A process that is started by half, because a signal ended this one, would print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting a process starts it, and that would unblock the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with signals_deferred():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def signals_deferred() -> Iterator[None]:
    """Let SIGNALS take effect at the end of the block, also those that another thread of this process gets.

    Python handles signals in its main thread, so in another thread there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in handlers.items() if callable(handler)]
    for number in heard:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, handlers[number])
        for number in came[:1]:
            signal.raise_signal(number)


def work(settings: Settings, described: dict, connection: multiprocessing.connection.Connection) -> None:
    """What a worker process does: it makes chunks, as long as they are asked for."""
    watch_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be blocked
    cv2.setNumThreads(1)
    keep_memory()
    synthesizer = None
    with contextlib.suppress(EOFError, OSError):  # when the other end is closed, because its process has died
        while True:
            start, count, seed = connection.recv()
            try:
                synthesizer = synthesizer or prepare_synthesizer(settings, described)
                answer = make_chunk(synthesizer, start, count, seed)
            except UserError as error:
                answer = error
            connection.send(answer)


def keep_memory() -> None:
    """Let this process keep the memory that it frees, up to KEPT_BYTES, where its C library is glibc.

    glibc would give it back after each window and fetch it again for the next, which took 6 % of the time.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL("libc.so.6")
        for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
            library.mallopt(option, KEPT_BYTES)


def prepare_synthesizer(settings: Settings, described: dict) -> Synthesizer:
    """A Synthesizer of `settings`; UserError unless it makes the same windows as the one that was `described`."""
    synthesizer = Synthesizer(settings)
    if synthesizer.describe(0) != described:
        raise UserError("formats, typefaces or backgrounds have changed since the run began; begin again")
    return synthesizer


class Crew:
    """Worker processes. A thread of this process waits for each of them."""

    def __init__(self, synthesizer: Synthesizer, seed: int, count: int) -> None:
        self.settings = synthesizer.settings
        self.described = synthesizer.describe(0)
        self.seed = seed
        self.jobs = queue.SimpleQueue()  # (future, start, count), or None to end a thread
        self.lock = threading.Lock()  # held while workers are started or ended
        self.ended = False
        self.workers = [Worker(self.settings, self.described) for _ in range(count)]
        self.threads = [threading.Thread(target=self.serve, args=(i,), daemon=True) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def submit(self, start: int, count: int) -> concurrent.futures.Future:
        """The Chunk of windows start .. start + count - 1, in the future."""
        future = concurrent.futures.Future()
        self.jobs.put((future, start, count))
        return future

    def serve(self, number: int) -> None:
        """Have worker `number` do one job after the other."""
        while not self.ended and (job := self.jobs.get()):
            future, start, count = job
            try:
                future.set_result(self.make(number, start, count))
            except Exception as error:  # whoever waits for the future raises it
                future.set_exception(error)

    def make(self, number: int, start: int, count: int) -> Chunk:
        """Have worker `number` make a chunk, and another worker where it dies.

        Raises UserError when they die again and again.
        """
        for _ in range(MOST_DEATHS):
            try:
                return self.workers[number].make(start, count, self.seed)
            except EOFError:
                self.replace(number, f"windows {start} to {start + count - 1} of seed {self.seed}")
        raise UserError(
            f"{MOST_DEATHS} workers died at windows {start} to {start + count - 1} of seed {self.seed}; "
            "memory may be full: try fewer --workers"
        )

    def replace(self, number: int, job: str) -> None:
        """Start a worker in the place of one that died at a job, and say so."""
        with self.lock:
            if self.ended:
                raise EOFError
            self.workers[number].end()
            code = self.workers[number].process.exitcode
            print(f"a worker died (exit code {code}) at {job}; another one takes its place", file=sys.stderr)
            self.workers[number] = Worker(self.settings, self.described)

    def end(self) -> None:
        """End all workers at once, whatever they are doing."""
        with self.lock:
            self.ended = True
            for worker in self.workers:
                worker.end()
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join()


# --- streams of chunks and batches ----------------------------------------------------------------------------------


def stream_chunks(
    synthesizer: Synthesizer, seed: int, ranges: Iterable[tuple[int, int]], workers: int, ahead: int = 0
) -> Iterator[dict[str, np.ndarray]]:
    """The windows of `ranges`, pairs of (start, count), as batches, in order.

    Worker processes make them ahead of their use: `ahead` chunks or a few a worker, whichever is more, within
    AHEAD_BYTES. Raises UserError where too many windows fail, or workers die at the same windows again and again.
    """
    if workers <= 1:
        keep_memory()
        chunks = (make_chunk(synthesizer, start, count, seed) for start, count in ranges)
    else:
        ahead = chunks_ahead(workers, ahead)
        chunks = stream_from_workers(synthesizer, seed, iter(ranges), workers, ahead)
    return report_failures(chunks)


def chunks_ahead(workers: int, wanted: int) -> int:
    """How many chunks are made ahead: `wanted` or more, within AHEAD_BYTES, but enough to keep `workers` busy."""
    most = AHEAD_BYTES // CHUNK_BYTES
    return max(workers + 1, min(most, max(wanted, AHEAD_A_WORKER * workers)))


def stream_from_workers(
    synthesizer: Synthesizer, seed: int, ranges: Iterator[tuple[int, int]], workers: int, ahead: int
) -> Iterator[Chunk]:
    """The chunks of `ranges` in order, up to `ahead` of them made ahead by `workers` processes."""
    crew = Crew(synthesizer, seed, workers)
    waiting = collections.deque()
    try:
        while True:
            for start, count in itertools.islice(ranges, ahead - len(waiting)):
                waiting.append(crew.submit(start, count))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        crew.end()


def split_range(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Windows start .. end - 1 in chunks: pairs of (start, count)."""
    return ((i, min(CHUNK, end - i)) for i in range(start, end, CHUNK))


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
    with contextlib.closing(chunks):
        while part := list(itertools.islice(chunks, count)):
            yield concatenate(part)

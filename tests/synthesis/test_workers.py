"""Chunks of windows: the same however many processes make them; what happens when a window fails."""

import itertools
import multiprocessing
import types
from collections.abc import Iterator

import numpy as np
import pytest
from window_batches import PAINTED, assert_same_batch, make_batch

from common import UserError
from media.pictures import write_image
from synthesis import workers
from synthesis.storage import concatenate
from synthesis.windows import Settings, Synthesizer
from synthesis.workers import (
    AHEAD_BYTES,
    CHUNK,
    CHUNK_BYTES,
    MOST_FAILURES,
    chunks_ahead,
    report_failures,
    split_range,
    stream_batches,
    stream_chunks,
)


class FailingSynthesizer(Synthesizer):
    """Fails at the first attempts of some windows."""

    def __init__(self, failures: dict[int, int]) -> None:
        super().__init__(PAINTED)
        self.failures = failures  # by index, how many attempts fail

    def window(self, index: int, seed: int, attempt: int = 0) -> dict[str, np.ndarray]:
        if attempt < self.failures.get(index, 0):
            raise ValueError(f"fault of attempt {attempt}")
        return super().window(index, seed, attempt)


def make_chunks(failures: dict[int, int], count: int = 12, size: int = 4) -> Iterator[workers.Chunk]:
    synthesizer = FailingSynthesizer(failures)
    return (workers.make_chunk(synthesizer, start, size, 3) for start in range(0, count, size))


def test_workers_share_the_chunks_in_order():
    """Chunks smaller than the command's, so that each of two processes has some."""
    ranges = [(i, 3) for i in range(0, 15, 3)]
    alone, together = (concatenate(list(stream_chunks(Synthesizer(PAINTED), 5, ranges, n))) for n in (1, 2))
    assert_same_batch(alone, together)


def test_a_stream_of_batches_is_one_long_batch():
    stream = stream_batches(PAINTED, 1, 30, 10, 1)
    assert_same_batch(concatenate([next(stream), next(stream)]), make_batch(30, 20, 1, PAINTED))


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, CHUNK), (3, 2 * CHUNK + 4), (7, 7)])
def test_a_range_is_split_into_chunks(start, end):
    parts = list(split_range(start, end))
    assert [i for first, count in parts for i in range(first, first + count)] == list(range(start, end))
    assert all(0 < count <= CHUNK for _, count in parts)


# --- windows that fail ----------------------------------------------------------------------------------------------


def test_a_window_that_fails_is_named_and_replaced_by_the_same_one_each_time(capsys):
    first = concatenate(list(report_failures(make_chunks({5: 1, 9: 2}))))
    said = capsys.readouterr().err
    assert "window 5 of seed 3" in said
    assert "Traceback" in said
    assert "fault of attempt 1" in said
    assert said.splitlines()[-1] == "Failed windows so far: 3"
    assert_same_batch(concatenate(list(report_failures(make_chunks({5: 1, 9: 2})))), first)
    whole = make_batch(0, 12, 3, PAINTED)
    same = (first["images"] == whole["images"]).all((1, 2, 3))
    assert np.flatnonzero(~same).tolist() == [5, 9]


def test_more_than_a_few_failures_in_a_chunk_end_the_run(capsys):
    chunks = report_failures(make_chunks(dict.fromkeys(range(4, 8), 9)))
    assert len(next(chunks)["images"]) == 4
    with pytest.raises(UserError, match="failed"):
        next(chunks)
    assert f"Failed windows so far: {MOST_FAILURES + 1}" in capsys.readouterr().err


def test_a_mistake_of_the_user_ends_the_run_at_once():
    class Mistaken(Synthesizer):
        def window(self, index: int, seed: int, attempt: int = 0) -> dict[str, np.ndarray]:
            raise UserError("bgs: is gone")

    with pytest.raises(UserError, match="bgs: is gone"):
        workers.make_chunk(Mistaken(PAINTED), 0, 3, 0)


# --- windows made ahead ---------------------------------------------------------------------------------------------


def test_windows_made_ahead_are_bounded():
    for count, wanted in itertools.product((2, 4, 16, 64, 500), (0, 40, 10**6)):
        ahead = chunks_ahead(count, wanted)
        assert ahead > count  # all workers have something to do
        assert ahead * CHUNK_BYTES <= max(AHEAD_BYTES, (count + 1) * CHUNK_BYTES)
    assert chunks_ahead(2, 0) * CHUNK_BYTES < 64 << 20


def test_no_more_is_planned_than_is_made_ahead():
    planned = []

    def plan():
        for i in range(10**12):
            planned.append(i)
            yield i, 1

    chunks = stream_chunks(Synthesizer(PAINTED), 0, plan(), 2)
    next(chunks)
    chunks.close()
    assert len(planned) == chunks_ahead(2, 0)


# --- worker processes -----------------------------------------------------------------------------------------------


def test_a_chunk_of_a_worker_that_dies_is_made_again(capsys):
    ranges = [(i, 3) for i in range(0, 30, 3)]
    expected = concatenate(list(stream_chunks(Synthesizer(PAINTED), 5, ranges, 1)))
    chunks = stream_chunks(Synthesizer(PAINTED), 5, ranges, 2)
    made = [next(chunks)]
    for process in multiprocessing.active_children():
        process.kill()
    made += chunks
    assert_same_batch(concatenate(made), expected)
    assert "died" in capsys.readouterr().err or len(made) == len(ranges)


class DeadlyWorker:
    """Stands for a worker process that dies whenever it makes the windows from 6 on."""

    process = types.SimpleNamespace(exitcode=-9)

    def __init__(self, _settings, _described) -> None:
        self.ended = False

    def make(self, start: int, count: int, seed: int) -> workers.Chunk:
        if start == 6:
            raise EOFError
        return workers.Chunk({"images": np.full(count, start)}, [])

    def end(self) -> None:
        self.ended = True


def test_workers_that_die_twice_at_a_chunk_end_the_run(monkeypatch, capsys):
    monkeypatch.setattr(workers, "Worker", DeadlyWorker)
    chunks = stream_chunks(Synthesizer(PAINTED), 5, [(i, 3) for i in range(0, 30, 3)], 2)
    assert [next(chunks)["images"][0] for _ in range(2)] == [0, 3]
    with pytest.raises(UserError, match="2 workers died at windows 6 to 8 of seed 5"):
        next(chunks)
    assert capsys.readouterr().err.count("exit code -9") == 2


def test_workers_end_with_the_stream():
    chunks = stream_chunks(Synthesizer(PAINTED), 5, [(i, 250) for i in range(0, 10**6, 250)], 3)
    next(chunks)
    assert len(multiprocessing.active_children()) == 3
    chunks.close()
    assert not multiprocessing.active_children()


def test_workers_end_when_a_reader_of_batches_leaves():
    batches = stream_batches(PAINTED, 5, 0, 10, 2)
    next(batches)
    batches.close()
    assert not multiprocessing.active_children()


def test_a_mistake_of_the_user_in_a_worker_reaches_the_run():
    """As where a typeface is deleted after the run has begun."""
    synthesizer = Synthesizer(PAINTED)
    synthesizer.settings = Settings(fonts=("lost",), backgrounds="none")
    with pytest.raises(UserError, match="lost"):
        next(stream_chunks(synthesizer, 0, [(0, 3), (3, 3)], 2))
    assert not multiprocessing.active_children()


def test_backgrounds_that_change_before_a_worker_starts_end_the_run(tmp_path):
    """Rather than that some windows have other backgrounds, or painted ones."""
    write_image(tmp_path / "a.png", np.zeros((9, 9, 3), np.uint8))
    synthesizer = Synthesizer(Settings(backgrounds=str(tmp_path)))
    (tmp_path / "a.png").unlink()
    with pytest.raises(UserError, match="have changed since"):
        next(stream_chunks(synthesizer, 0, [(0, 3), (3, 3)], 2))

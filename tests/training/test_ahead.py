"""What a thread does ahead comes in order, faults included."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.ahead import DEPTH, prepare_ahead


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(), st.integers())))
def test_results_come_in_order(pairs):
    assert list(prepare_ahead(lambda a, b: a - b, pairs)) == [a - b for a, b in pairs]


def test_work_is_done_ahead_in_another_thread():
    done = threading.Semaphore(0)
    threads = set()

    def work(i):
        threads.add(threading.current_thread())
        done.release()
        return i

    results = prepare_ahead(work, ((i,) for i in range(10)))
    assert next(results) == 0
    for _ in range(DEPTH):  # made although nobody has asked for a second result
        assert done.acquire(timeout=60)
    results.close()
    assert threading.current_thread() not in threads
    assert len(threads) == 1


def test_a_fault_comes_in_its_turn():
    results = prepare_ahead(lambda divisor: 6 // divisor, [(1,), (0,), (2,)])
    assert next(results) == 6
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_is_asked_for_after_the_end():
    asked = []

    def arguments():
        for i in range(100):
            asked.append(i)
            yield (i,)

    results = prepare_ahead(lambda i: i, arguments())
    next(results)
    results.close()
    assert len(asked) <= DEPTH + 1

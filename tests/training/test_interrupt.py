"""Signals end a run after a step, or at once while it waits."""

import os
import signal
import time

import pytest

from training.interrupt import Interrupt

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def interrupt():
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield Interrupt()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_lets_a_step_finish(interrupt, number):
    def count_up(end):
        yield from range(end)

    done = []
    for item in interrupt.until(count_up(5)):
        if item == 2:
            os.kill(os.getpid(), number)
        done.append(item)
    assert done == [0, 1, 2]
    assert interrupt.requested


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_wait_for_windows(interrupt, number):
    def endless():
        yield 0
        os.kill(os.getpid(), number)
        time.sleep(60)
        pytest.fail("the wait went on")

    assert list(interrupt.until(endless())) == [0]
    assert interrupt.requested


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_preparation_of_a_run(interrupt, number):
    with pytest.raises(KeyboardInterrupt), interrupt.at_once():
        signal.raise_signal(number)


def test_a_second_signal_does_not_wait(interrupt):
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

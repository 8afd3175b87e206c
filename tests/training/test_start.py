"""The seed of a run that has none of its own."""

import numpy as np

from training.start import choose_seed

ARRAYS = {"a/kernel": np.arange(4, dtype=np.float32), "b/bias": np.ones(3, np.float32)}


def test_a_run_from_nothing_has_the_seed_0():
    assert choose_seed({}) == 0


def test_each_run_of_a_chain_has_another_seed():
    other = ARRAYS | {"b/bias": np.float32([1, 1, 1.5])}
    assert len({choose_seed({}), choose_seed(ARRAYS), choose_seed(other)}) == 3


def test_the_same_weights_give_the_same_seed():
    assert choose_seed(ARRAYS) == choose_seed(dict(reversed(ARRAYS.items())))

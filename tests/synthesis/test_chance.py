"""Drawing one of several things."""

import collections

import numpy as np
import pytest

from synthesis.chance import pick

COUNT = 20_000


def count_picks(options, shares=None) -> list[float]:
    """The share of picks of each option."""
    rng = np.random.default_rng(0)
    counts = collections.Counter(pick(options, rng, shares) for _ in range(COUNT))
    assert counts.keys() <= set(options)
    return [counts[option] / COUNT for option in options]


def test_each_option_is_as_likely_as_the_others():
    assert count_picks("abcd") == pytest.approx([0.25] * 4, abs=0.02)


@pytest.mark.parametrize("scale", [1, 7.3])
def test_options_come_by_their_shares(scale):
    shares = [0.1, 0.0, 0.6, 0.3]
    assert count_picks("abcd", [scale * share for share in shares]) == pytest.approx(shares, abs=0.02)


def test_the_last_option_takes_what_rounding_leaves():
    class Last:
        def random(self) -> float:
            return np.nextafter(1.0, 0.0)

    assert pick("abc", Last(), [0.1, 0.2, 0.7]) == "c"
    assert pick("abc", Last()) == "c"

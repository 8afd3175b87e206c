"""Drawing one of several things. `numpy.random.Generator.choice` does the same, but takes ten times as long for one."""

import bisect
import itertools
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")


def pick(options: Sequence[Option], rng: np.random.Generator, shares: Sequence[float] | None = None) -> Option:
    """One of `options`, each as likely as the others, or as its share of all `shares` says."""
    if shares is None:
        return options[int(rng.random() * len(options))]
    sums = list(itertools.accumulate(shares))
    return options[bisect.bisect(sums, rng.random() * sums[-1], hi=len(sums) - 1)]

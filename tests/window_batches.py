"""Batches of windows for tests: made at once, with painted backgrounds, and compared."""

import numpy as np

from synthesis.storage import concatenate
from synthesis.windows import Settings, Synthesizer
from synthesis.workers import split_range, stream_chunks

PAINTED = Settings(backgrounds="none")


def make_batch(start: int, count: int, seed: int, settings: Settings) -> dict[str, np.ndarray]:
    """Windows start .. start + count - 1 as the arrays of `storage.ARRAYS`."""
    ranges = split_range(start, start + count)
    return concatenate(list(stream_chunks(Synthesizer(settings), seed, ranges, workers=1)))


def assert_same_batch(first: dict, second: dict) -> None:
    """All arrays are equal to the bit."""
    assert first.keys() == second.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], key)


def turns(corners: np.ndarray) -> np.ndarray:
    """The cross products at each corner of (..., 4, 2): all above 0 when convex and clockwise, y pointing down."""
    edges = np.roll(corners, -1, axis=-2) - corners
    following = np.roll(edges, -1, axis=-2)
    return edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0]

"""What the tests of synthesis/ share: settings with painted backgrounds, and comparisons of batches."""

import numpy as np

from synthesis.windows import Settings

PAINTED = Settings(backgrounds="none")


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

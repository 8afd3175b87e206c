"""TODO."""

import numpy as np

from common import rectifying_homography


def overlaps(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much each pair of quadrilaterals (N, 4, 2) overlaps, of their union and of the smaller: two (N, N) in 0..1.

    Their bounding boxes stand for them.
    """
    low, high = corners.min(1), corners.max(1)  # (N, 2)
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)  # (N, N, 2)
    shared = np.prod(np.maximum(shared, 0), axis=-1)  # (N, N)
    area = np.prod(high - low, axis=-1)  # (N,)
    union, smaller = area[:, None] + area - shared, np.minimum(area[:, None], area)
    return shared / np.maximum(union, 1e-9), shared / np.maximum(smaller, 1e-9)


def sound(corners: np.ndarray) -> np.ndarray:
    """Which of the quadrilaterals (N, 4, 2) are convex, in clockwise order and not a mere line: (N,) bool."""
    edges = np.roll(corners, -1, axis=1) - corners
    following = np.roll(edges, -1, axis=1)
    turns = edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0]  # (N, 4)
    return (turns > 1).all(1) & (turns.min(1) > 0.1 * turns.max(1))  # a NaN compares as false


def from_unit_squares(corners: np.ndarray) -> np.ndarray:
    """The homographies (N, 3, 3) that take the unit square to the quadrilaterals (N, 4, 2)."""
    return np.linalg.inv(np.array([rectifying_homography(quad, (1, 1)) for quad in corners]).reshape(-1, 3, 3))


def project(homographies: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move the points (N, M, 2) by the homographies (N, 3, 3)."""
    moved = points @ homographies[:, :, :2].transpose(0, 2, 1) + homographies[:, None, :, 2]  # (N, M, 3)
    return (moved[..., :2] / moved[..., 2:]).astype(np.float32)


def expand(corners: np.ndarray, margin: float) -> np.ndarray:
    """Plates (N, 4, 2) with `margin` of their width and height around them, in their own plane."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return project(from_unit_squares(corners), square + margin * (2 * square - 1))


def group(scores: np.ndarray, same: np.ndarray) -> list[np.ndarray]:
    """Non-maximum suppression that keeps what it suppresses.

    From `scores` (N,) and which pairs show the `same` plate, (N, N) bool: the indices of each plate's members, the
    one with the best score first, the plate with the best one first.
    """
    order = np.argsort(-scores, kind="stable")
    free = np.ones(len(scores), bool)
    groups = []
    for best in order:
        if free[best]:
            members = order[free[order] & (same[best, order] | (order == best))]
            free[members] = False
            groups.append(members)
    return groups

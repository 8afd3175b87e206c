"""The geometry of N plates at once: overlaps, homographies, and groups of readings that show the same plate.

A plate is a quadrilateral (4, 2): its corners from the top left clockwise, x and y in pixels.
"""

import numpy as np

from common import UNIT_SQUARE, rectifying_homography

# Limits of a quadrilateral that a plate may have; not tuned.
LEAST_TURN = 1  # square pixels: the least cross product of two neighbouring edges
LEAST_SHARE_OF_TURN = 0.1  # the least cross product of a corner as a share of the largest one


def overlaps(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The overlap of each pair of quadrilaterals (N, 4, 2), measured on their bounding boxes.

    Returns two arrays (N, N) in 0..1: the shared area as a share of the union, and as a share of the smaller box.
    """
    low = corners.min(1)  # (N, 2)
    high = corners.max(1)  # (N, 2)
    sides = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)  # (N, N, 2)
    shared = np.prod(np.maximum(sides, 0), axis=-1)  # (N, N)
    area = np.prod(high - low, axis=-1)  # (N,)
    union = area[:, None] + area - shared  # (N, N)
    smaller = np.minimum(area[:, None], area)  # (N, N)
    return shared / np.maximum(union, 1e-9), shared / np.maximum(smaller, 1e-9)


def sound(corners: np.ndarray) -> np.ndarray:
    """Which of the quadrilaterals (N, 4, 2) can be plates: (N,) bool.

    A plate is convex, its corners are in clockwise order, and it is more than a line. Coordinates that are NaN give
    False.
    """
    edges = np.roll(corners, -1, axis=1) - corners  # (N, 4, 2)
    following = np.roll(edges, -1, axis=1)  # (N, 4, 2)
    turns = edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0]  # (N, 4)
    return (turns > LEAST_TURN).all(1) & (turns.min(1) > LEAST_SHARE_OF_TURN * turns.max(1))


def from_unit_squares(corners: np.ndarray) -> np.ndarray:
    """The homographies (N, 3, 3) that take the unit square to the quadrilaterals (N, 4, 2)."""
    homographies = [rectifying_homography(quad, (1, 1)) for quad in corners]
    return np.linalg.inv(np.array(homographies).reshape(-1, 3, 3))


def project(homographies: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The points (N, M, 2) moved by the homographies (N, 3, 3): (N, M, 2) float32."""
    moved = points @ homographies[:, :, :2].transpose(0, 2, 1) + homographies[:, None, :, 2]  # (N, M, 3)
    return (moved[..., :2] / moved[..., 2:]).astype(np.float32)


def expand(corners: np.ndarray, margin: float) -> np.ndarray:
    """The plates (N, 4, 2) with a margin on every side, in each plate's own plane.

    `margin` is a share of the plate's width and height.
    """
    square = UNIT_SQUARE.astype(float)
    return project(from_unit_squares(corners), square + margin * (2 * square - 1))


def group(scores: np.ndarray, same: np.ndarray) -> list[np.ndarray]:
    """Non-maximum suppression that keeps the suppressed members of each group.

    `scores` is (N,). `same` (N, N) bool tells which pairs show the same plate. Returns the indices of each plate's
    members. The member with the best score comes first in its group, and the groups are in the order of these scores.
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

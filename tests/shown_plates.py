"""Photos and readings that tests put on a page of results."""

from typing import NamedTuple

import numpy as np
from fakes import quad

SHAPE = (60, 120)  # height and width in pixels of the photos
BLUE = (200, 80, 20)  # BGR, as all colours here
YELLOW = (30, 200, 230)


class ShownPlate(NamedTuple):
    """A reading with whatever its row says; a page asks no more of a plate."""

    corners: np.ndarray  # (4, 2) in pixels of the photo
    row: dict

    def as_dict(self) -> dict:
        return self.row


def make_plate(
    code: str,
    confidence: float = 0.95,
    country: str | None = "in",
    place: tuple[int, int, int, int] = (40, 20, 40, 10),
    doubtful: int | None = None,
    country_probability: float | None = 0.98,
) -> ShownPlate:
    """A reading of `code` at the box `place` (x, y, width, height). `doubtful` is the index of a doubtful character."""
    corners = quad(*place)
    row = {
        "text": code,
        "confidence": confidence,
        "box": list(place),
        "corners": corners.tolist(),
        "characters": [0.5 if i == doubtful else 0.99 for i in range(len(code))],
        "country": country,
        "country_probability": country_probability,
    }
    return ShownPlate(corners, row)


def make_photo(shape: tuple[int, int] = SHAPE, place: tuple[int, int, int, int] = (40, 20, 40, 10)) -> np.ndarray:
    """A blue photo of `shape` with a yellow rectangle at `place` (x, y, width, height)."""
    photo = np.full((*shape, 3), BLUE, np.uint8)
    x, y, width, height = place
    photo[y : y + height, x : x + width] = YELLOW
    return photo

"""TODO."""

from typing import NamedTuple

import numpy as np


class Plate(NamedTuple):
    """One plate of a photo."""

    code: str
    confidence: float  # 0..1
    box: tuple[int, int, int, int]  # x, y, width, height in the photo's pixels
    corners: np.ndarray  # (4, 2) in the photo's pixels
    characters: np.ndarray  # (len(code),) probabilities

    def as_dict(self) -> dict:
        return {
            "text": self.code,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "corners": np.round(self.corners.astype(float), 1).tolist(),
            "characters": np.round(self.characters.astype(float), 4).tolist(),
        }

"""A plate that was read: its code, its place in the photo, and how sure the reader is."""

from typing import NamedTuple

import numpy as np


class Plate(NamedTuple):
    """One plate of a photo."""

    code: str
    confidence: float  # 0..1: the probability that this is a plate and that it says `code`
    box: tuple[int, int, int, int]  # x, y, width, height in the photo's pixels
    corners: np.ndarray  # (4, 2) in the photo's pixels: top left, top right, bottom right, bottom left of the plate
    characters: np.ndarray  # (len(code),) probabilities, 0..1
    country: str | None = None  # the format that fits the code best, such as "in"; None where no country's fits
    country_probability: float | None = None  # 0..1, of this format once the code is known
    codes: tuple[tuple[str, float], ...] = ()  # the most probable codes, where asked for, and their confidences

    def as_dict(self) -> dict:
        """The plate as a row of `--json` has it: plain numbers, rounded."""
        row = {
            "text": self.code,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "corners": np.round(self.corners.astype(float), 1).tolist(),
            "characters": np.round(self.characters.astype(float), 4).tolist(),
            "country": self.country,
            "country_probability": None if self.country is None else round(self.country_probability, 4),
        }
        if self.codes:
            row["codes"] = [[code, round(confidence, 4)] for code, confidence in self.codes]
        return row

"""The accuracy of weights on the test windows."""

import math

import numpy as np

from common import LONGEST_CODE, READ_MARGIN, WINDOW_SHAPE, edit_distance, rectify
from reading.decoding import best_path

PART = 200  # windows that are read at a time; bounds the memory. Not tuned
READINGS = 5  # sample readings printed after each batch
FIGURES = ("presence", "characters", "code", "street")  # accuracies, 0..1


def predict(network, images: np.ndarray) -> dict[str, np.ndarray]:
    """The answers of `network` to (N, 64, 128, 3) uint8 windows, as float32."""
    parts = np.array_split(images, math.ceil(len(images) / PART))
    parts = [network.predict_on_batch(part.astype(np.float32) / 255) for part in parts]
    return {key: np.concatenate([np.asarray(p[key], np.float32) for p in parts]) for key in parts[0]}


def read_codes(reader, images: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The codes that `reader` reads in (N, 64, 128, 3) uint8 windows, and their (N,) presence, 0..1."""
    answers = predict(reader, images)
    codes = [best_path(logits) for logits in answers["characters"]]
    return codes, 1 / (1 + np.exp(-answers["presence"][:, 0]))


def evaluate(finder, reader, test: dict) -> tuple[dict[str, float], list[str]]:
    """Accuracies (0..1) on the batch `test` and some readings.

    presence    of the finder, on street windows
    characters  of the reader, on rectified windows with a plate: 1 - edit distance / characters of the longer code
    code        the same, codes wholly right
    street      codes wholly right on street windows with a plate, cut out by the finder's corners
    score       the mean of presence and code: what weights are compared by
    """
    street, straight = test["rectified"] == 0, test["rectified"] == 1
    found = predict(finder, test["images"][street])
    presence = (found["presence"][:, 0] > 0) == test["presence"][street]

    read, read_presence = read_codes(reader, test["images"][straight])
    true = test["codes"][straight]
    with_plate = test["presence"][straight] == 1
    right = [1 - edit_distance(a, b) / max(len(a), len(b), 1) for a, b in zip(read, true, strict=True)]

    plates = test["presence"][street] == 1
    corners = found["corners"][plates]  # (P, 4, 2)
    corners += 2 * READ_MARGIN * (corners - corners.mean(1, keepdims=True))
    corners *= np.array(WINDOW_SHAPE[::-1], np.float32)  # pixels
    windows = map(rectify, test["images"][street][plates], corners)
    street_read, _ = read_codes(reader, np.stack(list(windows)))

    scores = {
        "presence": float(presence.mean()),
        "characters": float(np.mean(right, where=with_plate)),
        "code": float(np.mean([a == b for a, b in zip(read, true, strict=True)], where=with_plate)),
        "street": float(np.mean(np.array(street_read) == test["codes"][street][plates])),
    }
    scores["score"] = (scores["presence"] + scores["code"]) / 2
    readings = [
        f"{code or '-':>{LONGEST_CODE}} {float(p):.1f} <-> {reading or '-':<{LONGEST_CODE}} {float(q):.2f}"
        for code, p, reading, q in zip(true, test["presence"][straight], read, read_presence, strict=True)
    ]
    return scores, readings[:READINGS]

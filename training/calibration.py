"""The ranges of the tensors between the layers, which a graph of 8-bit integers needs (`network/quantised_net.py`)."""

import cv2
import numpy as np
from onnxruntime import InferenceSession

import model
from network.quantised_net import Ranges
from reading.graphs import PROVIDERS, make_options
from training.minibatches import MODELS

PART = 50  # windows that are measured at a time; bounds the memory. Not tuned


def halve(window: np.ndarray) -> np.ndarray:
    """A window (64, 128, 3) uint8 at half of its resolution, as the finder sees it."""
    return cv2.resize(window, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def measure_ranges(arrays: dict[str, np.ndarray], test: dict) -> Ranges:
    """The ranges of both networks' tensors over the windows of the batch `test`, with the weights `arrays`.

    The finder is measured on the street windows, at half of their resolution, and the reader on rectified ones.
    """
    ranges: Ranges = {}
    for which, rectified in zip(MODELS, (0, 1), strict=True):
        graph, names = model.onnx_ranges(arrays, which)
        session = InferenceSession(graph, make_options(), PROVIDERS)
        windows = test["images"][test["rectified"] == rectified]  # (N, 64, 128, 3)
        if which == "finder":
            parts = [halve(window)[None] for window in windows]  # the graph takes one picture at a time
        else:
            parts = np.array_split(windows, max(1, len(windows) // PART))
        pixels = session.get_inputs()[0].name
        extremes = [session.run(["least", "greatest"], {pixels: part}) for part in parts]  # (P, 2, K)
        least = np.min([least for least, _ in extremes], axis=0)
        greatest = np.max([greatest for _, greatest in extremes], axis=0)
        ranges |= {name: (float(a), float(b)) for name, a, b in zip(names, least, greatest, strict=True)}
    return ranges

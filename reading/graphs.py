"""The networks of a weights file as ONNX graphs, kept ready in the user's cache.

Building them takes a quarter of a second, most of it for the import of `onnx`, which a ready graph does without.
"""

import os
from pathlib import Path

import model
from media.cache import keep
from media.files import read_bytes
from media.limits import WEIGHTS_BYTES
from network import onnx_net, shapes

NETWORKS = ("finder", "reader")
CODE = (
    Path(model.__file__),
    Path(onnx_net.__file__),
    Path(shapes.__file__),
)  # what a graph depends on beside the weights


def load_graphs(weights: str | os.PathLike) -> list[bytes]:
    """The serialised graphs of the finder and of the reader.

    Raises UserError when the weights file is missing or damaged, or does not fit.
    """
    remedy = "train.py makes one, and the project ships weights.npz"
    sources = [read_bytes(weights, WEIGHTS_BYTES, remedy), *(path.read_bytes() for path in CODE)]
    arrays = {}

    def build(network: str) -> bytes:
        if not arrays:
            arrays.update(model.load_weights(weights))
        return model.onnx_model(arrays, network)

    return [keep(f"{network}.onnx", [network.encode(), *sources], lambda n=network: build(n)) for network in NETWORKS]

"""The networks of a weights file as ONNX graphs, kept ready in the user's cache.

Building them takes a quarter of a second, most of it for the import of `onnx`, which a ready graph does without.
"""

import functools
import os
from pathlib import Path

import model
from media.cache import keep
from media.files import read_bytes
from media.limits import WEIGHTS_BYTES
from network import onnx_net, quantised_net, shapes

NETWORKS = ("finder", "reader")
# What a graph depends on beside the weights.
CODE = [Path(module.__file__) for module in (model, onnx_net, quantised_net, shapes)]


def load_graphs(weights: str | os.PathLike) -> list[bytes]:
    """The serialised graphs of the finder and of the reader.

    Raises UserError when the weights file is missing or damaged, or does not fit.
    """
    remedy = "train.py makes one, and the project ships weights.npz"
    sources = [read_bytes(weights, WEIGHTS_BYTES, remedy), *(path.read_bytes() for path in CODE)]
    load = functools.cache(lambda: model.load_weights(weights))

    def build(network: str) -> bytes:
        return model.onnx_model(load().arrays, network, load().ranges)

    return [keep(f"{network}.onnx", [network.encode(), *sources], lambda n=network: build(n)) for network in NETWORKS]

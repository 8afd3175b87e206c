"""The networks of a weights file as ONNX graphs, kept ready in the user's cache.

Building them takes a quarter of a second, most of it for the import of `onnx`. Half the time of loading a graph goes to
what ONNX Runtime joins and rewrites in it. So the cache has the graphs as ONNX Runtime rewrote them.
"""

import hashlib
import os
import platform
import tempfile
from pathlib import Path

import onnxruntime

import model
from media.cache import keep
from media.files import read_bytes
from media.limits import WEIGHTS_BYTES
from network import onnx_net, quantised_net, shapes

NETWORKS = ("finder", "reader")
PROVIDERS = ["CPUExecutionProvider"]
# What a graph depends on beside the weights.
CODE = [Path(module.__file__) for module in (model, onnx_net, quantised_net, shapes)]


def load_graphs(weights: str | os.PathLike) -> list[bytes]:
    """The serialised graphs of the finder and of the reader, for this version of ONNX Runtime alone.

    Raises UserError when the weights file is missing or damaged, or does not fit.
    """
    remedy = "train.py makes one, and the project ships weights.npz"
    digest = hashlib.sha256(read_bytes(weights, WEIGHTS_BYTES, remedy)).digest()
    rewriter = f"ONNX Runtime {onnxruntime.__version__} on {platform.machine()}"
    sources = [digest, rewriter.encode(), *(path.read_bytes() for path in [*CODE, Path(__file__)])]
    built = {}  # by network; they are built together where one is missing

    def make(network: str) -> bytes:
        if not built:
            built.update(zip(NETWORKS, build_graphs(weights), strict=True))
        return rewrite(built[network])

    return [keep(f"{network}.onnx", [network.encode(), *sources], lambda n=network: make(n)) for network in NETWORKS]


def build_graphs(weights: str | os.PathLike) -> list[bytes]:
    """The serialised graphs of the finder and of the reader, which any program for ONNX can run.

    Raises UserError as `load_graphs` does.
    """
    file = model.load_weights(weights)
    return [model.onnx_model(file.arrays, network, file.ranges) for network in NETWORKS]


def rewrite(graph: bytes) -> bytes:
    """`graph` as ONNX Runtime rewrites it on every processor.

    What it does for the processor at hand, it does when the graph is loaded, so the cache may move to another machine
    of the same kind. Where no file can be written, it is `graph` itself, which gives the same answers.
    """
    options = make_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.onnx"
            options.optimized_model_filepath = str(path)
            onnxruntime.InferenceSession(graph, options, PROVIDERS)
            return path.read_bytes()
    except Exception:  # the exceptions of ONNX Runtime have no class in common
        return graph


def make_options() -> onnxruntime.SessionOptions:
    """Options of ONNX Runtime, which then prints errors alone."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return options

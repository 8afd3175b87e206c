"""reading/graphs.py: graphs are built once for the same weights, and answer as those that model.py builds."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import model
from common import UserError
from reading import graphs

WEIGHTS = Path(__file__).parents[2] / "weights.npz"
INPUTS = {"finder": ("image", (1, 90, 130, 3)), "reader": ("windows", (2, 64, 128, 3))}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_graphs_are_those_of_the_model():
    file = model.load_weights(WEIGHTS)
    assert graphs.build_graphs(WEIGHTS) == [
        model.onnx_model(file.arrays, network, file.ranges) for network in graphs.NETWORKS
    ]


def test_ready_graphs_give_the_same_answers_and_are_built_once(monkeypatch):
    ready = graphs.load_graphs(WEIGHTS)
    rng = np.random.default_rng(0)
    for network, graph, built in zip(graphs.NETWORKS, ready, graphs.build_graphs(WEIGHTS), strict=True):
        assert graph != built
        name, shape = INPUTS[network]
        feeds = {name: rng.integers(0, 256, shape, np.uint8)}
        sessions = [onnxruntime.InferenceSession(g, providers=graphs.PROVIDERS) for g in (graph, built)]
        for answer, wanted in zip(*(session.run(None, feeds) for session in sessions), strict=True):
            np.testing.assert_array_equal(answer, wanted)
    monkeypatch.setattr(model, "onnx_model", None)  # would fail if it were called
    assert graphs.load_graphs(WEIGHTS) == ready


def test_another_onnx_runtime_has_graphs_of_its_own(monkeypatch):
    graphs.load_graphs(WEIGHTS)
    monkeypatch.setattr(onnxruntime, "__version__", "0")
    monkeypatch.setattr(graphs, "build_graphs", lambda weights: [b"anew", b"too"])  # which cannot be rewritten
    assert graphs.load_graphs(WEIGHTS) == [b"anew", b"too"]


def test_without_a_folder_for_its_file_a_graph_stays_as_it_is(monkeypatch):
    [finder, _] = graphs.build_graphs(WEIGHTS)
    monkeypatch.setattr(graphs.tempfile, "tempdir", "/missing")
    assert graphs.rewrite(finder) == finder


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_bad_weights_are_refused(tmp_path, content):
    path = tmp_path / "w.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.npz"):
        graphs.load_graphs(path)

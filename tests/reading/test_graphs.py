"""reading/graphs.py: graphs are built once for the same weights, and are those that model.py builds."""

from pathlib import Path

import pytest

import model
from common import UserError
from reading import graphs

WEIGHTS = Path(__file__).parents[2] / "weights.npz"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_graphs_are_those_of_the_model_and_built_once(monkeypatch):
    first = graphs.load_graphs(WEIGHTS)
    file = model.load_weights(WEIGHTS)
    assert first == [model.onnx_model(file.arrays, network, file.ranges) for network in ("finder", "reader")]
    monkeypatch.setattr(model, "onnx_model", None)  # would fail if it were called
    assert graphs.load_graphs(WEIGHTS) == first


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_bad_weights_are_refused(tmp_path, content):
    path = tmp_path / "w.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.npz"):
        graphs.load_graphs(path)

"""The graphs of integers: their answers are near those of float32, and ONNX Runtime computes them with integers."""

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from network_answers import draw_windows, halve, run_onnx

import model
from network.keras_net import get_weights
from training.calibration import measure_ranges


@pytest.fixture(scope="module")
def arrays(networks):
    return get_weights(*networks)


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """So many that the mean error of one presence a window hardly varies between processors."""
    return draw_windows(32, 64)


@pytest.fixture(scope="module")
def ranges(arrays, windows):
    batch = {"images": np.concatenate([windows, windows]), "rectified": np.repeat([0, 1], len(windows))}
    return measure_ranges(arrays, batch)


def answers(graph: bytes, which: str, windows: np.ndarray) -> dict[str, np.ndarray]:
    """The network's answers to all windows by output."""
    if which == "reader":
        return run_onnx(graph, windows)
    windows = windows[:, ::2, ::2].repeat(2, 1).repeat(2, 2)  # whole numbers at half of their resolution
    rows = [run_onnx(graph, halve(window[None])) for window in windows]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("which", ["finder", "reader"])
def test_answers_are_near_those_of_float32(which, arrays, ranges, windows):
    exact = answers(model.onnx_model(arrays, which), which, windows)
    rounded = answers(model.onnx_model(arrays, which, ranges), which, windows)
    for name, values in exact.items():
        error = np.sqrt(np.mean((rounded[name] - values) ** 2))
        assert 0 < error < 0.25 * values.std(), name


@pytest.mark.parametrize(("which", "in_float"), [("finder", 3), ("reader", 6)])
def test_onnx_runtime_computes_with_integers(which, in_float, arrays, ranges, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    graph = model.onnx_model(arrays, which, ranges)
    onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    convolutions = sum(name.startswith(which) and not name.endswith("/characters") for name, *_ in model.layers())
    # In float32 are the heads, the layers that see a whole window, and the reader's first layer.
    assert kinds["QLinearConv"] == convolutions - in_float


def test_tensors_without_a_range_are_not_rounded(arrays, windows):
    graph = model.onnx_model(arrays, "reader", {"reader/stem": (-1.0, 1.0)})  # is read by no layer before its relu
    np.testing.assert_array_equal(
        run_onnx(graph, windows[:1])["corners"], run_onnx(model.onnx_model(arrays, "reader"), windows[:1])["corners"]
    )


def test_ranges_hold_every_value(arrays, ranges, windows):
    relus = [limits for name, limits in ranges.items() if name.endswith("/relu")]
    assert relus
    assert all(0 <= low < high for low, high in relus)
    part = {"images": windows[:4], "rectified": np.array([0, 0, 1, 1])}
    for name, (low, high) in measure_ranges(arrays, part).items():
        assert ranges[name][0] <= low + 1e-4
        assert high <= ranges[name][1] + 1e-4

"""The ONNX graphs answer as the Keras networks do."""

import numpy as np
from network_answers import assert_same, call, halve, log_softmax, run_onnx, sigmoid

import model
from network.keras_net import get_weights, set_weights


def test_the_finders_graph_agrees(networks, windows):
    graph = model.onnx_model(get_weights(*networks), "finder")
    windows = windows[:, ::2, ::2].repeat(2, 1).repeat(2, 2)  # at half of their resolution they are whole numbers too
    wanted = call(networks[0], windows)
    answers = [run_onnx(graph, halve(window[None])) for window in windows]
    presence, corners = (np.concatenate([answer[name] for answer in answers]) for name in ("presence", "corners"))
    assert_same(presence[:, 0], sigmoid(wanted["presence"]))
    assert_same(corners.reshape(-1, 4, 2), wanted["corners"])


def test_the_readers_graph_agrees(networks, windows):
    graph = model.onnx_model(get_weights(*networks), "reader")
    wanted = call(networks[1], windows)
    answers = run_onnx(graph, windows)
    assert_same(answers["presence"], sigmoid(wanted["presence"])[:, 0])
    assert_same(answers["corners"], wanted["corners"])
    assert_same(answers["characters"], log_softmax(wanted["characters"]))
    np.testing.assert_allclose(np.exp(answers["characters"]).sum(-1), 1, atol=1e-4)


def test_the_readers_graph_agrees_with_the_shipped_weights(changeable_networks, windows, shipped_weights):
    arrays = model.load_weights(shipped_weights).arrays
    set_weights(*changeable_networks, arrays)
    wanted = call(changeable_networks[1], windows)
    answers = run_onnx(model.onnx_model(arrays, "reader"), windows)
    assert_same(np.exp(answers["characters"]), np.exp(log_softmax(wanted["characters"])))
    assert_same(answers["corners"], wanted["corners"])


def test_a_window_is_read_without_regard_to_its_neighbours(shipped_weights, windows):
    graph = model.onnx_model(model.load_weights(shipped_weights).arrays, "reader")
    together = run_onnx(graph, windows)
    alone = run_onnx(graph, windows[5:6])
    for name, values in together.items():
        np.testing.assert_allclose(values[5], alone[name][0], rtol=1e-4, atol=1e-3)

"""The Keras networks: the sliding finder, the convolutions, and the weights by name."""

import cv2
import numpy as np
import pytest
from network_answers import assert_same, call

import model
from network.keras_net import convolutions, get_weights, set_weights

STRIDE = 2 * model.FINDER_STRIDE  # pixels of a photo


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """(203, 333, 3) uint8: odd sizes, and something in every corner."""
    rng = np.random.default_rng(2)
    coarse = cv2.resize(rng.uniform(0, 255, (20, 30, 3)), (333, 203), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse + rng.normal(0, 20, coarse.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def sliding(networks):
    return model.get_detect_model(networks[0])


def test_the_sliding_finder_agrees_with_the_finder_at_every_position(networks, sliding, photo):
    for height, width in ((203, 333), (64, 128), (65, 143), (95, 144), (96, 130)):
        part = photo[:height, :width]
        answers = call(sliding, part[None])
        rows, columns = range(0, height - 63, STRIDE), range(0, width - 127, STRIDE)
        assert answers["presence"].shape == (1, len(rows), len(columns), 1)
        assert answers["corners"].shape == (1, len(rows), len(columns), 8)
        seen = call(networks[0], np.stack([part[y : y + 64, x : x + 128] for y in rows for x in columns]))
        np.testing.assert_allclose(answers["presence"].reshape(-1, 1), seen["presence"], atol=1e-4)
        np.testing.assert_allclose(answers["corners"].reshape(-1, 4, 2), seen["corners"], atol=1e-4)


def test_the_sliding_finder_takes_several_photos(sliding, photo):
    pair = np.stack([photo, photo[::-1, ::-1]])
    both, alone = call(sliding, pair), call(sliding, pair[1:])
    assert_same(both["presence"][1], alone["presence"][0], 1e-4)


def test_the_sliding_finder_shares_the_finders_weights(networks, sliding, photo):
    before = call(sliding, photo[None])["presence"]
    layer = networks[0].get_layer("finder_presence")
    bias = np.asarray(layer.bias)
    layer.bias.assign(bias + 1)
    after = call(sliding, photo[None])["presence"]
    layer.bias.assign(bias)
    np.testing.assert_allclose(after - before, 1, atol=1e-4)


def test_the_readers_answer_does_not_depend_on_brightness(networks, windows):
    dark = windows[:4] / 2
    bright = call(networks[1], dark + 100)
    for name, values in call(networks[1], dark).items():
        np.testing.assert_allclose(bright[name], values, rtol=1e-3, atol=1e-2)


def test_filters_have_the_mean_0(networks):
    for name, layer in convolutions(*networks).items():
        kernel = np.asarray(layer.effective_kernel())
        np.testing.assert_allclose(kernel.mean((0, 1, 2)), 0, atol=1e-4, err_msg=name)
        inputs = np.prod(kernel.shape[:3])
        deviation = kernel.std((0, 1, 2)) * np.sqrt(inputs)
        np.testing.assert_allclose(deviation, np.abs(layer.gain), rtol=0.05, err_msg=name)


def test_weights_have_the_names_and_shapes_of_the_table(networks):
    shapes = {name: array.shape for name, array in get_weights(*networks).items()}
    assert shapes == model.weight_shapes()
    assert shapes["reader/stem/kernel"][3] == 48  # the first layer's filters


def test_weights_come_back(changeable_networks, windows):
    arrays = get_weights(*changeable_networks)
    before = call(changeable_networks[1], windows)
    set_weights(*changeable_networks, {name: array[::-1] for name, array in arrays.items()})
    assert np.abs(call(changeable_networks[1], windows)["characters"] - before["characters"]).max() > 0.1
    set_weights(*changeable_networks, arrays)
    for name, array in get_weights(*changeable_networks).items():
        np.testing.assert_allclose(array, arrays[name], rtol=2e-3, atol=2e-4, err_msg=name)
    for name, values in call(changeable_networks[1], windows).items():
        assert_same(values, before[name], 5e-3)


def test_mixed_precision_gives_float32(keras, windows):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        finder, reader = model.get_models()
    finally:
        keras.config.set_dtype_policy(policy)
    for value in [*finder.outputs, *reader.outputs]:
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
    values = reader(windows[:1].astype(np.float32) / 255)
    assert np.isfinite(np.asarray(values["characters"])).all()

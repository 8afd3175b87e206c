"""Fixtures that the tests of several rooms share."""

import os
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT
from network_answers import draw_windows

from common import BLANK

# These files train, which takes a minute or more. Started last, they would keep one process busy while the others idle.
LONGEST_FILES = ("test_train.py", "test_kills.py", "test_circle.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin."""
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """The shipped weights or, where there are none, untrained ones."""
    shipped = ROOT / "weights.npz"
    if shipped.exists():
        return shipped
    import model  # here, so that tests which need no weights load no networks
    from network.weights import save_weights

    path = tmp_path_factory.mktemp("weights") / "untrained.npz"
    rng, arrays = np.random.default_rng(0), {}
    for name, _, kernel, _ in model.layers():
        arrays[f"{name}/kernel"] = rng.normal(0, np.prod(kernel[:3]) ** -0.5, kernel)
        arrays[f"{name}/bias"] = np.zeros(kernel[3])
    save_weights(path, arrays)
    return path


@pytest.fixture(scope="session")
def shipped_weights() -> Path:
    """The shipped weights."""
    path = ROOT / "weights.npz"
    if not path.exists():
        pytest.skip("NOT TESTED: weights.npz is missing; train.py makes it")
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium without a window. Its start takes seconds."""
    from open_page import start_browser  # here, so that tests which need no browser load nothing of it

    with start_browser(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="session")
def keras():
    """Keras. Its import takes seconds."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return pytest.importorskip("keras", reason="NOT TESTED: Keras is missing")


@pytest.fixture(scope="session")
def networks(keras):
    """The finder and the reader in float32 with untrained weights, large enough for every output to vary."""
    from model import get_models  # here, as above
    from network.keras_net import convolutions

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(0)
    pair = get_models()
    keras.config.set_dtype_policy(policy)
    rng = np.random.default_rng(0)
    for layer in convolutions(*pair).values():
        layer.bias.assign(rng.normal(0, 0.2, layer.bias.shape))
        layer.gain.assign(layer.gain * rng.uniform(0.8, 1.2, layer.gain.shape))
        if layer.filters in (1, 8, BLANK + 1):  # an output of a network
            layer.gain.assign(np.full(layer.gain.shape, 2.0))
    return pair


@pytest.fixture
def changeable_networks(networks):
    """The same two networks for a test that gives them other weights. They get theirs back, to the last bit."""
    before = [network.get_weights() for network in networks]
    yield networks
    for network, values in zip(networks, before, strict=True):
        network.set_weights(values)


@pytest.fixture(scope="session")
def windows() -> np.ndarray:
    """Windows of noise, and windows of smooth patches: (12, 64, 128, 3) uint8."""
    return draw_windows(4, 8)

"""Fixtures that the tests of several rooms share."""

from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT


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

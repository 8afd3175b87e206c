"""model.py: the networks' answers, and the table as a user types it."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from command_line import ROOT, assert_refused, interrupt_imports, run_script
from network_answers import call, run_onnx

import common
import model
from network.keras_net import convolutions, get_weights, set_weights

# --- the networks ---------------------------------------------------------------------------------------------------


def test_answers_have_the_documented_shapes(networks, windows):
    batch = len(windows)
    shapes = {"presence": (batch, 1), "corners": (batch, 4, 2)}
    assert {name: value.shape for name, value in call(networks[0], windows).items()} == shapes
    shapes["characters"] = (batch, model.LINES * model.COLUMNS, common.BLANK + 1)
    assert {name: value.shape for name, value in call(networks[1], windows).items()} == shapes


def test_each_frame_sees_the_whole_window(networks, windows):
    """A plate's rows at the left tell what a number at the right is part of."""
    turned = windows[:4].copy()
    turned[:, :, :32] = turned[:, ::-1, :32]  # which leaves the window's contrast as it is
    before, after = (call(networks[1], batch)["characters"] for batch in (windows[:4], turned))
    last = before.reshape(-1, model.LINES, model.COLUMNS, common.BLANK + 1)[:, :, -1]
    changed = after.reshape(-1, model.LINES, model.COLUMNS, common.BLANK + 1)[:, :, -1]
    assert np.abs(changed - last).max() > 0.01


def test_the_training_model_answers_as_both_networks(keras, networks, windows):
    whole = model.get_training_model()
    set_weights(*(whole.get_layer(name) for name in ("finder", "reader")), get_weights(*networks))
    answers = whole(windows[:3].astype(np.float32) / 255)
    for name, network in zip(("finder", "reader"), networks, strict=True):
        for key, value in call(network, windows[:3]).items():
            np.testing.assert_allclose(np.asarray(answers[name][key]), value, atol=5e-3)


def test_shipped_weights_fit_and_are_small(shipped_weights, windows):
    assert shipped_weights.stat().st_size < 8e6
    file = model.load_weights(shipped_weights)
    assert all(0 <= score <= 1 for score in file.scores.values())
    characters = run_onnx(model.onnx_model(file.arrays, "reader"), windows)["characters"]
    np.testing.assert_allclose(np.exp(characters).sum(-1), 1, atol=1e-4)


# --- the table ------------------------------------------------------------------------------------------------------


def test_the_table_has_every_layer_and_keras_parameters(networks, tmp_path):
    result = run_script("model.py", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    for network in networks:
        count = 0
        for name, layer in convolutions(network).items():
            output, kernel, parameters, operations = rows[name]
            assert kernel == "x".join(map(str, layer.kernel.shape))
            own = int(np.prod(layer.kernel.shape)) + layer.filters
            assert int(parameters.replace(",", "")) == own
            count += own
            output = [int(n) for n in output.split("x")]
            assert output[-1] == layer.filters
            assert int(operations.replace(",", "")) == np.prod(output) * np.prod(layer.kernel.shape[:3])
        assert f"{network.name}, in all {count:,} " in re.sub(" +", " ", result.stdout)
    assert len(rows) == 1 + len(convolutions(*networks)) + 2  # the heading and the totals


def test_the_table_needs_no_training_framework(tmp_path):
    code = "import sys, model; model.main(); print({'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert result.stdout.splitlines()[-1] == "set()"


def test_the_table_checks_weights(weights, tmp_path):
    assert "weights.npz" not in run_script("model.py", cwd=tmp_path).stdout
    result = run_script("model.py", weights, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].startswith(f"{weights}: fits")


@pytest.mark.parametrize("options", [[], ["weights.npz"]])
def test_wrong_weights_are_refused_after_the_table(tmp_path, options):
    (tmp_path / "weights.npz").write_bytes(b"no weights")
    result = run_script("model.py", *options, cwd=tmp_path)
    assert result.stdout.startswith("layer")
    result.stdout = ""
    assert_refused(result, "model.py: weights.npz: is damaged")


def test_help_names_the_weights(tmp_path):
    result = run_script("model.py", "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert "weights.npz" in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows has no such signal")
def test_ctrl_c_during_the_imports_leaves_no_traceback(tmp_path):
    assert interrupt_imports("model.py", tmp_path) == (-signal.SIGINT, "")

"""model.py: its two forms agree, its weights come back or are refused, and it learns."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common
import gen
import model

ROOT = Path(__file__).parent.parent
LAYERS = model.layers()


@pytest.fixture(scope="module")
def keras():
    """Keras, computing in float32."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = pytest.importorskip("keras", reason="NOT TESTED: Keras is missing")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    yield keras
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="module")
def networks(keras):
    """Finder and reader with weights that no training gave them, large enough for every output to vary."""
    keras.utils.set_random_seed(0)
    pair, rng = model.get_models(), np.random.default_rng(0)
    for layer in convolutions(*pair):
        layer.bias.assign(rng.normal(0, 0.2, layer.bias.shape))
        layer.gain.assign(layer.gain * rng.uniform(0.8, 1.2, layer.gain.shape))
        if layer.filters in (1, 8, common.BLANK + 1):  # what leaves a network
            layer.gain.assign(np.full(layer.gain.shape, 2.0))
    return pair


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """Some of noise and some of gen.py: (24, 64, 128, 3) uint8."""
    noise = np.random.default_rng(1).integers(0, 256, (4, *common.WINDOW_SHAPE, 3), np.uint8)
    return np.concatenate([noise, gen.make_batch(0, 20, 3, gen.Settings(backgrounds="none"))["images"]])


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """(203, 333, 3) uint8: odd sizes, and something in every corner."""
    rng = np.random.default_rng(2)
    coarse = cv2.resize(rng.uniform(0, 255, (20, 30, 3)), (333, 203), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse + rng.normal(0, 20, coarse.shape), 0, 255).astype(np.uint8)


def convolutions(*networks) -> list:
    return [layer for network in networks for layer in network.layers if hasattr(layer, "effective_kernel")]


def call(network, images: np.ndarray) -> dict[str, np.ndarray]:
    """What a Keras network answers on images of 0..255."""
    return {name: np.asarray(value) for name, value in network(images.astype(np.float32) / 255).items()}


def run_onnx(graph: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    [given] = session.get_inputs()
    return dict(zip(names, session.run(names, {given.name: images.astype(np.float32)}), strict=True))


def halve(images: np.ndarray) -> np.ndarray:
    """(B, H, W, 3) at half its resolution, as float32; an odd last row or column is left out."""
    height, width = images.shape[1] // 2 * 2, images.shape[2] // 2 * 2
    parts = [images[:, y:height:2, x:width:2].astype(np.float32) for y in (0, 1) for x in (0, 1)]
    return sum(parts) / 4


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def assert_same(first: np.ndarray, second: np.ndarray, tolerance: float = 1e-3) -> None:
    """They agree, and say something: not the same to every window."""
    assert first.shape == second.shape
    assert first.std(0).max() > 20 * tolerance
    np.testing.assert_allclose(first, second, rtol=0, atol=tolerance)


# --- one network in two forms ---------------------------------------------------------------------------------------


def test_detect_model_agrees_with_the_finder_at_every_position(networks, photo):
    finder = networks[0]
    sliding = model.get_detect_model(finder)
    for height, width in ((203, 333), (64, 128), (65, 143), (95, 144), (96, 130)):
        part = photo[:height, :width]
        answers = call(sliding, part[None])
        stride = 2 * model.FINDER_STRIDE
        rows, columns = range(0, height - 63, stride), range(0, width - 127, stride)
        assert answers["presence"].shape == (1, len(rows), len(columns), 1)
        assert answers["corners"].shape == (1, len(rows), len(columns), 8)
        seen = call(finder, np.stack([part[y : y + 64, x : x + 128] for y in rows for x in columns]))
        np.testing.assert_allclose(answers["presence"].reshape(-1, 1), seen["presence"], atol=1e-4)
        np.testing.assert_allclose(answers["corners"].reshape(-1, 4, 2), seen["corners"], atol=1e-4)
    assert seen["presence"].shape == (3, 1)


def test_detect_model_takes_several_photos(networks, photo):
    sliding = model.get_detect_model(networks[0])
    pair = np.stack([photo, photo[::-1, ::-1]])
    both, alone = call(sliding, pair), call(sliding, pair[1:])
    assert_same(both["presence"][1], alone["presence"][0], 1e-4)


def test_detect_model_has_the_finders_very_weights(networks, photo):
    sliding = model.get_detect_model(networks[0])
    before = call(sliding, photo[None])["presence"]
    layer = networks[0].get_layer("finder_presence")
    bias = np.asarray(layer.bias)
    layer.bias.assign(bias + 1)
    after = call(sliding, photo[None])["presence"]
    layer.bias.assign(bias)
    assert np.abs(after - before).max() > 0.01


def test_onnx_finder_agrees_on_windows_and_on_a_photo(networks, windows, photo):
    graph = model.onnx_model(model.get_weights(*networks), "finder")
    seen = call(networks[0], windows)
    answers = [run_onnx(graph, halve(window[None])) for window in windows]
    presence, corners = (np.concatenate([answer[name] for answer in answers]) for name in ("presence", "corners"))
    assert_same(presence[:, 0], sigmoid(seen["presence"]))
    assert_same(corners.reshape(-1, 4, 2), seen["corners"])

    slid = call(model.get_detect_model(networks[0]), photo[None])
    answer = run_onnx(graph, halve(photo[None]))
    assert_same(answer["presence"][0], sigmoid(slid["presence"])[0, ..., 0])
    assert_same(answer["corners"][0], slid["corners"][0])


def test_onnx_reader_agrees(networks, windows):
    graph = model.onnx_model(model.get_weights(*networks), "reader")
    seen, answer = call(networks[1], windows), run_onnx(graph, windows)
    assert_same(answer["presence"], sigmoid(seen["presence"])[:, 0])
    assert_same(answer["corners"], seen["corners"])
    assert_same(answer["characters"], softmax(seen["characters"]))


def test_onnx_reader_agrees_with_the_shipped_weights(networks, windows):
    if not (ROOT / "weights.npz").exists():
        pytest.skip("NOT TESTED: weights.npz is missing")
    arrays, own = model.load_weights(ROOT / "weights.npz"), model.get_weights(*networks)
    model.set_weights(*networks, arrays)
    seen, answer = call(networks[1], windows), run_onnx(model.onnx_model(arrays, "reader"), windows)
    model.set_weights(*networks, own)
    assert_same(answer["characters"], softmax(seen["characters"]))
    assert_same(answer["corners"], seen["corners"])


def test_outputs_have_the_documented_shapes(networks, windows):
    batch = len(windows)
    shapes = {"presence": (batch, 1), "corners": (batch, 4, 2)}
    assert {name: value.shape for name, value in call(networks[0], windows).items()} == shapes
    shapes |= {"characters": (batch, common.LONGEST_CODE, common.BLANK + 1), "frames": (batch, 64, common.BLANK + 2)}
    assert {name: value.shape for name, value in call(networks[1], windows).items()} == shapes


def test_training_model_answers_as_both_networks(networks, windows):
    whole = model.get_training_model()
    arrays = model.get_weights(*networks)
    model.set_weights(*(whole.get_layer(name) for name in ("finder", "reader")), arrays)
    answers = whole(windows[:3].astype(np.float32) / 255)
    for name, network in zip(("finder", "reader"), networks, strict=True):
        seen = call(network, windows[:3])
        for key, value in seen.items():
            np.testing.assert_allclose(np.asarray(answers[name][key]), value, atol=2e-3)


def test_a_window_is_read_without_regard_to_its_neighbours(networks, windows):
    for network in networks:
        together, reversed_, alone = (call(network, w) for w in (windows, windows[::-1], windows[5:6]))
        for name, values in together.items():
            np.testing.assert_allclose(values, reversed_[name][::-1], rtol=1e-4, atol=1e-3)
            np.testing.assert_allclose(values[5], alone[name][0], rtol=1e-4, atol=1e-3)
    graph = model.onnx_model(model.get_weights(*networks), "reader")
    together, alone = run_onnx(graph, windows), run_onnx(graph, windows[5:6])
    for name, values in together.items():
        np.testing.assert_allclose(values[5], alone[name][0], rtol=1e-4, atol=1e-3)


def test_brightness_does_not_change_a_reading(networks, windows):
    dark = windows[:4] / 2
    for name, values in call(networks[1], dark).items():
        np.testing.assert_allclose(call(networks[1], dark + 100)[name], values, rtol=1e-3, atol=1e-2)


# --- training -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return gen.make_batch(0, 16, 0, gen.Settings(formats="gb", backgrounds="none"))


def truths(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the reader should answer, and the finder, which looks at two of these alone."""
    return {
        "presence": batch["presence"][:, None].astype(np.float32),
        "corners": batch["corners"],
        "characters": np.stack([common.code_to_classes(code) for code in batch["codes"]]),
        "centres": batch["centres"],
    }


def test_steps_on_one_batch_reduce_the_loss(keras, batch):
    keras.utils.set_random_seed(0)
    x, y = batch["images"].astype(np.float32) / 255, truths(batch)
    for network in model.get_models():
        network.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)  # tracing would take longer than the steps
        losses = [float(network.train_on_batch(x, y)) for _ in range(8)]
        assert np.isfinite(losses).all()
        assert losses[-1] < 0.8 * losses[0]


def test_loss_without_plates_is_finite_and_asks_for_presence_alone(networks, batch):
    absent = {key: value[batch["presence"] == 0] for key, value in (batch | truths(batch)).items()}
    assert len(absent["images"]) >= 2
    for network in networks:
        answers = call(network, absent["images"])
        loss = float(network.compute_loss(y=absent, y_pred=answers))
        assert np.isfinite(loss)
        other = {name: value if name == "presence" else value + 1 for name, value in answers.items()}
        assert float(network.compute_loss(y=absent, y_pred=other)) == pytest.approx(loss)
        surer = answers | {"presence": answers["presence"] - 3}
        assert float(network.compute_loss(y=absent, y_pred=surer)) < loss


def test_loss_is_least_for_the_truth(networks, batch):
    """Each output that goes wrong costs something."""
    y = truths(batch)
    right = {
        "presence": 20 * y["presence"] - 10,
        "corners": y["corners"],
        "characters": 8 * np.eye(common.BLANK + 1, dtype=np.float32)[y["characters"]],
        "frames": np.zeros((16, 64, common.BLANK + 2), np.float32),
    }
    for network, names in zip(networks, (("presence", "corners"), ("presence", "corners", "characters")), strict=True):
        least = float(network.compute_loss(y=y, y_pred=right))
        for name in names:
            wrong = right | {name: np.roll(right[name], 1, axis=-1) if name == "characters" else 0.5 - right[name]}
            assert float(network.compute_loss(y=y, y_pred=wrong)) > least + 0.01, name


def test_mixed_precision_gives_float32_answers(keras, windows):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for network in model.get_models():
            for value in network(windows[:2].astype(np.float32) / 255).values():
                assert keras.backend.standardize_dtype(value.dtype) == "float32"
                assert np.isfinite(np.asarray(value)).all()
    finally:
        keras.config.set_dtype_policy("float32")


# --- weights.npz ----------------------------------------------------------------------------------------------------


def constant_arrays(value: float = 0.25) -> dict[str, np.ndarray]:
    """Weights of the right shapes, which make a small file."""
    arrays = {}
    for name, _, kernel, _ in LAYERS:
        arrays |= {f"{name}/kernel": np.full(kernel, value), f"{name}/bias": np.zeros(kernel[3])}
    return arrays


def test_weights_come_back_within_half_precision(networks, windows, tmp_path):
    arrays = model.get_weights(*networks)
    path = tmp_path / "weights.npz"
    model.save_weights(path, arrays, {"code": 0.5})
    loaded = model.load_weights(path)
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == np.float32
        np.testing.assert_allclose(loaded[name], array, rtol=2**-11, atol=1e-4 * np.abs(array).max(), err_msg=name)
    assert model.load_scores(path) == {"code": 0.5}
    assert list(tmp_path.iterdir()) == [path]
    with np.load(path, allow_pickle=False) as data:
        header = json.loads(str(data["header"]))
    assert header["alphabet"] == common.ALPHABET
    assert (header["slots"], header["window"]) == (common.LONGEST_CODE, list(common.WINDOW_SHAPE))

    others = model.get_models()
    model.set_weights(*others, loaded)
    for name, array in model.get_weights(*others).items():
        np.testing.assert_allclose(array, arrays[name], rtol=2e-3, atol=2e-4, err_msg=name)
    for network, other in zip(networks, others, strict=True):
        seen, again = call(network, windows), call(other, windows)
        for name, value in seen.items():
            assert np.abs(value - again[name]).max() < 0.02 * np.ptp(value), name


def test_names_are_those_of_the_table(networks):
    arrays = model.get_weights(*networks)
    assert {name: array.shape for name, array in arrays.items()} == {
        f"{name}/{kind}": shape
        for name, _, kernel, _ in LAYERS
        for kind, shape in (("kernel", kernel), ("bias", kernel[3:]))
    }
    assert LAYERS[0][2][3] == 48  # the first layer's filters
    assert all(name.replace("_", "/") == name for name, *_ in LAYERS)  # or a layer's name would not lead back to it


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("good") / "weights.npz"
    model.save_weights(path, constant_arrays())
    return path


def write_arrays(path: Path, header: object = None, **arrays: np.ndarray) -> None:
    """Write a file as `save_weights` does, with `header` in place of some of its entries; None leaves an array out."""
    entries = {**model.description(), "scores": {}}
    header = entries | header if isinstance(header, dict) else entries if header is None else header
    held = {"header": np.array(json.dumps(header))} | constant_arrays() | arrays
    np.savez_compressed(path, **{name: array for name, array in held.items() if array is not None})


FIRST, _, SHAPE, _ = LAYERS[0]
NAME = f"{FIRST}/kernel"
NOT_FINITE = np.where(np.arange(SHAPE[3]) == 1, np.nan, np.zeros(SHAPE))
WEIGHTS_THAT_DO_NOT_FIT = {
    "alphabet": ({"header": {"alphabet": "ABC"}}, "its alphabet is 'ABC', not 'ABCDEF"),
    "slots": ({"header": {"slots": 7}}, "its slots is 7, not 12"),
    "window": ({"header": {"window": [32, 64]}}, r"its window is \[32, 64\]"),
    "format": ({"header": {"format": 99}}, "its format is 99"),
    "several": ({"header": {"format": 99, "slots": 7}}, "and 1 more"),
    "header no table": ({"header": [1]}, "damaged"),
    "scores no table": ({"header": {"scores": [1]}}, "damaged"),
    "scores no numbers": ({"header": {"scores": {"code": "high"}}}, "damaged"),
    "missing": ({NAME: None}, f"it lacks {NAME}"),
    "extra": ({"finder/more/bias": np.zeros(3)}, "it has finder/more/bias, which the network lacks"),
    "shape": ({NAME: np.zeros((2, 2, 3, 48))}, rf"its {NAME} has shape \(2, 2, 3, 48\), not \(4, 4, 3, 48\)"),
    "nan": ({NAME: NOT_FINITE}, "not finite"),
    "infinite": ({NAME: np.full(SHAPE, np.inf)}, "not finite"),
    "objects": ({NAME: np.full(SHAPE, None)}, "damaged"),
    "text": ({NAME: np.full(SHAPE, "one")}, "damaged"),
    "complex": ({NAME: np.full(SHAPE, 1j)}, "damaged"),
}


@pytest.mark.parametrize(("changes", "reason"), WEIGHTS_THAT_DO_NOT_FIT.values(), ids=WEIGHTS_THAT_DO_NOT_FIT.keys())
def test_weights_that_do_not_fit_are_refused_with_what_differs(tmp_path, changes, reason):
    write_arrays(tmp_path / "bad.npz", **changes)
    with pytest.raises(common.UserError, match=rf"bad\.npz: .*{reason}") as error:
        model.load_weights(tmp_path / "bad.npz")
    assert len(str(error.value).splitlines()) == 1


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


DAMAGE = {
    "empty": lambda data: b"",
    "garbage": lambda data: np.random.default_rng(0).bytes(5000),
    "text": lambda data: b"these are no weights\n" * 50,
    "cut": lambda data: data[: len(data) // 2],
    "a little cut": lambda data: data[:-1],
    "one array": lambda data: npy(),
    "an empty archive": lambda data: b"PK\x05\x06" + bytes(18),
    "swapped": lambda data: data[:200] + data[200:][::-1],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_weights_are_refused(tmp_path, good, damage):
    path = tmp_path / "bad.npz"
    path.write_bytes(damage(good.read_bytes()))
    for load in (model.load_weights, model.load_scores):
        with pytest.raises(common.UserError, match=r"bad\.npz: is damaged"):
            load(path)


@pytest.mark.parametrize("name", ["lost.npz", "."])
def test_no_file_of_weights_is_refused(tmp_path, name):
    with pytest.raises(common.UserError, match=rf"{re.escape(str(tmp_path / name))}: "):
        model.load_weights(tmp_path / name)


@given(st.floats(0, 1), st.integers(0, 255), st.booleans())
@settings(deadline=None)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # of a spoilt header, which numpy parses as Python
def test_one_wrong_byte_is_refused_or_harmless(good, tmp_path_factory, where, value, in_the_directory):
    data = bytearray(good.read_bytes())
    start = data.find(b"PK\x01\x02") if in_the_directory else 0  # of the archive, at its end
    data[start + int(where * (len(data) - 1 - start))] = value
    path = tmp_path_factory.getbasetemp() / "spoilt.npz"
    path.write_bytes(data)
    try:
        arrays = model.load_weights(path)
    except common.UserError:
        return
    assert all((array == array.flat[0]).all() for array in arrays.values())


# --- the table ------------------------------------------------------------------------------------------------------


def run_model(folder: Path, *options: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "model.py", *options]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=folder, timeout=120, check=False)


def test_table_has_every_layer_and_keras_parameters(networks, tmp_path):
    result = run_model(tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    for network in networks:
        count = 0
        for layer in convolutions(network):
            output, kernel, parameters, operations = rows[layer.name.replace("_", "/")]
            assert kernel == "x".join(map(str, layer.kernel.shape))
            own = int(np.prod(layer.kernel.shape)) + layer.filters
            assert int(parameters.replace(",", "")) == own
            count += own
            output = [int(n) for n in output.split("x")]
            assert output[-1] == layer.filters
            assert int(operations.replace(",", "")) == np.prod(output) * np.prod(layer.kernel.shape[:3])
        assert f"{network.name}, in all {count:,} " in re.sub(" +", " ", result.stdout)
    assert len(rows) == 1 + len(convolutions(*networks)) + 2  # the heading and the totals


def test_table_needs_no_training_framework(tmp_path):
    code = "import sys, model; model.main(); print({'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert result.stdout.splitlines()[-1] == "set()"


def test_table_checks_weights(tmp_path, good):
    assert "weights.npz" not in run_model(tmp_path).stdout
    result = run_model(tmp_path, good)
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].startswith(f"{good}: fits")
    (tmp_path / "weights.npz").write_bytes(b"no weights")
    for options in ([], ["weights.npz"]):
        result = run_model(tmp_path, *options)
        assert result.returncode == 2
        assert result.stderr.startswith("model.py: weights.npz: is damaged")
        assert len(result.stderr.splitlines()) == 1


def test_help_names_the_weights(tmp_path):
    result = run_model(tmp_path, "--help")
    assert result.returncode == 0
    assert "weights.npz" in result.stdout


def test_shipped_weights_fit_and_are_small(windows):
    path = ROOT / "weights.npz"
    if not path.exists():
        pytest.skip("NOT TESTED: weights.npz is missing; train.py makes it")
    assert path.stat().st_size < 8e6
    arrays = model.load_weights(path)
    assert all(0 <= score <= 1 for score in model.load_scores(path).values())
    characters = run_onnx(model.onnx_model(arrays, "reader"), windows)["characters"]
    np.testing.assert_allclose(characters.sum(-1), 1, atol=1e-4)

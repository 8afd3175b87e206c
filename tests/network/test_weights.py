"""A file of weights comes back within half precision, or is refused with the reason."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common
import model
from network.weights import description, read_weights, save_weights

SHAPES = model.weight_shapes()
NAME = "finder/stem/kernel"
SHAPE = SHAPES[NAME]


def constant_arrays(value: float = 0.25) -> dict[str, np.ndarray]:
    """Weights of the right shapes, which make a small file."""
    return {name: np.full(shape, value if name.endswith("/kernel") else 0.0) for name, shape in SHAPES.items()}


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("good") / "weights.npz"
    save_weights(path, constant_arrays())
    return path


def test_weights_and_scores_come_back(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    for name, array in arrays.items():
        if name.endswith("/kernel"):
            array -= array.mean((0, 1, 2))
    path = tmp_path / "weights.npz"
    save_weights(path, arrays, {"code": 0.5, "presence": 1}, {"finder/stem": (-1.5, 2.0)})
    loaded = model.load_weights(path).arrays
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == np.float32
        np.testing.assert_allclose(loaded[name], array, rtol=2**-10, atol=2e-3, err_msg=name)
        if name.endswith("/kernel"):
            np.testing.assert_allclose(loaded[name].mean((0, 1, 2)), 0, atol=1e-6)
    assert model.load_weights(path).scores == {"code": 0.5, "presence": 1.0}
    assert model.load_weights(path).ranges == {"finder/stem": (-1.5, 2.0)}
    assert list(tmp_path.iterdir()) == [path]


def test_the_header_says_what_the_weights_are_for(good):
    with np.load(good, allow_pickle=False) as data:
        header = json.loads(str(data["header"]))
    assert header == {"format": 2, "alphabet": common.ALPHABET, "window": [64, 128], "scores": {}, "ranges": {}}


# --- files that do not fit ------------------------------------------------------------------------------------------


def write_arrays(path: Path, header: object = None, **arrays: np.ndarray) -> None:
    """Write a file as `save_weights` does, with `header` in place of some of its entries; None leaves an array out."""
    if not isinstance(header, str):
        entries = {**description(), "scores": {}, "ranges": {}}
        header = json.dumps(entries | header if isinstance(header, dict) else entries if header is None else header)
    held = {"header": np.array(header)} | constant_arrays() | arrays
    np.savez_compressed(path, **{name: array for name, array in held.items() if array is not None})


NOT_A_NUMBER = np.where(np.arange(SHAPE[3]) == 1, np.nan, np.zeros(SHAPE))
WEIGHTS_THAT_DO_NOT_FIT = {
    "alphabet": ({"header": {"alphabet": "ABC"}}, "its alphabet is 'ABC', not 'ABCDEF"),
    "window": ({"header": {"window": [32, 64]}}, r"its window is \[32, 64\]"),
    "format": ({"header": {"format": 1}}, "its format is 1, not 2"),
    "several": ({"header": {"format": 99, "window": 7}}, "and 1 more"),
    "long entry": ({"header": {"alphabet": "A" * 10**6}}, r"its alphabet is 'A{30,60}\.\.\.A{10,20}', not"),
    "entry missing": ({"header": {"format": None}}, "damaged"),
    "ranges no table": ({"header": {"ranges": [1]}}, "damaged"),
    "range of one number": ({"header": {"ranges": {"a": [1.0]}}}, "damaged"),
    "range of words": ({"header": {"ranges": {"a": ["x", "y"]}}}, "damaged"),
    "range that ends before it begins": ({"header": {"ranges": {"a": [1.0, 0.0]}}}, "damaged"),
    "range without bounds": ({"header": {"ranges": {"a": [0.0, float("inf")]}}}, "damaged"),
    "range that is no number": ({"header": {"ranges": {"a": [float("nan"), 1.0]}}}, "damaged"),
    "header no table": ({"header": [1]}, "damaged"),
    "header no JSON": ({"header": "{"}, "damaged"),
    "header nested": ({"header": "[" * 10**5}, "damaged"),
    "scores no table": ({"header": {"scores": [1]}}, "damaged"),
    "scores no numbers": ({"header": {"scores": {"code": "high"}}}, "damaged"),
    "scores true": ({"header": {"scores": {"code": True}}}, "damaged"),
    "scores huge": ({"header": {"scores": {"code": 10**400}}}, "damaged"),
    "scores not a number": ({"header": {"scores": {"code": float("nan")}}}, "damaged"),
    "missing": ({NAME: None}, f"it lacks {NAME}"),
    "extra": ({"finder/more/bias": np.zeros(3)}, "it has 'finder/more/bias', which the network lacks"),
    "shape": ({NAME: np.zeros((2, 2, 3, 48))}, rf"its {NAME} has shape \(2, 2, 3, 48\), not \(4, 4, 3, 48\)"),
    "nan": ({NAME: NOT_A_NUMBER}, f"{NAME} has values that are no weights"),
    "infinite": ({NAME: np.full(SHAPE, np.inf)}, "no weights"),
    "huge": ({NAME: np.full(SHAPE, 3e38, np.float32)}, "no weights"),
    "whole numbers": ({NAME: np.ones(SHAPE, int)}, "no weights"),
    "text": ({NAME: np.full(SHAPE, "one")}, "no weights"),
    "objects": ({NAME: np.full(SHAPE, None)}, "damaged"),
    "complex": ({NAME: np.full(SHAPE, 1j)}, "damaged"),
    "no header": ({"header": "null"}, "damaged"),
}


@pytest.mark.parametrize(("changes", "reason"), WEIGHTS_THAT_DO_NOT_FIT.values(), ids=WEIGHTS_THAT_DO_NOT_FIT.keys())
def test_weights_that_do_not_fit_are_refused_with_what_differs(tmp_path, changes, reason):
    write_arrays(tmp_path / "bad.npz", **changes)
    with pytest.raises(common.UserError, match=rf"bad\.npz: .*{reason}") as error:
        model.load_weights(tmp_path / "bad.npz")
    assert len(str(error.value).splitlines()) == 1


def test_a_part_of_the_weights_is_read_where_that_is_asked_for(tmp_path):
    write_arrays(tmp_path / "part.npz", **{NAME: None, "other": np.ones(3), "reader/stem/bias": np.ones(7)})
    arrays = read_weights(tmp_path / "part.npz", SHAPES, partly=True).arrays
    assert arrays.keys() == SHAPES.keys() - {NAME, "reader/stem/bias"}


# --- damaged files --------------------------------------------------------------------------------------------------


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
    with pytest.raises(common.UserError, match=r"bad\.npz: is damaged"):
        model.load_weights(path)


@pytest.mark.parametrize("name", ["lost.npz", "."])
def test_no_file_of_weights_is_refused(tmp_path, name):
    with pytest.raises(common.UserError, match=rf"{re.escape(str(tmp_path / name))}: .*train\.py"):
        model.load_weights(tmp_path / name)


@given(st.floats(0, 1), st.integers(0, 255), st.booleans())
@settings(deadline=None, max_examples=50)
def test_one_wrong_byte_is_refused_or_harmless(good, tmp_path_factory, where, value, in_the_directory):
    data = bytearray(good.read_bytes())
    start = data.find(b"PK\x01\x02") if in_the_directory else 0  # of the archive, at its end
    data[start + int(where * (len(data) - 1 - start))] = value
    path = tmp_path_factory.getbasetemp() / "spoilt.npz"
    path.write_bytes(data)
    try:
        arrays = model.load_weights(path).arrays
    except common.UserError:
        return
    assert all((array == array.flat[0]).all() for array in arrays.values())

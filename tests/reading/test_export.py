"""The exported networks: the note says what they are."""

import re

import numpy as np
import onnxruntime
import pytest

from common import UserError
from reading.export import export_networks
from reading.reader import LOOK_SHAPE

TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}  # as ONNX Runtime and as the note name them


def test_a_note_of_the_user_is_kept(weights, tmp_path):
    note = tmp_path / "README.txt"
    note.write_text("mine")
    with pytest.raises(UserError, match=r"README.txt: is not by detect.py; name another folder"):
        export_networks(weights, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.txt"]
    assert note.read_text() == "mine"
    note.unlink()
    for _ in range(2):  # an earlier note of its own is replaced
        export_networks(weights, tmp_path)


def test_the_note_names_the_inputs_and_outputs_of_both_graphs(weights, tmp_path):
    export_networks(weights, tmp_path / "new" / "networks")
    folder = tmp_path / "new" / "networks"
    note = (folder / "README.txt").read_text()
    for network, section in zip(("finder", "reader"), note.split("reader.onnx reads")[:2], strict=True):
        session = onnxruntime.InferenceSession(folder / f"{network}.onnx", providers=["CPUExecutionProvider"])
        for array in [*session.get_inputs(), *session.get_outputs()]:
            shape = re.escape(", ".join(map(str, array.shape)) + ("," if len(array.shape) == 1 else ""))
            assert re.search(rf"^  {array.name} +{TYPES[array.type]} \({shape}\)", section, re.MULTILINE), array
    looks = session.run(["characters"], {"windows": np.zeros((2, 64, 128, 3), np.uint8)})[0]
    assert looks.shape == (2, *LOOK_SHAPE)
    np.testing.assert_allclose(np.exp(looks).sum(-1), 1, atol=1e-4)

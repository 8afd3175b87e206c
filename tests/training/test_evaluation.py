"""Evaluation counts what is right."""

import numpy as np
import pytest
from window_batches import PAINTED, make_batch

from common import ALPHABET, BLANK
from model import COLUMNS, LINES
from training import evaluation


def frames_of(code: str) -> np.ndarray:
    """Logits (128, 37) of frames that show `code`, each character in a frame of its own, with blank frames between."""
    classes = np.full(LINES * COLUMNS, BLANK)
    classes[1 : 2 * len(code) : 2] = [ALPHABET.index(character) for character in code]
    return 9.0 * np.eye(BLANK + 1)[classes]


def other_code(code: str) -> str:
    """A code that has no character in common with `code`, and is not empty."""
    unused = next(character for character in ALPHABET if character not in code)
    return unused * max(1, len(code))


@pytest.mark.parametrize("right", [True, False])
def test_evaluate_counts_what_is_right(monkeypatch, right):
    """Networks that know the truth are right about everything; networks that say the contrary, about nothing."""
    batch = make_batch(0, 40, 0, PAINTED)
    marked = batch | {"images": np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None, None, None], (40, 64, 128, 3))}

    def answers(_, images):
        chosen = images[:, 0, 0, 0]  # each window carries its number
        codes = batch["codes"][chosen]
        return {
            "presence": (batch["presence"][chosen, None] * 18.0 - 9) * (1 if right else -1),
            "corners": batch["corners"][chosen].copy(),
            "characters": np.stack([frames_of(code if right else other_code(code)) for code in codes]),
        }

    monkeypatch.setattr(evaluation, "predict", answers)
    monkeypatch.setattr(evaluation, "rectify", lambda image, corners: image)
    scores, readings = evaluation.evaluate("finder", "reader", marked)
    assert scores == dict.fromkeys((*evaluation.FIGURES, "score"), float(right))
    for reading in readings:
        true, presence, _, read, read_presence = reading.split()
        assert (true == read) is (abs(float(presence) - float(read_presence)) < 0.5) is right

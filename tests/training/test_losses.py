"""The losses: CTC against the beam search, where characters are, presence and corners, and learning by them."""

import numpy as np
import pytest
from network_answers import log_softmax
from window_batches import PAINTED, make_batch

from common import ALPHABET, BLANK, LONGEST_CODE, code_to_classes
from model import COLUMNS, LINES
from reading.decoding import beam_search
from training.losses import (
    CENTRES_SHARE,
    LOCATING_SHARE,
    ctc_loss,
    get_learning_models,
    presence_and_corners_loss,
    reader_loss,
    reading_loss,
)

FRAMES = LINES * COLUMNS
NOWHERE = np.full((1, LONGEST_CODE, 2), -1, np.float32)  # centres of characters that have none
SQUARE = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float32)


@pytest.fixture(scope="module")
def tensorflow(keras):
    return pytest.importorskip("tensorflow", reason="NOT TESTED: TensorFlow is missing")


def show_code(code: str, first: int = 1, step: int = 2, height: float = 6.0) -> np.ndarray:
    """Logits (1, 128, 37) of frames that show `code` from the frame `first` on, in every `step`-th frame."""
    classes = np.full(FRAMES, BLANK)
    for i, character in enumerate(code):
        classes[first + step * i] = ALPHABET.index(character)
    noise = np.random.default_rng(0).normal(size=(FRAMES, BLANK + 1))
    return (noise + height * np.eye(BLANK + 1)[classes])[None].astype(np.float32)


def read_loss(code: str, logits: np.ndarray, centres: np.ndarray = NOWHERE) -> float:
    """The loss of one window, without the division by the longest code."""
    [loss] = np.asarray(reading_loss(code_to_classes(code)[None], centres, logits))
    return float(loss) * LONGEST_CODE


def place(*centres: tuple[float, int]) -> np.ndarray:
    """Centres (1, 12, 2) of characters, given as a fraction of the width, and a line."""
    placed = NOWHERE.copy()
    placed[0, : len(centres)] = centres
    return placed


# --- reading --------------------------------------------------------------------------------------------------------


def test_ctc_of_sparse_targets_is_that_of_dense_ones(keras, tensorflow):
    codes = ["A", "KA02MK7259", "AA11", "999999999999"]
    logits = tensorflow.Variable(np.concatenate([show_code(code, height=1.0) for code in codes]))
    classes = np.array([code_to_classes(code) for code in codes])
    length = (classes != BLANK).sum(1).astype(np.int32)
    targets = np.where(classes == BLANK, 0, classes)

    def losses_and_gradient(loss):
        with tensorflow.GradientTape() as tape:
            losses = loss(logits)
            total = tensorflow.reduce_sum(losses)
        return losses.numpy(), tape.gradient(total, logits).numpy()

    frames = np.full(len(codes), FRAMES, np.int32)
    dense = losses_and_gradient(lambda x: keras.ops.ctc_loss(targets, x, length, frames, mask_index=BLANK))
    sparse = losses_and_gradient(lambda x: ctc_loss(targets, x, length))
    np.testing.assert_allclose(sparse[0], dense[0], rtol=1e-4)
    np.testing.assert_allclose(sparse[1], dense[1], atol=2e-4)  # both add up 128 frames in float32


@pytest.mark.parametrize("code", ["A", "KA02MK7259", "AA11", "999999999999"])
def test_ctc_is_the_probability_of_all_paths_that_spell_the_code(keras, code):
    logits = show_code(code)
    [probability] = [p for c, p in beam_search(log_softmax(logits[0]), width=300).items() if c == code]
    assert read_loss(code, logits) == pytest.approx(-np.log(probability), rel=0.02, abs=0.02)


def test_the_code_that_is_shown_costs_least(keras):
    logits = show_code("KA02MK7259", height=8.0)  # or a digit more would fit the noise of 128 frames
    least = read_loss("KA02MK7259", logits)
    for other in ("KA02MK725", "KA02MK72599", "KAO2MK7259", "A", "KK02MA7259"):
        assert read_loss(other, logits) > least + 1


def test_a_window_without_a_code_counts_nothing(keras, tensorflow):
    """Neither in the loss nor in the gradient, which is finite; beside it the other window counts as alone."""
    classes = np.stack([code_to_classes(""), code_to_classes("AB12")])
    centres = np.concatenate([NOWHERE, place((0.1, 0), (0.3, 0), (0.6, 0), (0.8, 0))])
    logits = tensorflow.constant(np.concatenate([100 * show_code("XYZ"), show_code("AB12")]))
    with tensorflow.GradientTape() as tape:
        tape.watch(logits)
        loss = reading_loss(classes, centres, logits)
        total = tensorflow.reduce_sum(loss)
    nothing, something = tape.gradient(total, logits).numpy()
    assert loss[0] == 0
    assert float(loss[1]) * LONGEST_CODE == pytest.approx(read_loss("AB12", show_code("AB12"), centres[1:]), rel=1e-4)
    assert (nothing == 0).all()
    assert np.isfinite(something).all()
    assert np.abs(something).max() > 0.01


@pytest.mark.parametrize("logits", [np.zeros((1, FRAMES, BLANK + 1), np.float32), 200 * show_code("B" * 12)])
def test_gradients_are_finite_where_the_code_is_not_seen(tensorflow, logits):
    logits = tensorflow.constant(logits)
    with tensorflow.GradientTape() as tape:
        tape.watch(logits)
        loss = reading_loss(code_to_classes("A" * 12)[None], NOWHERE, logits)
    assert np.isfinite(loss.numpy()).all()
    assert np.isfinite(tape.gradient(loss, logits).numpy()).all()


@pytest.mark.parametrize(
    ("x", "line", "frames"),
    [
        (0.5 / COLUMNS, 0, {0: 1.0}),
        (10.75 / COLUMNS, 0, {10: 0.75, 11: 0.25}),
        (10.75 / COLUMNS, 1, {COLUMNS + 10: 0.75, COLUMNS + 11: 0.25}),
        ((COLUMNS - 0.1) / COLUMNS, 0, {COLUMNS - 1: 0.6}),  # the next frame would be on the other line
        (-0.2, 0, {}),  # cut off
    ],
)
def test_the_frames_about_a_centre_are_to_show_its_character(keras, x, line, frames):
    logits = np.random.default_rng(1).normal(size=(1, FRAMES, BLANK + 1)).astype(np.float32)
    found = read_loss("Q", logits, place((x, line))) - read_loss("Q", logits)
    log_probabilities = log_softmax(logits[0])[:, ALPHABET.index("Q")]
    wanted = -sum(share * log_probabilities[frame] for frame, share in frames.items())
    assert found == pytest.approx(CENTRES_SHARE * wanted, abs=1e-3)


# --- presence and corners -------------------------------------------------------------------------------------------


def locate(presence: float, corners: np.ndarray = SQUARE) -> dict[str, np.ndarray]:
    return {"presence": np.full((1, 1), presence, np.float32), "corners": np.asarray(corners, np.float32)}


def test_presence_costs_by_its_cross_entropy(keras):
    for truth, logit in ((1, 3.0), (0, 3.0), (1, -1.0)):
        wrong = logit if truth == 0 else -logit
        loss = float(presence_and_corners_loss(locate(truth), locate(logit)))
        assert loss == pytest.approx(np.log1p(np.exp(wrong)), rel=1e-4)


def test_corners_cost_by_their_distance_where_they_are_known(keras):
    y = locate(1)
    costs = [float(presence_and_corners_loss(y, locate(20, SQUARE + shift))) for shift in (0, 0.01, 0.02, 0.1, 0.2)]
    assert costs[0] == pytest.approx(0, abs=1e-6)
    assert costs[1] == pytest.approx(0.5 * 0.5**2, rel=1e-3)  # half of the tolerance, squared
    assert costs[4] - costs[3] == pytest.approx(0.1 / 0.02, rel=1e-3)  # plainly above it
    unknown = locate(1, 0 * SQUARE)
    assert float(presence_and_corners_loss(unknown, locate(20, SQUARE + 5))) == pytest.approx(0, abs=1e-6)


def test_the_reader_loses_by_characters_presence_and_corners(keras):
    y = locate(1) | {"characters": code_to_classes("AB12")[None], "centres": NOWHERE}
    answers = locate(3, SQUARE + 0.05) | {"characters": show_code("AB12")}
    located = LOCATING_SHARE * float(presence_and_corners_loss(y, answers))
    wanted = read_loss("AB12", show_code("AB12")) / LONGEST_CODE + located
    assert float(reader_loss(y, answers)) == pytest.approx(wanted, rel=1e-4)


# --- learning -------------------------------------------------------------------------------------------------------


def test_steps_on_one_batch_reduce_the_loss(keras):
    keras.utils.set_random_seed(0)
    batch = make_batch(0, 8, 0, PAINTED)
    assert 0 < batch["presence"].sum() < 8  # some windows have no plate
    y = {
        "presence": batch["presence"][:, None].astype(np.float32),
        "corners": batch["corners"],
        "characters": np.stack([code_to_classes(code) for code in batch["codes"]]),
        "centres": batch["centres"],
    }
    x = batch["images"].astype(np.float32) / 255
    for network in get_learning_models():
        network.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)  # tracing would take longer than the steps
        losses = [float(network.train_on_batch(x, y)) for _ in range(6)]
        assert np.isfinite(losses).all()
        assert losses[-1] < 0.9 * losses[0]


def test_replicas_share_the_loss(keras):
    y, answers = locate(1), locate(-2)
    alone, _ = get_learning_models()
    one_of_four, _ = get_learning_models(4)
    loss = float(alone.compute_loss(y=y, y_pred=answers))
    assert float(one_of_four.compute_loss(y=y, y_pred=answers)) == pytest.approx(loss / 4)

"""The losses by which the networks learn. Each takes what a network should answer and what it answers."""

from common import BLANK, SLOTS
from model import COLUMNS, LABEL_SMOOTHING, LINES, get_models

CORNER_TOLERANCE = 0.02  # window fractions; a corner's error counts squared below it, plainly above
FRAME_SHARE = 0.5  # of the loss on where characters are, beside that on which they are


def presence_and_corners_loss(y: dict, y_pred: dict):
    """Cross-entropy of presence plus Huber's loss of corners, over the windows whose corners are known: a scalar.

    Both have `presence` (B, 1), logits in `y_pred`, and `corners` (B, 4, 2), which are all 0 in `y` where they are
    not known.
    """
    import keras

    ops = keras.ops
    presence = ops.cast(y["presence"], "float32")  # (B, 1)
    found = ops.mean(keras.losses.binary_crossentropy(presence, y_pred["presence"], from_logits=True))
    error = ops.abs(y["corners"] - y_pred["corners"]) / CORNER_TOLERANCE  # (B, 4, 2)
    error = ops.where(error < 1, 0.5 * error * error, error - 0.5)  # Huber
    known = ops.cast(ops.any(y["corners"] != 0, axis=(1, 2)), "float32")  # (B,)
    return found + ops.mean(ops.mean(error, axis=(1, 2)) * known)


def reader_loss(y: dict, y_pred: dict):
    """The loss of the characters, the frames, the presence and the corners: a scalar.

    `y` also has `characters` (B, 12), classes, and `centres` (B, 12, 2), and `y_pred` has `characters` (B, 12, 37) and
    `frames` (B, 64, 38), logits.
    """
    import keras

    ops = keras.ops
    presence = ops.cast(y["presence"], "float32")  # (B, 1)
    truth = ops.one_hot(y["characters"], BLANK + 1)  # (B, 12, 37)
    spelt = keras.losses.categorical_crossentropy(
        truth, y_pred["characters"], from_logits=True, label_smoothing=LABEL_SMOOTHING
    )
    # where each character is: its unit of weight is shared by the two frames about its centre
    x, line = y["centres"][..., :1], y["centres"][..., 1:]  # (B, 12, 1)
    column = ops.arange(COLUMNS, dtype="float32") + 0.5 - x * COLUMNS  # (B, 12, 32)
    nearness = ops.maximum(1 - ops.abs(column), 0.0)
    on_line = [ops.cast(line == i, "float32") for i in range(LINES)]  # none where the slot is blank
    nearness = ops.concatenate([nearness * on for on in on_line], axis=-1)  # (B, 12, 64)
    where = ops.minimum(ops.sum(nearness, axis=1), 1.0)  # (B, 64)
    gate = y_pred["frames"][..., 0]
    placed = ops.sum(ops.maximum(gate, 0.0) - gate * where + ops.log1p(ops.exp(-ops.abs(gate))), axis=-1)
    named = ops.log_softmax(y_pred["frames"][..., 1:], axis=-1)  # (B, 64, 37)
    named = -ops.sum(ops.matmul(nearness, named) * truth, axis=(1, 2))
    reading = ops.mean(spelt, axis=-1) + (placed + named) * (FRAME_SHARE / SLOTS)
    loss = ops.mean(reading * presence[:, 0]) + 0.3 * presence_and_corners_loss(y, y_pred)
    return loss


def get_learning_models(replicas: int = 1):
    """The finder and the reader as Keras models with their losses, which `compile` and `train_on_batch` train.

    The gradients of `replicas` that train together are added up, so each replica has that part of the loss.
    """
    import keras

    class Finder(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return presence_and_corners_loss(y, y_pred) / replicas

    class Reader(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return reader_loss(y, y_pred) / replicas

    return get_models(Finder, Reader)

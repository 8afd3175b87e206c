"""The losses by which the networks learn. Each takes what a network should answer and what it answers."""

from common import BLANK, LONGEST_CODE
from model import COLUMNS, LINES, get_models

CORNER_TOLERANCE = 0.02  # window fractions; a corner's error counts squared below it, plainly above
CENTRES_SHARE = 0.5  # of the loss on where characters are, beside CTC's on which they are; not tuned
FAINTEST = 60.0  # below the likeliest class of a frame, in logits; TensorFlow's kernel takes exp(-90) for 0, and fails
LOCATING_SHARE = 0.3  # of the loss of presence and corners in the reader's, which is there to read; not tuned


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


def reading_loss(classes, centres, logits):
    """The loss of reading a code, (B,): CTC, plus where each character is.

    `classes` (B, 12) are the code's characters, BLANK past its end. `centres` (B, 12, 2) are the place of each
    character as a fraction of the window's width, and its line; -1 past the end. `logits` (B, 128, 37) are the frames'.
    CTC alone has to find out where the characters are, which takes long from nothing. So the two frames about the
    centre of a character are told to show it.
    """
    import keras

    ops = keras.ops
    length = ops.sum(ops.cast(classes != BLANK, "int32"), axis=-1)  # (B,)
    shown = ops.cast(length > 0, "float32")  # (B,)
    targets = ops.where(classes == BLANK, 0, classes)  # (B, 12)
    length = ops.maximum(length, 1)  # a window without a code stands for "A", and counts nothing
    spelt = ctc_loss(targets, logits, length)  # (B,)

    x, line = centres[..., :1], centres[..., 1:]  # (B, 12, 1)
    distance = ops.abs(ops.arange(COLUMNS, dtype="float32") + 0.5 - x * COLUMNS)  # (B, 12, 64)
    nearness = ops.maximum(1 - distance, 0.0)
    on_line = [ops.cast(line == i, "float32") for i in range(LINES)]  # none past the end of the code
    nearness = ops.concatenate([nearness * on for on in on_line], axis=-1)  # (B, 12, 128)
    truth = ops.one_hot(classes, BLANK + 1)  # (B, 12, 37)
    placed = -ops.sum(ops.matmul(nearness, ops.log_softmax(logits, axis=-1)) * truth, axis=(1, 2))  # (B,)
    return shown * (spelt + CENTRES_SHARE * placed) / LONGEST_CODE


def ctc_loss(targets, logits, length):
    """CTC's loss of the first `length` (B,) of the `targets` (B, 12) under the frames' `logits` (B, 128, 37): (B,).

    TensorFlow has a kernel for sparse targets, which takes a sixth of the time of what Keras makes of dense ones. That
    is a seventh of the reader's step on a processor.
    """
    import keras

    ops = keras.ops
    frames = ops.full_like(length, LINES * COLUMNS)  # (B,)
    if keras.backend.backend() != "tensorflow":
        return ops.ctc_loss(targets, logits, length, frames, mask_index=BLANK)
    import tensorflow as tf

    logits = ops.maximum(logits, ops.max(logits, axis=-1, keepdims=True) - FAINTEST)
    places = tf.where(tf.sequence_mask(length, LONGEST_CODE))
    sparse = tf.SparseTensor(places, tf.gather_nd(ops.cast(targets, "int32"), places), tf.shape(targets, tf.int64))
    return tf.nn.ctc_loss(sparse, logits, length, frames, logits_time_major=False, blank_index=BLANK)


def reader_loss(y: dict, y_pred: dict):
    """The loss of the characters, the presence and the corners: a scalar.

    `y` also has `characters` (B, 12), classes, and `centres` (B, 12, 2). `y_pred` has `characters` (B, 128, 37), the
    logits of the frames.
    """
    import keras

    ops = keras.ops
    reading = reading_loss(y["characters"], y["centres"], y_pred["characters"])  # (B,)
    return ops.mean(reading) + LOCATING_SHARE * presence_and_corners_loss(y, y_pred)


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

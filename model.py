#!/usr/bin/env python3
"""The network: what it is, layer by layer, and how its weights are kept.

    python model.py [weights.npz]

prints a table of the layers with their output shapes, parameters and multiply-adds, and checks a weights file
(`weights.npz`, where there is one and none is named).

Two small convolutional networks share one file of weights, since finding a plate and reading it ask for different
things. The *finder* must be cheap, for it sees every place of a photograph at every scale: it looks at a window at
half its resolution. The *reader* sees only the few windows that are found, each turned upright (`common.rectify`).

Both are written down once, below, against a handful of operations which exist twice: `KerasNet` makes a
model to train of them, `OnnxNet` a graph that ONNX Runtime runs without importing a training framework.
"""

import functools
import json
from pathlib import Path

import numpy as np

from common import ALPHABET, BLANK, SLOTS, UNREADABLE_ARCHIVE, WINDOW_SHAPE, CommandParser, UserError, run, write_beside

__all__ = [
    "FINDER_SHAPE",
    "FINDER_STRIDE",
    "get_detect_model",
    "get_models",
    "get_training_model",
    "get_weights",
    "load_scores",
    "load_weights",
    "onnx_model",
    "save_weights",
    "set_weights",
]

FORMAT_VERSION = 1  # of weights.npz
FINDER_SHAPE = (32, 64)  # height, width in pixels of a window at the finder's resolution, half the reader's
FINDER_STRIDE = 8  # pixels, at the finder's resolution, from one position to the next
LINES = 2  # a plate has one line or two
COLUMNS = 32  # frames in a line
RELU_GAIN = 1.7139  # sqrt(2 / (1 - 1/pi)): keeps the variance through a ReLU; Brock et al., arXiv:2101.08692
SLOT_SHARPNESS = 4.0  # log-weight a frame loses at one character's distance from a slot
CORNER_TOLERANCE = 0.02  # window fractions; a corner's error counts squared below it, plainly above
LABEL_SMOOTHING = 0.02  # keeps the reader from being surer than blurred plates allow
FRAME_SHARE = 0.5  # of the loss on where characters are, beside that on which they are
NO_FRAME = 0.05  # weight of "no frame", what a slot past the end of the code attends to


# --- the networks -------------------------------------------------------------------------------------------------


def residual(net, x, name: str, filters: int, strides=(1, 1), kernel=(3, 3), inner: int | None = None):
    """Two convolutions and a short cut round them (He et al., arXiv:1512.03385)."""
    y = net.relu(net.conv(x, f"{name}/conv1", inner or filters, kernel, strides))
    y = net.conv(y, f"{name}/conv2", filters, kernel, gain=0.5)
    if strides != (1, 1):
        x = net.conv(x, f"{name}/shortcut", filters, (1, 1), strides)
    return net.relu(net.add(x, y))


def finder_network(net, x):
    """Presence (logits) and corners at every position of `x`, (B, H, W, 3) in 0..1 at the finder's resolution.

    No convolution is padded, so that a position sees its own 32x64 patch and nothing else: the same on a window as on
    a photograph. Shapes on the right are those of one window.
    """
    x = net.relu(net.conv(x, "finder/stem", 48, (4, 4), (2, 2), "valid"))  # (B, 15, 31, 48)
    x = net.relu(net.conv(x, "finder/down1", 64, (3, 3), (2, 2), "valid"))  # (B, 7, 15, 64)
    y = net.relu(net.conv(x, "finder/block/conv1", 32, (1, 1)))
    y = net.relu(net.conv(y, "finder/block/conv2", 32, (3, 3), (1, 1), "valid"))
    y = net.conv(y, "finder/block/conv3", 64, (1, 1), gain=0.5)
    x = net.relu(net.add(net.crop(x), y))  # (B, 5, 13, 64)
    x = net.relu(net.conv(x, "finder/down2", 96, (3, 3), (2, 2), "valid"))  # (B, 2, 6, 96)
    x = net.relu(net.conv(x, "finder/whole", 128, (2, 6), (1, 1), "valid"))  # (B, 1, 1, 128)
    x = net.relu(net.conv(x, "finder/hidden", 64, (1, 1)))
    presence = net.positions(net.conv(x, "finder/presence", 1, (1, 1), gain=0.1))  # (B, h, w, 1)
    corners = net.positions(net.conv(x, "finder/corners", 8, (1, 1), gain=0.1))  # (B, h, w, 8)
    middle = np.array([0.2, 0.35, 0.8, 0.35, 0.8, 0.65, 0.2, 0.65], np.float32)  # a plate in the window's middle
    return presence, net.affine(corners, 0.5, middle)


def reader_network(net, x):
    """Presence, corners and characters of rectified windows `x`, (B, 64, 128, 3) in 0..1.

    The characters are read from *frames*, 32 columns of each of two lines. Every frame says how much of a
    character it holds (its gate); the running sum of the gates along the lines counts the characters, and slot i
    collects the frames where the count is i: continuous integrate-and-fire (Dong and Xu, arXiv:1905.11235), softened.
    Returns presence (B, 1) logits, corners (B, 8) in window fractions, characters (B, 12, 37) logits, and frames
    (B, 64, 38), the gate and the characters' logits of each frame, by which training is helped.
    """
    x = net.standardise(x)
    x = net.relu(net.conv(x, "reader/stem", 48, (5, 5), (2, 2)))  # (B, 32, 64, 48)
    x = residual(net, x, "reader/block1", 64, (2, 1))  # (B, 16, 64, 64)
    x = residual(net, x, "reader/block2", 128, (2, 2))  # (B, 8, 32, 128)
    x = residual(net, x, "reader/block3", 192, (2, 1))  # (B, 4, 32, 192)
    x = net.relu(net.conv(x, "reader/lines", 256, (4, 1), (1, 1), "valid"))  # (B, 1, 32, 256)
    x = residual(net, x, "reader/context1", 256, kernel=(1, 5), inner=128)
    x = residual(net, x, "reader/context2", 256, kernel=(1, 5), inner=128)

    whole = net.relu(net.conv(x, "reader/narrow", 32, (1, 1)))  # (B, 1, 32, 32)
    whole = net.relu(net.conv(whole, "reader/whole", 128, (1, COLUMNS), (1, 1), "valid"))  # (B, 1, 1, 128)
    presence = net.vector(net.conv(whole, "reader/presence", 1, (1, 1), gain=0.1))
    corners = net.vector(net.conv(whole, "reader/corners", 8, (1, 1), gain=0.1))
    corners = net.affine(corners, 0.25, np.array([0, 0, 1, 0, 1, 1, 0, 1], np.float32))

    frames = net.frames(x)  # (B, 64, 128)
    guesses = net.dense(frames, "reader/frames", 1 + BLANK + 1)  # (B, 64, 38)
    gate = net.sigmoid(net.first(guesses))  # (B, 64, 1)
    count = net.affine(net.add(net.cumsum(gate), net.affine(gate, -0.5, 0.0)), 1.0, -0.5)  # (B, 64, 1)
    distance = net.affine(count, np.ones((1, SLOTS), np.float32), -np.arange(SLOTS, dtype=np.float32))  # (B, 64, 12)
    weights = net.multiply(gate, net.exp(net.affine(net.multiply(distance, distance), -SLOT_SHARPNESS, 0.0)))
    slots = net.attend(weights, frames, NO_FRAME)  # (B, 12, 128)
    slots = net.map(slots)  # (B, 1, 12, 128)
    slots = residual(net, slots, "reader/spelling1", 128, kernel=(1, 3))
    slots = residual(net, slots, "reader/spelling2", 128, kernel=(1, 3))
    characters = net.sequence(net.conv(slots, "reader/characters", BLANK + 1, (1, 1), gain=0.5))
    return presence, corners, characters, guesses


# --- the operations, on shapes -------------------------------------------------------------------------------------


class ShapeNet:
    """The networks' operations on shapes without the batch axis; `rows` collects what each convolution is."""

    def __init__(self) -> None:
        self.rows = []  # (name, output shape, kernel shape, multiply-adds of one window)

    def conv(self, x, name, filters, kernel, strides=(1, 1), padding="same", gain=1.0):
        shrink = [0 if padding == "same" else k - 1 for k in kernel]
        size = tuple(-(-(n - k) // s) for n, k, s in zip(x[:2], shrink, strides, strict=True))
        kernel = (*kernel, x[2], filters)
        if name not in (row[0] for row in self.rows):
            self.rows.append((name, (*size, filters), kernel, int(np.prod(size) * np.prod(kernel))))
        return (*size, filters)

    def dense(self, x, name, units):
        return self.conv((1, *x), name, units, (1, 1))[1:]

    def affine(self, x, scale, _shift):
        return (*x[:-1], max(x[-1], np.size(scale)))

    def add(self, x, _y):
        return x

    multiply = add

    def relu(self, x):
        return x

    sigmoid = exp = cumsum = positions = standardise = relu

    def first(self, x):
        return (*x[:-1], 1)

    def crop(self, x):
        return x[0] - 2, x[1] - 2, x[2]

    def vector(self, x):
        return x[2:]

    def sequence(self, x):
        return x[1:]

    def map(self, x):
        return (1, *x)

    def frames(self, x):
        return LINES * x[1], x[2] // LINES

    def attend(self, weights, values, _nothing):
        return weights[1], values[1]


def layers() -> list[tuple]:
    """(name, output shape, kernel shape, multiply-adds) of every convolution, for one window."""
    net = ShapeNet()
    finder_network(net, (*FINDER_SHAPE, 3))
    reader_network(net, (*WINDOW_SHAPE, 3))
    return net.rows


# --- the operations, to train: Keras ------------------------------------------------------------------------------


class KerasNet:
    """The networks' operations on Keras tensors, channels last; the same name is the same layer wherever it is used.

    What leaves the convolutions (`positions`, `vector`, `sequence`, `dense`) is float32 under any mixed precision.
    """

    def __init__(self) -> None:
        import keras

        self.ops = keras.ops
        self.relu, self.sigmoid, self.exp, self.add = keras.ops.relu, keras.ops.sigmoid, keras.ops.exp, keras.ops.add
        self.multiply = keras.ops.multiply
        self.convolution = standardised_convolution()
        self.compute_dtype = keras.config.dtype_policy().compute_dtype
        self.layers = {}

    def conv(self, x, name, filters, kernel, strides=(1, 1), padding="same", gain=1.0):
        if name not in self.layers:
            self.layers[name] = self.convolution(filters, kernel, strides, padding, gain, name=name.replace("/", "_"))
        return self.layers[name](x)

    def dense(self, x, name, units):  # (B, N, C) -> (B, N, units)
        return self.sequence(self.conv(self.map(x), name, units, (1, 1), gain=0.5))

    def affine(self, x, scale, shift):
        return x * scale + shift

    def cumsum(self, x):
        return self.ops.cumsum(x, axis=1)

    def first(self, x):
        return x[..., :1]

    def crop(self, x):
        return x[:, 1:-1, 1:-1]

    def positions(self, x):
        return self.ops.cast(x, "float32")

    def vector(self, x):  # (B, 1, 1, C) -> (B, C)
        return self.ops.cast(x[:, 0, 0], "float32")

    def sequence(self, x):  # (B, 1, N, C) -> (B, N, C)
        return self.ops.cast(x[:, 0], "float32")

    def map(self, x):  # (B, N, C) -> (B, 1, N, C)
        return self.ops.cast(x[:, None], self.compute_dtype)

    def frames(self, x):  # (B, 1, columns, lines * C) -> (B, lines * columns, C)
        channels = x.shape[-1] // LINES
        x = self.ops.reshape(self.ops.cast(x, "float32"), (-1, COLUMNS, LINES, channels))
        return self.ops.reshape(self.ops.transpose(x, (0, 2, 1, 3)), (-1, LINES * COLUMNS, channels))

    def attend(self, weights, values, nothing):  # (B, frames, slots), (B, frames, C) -> (B, slots, C)
        weights = self.ops.transpose(weights, (0, 2, 1))
        total = self.ops.sum(weights, axis=-1, keepdims=True) + nothing
        return self.ops.matmul(weights / total, values)

    def standardise(self, x):
        x = x - self.ops.mean(x, axis=(1, 2, 3), keepdims=True)
        deviation = self.ops.sqrt(self.ops.mean(x * x, axis=(1, 2, 3), keepdims=True))
        return self.ops.cast(x / (deviation + 0.02), self.compute_dtype)


def standardised_convolution():
    """The class of a convolution whose kernel is standardised, so that no batch norm is needed.

    Weight standardisation with a learnt gain a filter (Qiao et al., arXiv:1903.10520; Brock et al.,
    arXiv:2101.08692) normalises the few weights in place of the many activations. Made inside a function because
    importing Keras takes seconds.
    """
    import keras

    class StandardisedConv2D(keras.layers.Layer):
        def __init__(self, filters, kernel, strides, padding, gain, **kwargs):
            super().__init__(**kwargs)
            self.filters, self.kernel_size, self.strides = filters, tuple(kernel), tuple(strides)
            self.padding, self.initial_gain = padding, gain

        def build(self, shape):
            shape = (*self.kernel_size, shape[-1], self.filters)
            gain = keras.initializers.Constant(self.initial_gain * RELU_GAIN)
            # not cast under mixed precision: the standardisation loses too much in bfloat16
            self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel", autocast=False)
            self.gain = self.add_weight(shape=(self.filters,), initializer=gain, name="gain", autocast=False)
            self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

        def effective_kernel(self):
            mean = keras.ops.mean(self.kernel, axis=(0, 1, 2))
            variance = keras.ops.mean(self.kernel * self.kernel, axis=(0, 1, 2)) - mean * mean
            scale = self.gain * keras.ops.rsqrt(variance * np.prod(self.kernel.shape[:3]) + 1e-6)
            return self.kernel * scale - mean * scale

        def call(self, x):
            kernel = keras.ops.cast(self.effective_kernel(), self.compute_dtype)
            x = keras.ops.cast(x, self.compute_dtype)
            return keras.ops.conv(x, kernel, strides=self.strides, padding=self.padding) + self.bias

    return StandardisedConv2D


def get_models(replicas: int = 1):
    """The finder and the reader as Keras models that `compile` and `train_on_batch` train.

    Both take windows (B, 64, 128, 3), BGR in 0..1, and give a dictionary. Of both: `presence` (B, 1), logits, and
    `corners` (B, 4, 2) in window fractions. Of the reader also: `characters` (B, 12, 37), logits, and `frames`
    (B, 64, 38). Targets are dictionaries of `presence` (B, 1) and `corners` (B, 4, 2), for the reader also
    `characters` (B, 12), classes, and `centres` (B, 12, 2), as `gen.py` makes them. The gradients of `replicas` that
    train together are added up, so each has that part of the loss.
    """
    import keras

    net, ops = KerasNet(), keras.ops

    def presence_and_corners_loss(y, y_pred):
        presence = ops.cast(y["presence"], "float32")  # (B, 1)
        found = ops.mean(keras.losses.binary_crossentropy(presence, y_pred["presence"], from_logits=True))
        error = ops.abs(y["corners"] - y_pred["corners"]) / CORNER_TOLERANCE  # (B, 4, 2)
        error = ops.where(error < 1, 0.5 * error * error, error - 0.5)  # Huber
        known = ops.cast(ops.any(y["corners"] != 0, axis=(1, 2)), "float32")  # (B,)
        return found + ops.mean(ops.mean(error, axis=(1, 2)) * known)

    class Finder(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return presence_and_corners_loss(y, y_pred) / replicas

    class Reader(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
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
            return loss / replicas

    window = keras.Input((*WINDOW_SHAPE, 3), name="window")
    presence, corners = finder_network(net, halve(window))
    outputs = {"presence": net.vector(presence), "corners": ops.reshape(net.vector(corners), (-1, 4, 2))}
    finder = Finder(window, outputs, name="finder")
    presence, corners, characters, frames = reader_network(net, window)
    corners = ops.reshape(corners, (-1, 4, 2))
    outputs = {"presence": presence, "corners": corners, "characters": characters, "frames": frames}
    return finder, Reader(window, outputs, name="reader")


def halve(image):
    """(B, H, W, 3) averaged two pixels by two."""
    import keras

    return keras.ops.average_pool(image, 2, 2)


def get_training_model():
    """One model of both networks, that acts on windows (B, 64, 128, 3): what `model.py` prints."""
    import keras

    finder, reader = get_models()
    window = keras.Input((*WINDOW_SHAPE, 3), name="window")
    return keras.Model(window, {"finder": finder(window), "reader": reader(window)}, name="plate_reader")


def get_detect_model(finder):
    """A model that slides `finder`, with its very weights, over photographs (B, H, W, 3), BGR in 0..1.

    Its presence (B, h, w, 1), logits, and corners (B, h, w, 8), window fractions, at (row, column) are those of the
    window whose top left is at pixel (16 row, 16 column).
    """
    import keras

    net = KerasNet()
    net.layers = convolutions(finder)
    photo = keras.Input((None, None, 3), name="photo")
    presence, corners = finder_network(net, halve(photo))
    return keras.Model(photo, {"presence": presence, "corners": corners}, name="sliding_finder")


# --- the operations, to detect: ONNX -------------------------------------------------------------------------------


class OnnxNet:
    """The networks' operations as nodes of an ONNX graph, channels first; `arrays` holds the weights by name."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        from onnx import helper, numpy_helper

        self.make_node, self.from_array = helper.make_node, numpy_helper.from_array
        self.arrays, self.nodes, self.initializers = arrays, [], {}
        self.relu, self.sigmoid, self.exp, self.add, self.multiply = (
            functools.partial(self.node, kind) for kind in ("Relu", "Sigmoid", "Exp", "Add", "Mul")
        )

    def node(self, kind: str, *inputs, **attributes) -> str:
        """Append a node; arrays among its inputs become constants. Returns the name of its output."""
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(self.make_node(kind, names, [output], **attributes))
        return output

    def constant(self, value) -> str:
        value = np.asarray(value)
        value = value.astype(np.int64 if value.dtype.kind == "i" else np.float32)
        name = f"constant_{len(self.initializers)}"
        self.initializers[name] = self.from_array(value, name)
        return name

    def conv(self, x, name, filters, kernel, strides=(1, 1), padding="same", gain=1.0):
        weights = self.arrays[f"{name}/kernel"].transpose(3, 2, 0, 1)
        pad = {"same": "SAME_UPPER", "valid": "VALID"}[padding]
        bias = self.arrays[f"{name}/bias"]
        return self.node("Conv", x, weights, bias, kernel_shape=kernel, strides=strides, auto_pad=pad)

    def dense(self, x, name, units):
        return self.add(self.node("MatMul", x, self.arrays[f"{name}/kernel"][0, 0]), self.arrays[f"{name}/bias"])

    def affine(self, x, scale, shift):
        return self.add(self.multiply(x, np.float32(scale)), np.float32(shift))

    def cumsum(self, x):
        return self.node("CumSum", x, np.int64(1))

    def first(self, x):
        return self.node("Slice", x, [0], [1], [2])

    def crop(self, x):
        return self.node("Slice", x, [1, 1], [-1, -1], [2, 3])

    def positions(self, x):  # (B, C, h, w) -> (B, h, w, C)
        return self.node("Transpose", x, perm=(0, 2, 3, 1))

    def vector(self, x):  # (B, C, 1, 1) -> (B, C)
        return self.node("Flatten", x)

    def sequence(self, x):  # (B, C, 1, N) -> (B, N, C)
        return self.node("Transpose", self.node("Squeeze", x, [2]), perm=(0, 2, 1))

    def map(self, x):  # (B, N, C) -> (B, C, 1, N)
        return self.node("Unsqueeze", self.node("Transpose", x, perm=(0, 2, 1)), [2])

    def frames(self, x):  # (B, lines * C, 1, columns) -> (B, lines * columns, C)
        x = self.node("Reshape", x, [0, LINES, -1, COLUMNS])
        x = self.node("Transpose", x, perm=(0, 1, 3, 2))
        channels = self.arrays["reader/frames/kernel"].shape[2]
        return self.node("Reshape", x, [0, LINES * COLUMNS, channels])

    def attend(self, weights, values, nothing):  # (B, frames, slots), (B, frames, C) -> (B, slots, C)
        weights = self.node("Transpose", weights, perm=(0, 2, 1))
        total = self.node("Add", self.node("ReduceSum", weights, [2], keepdims=1), np.float32(nothing))
        return self.node("MatMul", self.node("Div", weights, total), values)

    def standardise(self, x):
        x = self.node("Sub", x, self.node("ReduceMean", x, [1, 2, 3], keepdims=1))
        deviation = self.node("Sqrt", self.node("ReduceMean", self.node("Mul", x, x), [1, 2, 3], keepdims=1))
        return self.node("Div", x, self.node("Add", deviation, np.float32(0.02)))


def onnx_model(arrays: dict[str, np.ndarray], which: str) -> bytes:
    """A network as a serialised ONNX graph, made of the arrays of `load_weights` alone.

    "finder": `image` (1, H, W, 3), BGR in 0..255 at half a window's resolution, at least 32x64, gives `presence`
    (1, h, w), probabilities, and `corners` (1, h, w, 8), fractions of the 32x64 patch whose top left is at pixel
    (FINDER_STRIDE row, FINDER_STRIDE column). "reader": `windows` (B, 64, 128, 3), BGR in 0..255, gives `presence`
    (B,), `corners` (B, 4, 2) in window fractions, and `characters` (B, 12, 37), probabilities.
    """
    from onnx import TensorProto, helper

    net = OnnxNet({name: array.astype(np.float32) for name, array in arrays.items()})
    pixels, shape = ("image", (1, "H", "W", 3)) if which == "finder" else ("windows", ("B", *WINDOW_SHAPE, 3))
    x = net.node("Transpose", net.node("Mul", pixels, np.float32(1 / 255)), perm=(0, 3, 1, 2))
    if which == "finder":
        presence, corners = finder_network(net, x)
        outputs = {
            "presence": (net.node("Squeeze", net.sigmoid(presence), [3]), (1, "h", "w")),
            "corners": (corners, (1, "h", "w", 8)),
        }
    else:
        presence, corners, characters, _ = reader_network(net, x)
        outputs = {
            "presence": (net.node("Squeeze", net.sigmoid(presence), [1]), ("B",)),
            "corners": (net.node("Reshape", corners, [-1, 4, 2]), ("B", 4, 2)),
            "characters": (net.node("Softmax", characters, axis=-1), ("B", SLOTS, BLANK + 1)),
        }
    for name, (output, _) in outputs.items():
        net.nodes.append(helper.make_node("Identity", [output], [name]))
    graph = helper.make_graph(
        net.nodes,
        which,
        [helper.make_tensor_value_info(pixels, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, (_, shape) in outputs.items()],
        list(net.initializers.values()),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


# --- weights.npz --------------------------------------------------------------------------------------------------


def convolutions(*networks) -> dict:
    """The convolutions of Keras networks by the names that they have above."""
    layers = [layer for network in networks for layer in network.layers if hasattr(layer, "effective_kernel")]
    return {layer.name.replace("_", "/"): layer for layer in layers}


def get_weights(*networks) -> dict[str, np.ndarray]:
    """The weights of Keras networks by name: for each layer the kernel as it is applied, and the bias."""
    import keras

    arrays = {}
    for name, layer in convolutions(*networks).items():
        arrays[f"{name}/kernel"] = keras.ops.convert_to_numpy(layer.effective_kernel())
        arrays[f"{name}/bias"] = np.asarray(layer.bias)
    return arrays


def set_weights(finder, reader, arrays: dict[str, np.ndarray]) -> None:
    """Give the Keras networks the weights of `load_weights` or `get_weights`."""
    for name, layer in convolutions(finder, reader).items():
        kernel = arrays[f"{name}/kernel"].astype(np.float32)
        layer.kernel.assign(kernel)
        layer.gain.assign(kernel.std((0, 1, 2)) * np.sqrt(np.prod(kernel.shape[:3])))
        layer.bias.assign(arrays[f"{name}/bias"].astype(np.float32))


def description() -> dict:
    """What a weights file must agree with, kept in it as JSON."""
    return {"format": FORMAT_VERSION, "alphabet": ALPHABET, "slots": SLOTS, "window": list(WINDOW_SHAPE)}


def save_weights(path, arrays: dict[str, np.ndarray], scores: dict[str, float] | None = None) -> None:
    """Write `arrays` as half precision, which loses nothing that shows and halves the file, and what they scored."""
    header = np.array(json.dumps({**description(), "scores": scores or {}}))
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    with write_beside(path) as temporary:
        np.savez_compressed(temporary, header=header, **halves)


def read_weights(path) -> tuple[dict, dict[str, np.ndarray]]:
    """The header and the float32 arrays of a weights file; UserError when it is missing, damaged or does not fit."""
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        header = json.loads(str(arrays.pop("header")))
        wanted = description()
        found = {key: header[key] for key in wanted}
        header["scores"] = {str(name): float(score) for name, score in header["scores"].items()}
        if any(array.dtype.kind != "f" for array in arrays.values()):
            raise ValueError("weights are real numbers")
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file; train.py makes one, and the project ships weights.npz"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); fetch weights.npz again") from None
    except UNREADABLE_ARCHIVE:
        raise UserError(
            f"{path}: is damaged or no weights file; fetch weights.npz again, or train.py makes one"
        ) from None
    differences = [f"its {key} is {found[key]!r}, not {wanted[key]!r}" for key in wanted if found[key] != wanted[key]]
    shapes = {}
    for name, _, kernel, _ in layers():
        shapes |= {f"{name}/kernel": kernel, f"{name}/bias": kernel[3:]}
    differences += [f"it lacks {name}" for name in shapes if name not in arrays]
    differences += [f"it has {name}, which the network lacks" for name in arrays if name not in shapes]
    differences += [
        f"its {name} has shape {arrays[name].shape}, not {shape}"
        for name, shape in shapes.items()
        if name in arrays and arrays[name].shape != shape
    ]
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise UserError(f"{path}: does not fit this network: {differences[0]}{more}; train again with train.py")
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise UserError(f"{path}: holds numbers that are not finite; fetch weights.npz again")
    for name in (name for name in arrays if name.endswith("/kernel")):  # half precision moved their means from 0
        arrays[name] -= arrays[name].mean((0, 1, 2))
    return header, arrays


def load_weights(path) -> dict[str, np.ndarray]:
    """The arrays of a weights file by name, float32. Raises UserError when it is missing, damaged or does not fit."""
    return read_weights(path)[1]


def load_scores(path) -> dict[str, float]:
    """What the weights scored on the test windows when they were saved, 0..1 by figure."""
    return read_weights(path)[0]["scores"]


# --- the table ----------------------------------------------------------------------------------------------------


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("weights", nargs="?", help="a weights file to check (weights.npz, where there is one)")
    args = parser.parse_args()
    print(f"{'layer':<26}{'output':>16}{'kernel':>20}{'parameters':>13}{'multiply-adds':>16}")
    totals = {}
    for name, output, kernel, macs in layers():
        parameters = int(np.prod(kernel)) + kernel[3]
        sizes = "x".join(map(str, output)), "x".join(map(str, kernel))
        print(f"{name:<26}{sizes[0]:>16}{sizes[1]:>20}{parameters:>13,}{macs:>16,}")
        total = totals.setdefault(name.split("/")[0], [0, 0])
        total[0] += parameters
        total[1] += macs
    for network, (parameters, macs) in totals.items():
        print(f"{network + ', in all':<62}{parameters:>13,}{macs:>16,}")
    path = args.weights or ("weights.npz" if Path("weights.npz").exists() else None)
    if path:
        header, arrays = read_weights(path)
        scores = ", ".join(f"{name} {100 * score:.1f} %" for name, score in header["scores"].items())
        print(f"{path}: fits, {len(arrays)} arrays; on the test windows: {scores or 'not tested'}")


if __name__ == "__main__":
    run(main)

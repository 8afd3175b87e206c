#!/usr/bin/env python3
"""The two networks, layer by layer.

    python model.py [weights.npz]

prints a table of the layers with their output shapes, parameters and multiply-adds. It also checks a weights file:
the file that is named, or weights.npz where there is one.

Finding a plate and reading it ask for different things. So there are two small convolutional networks, and both are in
one file of weights. The *finder* must be cheap, because it sees every place of a photograph at every scale. It looks at
a window at half the window's resolution. The *reader* sees the few windows that the finder found, each turned upright
(`common.rectify`).

Each network is written once, below, with a handful of operations. The operations are written twice, in `network/`.
`KerasNet` makes a model to train, and `OnnxNet` makes a graph that ONNX Runtime runs without a training framework.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below would print a traceback

import os

import numpy as np

from common import BLANK, WINDOW_SHAPE, CommandParser, run
from network.keras_net import KerasNet, convolutions
from network.onnx_net import OnnxNet
from network.quantised_net import QuantisedNet, Ranges
from network.shapes import ShapeNet
from network.weights import WeightsFile, read_weights

WEIGHTS = "weights.npz"  # the file that is checked where none is named
# The finder's window.
FINDER_SHAPE = (32, 64)  # height, width in pixels: half of a window's
FINDER_STRIDE = 8  # pixels of the finder's window from one position to the next
# The reader's frames.
LINES = 2  # a plate has one line or two
FRAMES_ACROSS = 2  # frames that each column of the last layer gives, side by side
COLUMNS = 64  # frames in a line: narrow letters before a number, and short rows beside one, need many
# The layers that see a whole window compute in float32 in a graph of integers too. They take next to no time.
PRECISE_LAYERS = frozenset(
    [
        *("finder/hidden", "finder/presence", "finder/corners"),
        *("reader/layout", "reader/whole", "reader/presence", "reader/corners"),
    ]
)


def residual(net, x, name: str, filters: int, strides=(1, 1), kernel=(3, 3), inner: int | None = None):
    """A residual block: two convolutions and a shortcut around them (He et al., arXiv:1512.03385).

    `filters` are the output's channels, and `inner`, where given, the channels between the two convolutions.
    """
    y = net.relu(net.conv(x, f"{name}/conv1", inner or filters, kernel, strides))
    y = net.conv(y, f"{name}/conv2", filters, kernel, gain=0.5)
    if strides != (1, 1):
        x = net.conv(x, f"{name}/shortcut", filters, (1, 1), strides)
    return net.relu(net.add(x, y))


def finder_network(net, x):
    """Presence and corners at every position of `x`, (B, H, W, 3) in 0..1 at half of a window's resolution.

    Returns presence (B, h, w, 1), logits, and corners (B, h, w, 8), fractions of the window. The large kernels are not
    padded, so a position sees its own 32x64 pixels and nothing else. So its answer is the same on a window and on a
    photograph. The shapes on the right are those of one window.
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

    Returns presence (B, 1), logits, corners (B, 8), fractions of the window, and characters (B, 128, 37), logits.
    The characters are read from 128 *frames*: 64 columns of the upper or only line, then 64 columns of the lower line.
    Each frame has the logits of 36 characters and of blank, which means "no new character here". The frames are
    trained and decoded by connectionist temporal classification (CTC; Graves et al., ICML 2006), so no part of the
    network counts characters.
    """
    columns = COLUMNS // FRAMES_ACROSS
    x = net.standardise(x)
    x = net.relu(net.conv(x, "reader/stem", 48, (5, 5), (2, 2)))  # (B, 32, 64, 48)
    x = residual(net, x, "reader/block1", 64, (2, 1))  # (B, 16, 64, 64)
    x = residual(net, x, "reader/block2", 128, (2, 2))  # (B, 8, 32, 128)
    x = residual(net, x, "reader/block3", 192, (2, 1))  # (B, 4, 32, 192)
    x = net.relu(net.conv(x, "reader/lines", 256, (4, 1), (1, 1), "valid"))  # (B, 1, 32, 256)
    x = residual(net, x, "reader/context1", 256, kernel=(1, 5), inner=128)
    # Whether a plate has two lines can be seen far from a character: a large number may stand beside two short rows.
    plate = net.relu(net.conv(x, "reader/outline", 32, (1, 1)))  # (B, 1, 32, 32)
    plate = net.relu(net.conv(plate, "reader/layout", 128, (1, columns), (1, 1), "valid"))  # (B, 1, 1, 128)
    x = net.relu(net.add(x, net.conv(plate, "reader/told", 256, (1, 1), gain=0.1)))  # the same at each column
    x = residual(net, x, "reader/context2", 256, kernel=(1, 5), inner=128)

    whole = net.relu(net.conv(x, "reader/narrow", 32, (1, 1)))  # (B, 1, 32, 32)
    whole = net.relu(net.conv(whole, "reader/whole", 128, (1, columns), (1, 1), "valid"))  # (B, 1, 1, 128)
    presence = net.vector(net.conv(whole, "reader/presence", 1, (1, 1), gain=0.1))  # (B, 1)
    corners = net.vector(net.conv(whole, "reader/corners", 8, (1, 1), gain=0.1))  # (B, 8)
    corners = net.affine(corners, 0.25, np.array([0, 0, 1, 0, 1, 1, 0, 1], np.float32))

    places = net.frames(x, LINES, columns)  # (B, 64, 128)
    characters = net.dense(places, "reader/characters", FRAMES_ACROSS * (BLANK + 1))  # (B, 64, 74)
    characters = net.split(characters, BLANK + 1)  # (B, 128, 37)
    return presence, corners, characters


def layers() -> list[tuple]:
    """(name, output shape, kernel shape, multiply-adds) of each convolution, for one window."""
    net = ShapeNet()
    finder_network(net, (*FINDER_SHAPE, 3))
    reader_network(net, (*WINDOW_SHAPE, 3))
    return net.rows


def get_models(make_finder=None, make_reader=None):
    """The finder and the reader as Keras models.

    Both take windows (B, 64, 128, 3), BGR in 0..1, and give a dictionary of `presence` (B, 1), logits, and `corners`
    (B, 4, 2), fractions of the window. The reader's also has `characters` (B, 128, 37), logits. `make_finder` and
    `make_reader` are the classes of the two models, by default `keras.Model`. Training has classes that know their
    loss.
    """
    import keras

    net = KerasNet()
    ops = keras.ops
    window = keras.Input((*WINDOW_SHAPE, 3), name="window")
    presence, corners = finder_network(net, halve(window))
    outputs = {"presence": net.vector(presence), "corners": ops.reshape(net.vector(corners), (-1, 4, 2))}
    finder = (make_finder or keras.Model)(window, outputs, name="finder")
    presence, corners, characters = reader_network(net, window)
    outputs = {"presence": presence, "corners": ops.reshape(corners, (-1, 4, 2)), "characters": characters}
    reader = (make_reader or keras.Model)(window, outputs, name="reader")
    return finder, reader


def halve(image):
    """Images (B, H, W, 3) at half their resolution: each pixel is the mean of two by two."""
    import keras

    return keras.ops.average_pool(image, 2, 2)


def get_training_model():
    """Both networks as one Keras model of windows (B, 64, 128, 3), BGR in 0..1.

    It answers with the dictionaries of `get_models` by "finder" and "reader". Training compiles the two networks of
    `get_models` apart; this model is for programs that want both at once.
    """
    import keras

    finder, reader = get_models()
    window = keras.Input((*WINDOW_SHAPE, 3), name="window")
    return keras.Model(window, {"finder": finder(window), "reader": reader(window)}, name="plate_reader")


def get_detect_model(finder):
    """A Keras model that slides `finder` over photographs (B, H, W, 3), BGR in 0..1. It shares the finder's weights.

    It gives presence (B, h, w, 1), logits, and corners (B, h, w, 8), fractions of the window. The values at (row,
    column) are the finder's for the window whose top left pixel is (16 row, 16 column). Detection runs the same network
    as `onnx_model`, without Keras.
    """
    import keras

    net = KerasNet()
    net.layers = convolutions(finder)
    photo = keras.Input((None, None, 3), name="photo")
    presence, corners = finder_network(net, halve(photo))
    return keras.Model(photo, {"presence": presence, "corners": corners}, name="sliding_finder")


def onnx_model(arrays: dict[str, np.ndarray], which: str, ranges: Ranges | None = None) -> bytes:
    """The network `which`, "finder" or "reader", as a serialised ONNX graph with the `arrays` of `load_weights`.

    With the `ranges` of a weights file the graph computes with integers of 8 bits, which is faster.

    The finder takes `image` (1, H, W, 3) uint8 BGR at half of a window's resolution, at least 32x64. It gives
    `presence` (1, h, w), probabilities, and `corners` (1, h, w, 8). The corners at (row, column) are fractions of the
    32x64 pixels whose top left pixel is (FINDER_STRIDE row, FINDER_STRIDE column).

    The reader takes `windows` (B, 64, 128, 3) uint8 BGR. It gives `presence` (B,), probabilities, `corners`
    (B, 4, 2), fractions of the window, and `characters` (B, 128, 37), log-probabilities.
    """
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    net = QuantisedNet(arrays, ranges, PRECISE_LAYERS) if ranges else OnnxNet(arrays)
    inputs, outputs = add_network(net, which)
    return net.serialise(which, inputs, outputs)


def onnx_ranges(arrays: dict[str, np.ndarray], which: str) -> tuple[bytes, list[str]]:
    """A graph that measures the network `which`, and the names of the tensors that it measures.

    It takes what the graph of `onnx_model` takes, and gives `least` and `greatest` (K,), the tensors' extreme values.
    """
    net = OnnxNet(arrays)
    inputs, _ = add_network(net, which)
    names = list(net.outputs)
    measured = {}
    for output, operator in (("least", "ReduceMin"), ("greatest", "ReduceMax")):
        extremes = [net.node(operator, net.outputs[name], keepdims=0) for name in names]
        extremes = [net.node("Reshape", extreme, [1]) for extreme in extremes]
        measured[output] = net.node("Concat", *extremes, axis=0), (len(names),)
    return net.serialise(f"ranges of the {which}", inputs, measured), names


def add_network(net: OnnxNet, which: str) -> tuple[dict[str, tuple], dict[str, tuple[str, tuple]]]:
    """Add the network `which` to a graph; returns the inputs and the outputs that `OnnxNet.serialise` takes."""
    pixels, shape = ("image", (1, "H", "W", 3)) if which == "finder" else ("windows", ("B", *WINDOW_SHAPE, 3))
    x = net.pixels(pixels)
    if which == "finder":
        presence, corners = finder_network(net, x)
        outputs = {
            "presence": (net.node("Squeeze", net.sigmoid(presence), [3]), (1, "h", "w")),
            "corners": (corners, (1, "h", "w", 8)),
        }
    else:
        presence, corners, characters = reader_network(net, x)
        outputs = {
            "presence": (net.node("Squeeze", net.sigmoid(presence), [1]), ("B",)),
            "corners": (net.node("Reshape", corners, [-1, 4, 2]), ("B", 4, 2)),
            "characters": (net.node("LogSoftmax", characters, axis=-1), ("B", LINES * COLUMNS, BLANK + 1)),
        }
    return {pixels: shape}, outputs


def weight_shapes() -> dict[str, tuple]:
    """The shape of each array of a weights file by its name."""
    shapes = {}
    for name, _, kernel, _ in layers():
        shapes |= {f"{name}/kernel": kernel, f"{name}/bias": kernel[3:]}
    return shapes


def load_weights(path: str | os.PathLike) -> WeightsFile:
    """The content of a weights file. Raises UserError when it is missing or damaged, or does not fit the networks."""
    return read_weights(path, weight_shapes())


def print_table() -> None:
    """Print a row for each layer, and the sums of each network."""
    print(f"{'layer':<26}{'output':>16}{'kernel':>20}{'parameters':>13}{'multiply-adds':>16}")
    totals = {}  # parameters and multiply-adds by network
    for name, output, kernel, multiply_adds in layers():
        parameters = int(np.prod(kernel)) + kernel[3]
        output = "x".join(map(str, output))
        kernel = "x".join(map(str, kernel))
        print(f"{name:<26}{output:>16}{kernel:>20}{parameters:>13,}{multiply_adds:>16,}")
        total = totals.setdefault(name.split("/")[0], [0, 0])
        total[0] += parameters
        total[1] += multiply_adds
    for network, (parameters, multiply_adds) in totals.items():
        print(f"{network + ', in all':<62}{parameters:>13,}{multiply_adds:>16,}")


def check_file(path: str | os.PathLike) -> None:
    """Print that a weights file fits, and its scores. Raises UserError where it does not fit."""
    file = load_weights(path)
    figures = ", ".join(f"{name} {100 * score:.1f} %" for name, score in file.scores.items())
    print(f"{path}: fits, {len(file.arrays)} arrays; scores: {figures or 'none, it was not tested'}")


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("weights", nargs="?", help="a weights file to check (weights.npz, where there is one)")
    args = parser.parse_args()
    print_table()
    if args.weights:
        check_file(args.weights)
    elif os.path.exists(WEIGHTS):
        check_file(WEIGHTS)


if __name__ == "__main__":
    run(main)

"""The networks' operations as nodes of an ONNX graph that computes with integers of 8 bits.

A convolution of integers takes a third of the time of one in float32 where the processor has instructions for it
(VNNI). `tests/ACCURACY.md` tells what it costs. Each tensor between two layers is rounded to 256 levels of its range,
and each filter to 7 bits (Jacob et al., arXiv:1712.05877). The ranges were measured when the weights were trained. The
graph has pairs of QuantizeLinear and DequantizeLinear around each operation. ONNX Runtime turns such a group into one
operation on integers.
"""

import numpy as np

from network.onnx_net import OnnxNet

Ranges = dict[str, tuple[float, float]]  # the least and the greatest value of a tensor by its name in OnnxNet.outputs

STEPS = 255  # between the 256 levels of a rounded tensor, which is uint8
# The greatest rounded weight. With more than 7 bits the sums of two products leave 16 bits, at which processors without
# VNNI cut them off.
GREATEST_WEIGHT = 64


class QuantisedNet(OnnxNet):
    """OnnxNet whose convolutions compute with integers.

    The layers `precise` compute in float32, and their outputs are not rounded. A tensor without a range is not rounded
    either, and a convolution of it computes in float32.
    """

    def __init__(self, arrays: dict[str, np.ndarray], ranges: Ranges, precise: frozenset[str]) -> None:
        super().__init__(arrays)
        self.ranges = ranges
        self.precise = precise
        self.rounded = {}  # by tensor: the tensor after rounding, the step, and the integer that stands for 0

    def pixels(self, x):
        integers = self.node("Transpose", x, perm=(0, 3, 1, 2))
        step, zero = np.float32(1 / STEPS), np.uint8(0)
        x = self.node("DequantizeLinear", integers, step, zero)
        self.rounded[x] = x, step, zero  # a picture has 256 levels from the start
        return x

    def round(self, x: str) -> str:
        """The tensor `x`, rounded where it has a range and its layer is none of the precise ones."""
        if x in self.rounded:
            return self.rounded[x][0]
        name = next((name for name, tensor in self.outputs.items() if tensor == x), "")
        if name not in self.ranges or name.removesuffix("/relu") in self.precise:
            return x
        least, greatest = self.ranges[name]
        least, greatest = min(least, 0.0), max(greatest, 0.0)
        step = np.float32(max(greatest - least, 1e-6) / STEPS)
        zero = np.uint8(np.clip(round(-least / step), 0, STEPS))
        integers = self.node("QuantizeLinear", x, step, zero)
        self.rounded[x] = self.node("DequantizeLinear", integers, step, zero), step, zero
        return self.rounded[x][0]

    def convolved(self, x, name):
        rounded = self.round(x)
        _, kernels, biases = super().convolved(x, name)
        if rounded == x or name in self.precise:
            return rounded, kernels, biases
        _, step, _ = self.rounded[x]
        steps = np.maximum(np.abs(kernels).max((1, 2, 3)) / GREATEST_WEIGHT, 1e-9).astype(np.float32)  # (filters,)
        integers = np.round(kernels / steps[:, None, None, None]).astype(np.int8)
        sums = np.round(biases / (step * steps)).clip(-(2**31), 2**31 - 128).astype(np.int32)
        zeros = np.zeros(len(steps))
        kernels = self.node("DequantizeLinear", integers, steps, zeros.astype(np.int8), axis=0)
        biases = self.node("DequantizeLinear", sums, step * steps, zeros.astype(np.int32), axis=0)
        return rounded, kernels, biases

    def add(self, x, y):
        return super().add(self.round(x), self.round(y))

    def crop(self, x):
        return super().crop(self.round(x))

    def frames(self, x, lines, columns):
        return super().frames(self.round(x), lines, columns)

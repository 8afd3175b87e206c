"""The networks' operations on shapes alone, from which `model.py` prints its table.

A shape here is the shape for one window, without the batch axis.
"""

import numpy as np

LEAST_CONTRAST = 0.02  # added to a window's standard deviation, 0..1, so that noise is not amplified. Not tuned


class ShapeNet:
    """The networks' operations on shapes without the batch axis. `rows` lists the convolutions."""

    def __init__(self) -> None:
        self.rows = []  # (name, output shape, kernel shape, multiply-adds for one window)

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

    def relu(self, x):
        return x

    positions = standardise = relu

    def crop(self, x):
        return x[0] - 2, x[1] - 2, x[2]

    def vector(self, x):
        return x[2:]

    def frames(self, x, lines, columns):
        return lines * columns, x[2] // lines

    def split(self, x, channels):
        return x[0] * x[1] // channels, channels

"""The shapes of the table, which no framework computes."""

import numpy as np

from network.shapes import ShapeNet


def test_a_padded_convolution_keeps_the_size_but_for_its_strides():
    net = ShapeNet()
    assert net.conv((7, 9, 3), "a", 5, (3, 3)) == (7, 9, 5)
    assert net.conv((7, 9, 3), "b", 5, (3, 3), (2, 2)) == (4, 5, 5)
    assert net.conv((7, 9, 3), "c", 5, (3, 2), (2, 1), "valid") == (3, 8, 5)
    assert net.rows == [
        ("a", (7, 9, 5), (3, 3, 3, 5), 7 * 9 * 3 * 3 * 3 * 5),
        ("b", (4, 5, 5), (3, 3, 3, 5), 4 * 5 * 3 * 3 * 3 * 5),
        ("c", (3, 8, 5), (3, 2, 3, 5), 3 * 8 * 3 * 2 * 3 * 5),
    ]


def test_a_layer_that_is_used_twice_is_listed_once():
    net = ShapeNet()
    net.conv((4, 4, 3), "a", 5, (1, 1))
    net.conv((4, 4, 3), "a", 5, (1, 1))
    assert len(net.rows) == 1


def test_the_other_operations():
    net = ShapeNet()
    assert net.dense((64, 128), "d", 37) == (64, 37)
    assert net.rows == [("d", (1, 64, 37), (1, 1, 128, 37), 64 * 128 * 37)]
    assert net.crop((5, 13, 64)) == (3, 11, 64)
    assert net.vector((1, 1, 8)) == (8,)
    assert net.frames((1, 32, 256), 2, 32) == (64, 128)
    assert net.split((64, 74), 37) == (128, 37)
    assert net.affine((2, 8), 0.5, np.zeros(8)) == (2, 8)
    assert net.relu((2, 8)) == net.add((2, 8), (2, 8)) == net.standardise((2, 8)) == (2, 8)

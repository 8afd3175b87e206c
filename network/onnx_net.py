"""The networks' operations as nodes of an ONNX graph, which runs without a training framework."""

import functools

import numpy as np

from network.shapes import LEAST_CONTRAST

FLOAT = 1  # float32 among the types of ONNX


class OnnxNet:
    """The networks' operations as nodes of an ONNX graph, channels first. `arrays` holds the weights by name.

    An operation takes and gives the names of tensors. `outputs` names the tensors that the layers give: "reader/stem"
    is the output of this convolution, and "reader/stem/relu" is the rectified output of the layer that ends with it.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        from onnx import helper, numpy_helper

        self.make_node = helper.make_node
        self.from_array = numpy_helper.from_array
        self.arrays = arrays
        self.layer = ""  # the latest convolution
        self.nodes = []
        self.initializers = {}  # constants by name
        self.outputs = {}  # tensors by their layer
        self.sigmoid = functools.partial(self.node, "Sigmoid")

    def node(self, kind: str, *inputs, **attributes) -> str:
        """Append a node of the operator `kind` and return the name of its output.

        Inputs are names of tensors, or arrays, which become constants.
        """
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(self.make_node(kind, names, [output], **attributes))
        return output

    def constant(self, value) -> str:
        """Add an array to the graph and return its name. Python's numbers become int64 and float32."""
        if not isinstance(value, np.ndarray | np.generic):
            value = np.asarray(value)
            value = value.astype(np.int64 if value.dtype.kind == "i" else np.float32)
        value = np.asarray(value, np.float32 if value.dtype.kind == "f" else value.dtype)
        name = f"constant_{len(self.initializers)}"
        self.initializers[name] = self.from_array(value, name)
        return name

    def pixels(self, x):  # (B, H, W, 3) uint8 -> (B, 3, H, W), 0..1
        x = self.node("Cast", self.node("Transpose", x, perm=(0, 3, 1, 2)), to=FLOAT)
        return self.node("Mul", x, np.float32(1 / 255))

    def conv(self, x, name, filters, kernel, strides=(1, 1), padding="same", gain=1.0):
        pad = {"same": "SAME_UPPER", "valid": "VALID"}[padding]
        x, kernels, biases = self.convolved(x, name)
        self.outputs[name] = self.node("Conv", x, kernels, biases, kernel_shape=kernel, strides=strides, auto_pad=pad)
        self.layer = name
        return self.outputs[name]

    def convolved(self, x, name):
        """What the convolution `name` of `x` works on: its input, kernels (filters, channels, h, w) and biases."""
        return x, self.arrays[f"{name}/kernel"].transpose(3, 2, 0, 1), self.arrays[f"{name}/bias"]

    def relu(self, x):
        name = f"{self.layer}/relu"
        self.outputs[name] = self.node("Relu", x)
        return self.outputs[name]

    def add(self, x, y):
        return self.node("Add", x, y)

    def dense(self, x, name, units):
        x = self.node("MatMul", x, self.arrays[f"{name}/kernel"][0, 0])
        return self.node("Add", x, self.arrays[f"{name}/bias"])

    def affine(self, x, scale, shift):
        return self.node("Add", self.node("Mul", x, np.float32(scale)), np.float32(shift))

    def crop(self, x):
        return self.node("Slice", x, [1, 1], [-1, -1], [2, 3])

    def positions(self, x):  # (B, C, h, w) -> (B, h, w, C)
        return self.node("Transpose", x, perm=(0, 2, 3, 1))

    def vector(self, x):  # (B, C, 1, 1) -> (B, C)
        return self.node("Flatten", x)

    def frames(self, x, lines, columns):  # (B, lines * C, 1, columns) -> (B, lines * columns, C)
        x = self.node("Reshape", x, [0, lines, -1, columns])
        x = self.node("Transpose", x, perm=(0, 1, 3, 2))
        return self.node("Reshape", x, [0, lines * columns, -1])

    def split(self, x, channels):  # (B, N, parts * channels) -> (B, N * parts, channels)
        return self.node("Reshape", x, [0, -1, channels])

    def standardise(self, x):
        x = self.node("Sub", x, self.node("ReduceMean", x, [1, 2, 3], keepdims=1))
        deviation = self.node("Sqrt", self.node("ReduceMean", self.node("Mul", x, x), [1, 2, 3], keepdims=1))
        return self.node("Div", x, self.node("Add", deviation, np.float32(LEAST_CONTRAST)))

    def serialise(self, name: str, inputs: dict[str, tuple], outputs: dict[str, tuple[str, tuple]]) -> bytes:
        """The graph, called `name`, as bytes.

        `inputs` has the shape of each input by name. `outputs` has by name, for each output, the tensor that becomes
        the output and its shape. Inputs are uint8, outputs float32.
        """
        from onnx import TensorProto, helper

        for output, (node, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [node], [output]))
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(key, TensorProto.UINT8, shape) for key, shape in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, (_, shape) in outputs.items()],
            list(self.initializers.values()),
        )
        opsets = [helper.make_opsetid("", 18)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()

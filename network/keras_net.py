"""The networks' operations as Keras layers, for training, and the weights of Keras networks as arrays by name."""

import numpy as np

from network.shapes import LEAST_CONTRAST

RELU_GAIN = 1.7139  # sqrt(2 / (1 - 1/pi)) keeps the variance through a ReLU (Brock et al., arXiv:2101.08692)
LEAST_VARIANCE = 1e-6  # keeps a kernel without variance from a division by 0


class KerasNet:
    """The networks' operations on Keras tensors, channels last. A name that is used again is the same layer again.

    The operations at the end of a network (`positions`, `vector`, `dense`) give float32, also in mixed precision.
    """

    def __init__(self) -> None:
        import keras

        self.ops = keras.ops
        self.relu = keras.ops.relu
        self.add = keras.ops.add
        self.convolution = standardised_convolution()
        self.compute_dtype = keras.config.dtype_policy().compute_dtype
        self.layers = {}

    def conv(self, x, name, filters, kernel, strides=(1, 1), padding="same", gain=1.0):
        if name not in self.layers:
            self.layers[name] = self.convolution(filters, kernel, strides, padding, gain, name=name.replace("/", "_"))
        return self.layers[name](x)

    def dense(self, x, name, units):  # (B, N, C) -> (B, N, units)
        row = self.ops.cast(x[:, None], self.compute_dtype)  # (B, 1, N, C)
        row = self.conv(row, name, units, (1, 1), gain=0.5)  # (B, 1, N, units)
        return self.ops.cast(row[:, 0], "float32")

    def affine(self, x, scale, shift):
        return x * scale + shift

    def crop(self, x):  # (B, H, W, C) -> (B, H - 2, W - 2, C)
        return x[:, 1:-1, 1:-1]

    def positions(self, x):
        return self.ops.cast(x, "float32")

    def vector(self, x):  # (B, 1, 1, C) -> (B, C)
        return self.ops.cast(x[:, 0, 0], "float32")

    def frames(self, x, lines, columns):  # (B, 1, columns, lines * C) -> (B, lines * columns, C)
        x = self.ops.reshape(self.ops.cast(x, "float32"), (-1, columns, lines, x.shape[-1] // lines))
        return self.ops.reshape(self.ops.transpose(x, (0, 2, 1, 3)), (-1, lines * columns, x.shape[-1]))

    def split(self, x, channels):  # (B, N, parts * channels) -> (B, N * parts, channels)
        return self.ops.reshape(x, (-1, x.shape[1] * x.shape[2] // channels, channels))

    def standardise(self, x):
        x = x - self.ops.mean(x, axis=(1, 2, 3), keepdims=True)
        deviation = self.ops.sqrt(self.ops.mean(x * x, axis=(1, 2, 3), keepdims=True))
        return self.ops.cast(x / (deviation + LEAST_CONTRAST), self.compute_dtype)


def standardised_convolution():
    """The class of a convolution whose kernel is standardised.

    Batch norm normalises the many activations. Weight standardisation normalises the few weights in their place, and
    each filter learns a gain (Qiao et al., arXiv:1903.10520; Brock et al., arXiv:2101.08692). The class is made in a
    function, because importing Keras takes seconds.
    """
    import keras

    class StandardisedConv2D(keras.layers.Layer):
        def __init__(self, filters, kernel, strides, padding, gain, **kwargs):
            super().__init__(**kwargs)
            self.filters = filters
            self.kernel_size = tuple(kernel)
            self.strides = tuple(strides)
            self.padding = padding
            self.initial_gain = gain

        def build(self, shape):
            shape = (*self.kernel_size, shape[-1], self.filters)
            gain = keras.initializers.Constant(self.initial_gain * RELU_GAIN)
            # Float32 in mixed precision too, because standardisation loses too much in bfloat16.
            self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel", autocast=False)
            self.gain = self.add_weight(shape=(self.filters,), initializer=gain, name="gain", autocast=False)
            self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

        def effective_kernel(self):
            """The kernel as it is applied: each filter has mean 0 and, but for its gain, the same variance."""
            mean = keras.ops.mean(self.kernel, axis=(0, 1, 2))
            variance = keras.ops.mean(self.kernel * self.kernel, axis=(0, 1, 2)) - mean * mean
            inputs = np.prod(self.kernel.shape[:3])  # values that a filter sums up
            scale = self.gain * keras.ops.rsqrt(variance * inputs + LEAST_VARIANCE)
            return self.kernel * scale - mean * scale

        def call(self, x):
            kernel = keras.ops.cast(self.effective_kernel(), self.compute_dtype)
            x = keras.ops.cast(x, self.compute_dtype)
            return keras.ops.conv(x, kernel, strides=self.strides, padding=self.padding) + self.bias

    return StandardisedConv2D


def convolutions(*networks) -> dict:
    """The convolutions of Keras networks by the names that `KerasNet.conv` was given."""
    layers = [layer for network in networks for layer in network.layers if hasattr(layer, "effective_kernel")]
    return {layer.name.replace("_", "/"): layer for layer in layers}


def get_weights(*networks) -> dict[str, np.ndarray]:
    """The weights of Keras networks by name: for each convolution the kernel as it is applied, and the bias."""
    import keras

    arrays = {}
    for name, layer in convolutions(*networks).items():
        arrays[f"{name}/kernel"] = keras.ops.convert_to_numpy(layer.effective_kernel())
        arrays[f"{name}/bias"] = np.asarray(layer.bias)
    return arrays


def set_weights(finder, reader, arrays: dict[str, np.ndarray]) -> None:
    """Give the Keras networks `finder` and `reader` the weights `arrays`, as `get_weights` names them."""
    for name, layer in convolutions(finder, reader).items():
        kernel = arrays[f"{name}/kernel"].astype(np.float32)
        layer.kernel.assign(kernel)
        inputs = np.prod(kernel.shape[:3])  # values that a filter sums up
        layer.gain.assign(kernel.std((0, 1, 2)) * np.sqrt(inputs))  # so the kernel is applied as it is
        layer.bias.assign(arrays[f"{name}/bias"].astype(np.float32))

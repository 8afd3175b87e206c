"""Windows for networks, what Keras networks and ONNX graphs answer on them, and how answers are compared."""

import cv2
import numpy as np
import onnxruntime

from common import WINDOW_SHAPE


def draw_windows(noisy: int, smooth: int) -> np.ndarray:
    """Windows of noise, then windows of smooth patches: (noisy + smooth, 64, 128, 3) uint8."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (noisy, *WINDOW_SHAPE, 3), np.uint8)
    coarse = rng.integers(0, 256, (smooth, 8, 16, 3), np.uint8)
    patches = [cv2.resize(window, WINDOW_SHAPE[::-1], interpolation=cv2.INTER_CUBIC) for window in coarse]
    return np.concatenate([noise, patches])


def call(network, images: np.ndarray) -> dict[str, np.ndarray]:
    """What a Keras network answers on `images` (B, H, W, 3) of 0..255."""
    return {name: np.asarray(value) for name, value in network(images.astype(np.float32) / 255).items()}


def run_onnx(graph: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    """What an ONNX graph answers on `images` (B, H, W, 3), whole numbers of 0..255."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    [given] = session.get_inputs()
    return dict(zip(names, session.run(names, {given.name: images.astype(np.uint8)}), strict=True))


def halve(images: np.ndarray) -> np.ndarray:
    """(B, H, W, 3) at half its resolution, float32. An odd last row or column is left out."""
    height, width = images.shape[1] // 2 * 2, images.shape[2] // 2 * 2
    parts = [images[:, y:height:2, x:width:2].astype(np.float32) for y in (0, 1) for x in (0, 1)]
    return sum(parts) / 4


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def log_softmax(x: np.ndarray) -> np.ndarray:
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def assert_same(first: np.ndarray, second: np.ndarray, tolerance: float = 1e-3) -> None:
    """They agree, and they are not the same for every window."""
    assert first.shape == second.shape
    assert first.std(0).max() > 20 * tolerance
    np.testing.assert_allclose(first, second, rtol=0, atol=tolerance)

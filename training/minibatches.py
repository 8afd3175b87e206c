"""Minibatches: how a batch of windows is divided, degraded anew and given its truths."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common import ALPHABET, UserError, code_to_classes

MINIBATCH = 64  # windows a step; with more windows a step there would be fewer steps in the same hours
REUSE = 2  # passes through a batch; to synthesise a window takes a sixth of the reader's time on it; not tuned
MODELS = ("finder", "reader")


def check_batch(batch: dict, source: Path | str) -> dict:
    """`batch`; UserError, which names `source`, when it holds values that no window has."""
    flags = np.concatenate([batch["presence"], batch["rectified"]])
    places = np.concatenate([batch["corners"].ravel(), batch["centres"].ravel()])
    characters = set("".join(batch["codes"]))
    if flags.max(initial=0) > 1 or not np.isfinite(places).all() or not characters <= set(ALPHABET):
        raise UserError(f"{source}: holds windows that gen.py does not make; make them again with gen.py")
    return batch


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrade windows anew for another pass: gamma, gain, bias, gray, noise.

    `images` is (N, 64, 128, 3) uint8. Returns float32 of that shape, in 0..1. Nothing moves, so the truths still hold.
    The amounts are not tuned.
    """
    count = len(images)
    levels = np.linspace(0, 1, 256, dtype=np.float32)[:, None, None]
    gamma = np.exp(rng.normal(0, 0.25, (count, 1, 1, 1)))
    gain = rng.normal(0, 0.15, (count, 1, 1, 1))  # of a window
    tint = rng.normal(0, 0.05, (count, 1, 1, 3))  # of each of its channels
    bias = rng.normal(0, 0.06, (count, 1, 1, 1))
    curves = (levels**gamma * np.exp(gain + tint) + bias).astype(np.float32)  # (N, 256, 1, 3), each level's new value
    degraded = np.stack([cv2.LUT(image, curve) for image, curve in zip(images, curves, strict=True)])
    gray = rng.random(count) < 0.15
    degraded[gray] = degraded[gray].mean(-1, keepdims=True)
    add_noise(degraded, rng)
    return degraded.clip(0, 1, out=degraded)


def add_noise(images: np.ndarray, rng: np.random.Generator) -> None:
    """Add noise to the windows (N, 64, 128, 3) in place. Each takes a part of the same noise: drawing noise is slow."""
    size = images[0].size
    noise = rng.standard_normal(8 * size, np.float32)
    sigmas = rng.exponential(0.015, len(images)).astype(np.float32)
    starts = rng.integers(0, 7 * size, len(images))
    for image, sigma, start in zip(images, sigmas, starts, strict=True):
        image += sigma * noise[start : start + size].reshape(image.shape)


def plan_batch(rectified: np.ndarray, counts: Sequence[int], size: int, rng: np.random.Generator) -> list[tuple]:
    """The minibatches of a batch, in order: the name of the model, the number of the pass, and `size` windows each.

    `rectified` is (N,), 0 for the finder's windows, 1 for the reader's. In a pass the two models have `counts` (2,)
    minibatches and take turns in proportion. Each pass has another order. Raises UserError when a model has no full
    minibatch.
    """
    if not all(counts):
        raise UserError(f"a batch of {len(rectified)} windows has no {size} for each network; make larger batches")
    plan = []
    for turn in range(REUSE):
        minibatches = []
        for kind, (name, count) in enumerate(zip(MODELS, counts, strict=True)):
            windows = rng.permutation(np.flatnonzero(rectified == kind))
            parts = np.split(windows[: count * size], count)
            minibatches += [((k + 0.5) / count, name, turn, part) for k, part in enumerate(parts)]
        plan += [minibatch[1:] for minibatch in sorted(minibatches, key=lambda minibatch: minibatch[0])]
    return plan


def prepare(batch: dict, name: str, turn: int, chosen: np.ndarray, seed: Sequence[int]) -> tuple[str, np.ndarray, dict]:
    """The minibatch of model `name` with the `chosen` (M,) windows of `batch`, in pass number `turn` through it.

    Returns the name, the windows (M, 64, 128, 3), float32 in 0..1, and their truths. From the second pass on windows
    are degraded; `seed` decides how.
    """
    images = batch["images"][chosen]
    x = augment(images, np.random.default_rng(seed)) if turn else images.astype(np.float32) / 255
    return name, x, truths(batch, chosen, name)


def truths(batch: dict, chosen: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """The right answers of model `name` for the `chosen` (M,) windows of `batch`."""
    y = {
        "presence": batch["presence"][chosen, None].astype(np.float32),  # (M, 1)
        "corners": batch["corners"][chosen],  # (M, 4, 2)
    }
    if name == "reader":
        y["characters"] = np.stack([code_to_classes(code) for code in batch["codes"][chosen]])  # (M, 12)
        y["centres"] = batch["centres"][chosen]  # (M, 12, 2)
    return y

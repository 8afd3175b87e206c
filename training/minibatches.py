"""Minibatches: how a batch of windows is divided, degraded anew and given its truths."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common import ALPHABET, UserError, code_to_slots

MINIBATCH = 64  # windows a step; larger ones would leave fewer steps in the hours there are
REUSE = 2  # passes through a batch: synthesising a window costs a core a sixth of a pass of the reader; not tuned
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
    """Degrade windows afresh for another pass: gamma, gain, bias, gray, noise.

    `images` is (N, 64, 128, 3) uint8; returns float32 of that shape, in 0..1. Geometry is left alone, so the truths
    still hold.
    """
    n, size = len(images), images[0].size
    levels = np.linspace(0, 1, 256, dtype=np.float32)[:, None, None]
    gamma = np.exp(rng.normal(0, 0.25, (n, 1, 1, 1)))
    gain = np.exp(rng.normal(0, 0.15, (n, 1, 1, 1)) + rng.normal(0, 0.05, (n, 1, 1, 3)))  # of all, of each channel
    bias = rng.normal(0, 0.06, (n, 1, 1, 1))
    curves = (levels**gamma * gain + bias).astype(np.float32)  # (N, 256, 1, 3), what each level becomes
    degraded = np.stack([cv2.LUT(image, curve) for image, curve in zip(images, curves, strict=True)])
    gray = rng.random(n) < 0.15
    degraded[gray] = degraded[gray].mean(-1, keepdims=True)
    noise = rng.standard_normal(8 * size, np.float32)  # each window takes a part: fresh noise for all is slow
    sigmas, starts = rng.exponential(0.015, n).astype(np.float32), rng.integers(0, 7 * size, n)
    for i, (sigma, start) in enumerate(zip(sigmas, starts, strict=True)):
        degraded[i] += sigma * noise[start : start + size].reshape(images[i].shape)
    return degraded.clip(0, 1, out=degraded)


def plan_batch(rectified: np.ndarray, counts: Sequence[int], size: int, rng: np.random.Generator) -> list[tuple]:
    """The minibatches of a batch: model, pass and windows, `size` of them, of each.

    `rectified` is (N,), 0 for the finder's windows, 1 for the reader's. A pass has `counts` (2,) minibatches of the two
    models, which take turns in proportion; each goes through the windows in another order.
    Raises UserError when there is no full minibatch for each model.
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
    """What model `name` should answer for the `chosen` (M,) windows of `batch`."""
    y = {
        "presence": batch["presence"][chosen, None].astype(np.float32),  # (M, 1)
        "corners": batch["corners"][chosen],  # (M, 4, 2)
    }
    if name == "reader":
        y["characters"] = np.stack([code_to_slots(code) for code in batch["codes"][chosen]])  # (M, 12)
        y["centres"] = batch["centres"][chosen]  # (M, 12, 2)
    return y

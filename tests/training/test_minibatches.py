"""Minibatches: the division of a batch, the degradation, and what goes to a network."""

import numpy as np
import pytest
from window_batches import PAINTED, make_batch

from common import UserError
from training.minibatches import MINIBATCH, MODELS, REUSE, augment, check_batch, plan_batch, prepare


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return make_batch(0, 40, 0, PAINTED)


def test_augment_keeps_the_picture(batch):
    images = batch["images"]
    degraded = augment(images, np.random.default_rng(1))
    assert degraded.shape == images.shape
    assert degraded.dtype == np.float32
    assert degraded.min() >= 0
    assert degraded.max() <= 1
    assert np.array_equal(degraded, augment(images, np.random.default_rng(1)))
    assert not np.array_equal(degraded, augment(images, np.random.default_rng(2)))
    kept = [np.corrcoef(a.mean(-1).ravel(), b.mean(-1).ravel())[0, 1] for a, b in zip(images, degraded, strict=True)]
    assert np.median(kept) > 0.95
    gray = np.ptp(degraded, axis=-1).max((1, 2)) < np.ptp(images / 255, axis=-1).max((1, 2)) * 0.5
    assert gray.any()


def test_plan_goes_through_all_windows():
    rectified = np.arange(1000) % 4 == 0
    counts = [750 // MINIBATCH, 250 // MINIBATCH]
    plan = plan_batch(rectified, counts, MINIBATCH, np.random.default_rng(0))
    assert [name for name, _, _ in plan].count("reader") == REUSE * (250 // MINIBATCH)
    for turn in range(REUSE):
        for kind, name in enumerate(MODELS):
            chosen = np.concatenate([w for n, t, w in plan if (n, t) == (name, turn)])
            assert len(np.unique(chosen)) == len(chosen) > 1000 * (0.25, 0.75)[1 - kind] - MINIBATCH
            assert (rectified[chosen] == kind).all()
    assert "reader" in [name for name, _, _ in plan[:4]]  # they take turns
    with pytest.raises(UserError, match="larger batches"):
        plan_batch(rectified[:100], [1, 0], MINIBATCH, np.random.default_rng(0))


CHANGES = {
    "presence": lambda batch: batch["presence"] + 2,
    "rectified": lambda batch: batch["rectified"] + 1,
    "corners": lambda batch: batch["corners"] * np.float32(np.nan),
    "centres": lambda batch: batch["centres"] + np.float32(np.inf),
    "codes": lambda batch: np.char.lower(batch["codes"]),
}


@pytest.mark.parametrize("key", CHANGES)
def test_values_that_no_window_has_are_refused(batch, key):
    assert check_batch(batch, "data") is batch
    with pytest.raises(UserError, match="data: holds windows that"):
        check_batch(batch | {key: CHANGES[key](batch)}, "data")


def test_the_first_pass_shows_the_windows_as_they_are(batch):
    chosen = np.array([3, 1])
    name, x, y = prepare(batch, "finder", 0, chosen, (0, 5))
    assert name == "finder"
    np.testing.assert_array_equal((x * 255).round().astype(np.uint8), batch["images"][chosen])
    np.testing.assert_array_equal(y["corners"], batch["corners"][chosen])
    np.testing.assert_array_equal(y["presence"][:, 0], batch["presence"][chosen])


def test_later_passes_degrade_by_the_seed_alone(batch):
    chosen = np.array([3, 1])
    x, again, other = (prepare(batch, "reader", 1, chosen, seed)[1] for seed in ((0, 5), (0, 5), (0, 6)))
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, other)
    assert not np.array_equal(x, batch["images"][chosen].astype(np.float32) / 255)

"""Pictures behind the code: each kind changes the plate, and none hides the code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis import pictures


@pytest.mark.parametrize("draw", [*pictures._LAYERS, pictures.draw_picture], ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("shape", [(16, 40), (100, 200), (300, 120)])
def test_each_kind_of_picture_is_seen(draw, shape):
    changed = []
    for seed in range(12):
        image = np.full((*shape, 3), 200, np.float32)
        draw(image, np.random.default_rng(seed))
        assert image.shape == (*shape, 3)
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        changed.append((np.abs(image - 200) > 5).any(-1).mean())
    assert np.median(changed) > 0.02


def test_pictures_differ():
    images = []
    for seed in range(20):
        image = np.full((60, 120, 3), 200, np.float32)
        pictures.draw_picture(image, np.random.default_rng(seed))
        images.append(image)
    assert len({image.tobytes() for image in images}) == 20


@given(st.integers(0, 2**32), st.sampled_from([10.0, 60.0, 200.0, 250.0]))
@settings(deadline=None)
def test_the_ink_stands_out_from_what_is_behind_the_code(seed, gray):
    rng = np.random.default_rng(seed)
    image = rng.uniform(0, 255, (60, 120, 3)).astype(np.float32)
    before = image.copy()
    ink = np.full(3, gray, np.float32)
    pictures.keep_contrast(image, (10, 20, 110, 40), ink)
    apart = np.abs(image[20:40, 10:110] @ [0.114, 0.587, 0.299] - gray)
    assert apart.min() > pictures.LEAST_CONTRAST - 1
    np.testing.assert_array_equal(image[:15], before[:15])
    np.testing.assert_array_equal(image[46:], before[46:])
    np.testing.assert_array_equal(image[:, :10], before[:, :10])


def test_a_picture_with_contrast_stays_as_it_is():
    image = np.full((60, 120, 3), 220, np.float32)
    pictures.keep_contrast(image, (0, 0, 120, 60), np.full(3, 20, np.float32))
    assert (image == 220).all()

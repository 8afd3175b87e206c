"""Backgrounds: photographs where there are some, painted ones otherwise."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from media.pictures import write_image
from synthesis.backgrounds import Backgrounds, paint_background, paint_body


def test_photographs_are_the_background(tmp_path):
    """One magenta photograph and a damaged one: windows are magenta, at any size, but for the vehicles' bodies."""
    write_image(tmp_path / "a.png", np.full((70, 90, 3), (255, 0, 255), np.uint8))
    (tmp_path / "b.jpg").write_bytes(b"damaged")
    backgrounds = Backgrounds(tmp_path)
    rng = np.random.default_rng(0)
    for shape in ((64, 128), (200, 30), (9, 300)):
        images = [backgrounds.draw(shape, 0, 0, rng) for _ in range(30)]
        assert {image.shape for image in images} == {(*shape, 3)}
        whole = [bool((image == (255, 0, 255)).all()) for image in images]
        assert 5 <= sum(whole) <= 25


@given(st.integers(0, 2**32), st.integers(20, 200), st.integers(20, 300))
@settings(deadline=None)
def test_backgrounds_of_every_size_can_be_painted(seed, height, width):
    rng = np.random.default_rng(seed)
    image = paint_background((height, width), rng)
    paint_body(image, rng)
    assert image.shape == (height, width, 3)
    assert image.dtype == np.float32
    assert np.isfinite(image).all()

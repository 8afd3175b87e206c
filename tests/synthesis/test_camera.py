"""The camera: what its software leaves of a picture."""

import numpy as np
import pytest

from synthesis import camera

PITCHES = (camera.LEAST_PITCH, 8, 20)  # pixels a character


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """(64, 128, 3) uint8: dark bars on light ground, as letters are."""
    picture = np.full((64, 128, 3), (190, 200, 210), np.uint8)
    picture[16:48, 8:120:8] = (40, 50, 30)
    return picture


def compressed(picture: np.ndarray, kind: int, pitch: float, monkeypatch) -> list[np.ndarray]:
    """`picture` as it comes out of eight files of the one `kind`, a place in COMPRESSION_SHARES."""
    monkeypatch.setattr(camera, "COMPRESSION_SHARES", np.eye(3)[kind])
    return [camera.compress(picture, pitch, np.random.default_rng(seed)) for seed in range(8)]


def test_a_file_without_losses_changes_nothing(picture, monkeypatch):
    for kept in compressed(picture, 0, 8, monkeypatch):
        np.testing.assert_array_equal(kept, picture)


@pytest.mark.parametrize("pitch", PITCHES)
@pytest.mark.parametrize("kind", [1, 2])
def test_compression_changes_a_picture_and_leaves_its_letters(picture, kind, pitch, monkeypatch):
    files = compressed(picture, kind, pitch, monkeypatch)
    assert len({file.tobytes() for file in files}) > 1  # of several qualities
    for file in files:
        assert (file.shape, file.dtype) == (picture.shape, picture.dtype)
        assert np.abs(file.astype(int) - picture).mean() > 0
        bars, ground = file[24:40, 8:120:8].mean(), file[24:40, 12:116:8].mean()
        assert ground - bars > 100


@pytest.mark.parametrize("kind", [1, 2])
def test_small_characters_are_compressed_less(picture, kind, monkeypatch):
    small, large = (compressed(picture, kind, pitch, monkeypatch) for pitch in (camera.LEAST_PITCH, 20))
    worst = [max(np.abs(file.astype(int) - picture).mean() for file in files) for files in (small, large)]
    assert worst[0] < 0.8 * worst[1]


def test_a_faint_picture_keeps_its_letters_in_a_video(picture, monkeypatch):
    faint = (120 + picture.astype(float) / 10).astype(np.uint8)
    for file in compressed(faint, 2, 20, monkeypatch):
        assert file[24:40, 12:116:8].mean() - file[24:40, 8:120:8].mean() > 10


@pytest.mark.parametrize("pitch", PITCHES)
def test_a_photograph_keeps_size_and_kind(picture, pitch):
    for seed in range(20):
        photo = camera.take(picture.astype(np.float32), pitch, np.random.default_rng(seed))
        assert (photo.shape, photo.dtype) == (picture.shape, np.uint8)

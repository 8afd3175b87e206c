"""Reading photographs: their order, crops in batches, watchers, and the memory of a run over many of them."""

import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from common import UserError
from media.pictures import read_image, write_image
from reading import photographs
from reading.photographs import read_photos
from reading.reader import BATCH
from reading.sources import Photo


class WidthReader:
    """In place of a plate reader: its "plates" of a photo are the photo's width."""

    def __init__(self) -> None:
        self.batches = []

    def read(self, photos, crops=False):
        self.batches.append((len(photos), crops))
        return [[photo.shape[1]] for photo in photos]


@pytest.fixture
def photos(tmp_path) -> list[Photo]:
    """Photos that are 10, 11, ... pixels wide; the fourth is damaged."""
    for i in range(BATCH + 2):
        write_image(tmp_path / f"{i}.png", np.full((8, 10 + i, 3), 90, np.uint8))
    (tmp_path / "3.png").write_text("no picture")
    return [Photo(tmp_path / f"{i}.png", f"{i}.png") for i in range(BATCH + 2)]


@pytest.mark.parametrize("side_by_side", [1, 3, 50])
@pytest.mark.parametrize("crops", [False, True])
def test_every_photo_has_its_own_plates(photos, crops, side_by_side):
    reader = WidthReader()
    answers = [*read_photos(reader, photos, crops, side_by_side=side_by_side)]
    assert [photo for photo, _ in answers] == photos
    assert isinstance(answers[3][1], UserError)
    assert [plates for _, plates in answers[:3] + answers[4:]] == [[10 + i] for i in range(BATCH + 2) if i != 3]
    if crops:
        assert sorted(reader.batches) == [(2, True), (BATCH - 1, True)]


def test_photos_are_read_side_by_side(photos):
    barrier = threading.Barrier(3, timeout=60)  # passes when three photos are being read at once

    class WaitingReader(WidthReader):
        def read(self, photos, crops=False):
            barrier.wait()
            return super().read(photos, crops)

    assert len([*read_photos(WaitingReader(), photos[4:10], side_by_side=3)]) == 6


def test_watchers_see_each_photo_before_it_is_drawn(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "draw", lambda pixels, plates: np.full_like(pixels, 200))
    seen = []
    photo = Photo(photos[0].address, "name", tmp_path / "new" / "out.png")
    answers = read_photos(WidthReader(), [photo, photos[3]], watchers=[lambda *arguments: seen.append(arguments)])
    assert len([*answers]) == 2
    [(name, pixels, plates, path)] = seen
    assert (name, plates, path) == ("name", [10], photos[0].address)
    assert (pixels == 90).all()
    assert (read_image(photo.drawn) == 200).all()


def test_many_photos_need_no_more_memory_than_a_few(monkeypatch, tmp_path):
    alive = weakref.WeakValueDictionary()  # the decoded photos that anything still holds

    def decode(path):
        alive[path] = photo = np.zeros((8, 8, 3), np.uint8)
        return photo

    monkeypatch.setattr(photographs, "read_image", decode)
    monkeypatch.setattr(photographs, "write_image", lambda path, photo: None)
    monkeypatch.setattr(photographs, "draw", lambda photo, plates: photo)
    photos = [Photo(Path(f"{i}.png"), f"{i}.png", tmp_path / f"{i}.png") for i in range(500)]
    most = 0
    for _ in read_photos(WidthReader(), photos):
        most = max(most, len(alive))
    assert len(alive) == 0
    assert 1 <= most <= 8

"""Reading photographs: the memory of a run over many of them."""

import weakref
from pathlib import Path

import numpy as np

from reading import photographs
from reading.photographs import Job, read_files


class BlindReader:
    """A plate reader that never sees a plate."""

    def read(self, photo):
        return []


def test_many_photos_need_no_more_memory_than_a_few(monkeypatch, tmp_path):
    alive = weakref.WeakValueDictionary()  # the decoded photos that anything still holds

    def decode(path):
        alive[path] = photo = np.zeros((8, 8, 3), np.uint8)
        return photo

    monkeypatch.setattr(photographs, "read_image", decode)
    monkeypatch.setattr(photographs, "write_image", lambda path, photo: None)
    jobs = [Job(Path(f"{i}.png"), tmp_path / f"{i}.png") for i in range(500)]
    most = 0
    for _ in read_files(BlindReader(), jobs):
        most = max(most, len(alive))
    assert len(alive) == 0
    assert 1 <= most <= 8

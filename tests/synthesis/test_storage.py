"""Folders of windows: what is written is read back, whole or not at all."""

import numpy as np
import pytest
from window_batches import PAINTED, assert_same_batch

from common import UserError
from synthesis import storage
from synthesis.workers import make_batch, stream_chunks


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return make_batch(0, 40, 0, PAINTED)


def test_windows_are_read_back_with_all_that_is_true_of_them(batch, tmp_path):
    chunks = ({key: array[i : i + 25] for key, array in batch.items()} for i in (0, 25))
    storage.write_windows(tmp_path, 0, 40, chunks)
    assert_same_batch(storage.read_windows(tmp_path), batch)


def test_windows_that_are_missing_are_named(batch, tmp_path):
    with pytest.raises(UserError, match="holds no windows"):
        storage.read_windows(tmp_path)
    storage.write_windows(tmp_path, 0, 40, iter([dict(batch)]))
    missing = sorted(tmp_path.glob("*.png"))[5]
    missing.unlink()
    with pytest.raises(UserError, match=missing.name):
        storage.read_windows(tmp_path)


def test_batches_are_files_of_equal_size(monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "BATCH", 4)
    storage.write_batches(tmp_path, 10, 20, stream_chunks(PAINTED, 0, [(i, 2) for i in range(10, 20, 2)], 1))
    batches = [storage.read_batch(path) for path in storage.list_batches(tmp_path)]
    assert [len(batch["images"]) for batch in batches] == [4, 4, 2]
    assert_same_batch(storage.concatenate(batches), make_batch(10, 10, 0, PAINTED))


def test_batches_are_read_in_another_order_each_epoch(batch, tmp_path, capsys):
    for i in range(5):
        np.savez(tmp_path / f"{i}.npz", **batch | {"presence": np.full(40, i, np.uint8)})
    stream = storage.read_batches(str(tmp_path), 0, 0)
    read = [int(next(stream)["presence"][0]) for _ in range(15)]
    epochs = [read[:5], read[5:10], read[10:]]
    assert all(sorted(epoch) == list(range(5)) for epoch in epochs)
    assert epochs[0] != epochs[1] or epochs[1] != epochs[2]
    stream = storage.read_batches(str(tmp_path), 0, 7)
    assert [int(next(stream)["presence"][0]) for _ in range(8)] == read[7:]
    stream = storage.read_batches(str(tmp_path), 0, 1, 3)  # the second of three machines
    assert [int(next(stream)["presence"][0]) for _ in range(5)] == read[1::3]

    data = (tmp_path / "3.npz").read_bytes()
    (tmp_path / "3.npz").write_bytes(data[: len(data) // 2])
    np.savez(tmp_path / "4.npz", images=np.zeros(3))
    stream = storage.read_batches(str(tmp_path), 0, 0)
    assert {int(next(stream)["presence"][0]) for _ in range(5)} == {0, 1, 2}
    named = capsys.readouterr().err
    assert "3.npz" in named
    assert "4.npz" in named
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="none of its 5"):
        next(storage.read_batches(str(tmp_path), 0, 0))

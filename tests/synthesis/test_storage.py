"""Folders of windows: what is written is read back, whole or not at all."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from window_batches import PAINTED, assert_same_batch, make_batch

from common import UserError
from media.pictures import write_image
from synthesis import storage
from synthesis.windows import Synthesizer
from synthesis.workers import stream_chunks

SETTINGS = {"seed": 0, "digest": "a"}
OTHER_SETTINGS = {"seed": 1, "digest": "a"}


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return make_batch(0, 40, 0, PAINTED)


def write_some(folder: Path, batch: dict, first: int, end: int, settings: dict, with_pictures: bool = True) -> None:
    """Write windows first .. end - 1, each of which is one of `batch`, as gen.py would."""
    chosen = np.arange(first, end) % len(batch["presence"])
    write = storage.write_windows if with_pictures else storage.write_batches
    write(folder, first, end, [{key: array[chosen] for key, array in batch.items()}], settings)


def indices(folder: Path, name: re.Pattern) -> list[int]:
    return [index for index, _ in storage.list_files(folder, name)]


# --- windows as pictures --------------------------------------------------------------------------------------------


def test_windows_are_read_back_with_all_that_is_true_of_them(batch, tmp_path):
    chunks = ({key: array[i : i + 25] for key, array in batch.items()} for i in (0, 25))
    storage.write_windows(tmp_path, 0, 40, chunks, SETTINGS)
    assert_same_batch(storage.read_windows(tmp_path), batch)


def test_windows_that_are_missing_are_named(batch, tmp_path):
    with pytest.raises(UserError, match="holds no windows"):
        storage.read_windows(tmp_path)
    write_some(tmp_path, batch, 0, 40, SETTINGS)
    missing = sorted(tmp_path.glob("*.png"))[5]
    missing.unlink()
    with pytest.raises(UserError, match=missing.name):
        storage.read_windows(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"codes": None},
        {"presence": np.zeros(40, np.int64)},
        {"corners": np.zeros((40, 4, 3), np.float32)},
        {"centres": np.zeros((39, 12, 2), np.float32)},
        {"presence": np.uint8(1)},
        {"more": np.zeros(40)},
    ],
    ids=str,
)
def test_archives_of_other_arrays_are_named(batch, tmp_path, change):
    write_some(tmp_path, batch, 0, 40, SETTINGS)
    path = tmp_path / "00000000.npz"
    arrays = {key: array for key, array in (batch | change).items() if key != "images" and array is not None}
    np.savez(path, **arrays)
    with pytest.raises(UserError, match=path.name):
        storage.read_windows(tmp_path)


def test_a_picture_of_another_size_is_named(batch, tmp_path):
    write_some(tmp_path, batch, 0, 4, SETTINGS)
    path = min(tmp_path.glob("*.png"))
    write_image(path, np.zeros((30, 30, 3), np.uint8))
    with pytest.raises(UserError, match=path.name):
        storage.read_windows(tmp_path)


# --- windows belong to their settings -------------------------------------------------------------------------------


@pytest.mark.parametrize("with_pictures", [True, False])
def test_windows_of_other_settings_are_replaced_as_a_whole(batch, tmp_path, capsys, with_pictures):
    (tmp_path / "mine.png").write_bytes(b"mine")
    assert storage.settings_of(tmp_path) is None
    write_some(tmp_path, batch, 0, 30, SETTINGS, with_pictures)
    assert storage.settings_of(tmp_path) == SETTINGS
    assert "other settings" not in capsys.readouterr().err
    write_some(tmp_path, batch, 50, 60, OTHER_SETTINGS, with_pictures)
    assert "other settings" in capsys.readouterr().err
    assert storage.settings_of(tmp_path) == OTHER_SETTINGS
    assert indices(tmp_path, storage.ARCHIVE) == [50]
    assert indices(tmp_path, storage.PICTURE) == (list(range(50, 60)) if with_pictures else [])
    assert (tmp_path / "mine.png").read_bytes() == b"mine"


def test_parts_of_the_same_settings_stand_side_by_side(batch, tmp_path):
    for first, end in ((20, 40), (0, 10), (10, 20)):
        write_some(tmp_path, batch, first, end, SETTINGS)
    assert_same_batch(storage.read_windows(tmp_path), batch)


def test_a_part_of_other_settings_leaves_nothing_of_the_whole(batch, tmp_path):
    """As `gen.py 40`, then `gen.py 40 --shard 2/2 --seed 1`: no archive names pictures that are gone."""
    write_some(tmp_path, batch, 0, 40, SETTINGS)
    write_some(tmp_path, batch, 20, 40, OTHER_SETTINGS)
    assert len(storage.read_windows(tmp_path)["images"]) == 20


def test_a_part_of_the_same_settings_replaces_the_archive_that_it_overlaps(batch, tmp_path):
    write_some(tmp_path, batch, 0, 30, SETTINGS)
    write_some(tmp_path, batch, 30, 40, SETTINGS)
    write_some(tmp_path, batch, 10, 20, SETTINGS)
    assert indices(tmp_path, storage.PICTURE) == [*range(10, 20), *range(30, 40)]
    assert len(storage.read_windows(tmp_path)["images"]) == 20


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"{}"])
def test_a_folder_that_does_not_say_its_settings_has_others(batch, tmp_path, content):
    write_some(tmp_path, batch, 0, 10, SETTINGS)
    (tmp_path / storage.SETTINGS_FILE).write_bytes(content)
    assert storage.settings_of(tmp_path) != SETTINGS
    write_some(tmp_path, batch, 20, 30, SETTINGS)
    assert indices(tmp_path, storage.PICTURE) == list(range(20, 30))


def test_what_an_interrupted_run_left_is_replaced(batch, tmp_path):
    def interrupted():
        yield {key: array[:10] for key, array in batch.items()}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.write_windows(tmp_path, 0, 40, interrupted(), SETTINGS)
    assert indices(tmp_path, storage.PICTURE) == list(range(10))
    write_some(tmp_path, batch, 20, 30, OTHER_SETTINGS)
    assert indices(tmp_path, storage.PICTURE) == list(range(20, 30))


def test_windows_of_large_indices_come_after_those_of_small_ones(batch, tmp_path):
    write_some(tmp_path, batch, 10**12, 10**12 + 2, SETTINGS)
    write_some(tmp_path, batch, 10**8 - 3, 10**8 + 3, SETTINGS)
    expected = [(10**8 - 3 + i) % 40 for i in range(6)] + [10**12 % 40, 10**12 % 40 + 1]
    read = storage.read_windows(tmp_path)
    np.testing.assert_array_equal(read["images"], batch["images"][expected])
    write_some(tmp_path, batch, 0, 2, OTHER_SETTINGS)
    assert indices(tmp_path, storage.PICTURE) == [0, 1]


# --- batches --------------------------------------------------------------------------------------------------------


def test_batches_are_files_of_equal_size(monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "BATCH", 4)
    synthesizer = Synthesizer(PAINTED)
    chunks = stream_chunks(synthesizer, 0, [(i, 2) for i in range(10, 20, 2)], 1)
    storage.write_batches(tmp_path, 10, 20, chunks, synthesizer.describe(0))
    batches = [storage.read_archive(path, storage.ARRAYS) for path in storage.list_batches(tmp_path)]
    assert [len(batch["images"]) for batch in batches] == [4, 4, 2]
    assert_same_batch(storage.concatenate(batches), make_batch(10, 10, 0, PAINTED))


def test_batches_of_the_same_settings_never_overlap(batch, monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "BATCH", 10)

    def write(first: int, end: int) -> list[range]:
        parts = [range(i, min(i + 10, end)) for i in range(first, end, 10)]
        chunks = [{key: array[list(part)] for key, array in batch.items()} for part in parts]
        storage.write_batches(tmp_path, first, end, chunks, SETTINGS)
        return [storage.windows_in(path) for path in storage.list_batches(tmp_path)]

    assert write(0, 35) == [range(0, 10), range(10, 20), range(20, 30), range(30, 35)]
    assert write(0, 40) == [range(0, 10), range(10, 20), range(20, 30), range(30, 40)]
    assert write(15, 25) == [range(0, 10), range(15, 25), range(30, 40)]


def test_batches_that_are_made_again_stay_until_they_are_replaced(batch, monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "BATCH", 10)

    def chunks(count: int):
        for i in range(count):
            yield {key: array[10 * i : 10 * i + 10] for key, array in batch.items()}
        raise KeyboardInterrupt

    storage.write_batches(tmp_path, 0, 40, itertools.islice(chunks(5), 4), SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        storage.write_batches(tmp_path, 0, 40, chunks(1), SETTINGS)
    assert indices(tmp_path, storage.ARCHIVE) == [0, 10, 20, 30]


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

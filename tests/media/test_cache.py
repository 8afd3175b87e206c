"""media/cache.py: an entry is used again for the same sources alone, and never matters when it is damaged."""

import os
from pathlib import Path

import pytest

from media import cache


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "plate-reader"


class Maker:
    """Counts how often it makes something."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.count = 0

    def __call__(self) -> bytes:
        self.count += 1
        return self.data


def test_the_same_sources_are_made_once():
    maker = Maker(b"made")
    assert [cache.keep("x", [b"a", b"b"], maker) for _ in range(3)] == [b"made"] * 3
    assert maker.count == 1


@pytest.mark.parametrize("sources", [[b"a", b"c"], [b"ab"], [b"", b"ab"], [b"a", b"b", b""]])
def test_other_sources_are_made_anew(sources):
    cache.keep("x", [b"a", b"b"], Maker(b"before"))
    assert cache.keep("x", sources, Maker(b"after")) == b"after"


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:40], lambda data: b"", lambda d: d + b"x"]
)
def test_a_damaged_entry_is_made_anew(folder, damage):
    cache.keep("x", [b"a"], Maker(b"made"))
    entry = folder / "x"
    entry.write_bytes(damage(entry.read_bytes()))
    maker = Maker(b"made")
    assert cache.keep("x", [b"a"], maker) == b"made"
    assert maker.count == 1


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache.keep("x", [b"a"], Maker(b"made")) == b"made"


def test_without_a_home_nothing_is_kept(monkeypatch):
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    assert cache.keep("x", [b"a"], Maker(b"made")) == b"made"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")
def test_an_entry_of_somebody_else_is_not_used(folder):
    cache.keep("x", [b"a"], Maker(b"made"))
    os.chown(folder / "x", 12345, 12345)
    assert cache.keep("x", [b"a"], Maker(b"mine")) == b"mine"

"""The tables of formats in the user's cache: used while nothing changes, and without any say of their own."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from format_files import SMALL

from common import UserError
from formats import loading
from formats.loading import load_formats


@pytest.fixture(autouse=True)
def entry(tmp_path, monkeypatch) -> Path:
    """The cache's file of tables."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "plate-reader" / "formats.json"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder of two formats in place of the project's."""
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "aa.toml").write_text(SMALL, "utf-8")
    (folder / "bb.toml").write_text(SMALL.replace("LL DD", "DD LL"), "utf-8")
    monkeypatch.setattr(loading, "FOLDER", folder)
    return folder


def replace_tables(entry: Path, text: str) -> None:
    """Let the cache hold `text` in place of its tables, as somebody would who knows how it is made."""
    mark = entry.read_bytes()[:32]
    data = text.encode()
    entry.write_bytes(mark + hashlib.sha256(data).digest() + data)


def refuse_to_parse(source: str) -> dict:
    raise AssertionError("TOML was parsed again")


def test_kept_formats_are_equal_and_not_parsed_again(folder, entry, monkeypatch):
    formats = load_formats(folder=folder)
    assert entry.exists()
    monkeypatch.setattr(loading, "parse_toml", refuse_to_parse)
    assert load_formats(folder=folder) == formats
    assert [form.name for form in formats] == ["aa", "bb"]


def test_a_change_is_seen(folder):
    before = load_formats(folder=folder)
    (folder / "aa.toml").write_text(SMALL.replace("DD|DDDD", "DD|DDD"), "utf-8")
    after = load_formats(folder=folder)
    assert after[0].patterns != before[0].patterns
    assert after[1] == before[1]
    shutil.copy(folder / "bb.toml", folder / "cc.toml")
    assert [form.name for form in load_formats(folder=folder)] == ["aa", "bb", "cc"]


def nest(depth: int) -> str:
    return "[" * depth + "]" * depth


TAMPERED = {
    "no json": "{",
    "nothing": "[]",
    "one table": "[{}]",
    "no tables": '["aa", 1]',
    "a number": "7",
    "tables without keys": "[{}, {}]",
    "an unknown key": '[{"command": "x"}, {}]',
    "nested": nest(100_000),
    "a long number": "[" + "9" * 5000 + ", {}]",
    "no defaults": '[{"defaults": 1}, {"defaults": []}]',
}


@pytest.mark.parametrize("text", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_tampered_cache_does_not_matter(folder, entry, text):
    formats = load_formats(folder=folder)
    replace_tables(entry, text)
    assert load_formats(folder=folder) == formats


def test_what_the_cache_says_is_checked_as_files_are(folder, entry):
    formats = load_formats(folder=folder)
    tables = json.loads(entry.read_bytes()[64:])
    tables[0]["patterns"] = [["L" * 13, 1]]
    replace_tables(entry, json.dumps(tables))
    assert load_formats(folder=folder) == formats


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("weight = 1.5", "weight = ", "line 3: is no TOML"),
        ("weight = 1.5", "weight = 1979-05-27", "line 3: weight must be a number"),
        ("weight = 1.5", "weight = 0", "line 3: weight must be"),
        ("DD|DDDD", "DD|????", "line 6"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_a_cache_as_without(folder, old, new, reason):
    load_formats(folder=folder)
    (folder / "bb.toml").write_text(SMALL.replace(old, new), "utf-8")
    for _ in range(2):
        with pytest.raises(UserError, match=rf"bb\.toml: {reason}"):
            load_formats(folder=folder)


def test_tables_of_another_folder_are_not_kept(folder, entry, monkeypatch):
    monkeypatch.setattr(loading, "FOLDER", folder.parent)
    load_formats(folder=folder)
    load_formats("aa", folder)
    assert not entry.exists()


def test_a_cache_that_cannot_be_written_is_done_without(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [form.name for form in load_formats(folder=folder)] == ["aa", "bb"]

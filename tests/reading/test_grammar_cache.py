"""reading/grammar_cache.py: the kept grammar is the one that is made of the formats, and is made anew with them."""

import pytest

from formats import loading
from formats.loading import load_formats
from reading import grammar_cache
from reading.grammar import make_grammar
from reading.grammar_cache import format_rows, load_grammar
from reading.pattern_rows import make_rows

CODES = ("KA02MK7259", "AB12CDE", "4AYE132", "QZG3580", "XXXXXXXX", "1")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_kept_grammar_is_that_of_the_formats(monkeypatch):
    wanted = make_grammar(load_formats())
    made = load_grammar()
    monkeypatch.setattr(loading, "load_formats", None)  # would fail if it were called
    kept = load_grammar(only=True)
    for grammar in (made, kept):
        assert (grammar.names, grammar.kinds) == (wanted.names, wanted.kinds)
        for code in CODES:
            assert grammar.prior(code) == wanted.prior(code)
            assert grammar.country(code) == wanted.country(code)
            assert grammar.following(code[:3]) == wanted.following(code[:3])
    assert (made.only, kept.only) == (False, True)


def test_rows_are_as_before_exactly():
    rows = make_rows(load_formats())
    kept = grammar_cache.parse_rows(format_rows(rows))
    for row, same in zip(rows, kept, strict=True):
        assert (row.kinds, row.shares, row.total) == (same.kinds, same.shares, same.total)
        for token, again in zip(row.tokens, same.tokens, strict=True):
            assert (token.kinds, token.weights) == (again.kinds, again.weights)
            assert (token.letters, token.digits) == (again.letters, again.digits)


def test_a_changed_format_makes_the_grammar_anew(monkeypatch):
    load_grammar()
    files = loading.read_files()
    path, content = next(iter(files.items()))
    monkeypatch.setattr(loading, "read_files", lambda: files | {path: content + b"# changed"})
    monkeypatch.setattr(grammar_cache, "make_entry", lambda: format_rows([]))
    assert load_grammar().by_length == {}


def test_named_formats_are_not_kept(tmp_path):
    assert load_grammar("in,gb").names == ["in", "gb"]
    assert load_grammar(None, "LL DD").names == ["pattern"]
    assert [*tmp_path.iterdir()] == []

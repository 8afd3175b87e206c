"""The rows of patterns say all codes of the formats and no others, as often as drawing does."""

import numpy as np
import pytest
from fakes import FORMATS
from hypothesis import given, settings
from hypothesis import strategies as st
from small_formats import count_out, draw_code, make_format, two_formats

from formats.loading import load_formats
from reading.pattern_rows import Prefixes, make_rows, shape_of

SOME_FORMATS = load_formats(FORMATS)
SOME_ROWS = make_rows(SOME_FORMATS)


def chance(code: str) -> float:
    """How probable `code` is among the codes with the same kinds of characters in the same places."""
    return float(np.prod([1 / 26 if c.isalpha() else 1 / 10 for c in code]))


def test_rows_weigh_codes_as_counting_out_does():
    rows = make_rows(two_formats())
    shares = count_out(two_formats())
    assert len(shares) > 12
    for code in [*shares, "XX", "Z11", "11", "W3", "X12Y"]:
        for number, name in enumerate(("aa", "bb")):
            weights = [row.weigh(code) * row.shares.get(number, 0) for row in rows if len(row.kinds) == len(code)]
            assert sum(weights) == pytest.approx(shares.get(code, {}).get(name, 0) / chance(code))


def test_shares_of_rows_add_up():
    assert sum(row.total for row in SOME_ROWS) == pytest.approx(1)
    assert all(sum(row.shares.values()) == pytest.approx(row.total) for row in SOME_ROWS)


def test_formats_share_equal_rows():
    rows = make_rows([make_format([("LL DD", 1.0)], name=name) for name in ("aa", "bb")])
    assert [row.shares for row in rows] == [{0: pytest.approx(0.5), 1: pytest.approx(0.5)}]


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_each_code_that_is_drawn_has_a_row_of_its_format(seed):
    rng = np.random.default_rng(seed)
    number = rng.integers(len(SOME_FORMATS))
    code = draw_code(rng, SOME_FORMATS[number])
    rows = [row for row in SOME_ROWS if len(row.kinds) == len(code) and row.weigh(code)]
    assert any(number in row.shares for row in rows)
    for row in rows:
        assert all(kind in ("X", wanted) for kind, wanted in zip(row.kinds, shape_of(code), strict=True))


def test_prefixes_are_the_beginnings_of_all_codes():
    prefixes = Prefixes(make_rows(two_formats()))
    codes = set(count_out(two_formats()))
    for prefix in {code[:length] for code in codes for length in range(len(code) + 1)} | {"Q", "X9", "XYZ19"}:
        characters = {code[len(prefix)] for code in codes if code.startswith(prefix) and code != prefix}
        assert prefixes.following(prefix) == (characters, prefix in codes)

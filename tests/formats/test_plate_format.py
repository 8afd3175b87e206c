"""The texts that formats draw: codes with separators, from patterns and lists, as often as their weights say."""

import dataclasses
import re

import numpy as np
import pytest
from format_files import code_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import common
from formats.loading import load_formats
from formats.plate_format import LINE_BREAK, SEPARATORS, TOKEN

FORMATS = {form.name: form for form in load_formats()}


def as_regex(pattern: str, lists: dict[str, tuple[str, ...]]) -> str:
    """A regular expression for the codes of `pattern`."""

    def expand(token: str) -> str:
        if token[0] == "{":
            return f"(?:{'|'.join(map(code_of, lists[token[1:-1]]))})"
        return {"L": "[A-Z]", "D": "[0-9]"}.get(token, code_of(token))

    return "".join(expand(token) for token in TOKEN.findall(pattern))


@settings(deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2**32), st.sampled_from([1, 2]))
def test_text_is_a_code_with_separators(name, seed, lines):
    form = FORMATS[name]
    assume(lines == 1 or any(LINE_BREAK in pattern for pattern, _ in form.patterns))
    text = form.draw_text(np.random.default_rng(seed), lines)
    assert set(text) <= set(common.ALPHABET + SEPARATORS + LINE_BREAK)
    assert 1 <= len(code_of(text)) <= common.LONGEST_CODE
    assert all(code_of(line) for line in text.split(LINE_BREAK))
    assert any(re.fullmatch(as_regex(pattern, form.lists), code_of(text)) for pattern, _ in form.patterns)
    if lines == 2:
        assert LINE_BREAK in text


@settings(deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2**32))
def test_same_seed_draws_the_same_text(name, seed):
    first, second = (FORMATS[name].draw_text(np.random.default_rng(seed)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("in", "KA02MK7259 MH14C1234 MH011234 DL3CAB1234 DL10CA1234 DL8CAA1234 GJ5KR123 UA07AB12 22BH1234AA MRL1234"),
        ("gb", "AB12CDE A123BCD ABC123D 1234AB AIG1234"),
        ("sk", "BA123AB AA123BC NRLLLLL"),
        ("cz", "1B25790 1AB2345 BZM2227"),
        ("de", "MAB1234 WUN123 BA1 HHAB123E"),
        ("pl", "WX12345 KRA1A23 WA123AC"),
        ("fr", "AB123CD 123ABC75"),
        ("es", "1234BCD M1234AB"),
        ("hu", "ABC123 AABB123"),
        ("br", "ABC1234 ABC1D23"),
        ("us", "8ABC123 ABC1234 AB12CD UH1N2A 1ABC2D A123456 123ABC AB12345 1234567 PLATES"),
    ],
)
def test_codes_of_the_country_can_be_drawn(name, codes):
    form = FORMATS[name]
    for code in codes.split():
        assert any(re.fullmatch(as_regex(pattern, form.lists), code) for pattern, _ in form.patterns), code


def test_weights_are_shares():
    form = dataclasses.replace(FORMATS["br"], patterns=(("LLL", 3.0), ("DDD", 1.0)))
    rng = np.random.default_rng(0)
    assert 0.7 < np.mean([form.draw_text(rng).isalpha() for _ in range(1000)]) < 0.8

"""Bayes' rule on patterns: what plates say, and what they do not."""

import numpy as np
import pytest
from fakes import GRAMMAR
from hypothesis import given, settings
from hypothesis import strategies as st
from small_formats import count_out, draw_code, make_format, two_formats

from common import ALPHABET, LONGEST_CODE
from formats.loading import load_formats
from reading.grammar import OFF_PATTERN, make_grammar

[GB] = load_formats("gb")
GB_GRAMMAR = make_grammar([GB])
codes = st.text(ALPHABET, min_size=1, max_size=LONGEST_CODE)


def test_weights_are_those_of_counting_out():
    grammar = make_grammar(two_formats())
    for code, shares in count_out(two_formats()).items():
        chance = np.prod([1 / 26 if c.isalpha() else 1 / 10 for c in code])
        wanted = [shares.get(name, 0) / chance for name in ("aa", "bb")]
        np.testing.assert_allclose(grammar.weigh(code), wanted)
        assert grammar.allows(code)
        on_pattern = (1 - OFF_PATTERN) * sum(wanted)
        assert grammar.prior(code) == pytest.approx(on_pattern + OFF_PATTERN / 2 ** len(code))


def test_priors_of_all_codes_of_a_length_add_up():
    """Over all codes of two characters: the share of plates that have two, and of those off the patterns."""
    grammar = make_grammar(two_formats())
    total = 0.0
    for a in ALPHABET:
        for b in ALPHABET:
            chance = (1 / 26 if a.isalpha() else 1 / 10) * (1 / 26 if b.isalpha() else 1 / 10)
            total += grammar.prior(a + b) * chance
    on_pattern = sum(sum(s.values()) for code, s in count_out(two_formats()).items() if len(code) == 2)
    assert total == pytest.approx((1 - OFF_PATTERN) * on_pattern + OFF_PATTERN)


@given(codes)
@settings(deadline=None)
def test_no_code_is_impossible(code):
    assert GRAMMAR.prior(code) > 0


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TOPSHOP", "letters"),
        ("PH0T0GRAPHY", "letters"),  # O read as 0
        ("MED1CINE", "letters"),
        ("20140618", "digits"),
        ("1001", "digits"),
        ("KA01MX1010", "both"),
        ("B01", "both"),  # O and I are letters only among letters
        ("AB12CDE", "both"),
        ("AB10CDE", "both"),  # ABIOCDE would be a word, but a British plate says AB10CDE
    ],
)
def test_words_and_numbers_are_told_from_codes(code, kind):
    assert GRAMMAR.kind_of(code) == kind


def test_a_code_of_0_and_1_is_as_believed_as_another():
    assert GB_GRAMMAR.presence(0.6, "AB10CDE") == GB_GRAMMAR.presence(0.6, "AB12CDE") > 0.6


@given(st.integers(0, 2**32), st.floats(0.05, 1))
@settings(deadline=None)
def test_no_code_of_a_format_makes_a_plate_less_probable(seed, presence):
    code = draw_code(np.random.default_rng(seed), GB)
    assert GB_GRAMMAR.presence(presence, code) >= presence


def test_shares_of_words_and_numbers_are_those_of_drawing():
    forms = [
        make_format([("LLL", 1.0), ("LL|D", 1.0)], 2),
        make_format([("{A}D", 3.0), ("{A}-{A}", 1.0)], 1, A=("X", "7")),
    ]
    shares = make_grammar(forms).kinds
    assert shares["letters"] == pytest.approx(2 / 3 * 1 / 2 + 1 / 3 * 1 / 4 * 1 / 4)
    assert shares["digits"] == pytest.approx(1 / 3 * (3 / 4 * 1 / 2 + 1 / 4 * 1 / 4))
    assert sum(shares.values()) == pytest.approx(1)
    assert sum(GRAMMAR.kinds.values()) == pytest.approx(1)
    assert min(GRAMMAR.kinds.values()) > 0


@given(st.floats(0, 1), st.floats(0, 1), codes)
@settings(deadline=None)
def test_a_code_tells_a_plate_from_a_sign(presence, more, code):
    known = GRAMMAR.presence(presence, code)
    assert 0 <= known <= 1
    if GRAMMAR.kind_of(code) == "both":
        assert known >= presence
    else:
        assert known <= presence
    if more >= presence:
        assert GRAMMAR.presence(more, code) >= known
    assert GRAMMAR.presence(0.0, code) == 0
    assert GRAMMAR.presence(1.0, code) == pytest.approx(1)  # a place that is a plate for sure may say anything


def test_the_country_is_the_one_whose_plates_say_the_code_most():
    grammar = make_grammar(two_formats())
    shares = count_out(two_formats())
    for code in shares:
        name, probability = grammar.country(code)
        assert name == max(shares[code], key=shares[code].get)
        assert 0 < probability < 1
    name, probability = grammar.country("W1")  # "aa" has no W
    assert (name, probability > 0.9) == ("bb", True)
    assert grammar.country("Q9") == (None, 0.0)


def test_any_is_no_country():
    grammar = make_grammar(load_formats("any,in"))
    assert grammar.country("KA02MK7259")[0] == "in"
    assert grammar.country("KA02MK7259")[1] > 0.9
    assert make_grammar(load_formats("any")).country("KA02MK7259") == (None, 0.0)


@given(codes)
@settings(deadline=None)
def test_probabilities_of_countries_stay_in_bounds(code):
    name, probability = GRAMMAR.country(code)
    assert 0 <= probability <= 1
    assert (name is None) == (probability == 0)
    assert name in (None, "br", "gb", "in", "us")

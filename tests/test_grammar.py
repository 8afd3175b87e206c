"""grammar.py: Bayes' rule on slots and patterns, held against counting out every code."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import grammar
from common import ALPHABET, BLANK, SLOTS, PlateFormat, PlateStyle, code_to_slots, load_formats
from grammar import Grammar

FORMATS = load_formats()
GRAMMAR = Grammar(FORMATS)
STYLE = PlateStyle(1, (500, 120), (255, 255, 255), (0, 0, 0), 70)


def make_format(patterns: list[tuple[str, float]], weight: float = 1, **lists: tuple[str, ...]) -> PlateFormat:
    return PlateFormat("xx", "Test", weight, tuple(patterns), (STYLE,), lists)


def make_look(code: str, certainty: float = 0.98, **doubts: str) -> np.ndarray:
    """Slots that say `code`; `doubts` names, as s0="AB", the characters between which a slot is in equal doubt."""
    look = np.full((SLOTS, BLANK + 1), (1 - certainty) / BLANK)
    look[np.arange(SLOTS), code_to_slots(code)] = certainty
    for slot, characters in doubts.items():
        look[int(slot[1:])] = (1 - certainty) / BLANK
        look[int(slot[1:]), [ALPHABET.index(c) for c in characters]] = certainty / len(characters)
    return look / look.sum(1, keepdims=True)


def draw_code(seed: int) -> str:
    """What some plate of some format says."""
    rng = np.random.default_rng(seed)
    return "".join(c for c in FORMATS[rng.integers(len(FORMATS))].draw_text(rng) if c in ALPHABET)


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_what_a_format_says_is_read_as_it_is(seed):
    code = draw_code(seed)
    read, probability = GRAMMAR.decode(make_look(code, 0.9999))
    assert read == code
    assert 0.1 < probability <= 1  # little where a much commoner plate differs by one character


@given(st.text(ALPHABET, max_size=SLOTS))
def test_what_no_format_says_is_read_where_the_slots_are_sure(code):
    assert GRAMMAR.decode(make_look(code, 0.9999))[0] == code


@pytest.mark.parametrize(
    ("formats", "code", "doubts", "read"),
    [
        ("br", "QZG3580", {"s0": "QO0"}, {"QZG3580", "OZG3580"}),  # a letter stands there
        ("in", "KAO2MK7259", {"s2": "O0"}, {"KA02MK7259"}),  # a digit stands there
        ("in", "MH0ZAB1234", {"s3": "Z2"}, {"MH02AB1234"}),
        ("in", "NH02AB1234", {"s0": "NM"}, {"MH02AB1234"}),  # MH is a state
        ("us", "4YE132", {"s0": "4A"}, {"AYE132"}),
    ],
)
def test_doubt_is_settled_by_what_plates_may_say(formats, code, doubts, read):
    assert Grammar(load_formats(formats)).decode(make_look(code, **doubts))[0] in read


def test_a_sure_slot_outweighs_the_patterns():
    assert Grammar(load_formats("br")).decode(make_look("AB12CDE", 0.9999))[0] == "AB12CDE"


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=25)
def test_probabilities_are_those_of_counting_out(seed):
    """Every code of a small grammar, weighed by Bayes' rule."""
    rng = np.random.default_rng(seed)
    forms = [
        make_format([("{A}D", 3.0), ("{A}|{B}", 1.0)], 2, A=("X", "Y", "Y"), B=("Z1", "Z2", "7")),
        make_format([("L-D", 1.0)], 1, L=("X", "W")),
    ]
    slots = rng.dirichlet(np.full(BLANK + 1, 0.1), SLOTS)
    slots[3:] = 0.0
    slots[3:, BLANK] = 1.0
    slots = np.maximum(slots, grammar.LEAST)
    weights = {}

    def add(code, share):
        likelihood = slots[np.arange(SLOTS), code_to_slots(code)].prod()
        weights[code] = weights.get(code, 0) + share * likelihood * np.prod([26 if c.isalpha() else 10 for c in code])

    for form in forms:
        total = sum(weight for _, weight in form.patterns)
        for pattern, weight in form.patterns:
            share = (1 - grammar.OFF_PATTERN) * form.weight / 3 * weight / total
            texts = form.expand(pattern)
            for choice in itertools.product(*texts):
                code = "".join(c for c in "".join(choice) if c in ALPHABET)
                add(code, share / np.prod([len(t) for t in texts]))
    off = grammar.OFF_PATTERN * np.prod(0.5 + 0.5 * slots[:, BLANK])
    code, probability = Grammar(forms).decode(slots)
    if code in weights:
        # a code that two formats have in common counts for the likelier of them alone
        assert probability <= weights[code] / (sum(weights.values()) + off) * (1 + 1e-6)
        assert probability > 0.3 * weights[code] / (sum(weights.values()) + off)
    assert 0 <= probability <= 1 + 1e-9


def test_looks_vote_with_their_confidence():
    looks = np.stack([make_look("RRK906AJ", 0.9), make_look("RK906AJ", 0.97), make_look("RK906AJ", 0.95)])
    code, characters, agreement = GRAMMAR.vote(looks)
    assert code == "RK906AJ"
    assert len(characters) == 7
    assert 0.4 < agreement < 2 / 3  # one of three disagrees
    assert GRAMMAR.vote(looks[[0, 0, 1]])[0] == "RK906AJ"  # one that is sure outvotes two that guess


def test_looks_that_take_o_for_0_agree():
    looks = np.stack([make_look("B0B1"), make_look("BOB1"), make_look("B0BI")])
    assert GRAMMAR.vote(looks)[2] > 0.5  # no look alone has more than a third


@given(st.integers(0, 2**32), st.floats(0.6, 1))
@settings(deadline=None)
def test_a_surer_look_is_more_confident(seed, certainty):
    code = draw_code(seed)
    _, characters, agreement = GRAMMAR.vote(make_look(code, certainty)[None])
    assert 0 <= agreement <= 1
    assert ((characters >= 0) & (characters <= 1)).all()
    assert agreement >= GRAMMAR.vote(make_look(code, 0.9 * certainty)[None])[2] - 1e-9


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
    ],
)
def test_words_and_numbers_are_told_from_codes(code, kind):
    assert grammar.kind_of(code) == kind


def test_shares_of_words_and_numbers_are_those_of_drawing():
    forms = [
        make_format([("LLL", 1.0), ("LL|D", 1.0)], 2),
        make_format([("{A}D", 3.0), ("{A}-{A}", 1.0)], 1, A=("X", "7")),
    ]
    shares = Grammar(forms).kinds
    assert shares["letters"] == pytest.approx(2 / 3 * 1 / 2 + 1 / 3 * 1 / 4 * 1 / 4)
    assert shares["digits"] == pytest.approx(1 / 3 * (3 / 4 * 1 / 2 + 1 / 4 * 1 / 4))
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0


@given(st.floats(0, 1), st.floats(0, 1), st.text(ALPHABET, min_size=1, max_size=SLOTS))
def test_what_it_says_tells_a_plate_from_a_sign(presence, more, code):
    known = GRAMMAR.presence(presence, code)
    assert 0 <= known <= 1
    if grammar.kind_of(code) == "both":
        assert known >= presence
    else:
        assert known <= presence
    if more >= presence:
        assert GRAMMAR.presence(more, code) >= known
    assert GRAMMAR.presence(0.0, code) == 0
    assert GRAMMAR.presence(1.0, code) == pytest.approx(1)  # what can be nothing else is a plate, whatever it says

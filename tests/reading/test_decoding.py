"""Decoding, held against counting out all paths through a few frames and all codes of small formats."""

import itertools

import numpy as np
import pytest
from fakes import GRAMMAR, decode, make_look
from hypothesis import given, settings
from hypothesis import strategies as st
from small_formats import NUMBERS, count_out, draw_code, make_format, two_formats

from common import ALPHABET, BLANK, LOOKALIKES
from formats.loading import load_formats
from reading.decoding import (
    NOTHING,
    add_allowed,
    beam_search,
    best_path,
    merge_lookalikes,
    search_allowed,
    weigh_characters,
)
from reading.grammar import make_grammar
from reading.plate_reader import make_plate

FORMATS = load_formats("any,br,gb,in,us")
SURE = 0.99  # probability of a character that is seen clearly
# Codes as Vietnam's plates have them. No pattern of Britain's fits one of them.
VIETNAMESE = [
    "51F12345", "30A98761", "29B77305", "43C01928", "92A64110", "60B31747", "15C20856",
    "74D00633", "99A81402", "65F55918", "36M16077", "18B24483", "20C13590", "88A70126",
    "34B09415", "61T46208", "47H85531", "72S30019", "37N62274", "14Z07740",
]  # fmt: skip


@st.composite
def small_looks(draw, characters: str = "XY1", longest: int = 5, shortest: int = 1) -> np.ndarray:
    """Log-probabilities (F, 37) of a few frames, in which a few `characters` and blank are possible.

    None is so improbable, or blank so sure, that the beam search would take a short cut.
    """
    frames = draw(st.integers(shortest, longest))
    classes = [*map(ALPHABET.index, characters), BLANK]
    weights = draw(st.lists(st.integers(0, 9), min_size=frames * len(classes), max_size=frames * len(classes)))
    probabilities = np.zeros((frames, BLANK + 1))
    probabilities[:, classes] = np.reshape(weights, (frames, len(classes)))
    probabilities[:, BLANK] += probabilities.sum(1) == 0  # a frame without any weight is blank, for sure
    with np.errstate(divide="ignore"):  # impossible classes
        return np.log(probabilities / probabilities.sum(1, keepdims=True))


def count_paths(look: np.ndarray) -> dict[str, float]:
    """The probability of each code: the sum over all paths, one class a frame, that spell it."""
    probabilities = np.exp(look)
    codes: dict[str, float] = {}
    for path in itertools.product(*(np.flatnonzero(row) for row in probabilities)):
        classes = [c for c, _ in itertools.groupby(path) if c != BLANK]
        code = "".join(ALPHABET[c] for c in classes)
        probability = np.prod([row[c] for row, c in zip(probabilities, path, strict=True)])
        codes[code] = codes.get(code, 0.0) + float(probability)
    return codes


def make_frames(*frames: dict[str, float]) -> np.ndarray:
    """A look of such frames, log-probabilities (F, 37): what a frame does not name is blank."""
    probabilities = np.full((len(frames), BLANK + 1), 1e-12)
    for row, characters in zip(probabilities, frames, strict=True):
        for character, probability in characters.items():
            row[ALPHABET.index(character)] = probability
        row[BLANK] = 1 - row[:BLANK].sum()
    return np.log(probabilities)


def spell_clearly(code: str, sure: float = SURE) -> list[dict[str, float]]:
    """Frames that show each character of `code`, blank between them, and all other characters a little."""
    little = (1 - sure) / BLANK
    frames = []
    for character in code:
        frames += [dict.fromkeys(ALPHABET, little) | {character: sure}, {}]
    return frames


# --- one look -------------------------------------------------------------------------------------------------------


@given(small_looks())
@settings(deadline=None)
def test_a_code_has_the_probability_of_all_its_paths(look):
    counted = count_paths(look)
    found = beam_search(look, width=1000)
    assert sum(found.values()) == pytest.approx(1)
    for code in counted | found:
        assert found.get(code, 0) == pytest.approx(counted.get(code, 0), abs=1e-9)


@given(small_looks("XY12"), st.integers(1, 8))
@settings(deadline=None)
def test_a_narrow_beam_only_loses_paths(look, width):
    counted = count_paths(look)
    found = beam_search(look, width)
    assert sum(found.values()) <= 1 + 1e-9
    for code, probability in found.items():
        assert probability <= counted.get(code, 0) + 1e-9


@given(st.integers(0, 2**32), st.floats(0.01, 3))
@settings(deadline=None, max_examples=30)
def test_probabilities_of_a_whole_look_add_up_to_1_at_most(seed, spread):
    rng = np.random.default_rng(seed)
    look = rng.dirichlet(np.full(BLANK + 1, spread), 64) + 1e-9
    found = beam_search(np.log(look / look.sum(1, keepdims=True)).astype(np.float32))
    assert 0 < sum(found.values()) <= 1 + 1e-6


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["A", "A"], "A"),
        (["A", "", "A"], "AA"),
        (["A", "A", "", "", "A", "B", "B"], "AAB"),
        (["", "", ""], ""),
        (["A", "B", "A"], "ABA"),
    ],
)
def test_a_repeated_character_needs_a_blank(frames, code):
    look = make_frames(*({character: 0.99} if character else {} for character in frames))
    found = beam_search(look)
    assert max(found, key=found.get) == code
    assert found[code] > 0.9
    assert best_path(look) == code


@given(st.text(ALPHABET, max_size=12))
@settings(deadline=None)
def test_what_is_shown_clearly_is_found(code):
    look = make_look(code)
    found = beam_search(look)
    assert max(found, key=found.get) == best_path(look) == code


# --- the codes that formats allow -----------------------------------------------------------------------------------


@given(small_looks("XYZ12", 4))
@settings(deadline=None, max_examples=50)
def test_the_search_among_allowed_codes_finds_all_of_them(look):
    counted = count_paths(look)
    found = search_allowed(look, make_grammar(two_formats()), width=1000)
    for code in count_out(two_formats()):
        assert found.get(code, 0) == pytest.approx(counted.get(code, 0), abs=1e-7)
    assert found.keys() <= count_out(two_formats()).keys()


@given(small_looks("XYZ12", 4))
@settings(deadline=None, max_examples=50)
def test_the_search_among_allowed_codes_finds_the_best_at_its_usual_width(look):
    counted = count_paths(look)
    allowed = {code: counted.get(code, 0) for code in count_out(two_formats())}
    found = search_allowed(look, make_grammar(two_formats()))
    assert max(found.values(), default=0) == pytest.approx(max(allowed.values()), abs=1e-7)


def test_a_forced_character_is_found():
    grammar = make_grammar([make_format([("{AREA} DD", 1.0)], AREA=("KA", "MH"))], only=True)
    look = make_frames({"K": 0.9999, "M": 1e-5}, {}, {"H": 0.9999}, {}, {"1": 0.9}, {}, {"O": 0.998, "0": 0.001})
    found = search_allowed(look, grammar)
    assert max(found, key=found.get) == "MH10"
    assert found["MH10"] == pytest.approx(1e-5 * 0.9999 * 0.9 * 0.001, rel=0.01)


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_an_allowed_code_that_is_clear_is_found(seed):
    code = draw_code(np.random.default_rng(seed), FORMATS[2])
    reading = decode(make_look(code)[None], make_grammar([FORMATS[2]], only=True))
    assert reading.code.translate(LOOKALIKES) == code.translate(LOOKALIKES)


@given(st.lists(small_looks("XY1", 4, 4), min_size=1, max_size=3))
@settings(deadline=None, max_examples=50)
def test_only_allowed_codes_are_read_with_the_probability_of_counting_out(looks):
    """Bayes' rule over every code that the frames may say. Codes that are not allowed only take probability away."""
    grammar = make_grammar(two_formats(), only=True)
    weights: dict[str, float] = {}
    for look in looks:
        for code, probability in count_paths(look).items():
            if code:
                weights[code] = weights.get(code, 0) + probability * grammar.prior(code)
    reading = decode(np.stack(looks), grammar)
    allowed = {code: weight for code, weight in weights.items() if code in count_out(two_formats())}
    assert reading.codes.keys() <= count_out(two_formats()).keys()
    if allowed and max(allowed.values()) > 1e-6:
        total = sum(weights.values())
        assert weights[reading.code] == pytest.approx(max(allowed.values()), rel=1e-3)
        for code, weight in allowed.items():
            assert reading.codes.get(code, 0) == pytest.approx(weight / total, abs=1e-3)


def test_a_clear_code_that_is_not_allowed_is_no_plate():
    grammar = make_grammar([load_formats("gb")[0]], only=True)
    for code in VIETNAMESE[:5]:
        look = make_frames(*spell_clearly(code, 0.9999))
        assert decode(look[None], grammar).probability < 0.01
    assert decode(make_frames({}, {})[None], grammar) is NOTHING


# --- all looks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formats", "seen", "code"),
    [
        ("br", [*"QZG3580"], "QZG3580"),
        ("br", ["QO0", *"ZG3580"], "QZG3580 OZG3580"),  # a letter stands there
        ("in", [*"KA", "O0", *"2MK7259"], "KA02MK7259"),  # a digit stands there
        ("in", [*"MH0", "Z2", *"AB1234"], "MH02AB1234"),
        ("in", ["NM", *"H02AB1234"], "MH02AB1234"),  # MH is a state
        ("us", ["4A", *"YE132"], "AYE132"),
    ],
)
def test_formats_choose_among_characters_that_look_alike(formats, seen, code):
    frames = [frame for characters in seen for frame in (dict.fromkeys(characters, SURE / len(characters)), {})]
    assert decode(make_frames(*frames)[None], make_grammar(load_formats(formats))).code in code.split()


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_a_code_of_a_format_is_read_as_it_is(seed):
    rng = np.random.default_rng(seed)
    code = draw_code(rng, FORMATS[rng.integers(len(FORMATS))])
    reading = decode(make_look(code)[None], GRAMMAR)
    assert reading.code == code
    assert 0.5 < reading.probability <= 1


def test_a_clear_code_that_fits_no_pattern_is_sure():
    grammar = make_grammar(load_formats("gb"))
    corners = np.array([[10, 10], [110, 10], [110, 35], [10, 35]], np.float32)
    for code in VIETNAMESE:
        assert not grammar.allows(code)
        looks = np.stack([make_frames(*spell_clearly(code))] * 3)
        plate = make_plate(0.98, corners, decode(looks, grammar), (100, 200, 3), grammar)
        assert (plate.code, plate.confidence > 0.9) == (code, True)


def test_a_clear_character_outweighs_the_patterns():
    assert decode(make_look("AB12CDE", 0.9999)[None], make_grammar(load_formats("br"))).code == "AB12CDE"


def test_looks_vote_with_their_probability():
    looks = np.stack([make_look("RRK906AJ", 0.98), make_look("RK906AJ", 0.99), make_look("RK906AJ", 0.98)])
    reading = decode(looks, GRAMMAR)
    assert reading.code == "RK906AJ"
    assert len(reading.characters) == 7
    assert decode(looks[[0, 0, 0, 1]], make_grammar([])).code == "RRK906AJ"


def test_looks_that_take_o_for_0_agree():
    looks = np.stack([make_look("B0B1"), make_look("BOB1"), make_look("B0BI")])
    reading = decode(looks, make_grammar([]))
    assert max(reading.codes.values()) < 0.5 < reading.probability  # no look alone has more than a third


@given(st.integers(0, 2**32), st.floats(0.6, 0.99))
@settings(deadline=None, max_examples=30)
def test_probabilities_of_a_reading_are_probabilities(seed, certainty):
    rng = np.random.default_rng(seed)
    looks = np.stack([make_look(draw_code(rng, FORMATS[rng.integers(len(FORMATS))]), certainty) for _ in range(3)])
    reading = decode(looks, GRAMMAR)
    assert 0 < reading.probability <= 1
    assert sum(reading.codes.values()) == pytest.approx(1)
    assert ((reading.characters >= 0) & (reading.characters <= 1 + 1e-9)).all()
    best = reading.ranked()[:3]
    assert best[0] == (reading.code, reading.probability)
    assert [p for _, p in best] == sorted((p for _, p in best), reverse=True)
    assert sum(p for _, p in reading.ranked()) == pytest.approx(1)


# --- helpers --------------------------------------------------------------------------------------------------------


def test_lookalikes_are_merged_and_spelt_as_the_most_probable():
    codes = {"AB10": 0.3, "AB1O": 0.1, "ABIO": 0.05, "AB16": 0.4, "A816": 0.15}
    merged = merge_lookalikes(codes)
    assert [code for code, _ in merged] == ["AB10", "AB16", "A816"]
    assert merged[0][1] == pytest.approx(0.45)


def test_the_larger_probability_of_both_searches_counts():
    assert add_allowed({"A": 0.5, "B": 0.2}, {"B": 0.3, "C": 0.1}) == {"A": 0.5, "B": 0.3, "C": 0.1}


def test_characters_are_weighed_among_codes_of_their_length():
    codes = {"AB1": 0.5, "AB7": 0.3, "AB": 0.2}
    np.testing.assert_allclose(weigh_characters("AB1", codes), [0.8, 0.8, 0.5])


def test_nothing_is_read_in_blank_frames():
    grammar = make_grammar([make_format([("D", 1.0)], D=NUMBERS)])
    assert decode(make_frames({}, {}, {})[None], grammar) is NOTHING

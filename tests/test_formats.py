"""The plate formats: what they draw, and how a file with a mistake is refused."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import common

FORMATS = {form.name: form for form in common.load_formats()}
SMALL = """\
# a format for the tests
title = "Test"
weight = 1.5
typefaces = ["Plate"]
patterns = [
    ["LL DD|DDDD", 3],
    ["{AREA}-DDD", 1],
]
styles = [
    # white
    { weight = 2, size = [520, 110], glyph_height = 76, colour = "#ffffff", text = "#000000" },
    { weight = 1, size = [280, 200], lines = 2, glyph_height = 70, upper_height = 60, colour = "#FFCC00" },
]

[defaults]
border = 0.5
band = "left"
text = "#000000"

[lists]
AREA = ["KA", "DL1"]
"""


def load_text(folder: Path, text: str) -> common.PlateFormat:
    (folder / "xx.toml").write_text(text, "utf-8")
    [form] = common.load_formats("xx", folder)
    return form


def code_of(text: str) -> str:
    return "".join(c for c in text if c in common.ALPHABET)


def as_regex(pattern: str, lists: dict[str, tuple[str, ...]]) -> str:
    """A regular expression for the codes of `pattern`."""

    def expand(token: str) -> str:
        if token[0] == "{":
            return f"(?:{'|'.join(map(code_of, lists[token[1:-1]]))})"
        return {"L": "[A-Z]", "D": "[0-9]"}.get(token, code_of(token))

    return "".join(expand(token) for token in re.findall(r"\{\w+\}|.", pattern))


@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2**32), st.sampled_from([1, 2]))
def test_text_is_a_code_with_separators(name, seed, lines):
    form = FORMATS[name]
    text = form.draw_text(np.random.default_rng(seed), lines)
    assert set(text) <= set(common.ALPHABET + common.SEPARATORS + common.LINE_BREAK)
    assert 1 <= len(code_of(text)) <= common.SLOTS
    assert all(code_of(line) for line in text.split(common.LINE_BREAK))
    assert any(re.fullmatch(as_regex(pattern, form.lists), code_of(text)) for pattern, _ in form.patterns)
    if lines == 2:
        assert common.LINE_BREAK in text


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


def test_values_reach_the_dataclasses(tmp_path):
    form = load_text(tmp_path, SMALL)
    assert (form.name, form.title, form.weight, form.typefaces) == ("xx", "Test", 1.5, ("Plate",))
    assert form.patterns == (("LL DD|DDDD", 3.0), ("{AREA}-DDD", 1.0))
    assert form.lists == {"AREA": ("KA", "DL1")}
    white, yellow = form.styles
    assert (white.size, white.lines, white.upper_height, white.text) == ((520.0, 110.0), 1, 76.0, (0, 0, 0))
    assert (yellow.lines, yellow.upper_height, yellow.colour, yellow.band) == (2, 60.0, (255, 204, 0), "left")
    assert {white.border, yellow.border} == {0.5}


def test_a_list_called_l_replaces_the_letters(tmp_path):
    form = load_text(
        tmp_path, SMALL.replace("AREA = ", 'L = ["Z"]\nAREA = ').replace('["{AREA}-DDD", 1]', '["LLL", 1]')
    )
    rng = np.random.default_rng(0)
    assert {c for _ in range(50) for c in form.draw_text(rng) if c.isalpha()} == {"Z"}


def test_names_choose_formats():
    assert [form.name for form in common.load_formats("in, gb,in")] == ["in", "gb"]
    names = [form.name for form in common.load_formats()]
    assert names == sorted(names)
    assert {"any", "br", "gb", "in", "us"} <= {*names}


@pytest.mark.parametrize("names", ["xx", "in,", "../formats/in", "IN\n"])
def test_unknown_name_lists_those_there_are(names):
    with pytest.raises(common.UserError, match=r"no plate format is called .* there are .*any, .*br, .*us"):
        common.load_formats(names)


def test_folder_without_formats(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(common.UserError, match="holds no plate format"):
            common.load_formats(folder=folder)


MISTAKES = {  # what of SMALL is replaced, with what; the line and the reason that the message then names
    "unknown key": ("title", "titel", 2, "unknown key 'titel'; there are title, weight, patterns"),
    "unknown key of a style": ('text = "#000000"', 'ink = "#000000"', 11, "unknown key 'ink'; there are weight, size"),
    "unknown key of the defaults": ("border", "boder", 16, "unknown key 'boder'"),
    "missing key": ("weight = 1.5\n", "", 1, "weight is missing"),
    "missing key of a style": (', colour = "#FFCC00"', "", 12, "colour is missing"),
    "title is no text": ('"Test"', "7", 2, "title must be a text, not 7"),
    "weight is no number": ("weight = 1.5", 'weight = "1.5"', 3, "weight must be a number above 0, not '1.5'"),
    "weight is a bool": ("weight = 1.5", "weight = true", 3, "weight must be a number above 0, not True"),
    "weight of 0": ("weight = 1.5", "weight = 0", 3, "weight must be a number above 0, not 0"),
    "weight of a style": ("weight = 1,", "weight = -1,", 12, "weight must be a number above 0, not -1"),
    "weight of a pattern": ('DDD", 1]', 'DDD", 0]', 7, "a pattern must be [text, weight above 0]"),
    "weight beyond reason": ("weight = 1.5", f"weight = 1{'0' * 400}", 3, "weight must be a number above 0"),
    "pattern without a weight": ('DDD", 1]', 'DDD"]', 7, "a pattern must be [text, weight above 0]"),
    "pattern of a number": ('["{AREA}-DDD", 1]', "[1, 1]", 7, "a pattern must be [text, weight above 0], not [1, 1]"),
    "unknown list": ("{AREA}", "{AERA}", 7, "pattern '{AERA}-DDD': no list AERA in [lists]"),
    "bad character": ("-DDD", "/DDD", 7, "'/' is not one of L, D"),
    "open brace": ("{AREA}", "{AREA", 7, "'{' is not one of L, D"),
    "too long": ("-DDD", "-DDDDDDDDDD", 7, "makes 13 letters and digits; 12 fit"),
    "empty line": ("LL DD|DDDD", "LLDD-|", 6, "may have a line without letters and digits"),
    "empty pattern": ("{AREA}-DDD", "", 7, "may have a line without letters and digits"),
    "nowhere to break": ("LL DD|DDDD", "LL DDDD", 5, "a style has two lines, but no pattern has a '|'"),
    "list of lower case": ('"DL1"', '"dl"', 21, "list 'AREA' must be one or more texts of A-Z, 0-9"),
    "empty list": ('["KA", "DL1"]', "[]", 21, "list 'AREA' must be one or more texts of A-Z, 0-9"),
    "no colour": ("#FFCC00", "yellow", 12, "colour must be a colour as in \"#ffcc00\", not 'yellow'"),
    "short colour": ("#000000", "#000", 11, "text must be a colour"),
    "size of one length": ("[520, 110]", "[520]", 11, "size must be [width, height] in millimetres, not [520]"),
    "three lines": ("lines = 2", "lines = 3", 12, "lines must be 1 or 2, not 3"),
    "high glyphs": ("glyph_height = 70", "glyph_height = 150", 12, "the glyphs are higher than the plate"),
    "probability": ("border = 0.5", "border = 50", 16, "border must be a probability of 0 to 1, not 50"),
    "band": ('"left"', '"bottom"', 17, "band must be one of '', 'left', 'right', 'top', 'both', not 'bottom'"),
    "typefaces": ('["Plate"]', '"Plate"', 4, "typefaces must be a list of texts"),
    "lists": ("[lists]", "lists = 3\n[defaults.x]", 20, "unknown key 'lists'"),
    "style is no table": ("    # white\n", "    7,\n", 9, "styles must hold keys and values, not 7"),
    "syntax": ("size = [280, 200]", "size = [280, 200", 12, "is no TOML: "),
    "cut": (SMALL[SMALL.index("styles") :], "styles = [", 9, "is no TOML: "),
    "key twice": ("weight = 1.5", 'title = "Again"', 3, "is no TOML: "),
}


@pytest.mark.parametrize(("old", "new", "line", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_named_with_its_line(tmp_path, old, new, line, reason):
    assert SMALL.count(old) >= 1
    with pytest.raises(common.UserError) as caught:
        load_text(tmp_path, SMALL.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'xx.toml'}: line {line}: ")
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["patterns", "styles"])
@pytest.mark.parametrize("value", [None, "[]"])
def test_no_patterns_or_styles(tmp_path, key, value):
    text = re.sub(rf"(?ms)^{key} = \[.*?^\]", f"{key} = {value}" if value else "", SMALL)
    with pytest.raises(common.UserError, match=rf"xx.toml: line \d+: {key} (is missing|must be a list of one or more)"):
        load_text(tmp_path, text)


def test_not_utf8(tmp_path):
    (tmp_path / "xx.toml").write_bytes(SMALL.replace("Test", "Südtirol").encode("latin-1"))
    with pytest.raises(common.UserError, match=r"xx.toml: is not in UTF-8"):
        common.load_formats(folder=tmp_path)


def test_not_a_file(tmp_path):
    (tmp_path / "xx.toml").mkdir()
    with pytest.raises(common.UserError, match=r"xx.toml: cannot be read"):
        common.load_formats(folder=tmp_path)


@given(st.data(), st.integers(1, 8), st.booleans())
def test_wrong_style_is_found_among_many(tmp_path_factory, data, count, inline):
    wrong = data.draw(st.integers(0, count - 1))
    keys = 'size = [520, 110]{0}glyph_height = 70{0}colour = "#ffffff"{0}text = "#00000{1}"{0}weight = 1'
    head = 'title = "{T}"\nweight = 1\npatterns = [["LLL DDD", 1]]\n'
    if inline:
        rows = [f"    {{ {keys.format(', ', 'g' if i == wrong else 0)} }},\n" for i in range(count)]
        text, line = head + "styles = [\n" + "".join(rows) + "]\n", 5 + wrong
    else:
        rows = ["[[styles]]\n" + keys.format("\n", "g" if i == wrong else 0) + "\n" for i in range(count)]
        text, line = head + "".join(rows), 4 + 6 * wrong + 4
    with pytest.raises(common.UserError, match=f"line {line}: text must be a colour"):
        load_text(tmp_path_factory.mktemp("formats"), text)


LINES = SMALL.splitlines()


@given(st.integers(0, len(LINES) - 1), st.one_of(st.text(max_size=40), st.sampled_from(LINES)))
def test_a_spoilt_line_is_refused_with_its_number_or_harmless(tmp_path_factory, index, replacement):
    text = "\n".join([*LINES[:index], replacement, *LINES[index + 1 :]])
    message = None
    try:
        form = load_text(tmp_path_factory.mktemp("formats"), text)
    except common.UserError as error:
        message = str(error)
    if message is None:
        assert 1 <= len(code_of(form.draw_text(np.random.default_rng(0)))) <= common.SLOTS
    else:
        assert re.search(r"xx\.toml: line \d+: ", message)
        assert len(message.splitlines()) == 1

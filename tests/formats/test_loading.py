"""Files of formats are loaded by name, and a file with a mistake is refused with its line."""

import re
from pathlib import Path

import numpy as np
import pytest
from format_files import SMALL, code_of, load_text
from hypothesis import given, settings
from hypothesis import strategies as st

import common
from formats.loading import choose_formats, load_formats, pattern_format

NAMES = sorted(path.stem for path in (Path(__file__).parent.parent.parent / "formats").glob("*.toml"))


def test_values_reach_the_dataclasses(tmp_path):
    form = load_text(tmp_path, SMALL)
    assert (form.name, form.title, form.weight, form.typefaces) == ("xx", "Test", 1.5, ("Plate",))
    assert form.patterns == (("LL DD|DDDD", 3.0), ("{AREA}-DDD", 1.0))
    assert form.lists == {"AREA": ("KA", "DL1")}
    white, yellow = form.styles
    assert (white.size, white.lines, white.upper_height, white.text_colour) == ((520.0, 110.0), 1, 76.0, (0, 0, 0))
    assert (yellow.lines, yellow.upper_height, yellow.colour, yellow.band) == (2, 60.0, (255, 204, 0), "left")
    assert {white.border, yellow.border} == {0.5}


def test_a_list_called_l_replaces_the_letters(tmp_path):
    form = load_text(
        tmp_path, SMALL.replace("AREA = ", 'L = ["Z"]\nAREA = ').replace('["{AREA}-DDD", 1]', '["LLL", 1]')
    )
    rng = np.random.default_rng(0)
    assert {c for _ in range(50) for c in form.draw_text(rng) if c.isalpha()} == {"Z"}


def test_names_choose_formats():
    assert [form.name for form in load_formats("in, gb,in")] == ["in", "gb"]
    names = [form.name for form in load_formats()]
    assert names == sorted(names)
    assert {"any", "br", "gb", "in", "us"} <= {*names}


@pytest.mark.parametrize("names", ["xx", "in,", "../formats/in", "IN\n"])
def test_unknown_name_lists_those_there_are(names):
    with pytest.raises(common.UserError, match=r"no plate format is called .* there are .*any, .*br, .*us"):
        load_formats(names)


def test_folder_without_formats(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(common.UserError, match="holds no plate format"):
            load_formats(folder=folder)


MISTAKES = {  # what of SMALL is replaced, with what; the line and the reason that the message then names
    "unknown key": ("title", "titel", 2, "unknown key 'titel'; there are title, weight, patterns"),
    "unknown key of a style": (
        'text_colour = "#000000"',
        'ink = "#000000"',
        11,
        "unknown key 'ink'; there are weight, size",
    ),
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
    "bad character": ("-DDD", "+DDD", 7, "'+' is not one of L, D"),
    "open brace": ("{AREA}", "{AREA", 7, "'{' is not one of L, D"),
    "too long": ("-DDD", "-DDDDDDDDDD", 7, "makes 13 letters and digits; 12 fit"),
    "empty line": ("LL DD|DDDD", "LLDD-|", 6, "may have a line without letters and digits"),
    "empty pattern": ("{AREA}-DDD", "", 7, "may have a line without letters and digits"),
    "nowhere to break": ("LL DD|DDDD", "LL DDDD", 5, "a style has two lines, but no pattern has a '|'"),
    "list of lower case": ('"DL1"', '"dl"', 21, "list 'AREA' must be one or more texts of A-Z, 0-9"),
    "empty list": ('["KA", "DL1"]', "[]", 21, "list 'AREA' must be one or more texts of A-Z, 0-9"),
    "no colour": ("#FFCC00", "yellow", 12, "colour must be a colour as in \"#ffcc00\", not 'yellow'"),
    "short colour": ("#000000", "#000", 11, "text_colour must be a colour"),
    "size of one length": ("[520, 110]", "[520]", 11, "size must be [width, height] in millimetres, not [520]"),
    "three lines": ("lines = 2", "lines = 3", 12, "lines must be 1 or 2, not 3"),
    "high glyphs": ("glyph_height = 70", "glyph_height = 150", 12, "the glyphs are higher than the plate"),
    "small letters of two kinds": (
        "border = 0.5",
        "stacked = 0.6\nsqueezed = 0.6",
        11,
        "stacked and squeezed add up to more than 1",
    ),
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
        load_formats(folder=tmp_path)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    assert load_text(tmp_path, f"\ufeff{SMALL}") == load_text(tmp_path, SMALL)


def test_hidden_files_are_no_formats(tmp_path):
    (tmp_path / ".#xx.toml").symlink_to("user@host.1")  # made by Emacs while xx.toml is edited
    (tmp_path / "._xx.toml").write_bytes(b"\0\5\x16\7\0\2")  # made by macOS
    form = load_text(tmp_path, SMALL)
    assert load_formats(folder=tmp_path) == [form]


def test_not_a_file(tmp_path):
    (tmp_path / "xx.toml").mkdir()
    with pytest.raises(common.UserError, match=r"xx.toml: cannot be read"):
        load_formats(folder=tmp_path)


HOSTILE = {  # what of SMALL is replaced, with what; the line and the reason that the message then names
    "key of 20,000 parts": ("weight = 1.5", f"{'a.' * 20_000}b = 1", 3, "a key has more than 32 parts"),
    "spaced key": ("weight = 1.5", f"{'a . ' * 20_000}b = 1", 3, "a key has more than 32 parts"),
    "quoted key": ("weight = 1.5", '"a".' * 20_000 + "b = 1", 3, "a key has more than 32 parts"),
    "header of 20,000 parts": ("[lists]", f"[{'a.' * 20_000}b]", 20, "a key has more than 32 parts"),
    "number of 5,000 digits": ("weight = 1.5", f"weight = {'9' * 5_000}", 3, "a number is too long"),
    "number of 4,000 digits": ("weight = 1.5", f"weight = {'9' * 4_000}", 3, "weight must be a number above 0"),
    "number of 100,000 hexadecimal digits": ("weight = 1.5", f"weight = 0x{'f' * 100_000}", 3, "weight must be"),
    "pattern of 100,000 hexadecimal digits": (
        "patterns = [",
        f"patterns = [\n    [0x{'f' * 100_000}, 1],",
        5,
        "a pattern must be [text, weight above 0], not a number of thousands of digits",
    ),
    "nested lists": ("weight = 1.5", f"weight = {'[' * 100_000}", 3, "nested too deeply"),
    "nested tables": ("weight = 1.5", f"weight = {'{a=' * 100_000}", 3, "nested too deeply"),
    "nested a little": ("weight = 1.5", f"weight = {'[' * 200}{']' * 200}", 3, "weight must be a number above 0"),
    "infinity": ("weight = 1.5", "weight = inf", 3, "weight must be a number above 0, not inf"),
    "no number": ("weight = 1.5", "weight = nan", 3, "weight must be a number above 0, not nan"),
    "long key": ("weight = 1.5", f"{'a' * 500_000} = 1", 3, "unknown key"),
    "long list name": ("AREA =", f"{'a' * 500_000} = []\nAREA =", 21, "must be one or more texts"),
    "long pattern": ("{AREA}-DDD", "-" * 500_000 + "D", 7, "has 500001 characters; 100 fit"),
    "long text of a list": ('"DL1"', f'"{"-" * 500_000}"', 7, "100 fit"),
    "long typeface": (
        '["Plate"]',
        f'["{"a" * 500_000}"]',
        4,
        "typefaces must be a list of texts, none empty",
    ),
    "plate as high as a tower": ("size = [520, 110]", "size = [1, 1e8]", 11, "times as wide as high"),
    "plate as flat as a hair": ("size = [520, 110]", "size = [1e8, 100]", 11, "times as wide as high"),
}


@pytest.mark.parametrize(("old", "new", "line", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_before_it_costs_time(tmp_path, old, new, line, reason):
    assert old in SMALL
    with pytest.raises(common.UserError) as caught:
        load_text(tmp_path, SMALL.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'xx.toml'}: line {line}: ")
    assert reason in message
    assert len(message) < 1000
    assert "\n" not in message


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    with pytest.raises(common.UserError, match=r"xx.toml: has .* and the limit is 1 MB"):
        load_text(tmp_path, SMALL + "#" * (1 << 20))


def test_dots_in_texts_and_comments_are_no_key(tmp_path):
    text = SMALL.replace("# white", f"# {'a.' * 100}").replace('"Test"', f'"{"b." * 100}"')
    assert load_text(tmp_path, text).title == "b." * 100


@settings(deadline=None)
@given(st.data(), st.integers(1, 8), st.booleans())
def test_wrong_style_is_found_among_many(tmp_path_factory, data, count, inline):
    wrong = data.draw(st.integers(0, count - 1))
    keys = 'size = [520, 110]{0}glyph_height = 70{0}colour = "#ffffff"{0}text_colour = "#00000{1}"{0}weight = 1'
    head = 'title = "{T}"\nweight = 1\npatterns = [["LLL DDD", 1]]\n'
    if inline:
        rows = [f"    {{ {keys.format(', ', 'g' if i == wrong else 0)} }},\n" for i in range(count)]
        text, line = head + "styles = [\n" + "".join(rows) + "]\n", 5 + wrong
    else:
        rows = ["[[styles]]\n" + keys.format("\n", "g" if i == wrong else 0) + "\n" for i in range(count)]
        text, line = head + "".join(rows), 4 + 6 * wrong + 4
    with pytest.raises(common.UserError, match=f"line {line}: text_colour must be a colour"):
        load_text(tmp_path_factory.mktemp("formats"), text)


LINES = SMALL.splitlines()


@settings(deadline=None)
@given(st.integers(0, len(LINES) - 1), st.one_of(st.text(max_size=40), st.sampled_from(LINES)))
def test_a_spoilt_line_is_refused_with_its_number_or_harmless(tmp_path_factory, index, replacement):
    text = "\n".join([*LINES[:index], replacement, *LINES[index + 1 :]])
    message = None
    try:
        form = load_text(tmp_path_factory.mktemp("formats"), text)
    except common.UserError as error:
        message = str(error)
    if message is None:
        assert 1 <= len(code_of(form.draw_text(np.random.default_rng(0)))) <= common.LONGEST_CODE
    else:
        assert re.search(r"xx\.toml: line \d+: ", message)
        assert len(message.splitlines()) == 1


# --- a pattern in place of a file ---------------------------------------------------------------------------------


def test_a_pattern_makes_a_format():
    form = pattern_format("LL DD|X DDDD")
    assert form.name == "pattern"
    assert form.patterns == (("LL DD|X DDDD", 1.0),)
    for seed in range(20):
        assert re.fullmatch(r"[A-Z]{2}\d\dX\d{4}", code_of(form.draw_text(np.random.default_rng(seed))))


@pytest.mark.parametrize(
    ("names", "pattern", "chosen"),
    [
        ("in,gb", None, ["in", "gb"]),
        (None, "LL", ["pattern"]),
        ("in", "LL", ["in", "pattern"]),
        ("pattern", "LL", ["pattern"]),
        ("gb, pattern,in", "LL", ["gb", "in", "pattern"]),
    ],
)
def test_formats_are_chosen_by_name_and_pattern(names, pattern, chosen):
    assert [form.name for form in choose_formats(names, pattern)] == chosen


def test_without_names_and_pattern_there_are_all_formats():
    assert [form.name for form in choose_formats()] == NAMES


def test_a_pattern_that_is_named_must_be_there():
    with pytest.raises(common.UserError, match="no plate format is called 'pattern'"):
        choose_formats("pattern")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "without letters and digits"),
        (" - ", "without letters and digits"),
        ("LL?", r"'\?' is not one of L, D"),
        ("ll dd", "'l' is not one of L, D"),
        ("{STATE} DD", "no list STATE"),
        ("D" * 13, "13 letters and digits; 12 fit"),
        ("L" + " " * 200, "201 characters"),
        ("L\nD", "is not one of"),
    ],
)
def test_a_wrong_pattern_is_refused_in_one_line(pattern, reason):
    with pytest.raises(common.UserError, match=reason) as error:
        pattern_format(pattern)
    assert len(str(error.value).splitlines()) == 1

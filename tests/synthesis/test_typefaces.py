"""Typefaces: every character has its glyph, and fonts that are no use are named."""

import os
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

import common
from synthesis.typefaces import (
    BRACKETS,
    CAP_HEIGHT,
    CHARACTERS,
    GLYPH_PAD,
    OWN_FONTS,
    Typeface,
    choose_typeface,
    describe_shape,
    draw_plain_bracket,
    load_typefaces,
    measure_likeness,
    render,
)

FACES = load_typefaces(())


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_typefaces_have_every_character(face):
    masks = [face.glyph(character) for character in CHARACTERS]
    assert all(mask.max() > 200 for mask in masks)
    assert {mask.shape[0] for mask in masks} == {CAP_HEIGHT + 2 * GLYPH_PAD}
    assert len({(mask.shape, mask.tobytes()) for mask in masks}) == len(masks)
    rows = np.flatnonzero(face.glyph("H").max(1) > 128)
    assert (rows[0], rows[-1]) == pytest.approx((GLYPH_PAD, GLYPH_PAD + CAP_HEIGHT - 1), abs=1)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_brackets_are_as_high_as_capitals(face):
    for character in BRACKETS:
        rows = np.flatnonzero(face.glyph(character).max(1) > 128)
        assert rows[0] == pytest.approx(GLYPH_PAD, abs=GLYPH_PAD)
        assert rows[-1] == pytest.approx(GLYPH_PAD + CAP_HEIGHT - 1, abs=GLYPH_PAD)


def test_plain_brackets_mirror_each_other():
    for left, right in ("()", "[]"):
        np.testing.assert_array_equal(draw_plain_bracket(left), draw_plain_bracket(right)[:, ::-1])


def change_font(path: Path, change) -> Path:
    """Write the first of the project's fonts to `path` with its character map or its glyphs changed."""
    font = TTFont(OWN_FONTS / "PlateWide-Regular.ttf")
    change(font)
    font.save(path)
    return path


def drop_digits(font: TTFont) -> None:
    for table in font["cmap"].tables:
        for digit in b"0123456789":
            table.cmap.pop(digit, None)


def drop_letters_but_h(font: TTFont) -> None:
    for table in font["cmap"].tables:
        for letter in common.ALPHABET[:26].replace("H", ""):
            table.cmap.pop(ord(letter), None)


def draw_all_alike(font: TTFont) -> None:
    for table in font["cmap"].tables:
        for character in common.ALPHABET:
            table.cmap[ord(character)] = table.cmap[ord("H")]


def draw_other_letters(font: TTFont) -> None:
    """As a symbol font does: another shape in the place of each letter but H."""
    for table in font["cmap"].tables:
        letters = common.ALPHABET[:7] + common.ALPHABET[8:26]
        glyphs = [table.cmap[ord(letter)] for letter in letters]
        for letter, glyph in zip(letters, glyphs[9:] + glyphs[:9], strict=True):
            table.cmap[ord(letter)] = glyph


def blank_digits(font: TTFont) -> None:
    for digit in "0123456789":
        font["glyf"][font.getBestCmap()[ord(digit)]] = font["glyf"]["space"]


def enlarge_w(font: TTFont) -> None:
    """To fifty times its size, so that one glyph takes a hundred megabytes."""
    glyph = font["glyf"][font.getBestCmap()[ord("W")]]
    font["head"].unitsPerEm = 64
    glyph.coordinates.scale((8, 8))
    glyph.recalcBounds(font["glyf"])


def flatten_h(font: TTFont) -> None:
    glyph = font["glyf"][font.getBestCmap()[ord("H")]]
    glyph.coordinates.scale((1, 0.01))
    glyph.recalcBounds(font["glyf"])


UNUSABLE = {
    "no digits": (drop_digits, "has no 0"),
    "no letters": (drop_letters_but_h, "has no A"),
    "blank digits": (blank_digits, "has no 0"),
    "all alike": (draw_all_alike, "alike"),
    "symbols": (draw_other_letters, "symbols"),
    "large": (enlarge_w, "as large as a page"),
    "flat": (flatten_h, "no capitals that can be seen"),
}


@pytest.mark.parametrize(("change", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_fonts_are_refused_by_name(tmp_path, capsys, change, reason):
    path = change_font(tmp_path / "bad.ttf", change)
    with pytest.raises(common.UserError, match=rf"bad.ttf: .*{reason}.*; remove it"):
        load_typefaces((str(tmp_path),))
    assert capsys.readouterr().err == ""
    good = tmp_path / "good.ttf"
    good.write_bytes((OWN_FONTS / "PlateWide-Bold.ttf").read_bytes())
    faces = load_typefaces((str(tmp_path),))
    assert [face.path for face in faces if face.path.parent == tmp_path] == [good]
    said = capsys.readouterr().err
    assert str(path) in said
    assert reason in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("table", ["glyf", "loca", "cmap", "head", "hmtx"])
@pytest.mark.parametrize("damage", ["zeros", "noise", "cut"])
def test_damaged_tables_are_refused_or_harmless(tmp_path, table, damage):
    """A damaged font is refused when it is loaded, or all its glyphs can be drawn."""
    source = OWN_FONTS / "PlateWide-Regular.ttf"
    entry = TTFont(source).reader.tables[table]
    data = bytearray(source.read_bytes())
    start, end = entry.offset, entry.offset + entry.length
    if damage == "zeros":
        data[start:end] = bytes(entry.length)
    elif damage == "noise":
        data[start:end] = np.random.default_rng(0).bytes(entry.length)
    else:
        del data[(start + end) // 2 :]
    (tmp_path / "bad.ttf").write_bytes(data)
    refusal, faces = None, []
    try:
        faces = load_typefaces((str(tmp_path),))
    except common.UserError as error:
        refusal = str(error)
    if refusal is None:
        assert all(faces[-1].glyph(character).size for character in CHARACTERS)
    else:
        assert "bad.ttf" in refusal
        assert len(refusal.splitlines()) == 1


def test_own_letters_are_alike_and_others_are_not():
    for face in FACES:
        glyphs = [render(face.font, character) for character in common.ALPHABET[:26]]
        assert measure_likeness(glyphs) == 1
        assert measure_likeness(glyphs[13:] + glyphs[:13]) < 0.3


def test_shapes_are_compared_whatever_their_size():
    glyph = render(FACES[0].font, "R")
    large = np.kron(glyph, np.ones((3, 2), np.uint8))
    assert describe_shape(glyph) @ describe_shape(large) > 0.97


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: other systems have no pipes and no such names")
def test_any_name_of_a_regular_file_will_do(tmp_path):
    """A name that is not in UTF-8 is loaded, and a pipe that is called a font is not waited for."""
    data = (OWN_FONTS / "PlateWide-Bold.ttf").read_bytes()
    name = os.fsdecode(b"caf\xe9.ttf")
    (tmp_path / name).write_bytes(data)
    os.mkfifo(tmp_path / "pipe.ttf")
    faces = load_typefaces((str(tmp_path),))
    assert [face.path.name for face in faces if face.path.parent == tmp_path] == [name]


def test_a_folder_without_fonts_is_named(tmp_path):
    with pytest.raises(common.UserError, match=r"holds no \.ttf or \.otf file"):
        load_typefaces((str(tmp_path),))


def test_half_of_a_formats_plates_have_its_typefaces():
    from formats.plate_format import PlateFormat

    form = PlateFormat("xx", "Test", 1.0, (("LLL", 1.0),), (), typefaces=("platewr",))
    rng = np.random.default_rng(0)
    chosen = [choose_typeface(form, FACES, rng).name.startswith("PlateWright") for _ in range(600)]
    assert 0.5 < np.mean(chosen) < 0.7
    assert isinstance(choose_typeface(form, FACES[:1], rng), Typeface)  # of a format whose typefaces are not there

"""The plate typefaces of fonts/: the files are what the script draws, and the glyphs are sound."""

import importlib.util
import io
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).resolve().parents[2] / "fonts"
SCRIPT = FOLDER / "build.py"
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
COUNTERS = {"A": 1, "B": 2, "D": 1, "O": 1, "P": 1, "R": 1, "0": 1, "6": 1, "8": 2, "9": 1}  # holes in the ink
SIZE = 200  # pixels in the em of the glyphs looked at here; a capital is 140 high

spec = importlib.util.spec_from_file_location("fonts_build", SCRIPT)
build = sys.modules["fonts_build"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


def render(name: str, character: str, height: int = 160) -> np.ndarray:
    """A glyph as (height, 240) float32, 0 background to 1 ink, its baseline 10 pixels above the bottom."""
    image = Image.new("L", (240, height))
    font = ImageFont.truetype(FOLDER / name, SIZE)
    ImageDraw.Draw(image).text((10, height - 10), character, font=font, fill=255, anchor="ls")
    return np.asarray(image, np.float32) / 255


def run_script(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_files_are_what_the_script_draws():
    assert sorted(path.name for path in FOLDER.glob("*.ttf")) == sorted(build.FONTS)
    for name in build.FONTS:
        assert (FOLDER / name).read_bytes() == build.build_font(name), f"{name} is stale: run fonts/build.py"


def test_script_repeats_its_bytes_and_draws_a_specimen(tmp_path):
    result = run_script(tmp_path, "--specimen", tmp_path / "specimen.png", PYTHONHASHSEED="7", TZ="Asia/Kolkata")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*build.FONTS, "specimen.png"])
    for name in build.FONTS:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()
    assert cv2.imread(str(tmp_path / "specimen.png")).min() == 0


def test_specimen_of_an_unknown_format_is_refused(tmp_path):
    result = run_script(tmp_path, "--specimen", tmp_path / "specimen.doc")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "specimen.doc" in result.stderr


def test_missing_folder_is_refused(tmp_path):
    result = run_script(tmp_path / "missing")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "missing" in result.stderr


def test_two_families_in_two_weights():
    for family in build.FAMILIES:
        regular, bold = family.weights["Regular"], family.weights["Bold"]
        assert regular < bold
    condensed, wide = build.FAMILIES[:2]
    assert condensed.letter < 0.8 * wide.letter


@pytest.mark.parametrize("name", build.FONTS)
class TestFont:
    def test_is_small_and_complete(self, name):
        data = (FOLDER / name).read_bytes()
        assert len(data) < 40_000
        font = TTFont(io.BytesIO(data))
        assert set(font.getBestCmap()) == {ord(c) for c in CHARACTERS + " -.·"}
        family, weight = build.FONTS[name]
        assert (font["name"].getDebugName(1), font["name"].getDebugName(2)) == (family.name, weight)

    def test_letters_fill_the_cap_height(self, name):
        font = TTFont(FOLDER / name)
        glyphs, spacing = font.getGlyphSet(), build.FONTS[name][0].spacing
        for character in CHARACTERS:
            glyph = font.getBestCmap()[ord(character)]
            pen = BoundsPen(glyphs)
            glyphs[glyph].draw(pen)
            left, bottom, right, top = np.array(pen.bounds) / build.GRID
            assert (bottom, top) == pytest.approx((0, build.CAP_HEIGHT), abs=0.5), character
            assert left == pytest.approx(spacing, abs=3), character
            assert glyphs[glyph].width / build.GRID - right == pytest.approx(spacing, abs=3), character

    def test_strokes_wind_clockwise(self, name):
        """TrueType fills to the right; a lone contour the other way round would cut holes where strokes overlap."""
        family, weight = build.FONTS[name]
        for character in CHARACTERS:
            areas = []
            for contour in build.draw_glyph(family, weight, character):
                points = np.array([point for point, _ in contour])
                areas.append((points.conj() * np.roll(points, -1)).imag.sum() / 2)
            holes = sum(area > 0 for area in areas)
            assert min(areas) < 0, character
            assert holes <= len(areas) / 2, character

    def test_ink_has_its_weight_and_no_cracks(self, name):
        """Every joint is closed, every counter is open, and the line is as wide as the weight says."""
        family, weight = build.FONTS[name]
        pen = family.weights[weight] * SIZE / build.EM
        for character in CHARACTERS:
            ink = (render(name, character) > 0.5).astype(np.uint8)
            pieces, _, statistics, _ = cv2.connectedComponentsWithStats(ink, connectivity=4)
            assert pieces == 2, f"{character} is in pieces"
            assert statistics[1, cv2.CC_STAT_HEIGHT] in (140, 141)
            holes = cv2.connectedComponents(1 - ink, connectivity=8)[0] - 2
            if family.name != "Plate Irregular" and character in COUNTERS:
                assert holes == COUNTERS[character], f"{character} has {holes} counters"
            across = 2 * cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            middle = np.median(across[across == cv2.dilate(across, np.ones((3, 3)))][1:])
            assert pen - 2 < across.max() < 2 * pen, character  # joints may be thicker, never twice the pen
            assert middle < pen + 2, character

    def test_no_two_characters_look_alike(self, name):
        """Even shifted onto one another, any two glyphs differ by a good part of a stroke."""
        glyphs = {character: render(name, character) for character in CHARACTERS}
        for one, other in combinations(CHARACTERS, 2):
            apart = [np.abs(np.roll(glyphs[one], shift, axis=1) - glyphs[other]).sum() for shift in range(-4, 5)]
            share = min(apart) / min(glyphs[one].sum(), glyphs[other].sum())
            assert share > 0.05, f"{one} and {other} differ by {share:.1%} of their ink"

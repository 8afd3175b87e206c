"""The measurement of fine-tuning draws plates that the weights have never seen."""

import re

import fine_tuning
from drawn_photographs import write_photos

from media.labels import read_labels


def test_photographs_show_an_invented_country_in_dots(tmp_path):
    synthesizer = fine_tuning.make_synthesizer(tmp_path, "none")
    assert [face.name for face in synthesizer.faces] == ["Dotted"]
    labels = read_labels(write_photos(tmp_path / "photos", synthesizer, 6))
    assert len(labels) == 6
    for label in labels:
        assert re.fullmatch("[A-Z][0-9]{3}[A-Z]{3}|[A-Z]{2}[0-9]{4}", label.code)


def test_glyphs_differ(tmp_path):
    synthesizer = fine_tuning.make_synthesizer(tmp_path, "none")
    face = synthesizer.faces[0]
    glyphs = {face.glyph(character)[0].tobytes() for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
    assert len(glyphs) == 36

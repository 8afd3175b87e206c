"""The measurement of fine-tuning draws plates that the weights have never seen."""

import re

import fine_tuning
import pytest
from drawn_photographs import write_photos

from common import UserError
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
    glyphs = {face.glyph(character).tobytes() for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
    assert len(glyphs) == 36


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("open(sys.argv[sys.argv.index('--out') + 1], 'w')", True),
        ("sys.exit(2)", False),
        ("sys.exit(3)", UserError),
    ],
)
def test_a_training_that_brings_nothing_is_a_point_of_the_curve(tmp_path, monkeypatch, line, result):
    (tmp_path / "train.py").write_text(f"import sys\n{line}\n")
    monkeypatch.setattr(fine_tuning, "ROOT", tmp_path)
    arguments = tmp_path / "weights.npz", tmp_path / "labels.tsv", tmp_path / "mine.npz", []
    if result is UserError:
        with pytest.raises(UserError, match="exit code 3"):
            fine_tuning.fine_tune(*arguments)
    else:
        assert fine_tuning.fine_tune(*arguments) is result

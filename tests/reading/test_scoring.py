"""reading/scoring.py: the figures are those of score.py, where it is at hand, and mean what the room says."""

import importlib.util
import json
from typing import NamedTuple

import numpy as np
import pytest
from command_line import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from common import edit_distance
from media.labels import Label, read_labels
from reading.reliability import (
    CURVE_EDGES,
    Judged,
    calibration_error,
    describe_reliability,
    fill_bins,
    judge_readings,
)
from reading.scoring import Score, add_scores, add_up, align, fold, judge, overlaps

SCORE = ROOT.parent / "shared" / "score.py"
BOX = (100.0, 100.0, 50.0, 20.0)
SWAPPED = str.maketrans("OI01", "01OI")
codes = st.text("AB01O", max_size=7)


class Read(NamedTuple):
    """A reading as another program may give it."""

    code: str
    confidence: float = 0.9
    box: tuple[float, float, float, float] = BOX


@pytest.fixture(scope="module")
def score_script():
    """The script whose rules these are."""
    if not SCORE.exists():
        pytest.skip(f"NOT TESTED: {SCORE} is missing; whether the figures agree with its figures is not known")
    spec = importlib.util.spec_from_file_location("score", SCORE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_up(rng: np.random.Generator) -> tuple[list[str], dict[str, list[dict]]]:
    """Lines of labels and rows of readings: many right, the others wrong in all the ways that there are."""
    lines, rows = [], {}
    for i in range(40):
        image, plates = f"{i}.jpg", []
        for _ in range(rng.integers(1, 4)):
            code = "".join(rng.choice(list("ABIO01"), rng.integers(1, 9)))
            box = [0, 0, 0, 0] if rng.random() < 0.3 else rng.integers(1, 60, 4).tolist()
            lines.append("\t".join([image, *map(str, box), "?" if rng.random() < 0.1 else code]))
            for _ in range(rng.integers(0, 3)):
                other = "".join(rng.choice(list("ABIO01 -a"), rng.integers(0, 9)))
                text = rng.choice([code, code.translate(SWAPPED), other])
                place = (np.array(box) + rng.integers(-15, 15, 4)).clip(0).tolist()
                plates.append({"text": text, "box": place, "confidence": round(rng.random(), 1)})
        if rng.random() < 0.9:
            rows[image] = plates
    return list(dict.fromkeys(lines)), rows


@pytest.mark.parametrize("seed", range(20))
def test_the_figures_are_those_of_score_py(score_script, tmp_path, capsys, seed):
    lines, rows = make_up(np.random.default_rng(seed))
    truth, readings = tmp_path / "truth.tsv", tmp_path / "rows.jsonl"
    truth.write_text("\n".join(lines))
    readings.write_text("".join(json.dumps({"image": image, "plates": rows[image]}) + "\n" for image in rows))
    score_script.main(truth, readings)
    labels = {}
    for label in read_labels(truth):
        labels.setdefault(label.image, []).append(label)
    verdicts = []
    for image, truths in labels.items():
        answers = [Read(row["text"], row["confidence"], row["box"]) for row in rows.get(image, [])]
        verdicts.append(judge(truths, answers))
    score = add_up(verdicts, not_read=len(labels.keys() - rows.keys()))
    assert str(score) == capsys.readouterr().out.strip()
    assert 0 < score.read < score.read_alike < score.codes < score.plates


def test_a_plate_is_found_by_overlap_or_by_its_centre():
    assert overlaps(BOX, (110, 100, 50, 20))
    assert overlaps(BOX, (60, 60, 149, 100))  # holds the centre, not three times as wide
    assert not overlaps(BOX, (60, 60, 151, 100))  # wider
    assert not overlaps(BOX, (126, 100, 120, 20))  # neither
    assert not overlaps(BOX, (100, 300, 50, 20))
    assert not overlaps(BOX, (0, 0, 0, 0))


def test_a_photograph_with_two_plates():
    far = (300.0, 100.0, 50.0, 20.0)
    labels = [Label("a.jpg", BOX, "AB10"), Label("a.jpg", far, "CD23")]
    verdict = judge(labels, [Read("ABIO", 0.5), Read("CD234", 0.8, far), Read("EF", 0.9, (0, 0, 30, 10))])
    score = add_up([verdict])
    assert score == Score(1, plates=2, codes=2, found=2, read_alike=1, right_characters=0.5 + 0.75, false_plates=1)
    assert verdict.outcomes[0].nearest.code == "ABIO"
    assert verdict.outcomes[0].is_read_alike
    assert [answer.code for answer in verdict.false_plates] == ["EF"]


def test_a_plate_without_a_known_code_is_only_found():
    score = add_up([judge([Label("a.jpg", BOX, "")], [Read("AB10")])])
    assert score == Score(1, plates=1, found=1)
    assert score.percent(score.read) == 0


def test_a_plate_that_nothing_overlaps():
    verdict = judge([Label("a.jpg", BOX, "AB10")], [])
    assert verdict.outcomes[0].nearest is None
    assert add_up([verdict], not_read=1) == Score(1, plates=1, codes=1, not_read=1)


def test_scores_of_sets_add_up():
    one = add_up([judge([Label("a.jpg", None, "AB10")], [Read("AB10"), Read("CD")])])
    two = add_up([judge([Label("b.jpg", BOX, "AB10")], [Read("AB10", box=(0, 0, 9, 9))])])
    both = add_scores(one, two)
    assert (both.photos, both.plates, both.read, both.false_plates) == (2, 2, 1, 1)
    assert both.false_rate == 0.5


def test_fold():
    assert fold("io-01 q") == "1001Q"


@settings(deadline=None)
@given(codes, codes)
def test_an_alignment_spells_both_codes_with_as_few_differences_as_can_be(truth, code):
    pairs = align(truth, code)
    assert "".join(a for a, _ in pairs) == truth
    assert "".join(b for _, b in pairs) == code
    assert sum(a != b for a, b in pairs) == edit_distance(truth, code)
    assert ("", "") not in pairs


def test_readings_are_right_or_wrong():
    sure = judge([Label("a.jpg", BOX, "AB10")], [Read("ABIO", 0.5), Read("AB10", 0.9, (0, 0, 9, 9)), Read("C", 0.2)])
    unknown = judge([Label("b.jpg", BOX, ""), Label("b.jpg", None, "AB")], [Read("AB", 0.5)])
    assert judge_readings([sure, unknown]) == [Judged(0.9, True), Judged(0.5, True), Judged(0.2, False)]


def test_confidence_that_means_what_it_says_has_no_calibration_error():
    judged = [Judged(0.75, i < 3) for i in range(4)] + [Judged(1.0, True)] * 5 + [Judged(0.0, False)]
    assert calibration_error(judged) == pytest.approx(0)
    assert calibration_error([Judged(0.95, False)] * 3 + [Judged(0.05, True)] * 2) == pytest.approx(0.95)
    assert calibration_error([Judged(0.52, True), Judged(0.58, False), Judged(1.0, True)]) == pytest.approx(0.1 / 3)
    assert calibration_error([]) == 0


def test_every_reading_is_in_one_bin():
    judged = [Judged(i / 1000, i % 3 == 0) for i in range(1001)]
    bins = fill_bins(judged, CURVE_EDGES)
    assert sum(b.count for b in bins) == 1001
    assert sum(b.count * b.right for b in bins) == pytest.approx(334)
    assert [b.confidence for b in bins] == sorted(b.confidence for b in bins)


def test_sure_readings_are_described():
    judged = [Judged(0.95, True)] * 3 + [Judged(0.9, False), Judged(0.1, False)]
    line = describe_reliability(judged)
    assert "4 of 5 readings (80.0 %)" in line
    assert "75.0 %" in line
    assert "0 of 0 readings (0.0 %)" in describe_reliability([])

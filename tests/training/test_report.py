"""A run's lines and its chart."""

import threading

import cv2
import pytest

from training import report
from training.evaluation import FIGURES


@pytest.mark.parametrize("count", [1, 300])
def test_charts_show_one_batch_or_many(tmp_path, count):
    row = dict.fromkeys(FIGURES, 0.5) | {"finder_loss": 0.3, "reader_loss": 2.0}
    report.draw_training(tmp_path / "chart.png", [row | {"windows": 20_000 * (i + 1)} for i in range(count)])
    assert cv2.imread(str(tmp_path / "chart.png")).shape == (2 * report.CHART_SIZE[1], report.CHART_SIZE[0], 3)


def test_a_reporter_speaks_again_and_again_until_its_end(monkeypatch, capsys):
    monkeypatch.setattr(report, "FIRST_REPORT", 0.001)
    monkeypatch.setattr(report, "REPORT_EVERY", 0.001)
    asked = threading.Semaphore(0)

    def describe():
        asked.release()
        return "so it goes"

    with report.Reporter(describe):
        for _ in range(3):
            assert asked.acquire(timeout=60)
    said = capsys.readouterr().out.splitlines()
    assert len(said) >= 3
    assert set(said) == {"so it goes"}


def test_a_reporter_ends_quietly_when_nobody_listens(monkeypatch):
    def fail(*_lines):
        raise BrokenPipeError

    faults = []
    monkeypatch.setattr(report, "FIRST_REPORT", 0)
    monkeypatch.setattr(report, "say", fail)
    monkeypatch.setattr(threading, "excepthook", faults.append)
    with report.Reporter(lambda: "so it goes") as reporter:
        reporter.thread.join(60)
        assert not reporter.thread.is_alive()
    assert not faults


def test_a_report_comes_every_minute():
    assert report.FIRST_REPORT < 60
    assert report.REPORT_EVERY < 60


def test_times_are_hours_and_minutes():
    assert report.time_text(0) == "0 h 00 min"
    assert report.time_text(3600 * 2 + 60 * 5 + 29) == "2 h 05 min"
    assert report.time_text(3599) == "1 h 00 min"


def test_what_to_expect_goes_on_with_the_curve():
    windows = [20_000 * (i + 1) for i in range(12)]
    history = [{"windows": count, "code": 1 - 3 * count**-0.2} for count in windows]
    assert report.expect_code(history, 2_000_000) == pytest.approx(1 - 3 * 2_000_000**-0.2, abs=1e-3)
    assert report.expect_code(history[: report.LEAST_HISTORY - 1], 2_000_000) is None


def test_nothing_less_is_expected_than_there_is():
    history = [{"windows": 20_000 * (i + 1), "code": 0.9 - 0.01 * i} for i in range(9)]
    assert report.expect_code(history, 400_000) == pytest.approx(0.82)


def test_a_batch_tells_what_to_expect():
    row = dict.fromkeys(FIGURES, 0.5) | {"finder_loss": 0.3, "reader_loss": 2.0, "batch": 7, "windows": 140_000}
    row["windows_per_second"] = 99.0
    assert "at the end about 73 % of codes" in report.batch_line(row, 60, 0.731)
    assert "at the end" not in report.batch_line(row, 60)


def test_nothing_is_expected_of_a_run_that_cannot_read_yet():
    history = [{"windows": 20_000 * (i + 1), "code": 0.01 * i} for i in range(5 + report.LEAST_HISTORY)]
    assert report.expect_code(history[: 4 + report.LEAST_HISTORY], 400_000) is None
    assert report.expect_code(history, 400_000) > 0.09

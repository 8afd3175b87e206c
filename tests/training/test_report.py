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

"""Bars are shown on a terminal alone, and lines are printed above them."""

import sys

from reading import bars


def test_a_bar_is_shown_on_a_terminal_alone(monkeypatch, capsys):
    assert isinstance(bars.open_bar(3, "photo"), bars.NoBar)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(bars.open_bar(3, "photo", is_hidden=True), bars.NoBar)
    monkeypatch.setattr(bars, "DELAY", 0)
    with bars.open_bar(3, "photo", done=1) as bar:
        bar.update()
        bars.print_above("a line")
        assert bar.n == 2
    captured = capsys.readouterr()
    assert captured.out == "a line\n"
    assert "2/3" in captured.err


def test_without_a_bar_a_line_is_printed(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "tqdm", raising=False)
    with bars.open_bar(None, "frame") as bar:
        bar.update()
        bars.print_above("a line")
    assert capsys.readouterr().out == "a line\n"

"""The loop's decisions, with networks that need no Keras."""

import pytest
from training_runs import FakeNetwork

from training import loop
from training.checkpoint import Progress
from training.loop import PATIENCE, Training
from training.options import TrainingOptions


@pytest.fixture
def training(tmp_path) -> Training:
    """A run whose networks have the weights 1 and 2 and the averages 0 and 1."""
    networks = {"finder": FakeNetwork(1), "reader": FakeNetwork(2)}
    averages = {name: [network.weights[0] - 1] for name, network in networks.items()}
    tested = FakeNetwork(3), FakeNetwork(4)
    options = TrainingOptions(out=tmp_path / "weights.npz")
    return Training(options, networks, {}, averages, Progress(), tested, {}, best=0.6)


def test_only_better_weights_are_written(training, monkeypatch):
    written = []
    monkeypatch.setattr(loop, "evaluate", lambda *_: ({"score": 0.5}, []))
    monkeypatch.setattr(loop, "get_weights", lambda *pair: [network.weights[0][0] for network in pair])
    monkeypatch.setattr(loop, "save_weights", lambda _, arrays, __: written.append(arrays))
    training.evaluate()
    assert not written
    training.best = 0.4
    training.evaluate()
    training.evaluate()
    assert written == [[0, 1]]  # once, and the averages
    assert training.best == 0.5
    assert [network.weights[0][0] for network in training.networks.values()] == [1, 2]  # training goes on from its own


def test_a_run_ends_when_its_score_no_longer_improves(training, capsys):
    progress = training.progress
    progress.history = [{"score": 0.5}] + [{"score": 0.4}] * (PATIENCE - 1)
    progress.batch = len(progress.history)
    assert not training.is_over()
    progress.history.append({"score": 0.5})
    progress.batch += 1
    assert training.is_over()
    assert "training ends early" in capsys.readouterr().out


def test_a_run_ends_at_its_time(training):
    training.progress.history = [{"score": 0.5}]
    training.progress.batch = 1
    training.progress.seconds = 3600 * training.options.hours - 1
    assert not training.is_over()
    training.progress.seconds += 2
    assert training.is_over()


def test_a_report_tells_rate_losses_and_time_left(training, monkeypatch):
    clock = training.started
    monkeypatch.setattr(loop.time, "monotonic", lambda: clock)
    training.reported = clock, 0
    clock += 60
    progress = training.progress
    progress.windows = 6000
    progress.seconds = 60
    progress.losses = {"finder": [9.0] + [0.25] * loop.RECENT, "reader": [1.5, "not yet a number"]}
    said = training.describe()
    assert "6,000 windows  100 windows/s" in said
    assert "finder's loss 0.250  reader's loss 1.500" in said
    assert "4 h 59 min left" in said
    clock += 30
    assert "0 windows/s" in training.describe()

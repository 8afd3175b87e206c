"""A run's decisions, with networks that need no Keras."""

import itertools
import math
import resource

import numpy as np
import pytest
from training_runs import FakeNetwork, read_checkpoint

from common import UserError
from training import run
from training.checkpoint import Progress
from training.evaluation import FIGURES
from training.machines import Machine
from training.options import TrainingOptions
from training.report import batch_line
from training.run import MOST_SETBACKS, READ_LOSSES_EVERY, REMEMBER_EVERY, Training
from training.start import FURTHER_RATE


class LonelyMachine(Machine):
    """Trains by itself, on arrays as they are."""

    def share_out(self, arrays):
        return arrays


@pytest.fixture
def training(tmp_path) -> Training:
    """A run whose networks have the weights 1 and 2 and the averages 0 and 1."""
    networks = {"finder": FakeNetwork(1), "reader": FakeNetwork(2)}
    averages = {name: [network.get_weights()[0] - 1] for name, network in networks.items()}
    tested = FakeNetwork(3), FakeNetwork(4)
    options = TrainingOptions(seed=0, out=tmp_path / "weights.npz")
    return Training(options, networks, {}, averages, Progress(), tested, {}, best=0.6, machine=LonelyMachine())


@pytest.fixture(autouse=True)
def no_ranges(monkeypatch):
    """The networks of these tests have no layers whose ranges could be measured."""
    monkeypatch.setattr(run, "measure_ranges", lambda *_: {})


def weight_of(network: FakeNetwork) -> float:
    return float(network.get_weights()[0][0])


def test_only_better_weights_are_written(training, monkeypatch):
    written = []
    monkeypatch.setattr(run, "evaluate", lambda *_: ({"score": 0.5}, []))
    monkeypatch.setattr(run, "get_weights", lambda *pair: [weight_of(network) for network in pair])
    monkeypatch.setattr(run, "save_weights", lambda _, arrays, *__: written.append(arrays))
    training.evaluate()
    assert not written
    training.best = 0.4
    training.evaluate()
    training.evaluate()
    assert written == [[0, 1]]  # once, and the averages
    assert training.best == 0.5
    assert [weight_of(network) for network in training.networks.values()] == [1, 2]  # training goes on from its own


def test_a_score_that_stands_still_ends_no_run(training):
    progress = training.progress
    progress.history = [{"score": 0.5}] + [{"score": 0.4}] * 200
    progress.batch = len(progress.history)
    progress.seconds = 3600 * training.options.hours / 2
    assert not training.is_over()


def test_a_run_ends_at_its_time(training):
    training.progress.history = [{"score": 0.5}]
    training.progress.batch = 1
    training.progress.seconds = 3600 * training.options.hours - 1
    assert not training.is_over()
    training.progress.seconds += 2
    assert training.is_over()


def test_only_a_run_from_nothing_tells_what_to_expect(training):
    training.progress.history = [{"windows": 20_000 * (i + 1), "code": 0.5 + 0.01 * i} for i in range(20)]
    training.progress.windows = 400_000
    training.progress.seconds = 3600 * training.options.hours / 2
    assert 0.6 < training.expect_code() < 1
    training.progress.rate = FURTHER_RATE  # as a checkpoint keeps it of a run from weights, whose options are forgotten
    assert training.expect_code() is None


def test_a_report_tells_rate_losses_and_time_left(training, monkeypatch):
    clock = training.started
    monkeypatch.setattr(run.time, "monotonic", lambda: clock)
    training.reported = clock, 0
    clock += 60
    progress = training.progress
    progress.windows = 6000
    progress.seconds = 60
    progress.losses = {"finder": [9.0] + [0.25] * run.RECENT, "reader": [1.5, "not yet a number"]}
    said = training.describe()
    assert "6,000 windows  100 windows/s" in said
    assert "finder's loss 0.250  reader's loss 1.500" in said
    assert "4 h 59 min left" in said
    assert said.startswith("making windows  batch 1  ")
    progress.batch, training.stage = 1, "testing"
    clock += 30
    assert training.describe().startswith("testing  batch 1  ")
    clock += 30
    assert "0 windows/s" in training.describe()


@pytest.fixture
def small_files():
    """Lets no file grow beyond a few bytes, as on a full disk, until it is called."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))

    def end():
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    yield end
    end()


ROW = dict.fromkeys((*FIGURES, "score"), 0.7)
LOSSES = {"finder_loss": 1.0, "reader_loss": 2.0}


def test_a_full_disk_does_not_end_a_run(training, tmp_path, monkeypatch, capsys, small_files):
    monkeypatch.setattr(run, "evaluate", lambda *_: (ROW, []))
    monkeypatch.setattr(run, "get_weights", lambda *_: {"kernel": np.ones(1000)})
    files = [tmp_path / name for name in ("checkpoint.npz", "training.csv", "training.png", "weights.npz")]
    for file in files:
        file.write_text("before")
    training.progress.batch, training.progress.windows = 1, 64
    training.record(LOSSES, training.evaluate()[0])
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(files)
    assert all("what was there before is kept, and training goes on" in line for line in told)
    assert sorted(tmp_path.iterdir()) == files  # no part of a file is left
    assert {file.read_text() for file in files} == {"before"}
    with pytest.raises(UserError, match="what was there before is kept"):
        training.check_written()

    small_files()  # there is room again
    training.progress.batch, training.progress.windows = 2, 128
    training.record(LOSSES, training.evaluate()[0])  # the weights are no better than those that were not written
    assert not capsys.readouterr().err
    assert all(file.read_bytes() != b"before" for file in files)
    assert len(read_checkpoint(tmp_path).progress.history) == 2
    training.check_written()


def train_until(training: Training, faulty: set[int]) -> list[float]:
    """Train both networks in turn until a loss was read after the last step that is `faulty`, whose loss is NaN.

    Each step adds 1 to a weight, or makes it NaN when the step is faulty. Returns the learning rates.
    """
    rates = []

    def make_step(network: FakeNetwork):
        def step(_x, _y):
            rates.append(float(np.array(network.optimizer.learning_rate)))
            faulty_step = training.progress.steps in faulty
            network.weights[0].assign(network.get_weights()[0] + (math.nan if faulty_step else 1))
            loss = network.get_weights()[0][0]
            return np.float32(loss)

        return step

    training.steps = {name: make_step(network) for name, network in training.networks.items()}
    names = itertools.cycle(training.networks)
    while training.progress.steps <= max(faulty, default=0) or training.progress.steps % READ_LOSSES_EVERY:
        training.step(next(names), np.zeros((2, 64, 128, 3), np.float32), {})
    return rates


def test_a_run_that_starts_from_weights_learns_more_gently(training):
    rates = train_until(training, set())
    training.progress = Progress(rate=0.25)
    assert train_until(training, set())[0] == pytest.approx(rates[0] / 4)


def test_a_loss_that_is_not_finite_goes_back_with_half_the_rate(training, capsys):
    training.progress.steps = REMEMBER_EVERY * 10  # past the rise of the rate
    first = training.progress.steps
    rates = train_until(training, {first + 3})
    assert [weight_of(network) for network in training.networks.values()] == [1, 2]  # as at the start
    assert [average[0][0] for average in training.averages.values()] == [0, 1]
    assert training.progress.setbacks == 1
    assert training.progress.losses["finder"] == list(range(2, 2 + READ_LOSSES_EVERY // 2))
    assert training.progress.losses["reader"] == [3]  # the last one before
    assert capsys.readouterr().err.startswith("train.py: the loss of the reader was not finite: back to")
    training.step("reader", np.zeros((2, 64, 128, 3), np.float32), {})
    assert weight_of(training.networks["reader"]) == 3
    lower = float(np.array(training.networks["reader"].optimizer.learning_rate))
    assert lower == pytest.approx(rates[0] / 2)


def test_a_run_goes_back_to_the_last_good_state(training):
    train_until(training, {REMEMBER_EVERY})
    assert weight_of(training.networks["finder"]) == 1 + REMEMBER_EVERY / 2  # not to the start
    assert weight_of(training.networks["reader"]) == 2 + REMEMBER_EVERY / 2


def test_a_state_that_is_not_finite_is_not_gone_back_to(training):
    training.networks["finder"].weights[0].assign([math.nan] * 3)
    training.remember()
    training.go_back("finder")
    assert weight_of(training.networks["finder"]) == 1


def test_a_run_ends_at_the_third_loss_that_is_not_finite(training):
    faulty = {0, READ_LOSSES_EVERY, 2 * READ_LOSSES_EVERY}
    assert len(faulty) == MOST_SETBACKS
    with pytest.raises(UserError, match="the finder was not finite, 3 times"):
        train_until(training, faulty)
    assert training.progress.steps == 3 * READ_LOSSES_EVERY


def test_a_batch_without_a_finite_loss_ends_the_run(training):
    training.progress.losses = {"finder": [1.0], "reader": []}
    with pytest.raises(UserError, match="no loss of the reader was finite"):
        training.end_batch()


class FakeAlbum:
    """Adds fixed scores on photographs."""

    def __init__(self, photos: float, worse: bool) -> None:
        self.photos = photos
        self.worse = worse

    def add_score(self, scores: dict, _arrays) -> dict:
        return scores | {"photos": self.photos, "score": self.photos}

    def is_worse(self, _scores: dict) -> bool:
        return self.worse


@pytest.mark.parametrize(("photos", "worse", "written"), [(0.7, False, True), (0.7, True, False), (0.5, False, False)])
def test_a_run_with_photographs_writes_better_weights_alone(training, tmp_path, monkeypatch, photos, worse, written):
    monkeypatch.setattr(run, "evaluate", lambda *_: (ROW, []))
    monkeypatch.setattr(run, "get_weights", lambda *_: {"kernel": np.ones(3)})
    training.album = FakeAlbum(photos, worse)
    training.progress.batch, training.progress.windows = 1, 64
    training.record(LOSSES, training.evaluate()[0])
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"] * written
    assert bool(training.written) is written
    assert "photos 70.0 %" in batch_line(training.progress.history[-1] | {"photos": 0.7}, 0)


def test_a_run_that_is_killed_while_it_writes_its_table_goes_through_the_batch_again(training, monkeypatch):
    """Rather than that its checkpoint is complete, and its table is never written."""
    written = []
    monkeypatch.setattr(training, "write", lambda save, *_arguments: written.append(save.__name__))
    training.record({}, {})
    assert written == ["write_history", "draw_training", "save_checkpoint"]

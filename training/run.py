"""A run in progress: its state, a step, and what happens after each batch."""

import contextlib
import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from common import UserError
from network.keras_net import get_weights
from network.weights import save_weights
from synthesis.storage import read_batches
from synthesis.workers import stream_batches
from training.ahead import prepare_ahead
from training.calibration import measure_ranges
from training.checkpoint import Progress, get_state, restore, save_checkpoint
from training.evaluation import evaluate
from training.interrupt import Interrupt
from training.machines import Machine
from training.minibatches import MINIBATCH, MODELS, check_batch, plan_batch, prepare
from training.networks import learning_rate
from training.options import TrainingOptions
from training.photographs import Album
from training.report import batch_line, draw_training, expect_code, losses_text, say, time_text, warn, write_history

AVERAGE_EVERY = 10  # steps between updates of the averaged weights; not tuned
AVERAGE_DECAY = 0.99  # an update; the average spans about 1,000 steps; not tuned
TRAINING_SEED = 1_000_000_007  # added to --seed, so that no run trains on the windows it is tested on
READ_LOSSES_EVERY = 20  # steps; reading a loss waits for its step, which costs an accelerator time
REMEMBER_EVERY = 200  # steps between copies of the state to go back to; a copy takes some tens of milliseconds
MOST_SETBACKS = 3  # losses that are not finite: after the first two a run goes back, at the third it ends; not tuned
MIXING = 1  # sets the random numbers that choose photographs apart from others of the same batch
RECENT = 20  # steps over which the losses of a minute's report are averaged


@dataclasses.dataclass
class Training:
    """A run in progress."""

    options: TrainingOptions
    networks: dict  # model name -> compiled Keras model
    steps: dict[str, Callable]  # model name -> a function that trains the model by a step, as `make_step` makes it
    averages: dict[str, list[np.ndarray]]  # model name -> its weights, averaged over the last steps
    progress: Progress
    tested: tuple  # two models more, which try the averages
    test: dict[str, np.ndarray]  # the test windows; only the first machine has them
    best: float  # the score that weights must surpass to be written
    machine: Machine = dataclasses.field(default_factory=Machine)
    album: Album | None = None  # a user's photographs, in a run with --photos

    def __post_init__(self) -> None:
        self.seed = self.options.seed + TRAINING_SEED * self.machine.number  # no machine makes another's windows
        self.started = time.monotonic() - self.progress.seconds
        self.stopped = False
        self.written: dict[str, float] = {}  # the scores of the weights that this run wrote last
        self.good = get_state(self.networks, self.averages)  # the last state whose losses were finite
        self.unwritten: dict[Callable, UserError] = {}  # what could not be written when last tried, by its function
        self.stage = "making windows"  # what the run does now, for reports
        self.reported = time.monotonic(), self.progress.windows  # when the last report was made

    def batches(self) -> Iterator[dict]:
        """The batches of this machine, from the present one on."""
        batches = self.synthetic_batches()
        if not self.album:
            return batches
        seeds = ((self.seed, number, MIXING) for number in itertools.count(self.progress.batch))
        return (self.album.mix(batch, np.random.default_rng(seed)) for batch, seed in zip(batches, seeds, strict=False))

    def synthetic_batches(self) -> Iterator[dict]:
        """The batches without a user's photographs."""
        options, batch, machine = self.options, self.progress.batch, self.machine
        if options.data:
            batches = read_batches(options.data, options.seed, batch * machine.count + machine.number, machine.count)
            return (check_batch(batch, options.data) for batch in batches)
        first = batch * options.batch
        seed = TRAINING_SEED + self.seed
        return stream_batches(options.window_settings, seed, first, options.batch, options.workers)

    def agree(self, stop: bool, counts: Sequence[int] = (0, 0)) -> np.ndarray:
        """Stop when any machine wants to `stop`, and go by the clock of the first; returns the least `counts` of all.

        Every machine must call this as often as the others, and waits for them.
        """
        rows = self.machine.gather((time.monotonic() - self.started, stop, *counts))  # (machines, 4)
        self.progress.seconds = float(rows[0, 0])
        self.stopped = bool(rows[:, 1].any())
        return rows[:, 2:].min(0).astype(int)

    def fraction(self) -> float:
        """The part of the run that is over: of its batches, if --batches is given, or else of its hours."""
        if self.options.batches:
            return (self.progress.batch + self.progress.step / self.progress.planned) / self.options.batches
        return self.progress.seconds / (3600 * self.options.hours)

    def train_batch(self, batch: dict | None, interrupt: Interrupt) -> None:
        """Train on what is left of `batch`, until its end, the run's end, or a signal. None when there is no batch."""
        plan = self.plan(batch)
        self.stage = "training"
        first = self.progress.steps
        arguments = ((batch, *minibatch, (self.seed, first + i)) for i, minibatch in enumerate(plan))
        with contextlib.closing(prepare_ahead(prepare, arguments)) as minibatches:
            for name, x, y in minibatches:
                self.step(name, x, y)
                self.agree(interrupt.requested)
                both_trained = all(self.progress.losses.values())
                if self.stopped or (self.fraction() >= 1 and both_trained):
                    break
        self.read_losses()
        self.stage = "making windows"

    def plan(self, batch: dict | None) -> list[tuple]:
        """What is left of the minibatches of `batch`, as many on every machine; none when one of them has no batch."""
        size = MINIBATCH * self.machine.devices
        counts = np.bincount(batch["rectified"], minlength=len(MODELS)) // size if batch else (0, 0)
        counts = self.agree(not batch, counts)
        if self.stopped:
            return []
        plan = plan_batch(batch["rectified"], counts, size, np.random.default_rng([self.seed, self.progress.batch]))
        self.progress.planned = len(plan)
        return plan[self.progress.step :]

    def step(self, name: str, x: np.ndarray, y: dict[str, np.ndarray]) -> None:
        """Train model `name` on the windows `x` (M, 64, 128, 3), 0..1, and their truths `y`."""
        progress = self.progress
        rate = progress.rate * learning_rate(progress.steps, self.fraction()) / 2**progress.setbacks
        self.networks[name].optimizer.learning_rate.assign(rate)
        progress.losses[name].append(self.steps[name](*self.machine.share_out((x, y))))
        progress.step += 1
        progress.steps += 1
        progress.windows += len(x) * self.machine.count
        if progress.steps % AVERAGE_EVERY == 0:
            self.update_averages()
        if progress.steps % READ_LOSSES_EVERY == 0:
            self.read_losses()

    def read_losses(self) -> None:
        """Turn the losses of the present batch into numbers, which waits for their steps.

        When one is not finite, the run goes back to its last good state.
        """
        progress = self.progress
        faulty = [name for name, losses in progress.losses.items() if not np.isfinite(list(map(float, losses))).all()]
        for losses in progress.losses.values():
            losses[:] = filter(math.isfinite, map(float, losses))
        if faulty:
            self.go_back(faulty[0])
        elif progress.steps % REMEMBER_EVERY == 0:
            self.remember()

    def remember(self) -> None:
        """Keep a copy of the present state to go back to, if it is sound."""
        state = get_state(self.networks, self.averages)
        if all(np.isfinite(array).all() for array in state.values()):
            self.good = state

    def go_back(self, name: str) -> None:
        """Go back to the last good state, with half of the learning rate from now on; model `name` had a bad loss.

        Windows that are gone through already are not gone through again. Raises UserError when this happened too often.
        """
        progress = self.progress
        progress.setbacks += 1
        fault = f"the loss of the {name} was not finite"
        if progress.setbacks >= MOST_SETBACKS:
            raise UserError(f"{fault}, {progress.setbacks} times in this run; {self.way_out()}")
        self.averages = restore(self.good, self.networks, self.options.checkpoint)
        warn(f"{fault}: back to the last good weights, with half of the learning rate")

    def update_averages(self) -> None:
        updates = self.progress.steps // AVERAGE_EVERY
        decay = min(AVERAGE_DECAY, updates / (updates + 9))  # a young average soon forgets the first weights
        for name, network in self.networks.items():
            pairs = zip(self.averages[name], network.get_weights(), strict=True)
            self.averages[name] = [decay * average + (1 - decay) * weight for average, weight in pairs]

    def finish_batch(self) -> bool:
        """Evaluate, record and decide, which the first machine does for all; returns whether the run is over."""
        losses = self.end_batch()
        if not self.machine.is_first:
            return False
        self.stage = "testing"
        scores, readings = self.evaluate()
        self.record(losses, scores)
        say(batch_line(self.progress.history[-1], self.seconds_left(), self.expect_code()), *readings)
        self.stage = "making windows"
        return self.is_over()

    def expect_code(self) -> float | None:
        """The share of codes, 0..1, to expect on the test windows at the run's end, if that can be told.

        A run that starts from weights has no curve to go on with.
        """
        progress = self.progress
        fraction = self.fraction()
        started_from_weights = progress.rate < 1  # a run that is resumed has no other trace of it
        if started_from_weights or not 0 < fraction < 1:
            return None
        return expect_code(progress.history, progress.windows / fraction)

    def end_batch(self) -> dict[str, float]:
        """Count the batch as gone through; returns the means of its losses, by column of training.csv."""
        progress = self.progress
        losses = {f"{name}_loss": self.mean_loss(name) for name in MODELS}
        progress.batch += 1
        progress.step = 0
        progress.losses = {name: [] for name in MODELS}
        return losses

    def mean_loss(self, name: str) -> float:
        """The mean loss of model `name` in the present batch. UserError when none was finite."""
        losses = self.progress.losses[name]
        if not losses:
            raise UserError(f"no loss of the {name} was finite in a whole batch; {self.way_out()}")
        return float(np.mean(losses))

    def way_out(self) -> str:
        """What to do when the losses are not finite."""
        return f"{self.options.target} keeps the best weights so far; start from them, or with another --seed"

    def evaluate(self) -> tuple[dict[str, float], list[str]]:
        """Evaluate the averaged weights as `evaluate` does, and write them to --out when they are the best."""
        for network, average in zip(self.tested, self.averages.values(), strict=True):
            network.set_weights(average)
        arrays = get_weights(*self.tested)
        scores, readings = evaluate(*self.tested, self.test)
        if self.album:
            scores = self.album.add_score(scores, arrays)
        if self.is_better(scores):
            ranges = measure_ranges(arrays, self.test)
            if self.write(save_weights, self.options.target, arrays, scores, ranges):
                self.best = scores["score"]
                self.written = scores
        return scores, readings

    def is_better(self, scores: dict[str, float]) -> bool:
        """Whether weights with these scores may replace the weights in --out."""
        return scores["score"] > self.best and not (self.album and self.album.is_worse(scores))

    def write(self, save: Callable, *arguments) -> bool:
        """Call `save`; returns whether it could write.

        A full disk must not end a run of hours, so a UserError is only told. What was written before stays as it was.
        """
        try:
            save(*arguments)
        except UserError as error:
            self.unwritten[save] = error
            warn(f"{error}; what was there before is kept, and training goes on")
            return False
        self.unwritten.pop(save, None)
        return True

    def check_written(self) -> None:
        """Raise UserError when a file could not be written in the end."""
        for error in self.unwritten.values():
            raise UserError(f"{error}; training is over, and what was there before is kept")

    def record(self, losses: dict[str, float], scores: dict[str, float]) -> None:
        """Append a row to the history, and write the table, the chart and the checkpoint."""
        progress, history = self.progress, self.progress.history
        progress.seconds = time.monotonic() - self.started
        row = {"batch": progress.batch, "windows": progress.windows, "hours": progress.seconds / 3600}
        before = history[-1] if history else {"windows": 0, "hours": 0}
        row["windows_per_second"] = (row["windows"] - before["windows"]) / (row["hours"] - before["hours"]) / 3600
        history.append(row | losses | scores)
        if self.album:
            return  # its other files would take the place of a longer run's
        self.write(write_history, self.options.table, history)
        self.write(draw_training, self.options.chart, history)
        self.save()  # last: a run that is killed before goes through the batch again, and writes the others again

    def save(self) -> None:
        """Write the checkpoint."""
        arrays = get_state(self.networks, self.averages)
        self.write(save_checkpoint, self.options.checkpoint, self.options.kept(), self.progress, arrays)

    def is_over(self) -> bool:
        """Whether the run is at its planned end.

        A score that stands still ends no run. It rises again when the learning rate falls, towards the end.
        """
        return self.fraction() >= 1

    def seconds_left(self) -> float:
        """Seconds until the run's end, if it goes on as fast as so far; 0 when it is over."""
        seconds, fraction = time.monotonic() - self.started, self.fraction()
        return seconds * max(0, 1 / fraction - 1) if fraction else math.inf

    def describe(self) -> str:
        """A line on how the run goes now. The thread of a Reporter calls this."""
        progress = self.progress
        now, windows = time.monotonic(), progress.windows
        since, before = self.reported
        self.reported = now, windows
        batch = progress.batch if self.stage == "testing" else progress.batch + 1  # a batch counts before its test
        parts = [
            f"{self.stage}  batch {batch}  {windows:,} windows",
            f"{(windows - before) / (now - since):.0f} windows/s",
        ]
        numbers = {name: [x for x in losses if isinstance(x, float)] for name, losses in progress.losses.items()}
        if all(numbers.values()):
            parts.append(losses_text({name: float(np.mean(losses[-RECENT:])) for name, losses in numbers.items()}))
        left = self.seconds_left()
        if math.isfinite(left):
            parts.append(f"{time_text(left)} left")
        return "  ".join(parts)

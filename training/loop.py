"""TODO."""

import argparse
import contextlib
import dataclasses
import itertools
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

import model
from common import UserError
from network.keras_net import get_weights, set_weights
from network.weights import save_weights
from synthesis.backgrounds import backgrounds_in
from synthesis.storage import read_batches
from synthesis.workers import stream_batches
from training.checkpoint import KEPT_OPTIONS, Progress, restore, save_checkpoint
from training.evaluation import evaluate, test_windows, window_settings
from training.losses import get_learning_models
from training.machines import Machine, find_machine, import_keras, make_strategy
from training.minibatches import MINIBATCH, MODELS, augment, plan_batch, truths
from training.report import draw_training, progress_line, write_history

LEARNING_RATE = 1e-3  # at its peak; usual for AdamW; not tuned
FINAL_RATE = 0.01  # of the peak, at the end of the cosine
WARM_UP = 1000  # steps, of both networks, over which the rate rises to its peak while Adam's variances settle
WARM_UP_SHARE = 0.05  # of the run: the rise takes no longer, however short a run is
WEIGHT_DECAY = 0.02  # AdamW's, of kernels alone
CLIP_NORM = 2.0  # longest gradient of a step, lest a few wild windows move everything
AVERAGE_EVERY = 10  # steps between updates of the averaged weights
AVERAGE_DECAY = 0.99  # an update; the average spans about 1,000 steps
TRAINING_SEED = 1_000_000_007  # added to --seed, so that no run trains on the windows it is tested on
PATIENCE = 40  # batches without a better score before the run ends


class Interrupt:
    """Handles SIGINT and SIGTERM: a step is finished first, waiting for windows ends at once."""

    def __init__(self) -> None:
        self.requested = False
        self.waiting = False
        signal.signal(signal.SIGINT, self)
        signal.signal(signal.SIGTERM, self)

    def __call__(self, _signal, _frame) -> None:
        if self.waiting or self.requested:  # a second Ctrl-C means at once
            raise KeyboardInterrupt
        self.requested = True

    def until(self, stream: Iterator[dict]) -> Iterator[dict]:
        """The items of `stream` until a signal comes."""
        with contextlib.closing(stream):
            while not self.requested:
                try:
                    self.waiting = True
                    item = next(stream)
                except KeyboardInterrupt:
                    self.requested = True
                    return
                finally:
                    self.waiting = False
                yield item


def make_networks(keras, machine: Machine) -> dict:
    """The two models, each compiled with its own optimiser, in the order of MODELS.

    They compute in bfloat16 where that is faster: on an accelerator, or on a CPU with matrix tiles (AMX), where it
    was measured to be 2.9 times as fast as float32.
    """
    on_cpu = "cpu" in str(keras.ops.zeros(1).device).lower()
    cpuinfo = Path("/proc/cpuinfo")
    if not on_cpu or (cpuinfo.exists() and "amx_bf16" in cpuinfo.read_text()):
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    with machine.scope():
        networks = dict(zip(MODELS, get_learning_models(machine.replicas), strict=True))
        for network in networks.values():
            clip = CLIP_NORM / machine.replicas  # each one's part of the gradient is clipped before they are added up
            optimizer = keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY, global_clipnorm=clip)
            optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
            network.compile(optimizer)
            optimizer.build(network.trainable_variables)
            if machine.strategy:
                network.train_function = machine.make_train_function(network)
    return networks


def learning_rate(steps: int, fraction: float) -> float:
    """The rate after `steps` steps and at `fraction` (0..1) of the run: a linear rise, then a cosine."""
    rise = min(1, max((steps + 1) / WARM_UP, fraction / WARM_UP_SHARE))
    cosine = FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * min(fraction, 1))) / 2
    return LEARNING_RATE * rise * cosine


@dataclasses.dataclass
class Training:
    """A run in progress."""

    args: argparse.Namespace
    networks: dict  # model name -> compiled Keras model
    averages: dict[str, list[np.ndarray]]  # model name -> its weights, averaged over the last steps
    progress: Progress
    tested: tuple  # two models more, which try the averages
    test: dict[str, np.ndarray]  # the test windows; the first machine alone has them
    best: float  # the score of the weights in args.out
    machine: Machine = dataclasses.field(default_factory=Machine)

    def __post_init__(self) -> None:
        self.seed = self.args.seed + TRAINING_SEED * self.machine.number  # no machine makes another's windows
        self.started = time.monotonic() - self.progress.seconds
        self.stopped = False

    def batches(self) -> Iterator[dict]:
        """The batches of this machine, from the present one on."""
        args, batch, machine = self.args, self.progress.batch, self.machine
        if args.data:
            return read_batches(args.data, args.seed, batch * machine.count + machine.number, machine.count)
        seed = TRAINING_SEED + self.seed
        return stream_batches(window_settings(args), seed, batch * args.batch, args.batch, args.workers)

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

    def agree(self, stop: bool, counts: Sequence[int] = (0, 0)) -> np.ndarray:
        """Stop when any machine wants to `stop`, and go by the clock of the first; returns the least `counts` of all.

        Every machine must call this as often as the others, and waits for them.
        """
        rows = self.machine.gather((time.monotonic() - self.started, stop, *counts))  # (machines, 4)
        self.progress.seconds, self.stopped = float(rows[0, 0]), bool(rows[:, 1].any())
        return rows[:, 2:].min(0).astype(int)

    def fraction(self) -> float:
        """The part of the run that is over: of its batches, if --batches is given, or else of its hours."""
        if self.args.batches:
            return (self.progress.batch + self.progress.step / self.progress.planned) / self.args.batches
        return self.progress.seconds / (3600 * self.args.hours)

    def step(self, batch: dict[str, np.ndarray], name: str, turn: int, chosen: np.ndarray) -> None:
        """Train model `name` on the windows `chosen` of `batch`, in pass number `turn` through it."""
        progress, network, images = self.progress, self.networks[name], batch["images"][chosen]
        if turn == 0:
            x = images.astype(np.float32) / 255
        else:
            x = augment(images, np.random.default_rng([self.seed, progress.steps]))
        network.optimizer.learning_rate.assign(learning_rate(progress.steps, self.fraction()))
        loss = float(network.train_on_batch(*self.machine.share_out((x, truths(batch, chosen, name)))))
        if not math.isfinite(loss):
            raise UserError(f"the loss of the {name} is {loss}; go back to the last checkpoint with --resume")
        progress.losses[name].append(loss)
        progress.step += 1
        progress.steps += 1
        progress.windows += len(chosen) * self.machine.count
        if progress.steps % AVERAGE_EVERY == 0:
            self.update_averages()

    def update_averages(self) -> None:
        updates = self.progress.steps // AVERAGE_EVERY
        decay = min(AVERAGE_DECAY, updates / (updates + 9))  # a young average soon forgets the first weights
        for name, network in self.networks.items():
            pairs = zip(self.averages[name], network.get_weights(), strict=True)
            self.averages[name] = [decay * average + (1 - decay) * weight for average, weight in pairs]

    def evaluate(self) -> tuple[dict[str, float], list[str]]:
        """Evaluate the averaged weights as `evaluate` does, and write them to args.out when they are the best."""
        for network, average in zip(self.tested, self.averages.values(), strict=True):
            network.set_weights(average)
        scores, readings = evaluate(*self.tested, self.test)
        if scores["score"] > self.best:
            self.best = scores["score"]
            save_weights(self.args.out, get_weights(*self.tested), scores)
        return scores, readings

    def save(self) -> None:
        options = {key: getattr(self.args, key) for key in KEPT_OPTIONS}
        save_checkpoint(self.args.out.with_name("checkpoint.npz"), options, self.progress, self.networks, self.averages)

    def finish_batch(self) -> bool:
        """Test, save and report after a batch, which the first machine does for all; whether the run is over."""
        progress, history = self.progress, self.progress.history
        losses = {f"{name}_loss": float(np.mean(losses)) for name, losses in progress.losses.items()}
        progress.batch, progress.step, progress.losses = progress.batch + 1, 0, {name: [] for name in MODELS}
        if self.machine.number > 0:
            return False
        scores, readings = self.evaluate()
        progress.seconds = time.monotonic() - self.started
        row = {"batch": progress.batch, "windows": progress.windows, "hours": progress.seconds / 3600}
        before = history[-1] if history else {"windows": 0, "hours": 0}
        row["windows_per_second"] = (row["windows"] - before["windows"]) / (row["hours"] - before["hours"]) / 3600
        history.append(row | losses | scores)
        self.save()
        write_history(self.args.out.with_name("training.csv"), history)
        draw_training(self.args.out.with_name("training.png"), history)
        fraction = self.fraction()
        print(progress_line(history[-1], progress.seconds * max(0, 1 / fraction - 1)), *readings, sep="\n")
        if fraction < 1 and progress.batch - 1 - np.argmax([row["score"] for row in history]) >= PATIENCE:
            print(f"the score has not improved in {PATIENCE} batches: training ends early")
            return True
        return fraction >= 1


def start(args: argparse.Namespace, progress: Progress, arrays: dict | None) -> Training:
    """Make the test windows and the networks, and give these the weights to start from."""
    number, count = find_machine()
    given = model.load_weights(args.weights) if args.weights else None
    present = model.load_weights(args.out) if args.out.exists() else None
    if not backgrounds_in(args.bgs):
        print(f"train.py: {args.bgs} holds no pictures: backgrounds are painted", file=sys.stderr)
    test = test_windows(args) if number == 0 else {}
    keras = import_keras()
    machine = Machine(number, count, make_strategy(keras, count))
    keras.utils.set_random_seed(args.seed)
    networks = make_networks(keras, machine)
    pair, tested, best = tuple(networks.values()), model.get_models(), -1.0
    if present and number == 0:
        set_weights(*tested, present)
        best = evaluate(*tested, test)[0]["score"]
        print(f"{args.out} scores {100 * best:.2f}; better weights will replace it")
    set_weights(*pair, given or get_weights(*pair))
    weights = {name: network.get_weights() for name, network in networks.items()}
    averages = restore(arrays, networks) if arrays else weights
    return Training(args, networks, averages, progress, tested, test, best, machine)


def train(args: argparse.Namespace, progress: Progress, arrays: dict | None) -> None:
    """Train until the time, the batches or the patience is over, or a signal comes.

    `progress` and `arrays` are those of the checkpoint to go on from; a new run has no `arrays`.
    """
    training = start(args, progress, arrays)
    if training.fraction() >= 1:
        raise UserError("the run to go on with is complete; give it more --hours or --batches")
    interrupt, silent = Interrupt(), training.machine.number > 0  # the first machine speaks for all
    try:
        for batch in itertools.chain(interrupt.until(training.batches()), [None]):  # none is left after a signal
            plan = training.plan(batch)
            for minibatch in tqdm(plan, f"batch {progress.batch + 1}", disable=silent or None, leave=False):
                training.step(batch, *minibatch)
                training.agree(interrupt.requested)
                if training.stopped or (training.fraction() >= 1 and all(progress.losses.values())):
                    break
            if training.stopped and progress.step < progress.planned:
                break
            training.agree(training.finish_batch())
            if training.stopped:
                return
    except Exception as error:
        if type(error).__name__ != "UnavailableError":  # TensorFlow's, which other backends do without
            raise
        raise UserError("another machine of TF_CONFIG is gone; start all of them again with --resume") from None
    if silent:
        return
    if progress.step:  # interrupted in the midst of a batch
        training.save()
        training.evaluate()
    remedy = "train.py --resume goes on" if progress.steps else "nothing is saved"
    print(f"interrupted after {progress.windows:,} windows; {remedy}")

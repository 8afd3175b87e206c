#!/usr/bin/env python3
"""Train the network on synthetic windows.

    python train.py                   # five hours from scratch, backgrounds from bgs/
    python train.py weights.npz       # the same, starting from these weights
    python train.py --resume          # go on with an interrupted run, exactly where it stopped

Windows are synthesised by worker processes (`gen.py`'s code) while the network trains, in batches of 10,000, or read
from a folder that `gen.py --batches DIR` wrote (`--data DIR`). After each batch the network is tried on the windows in
`test/`, which are made where there are none, and a line of progress and some readings are printed, truth on the left,
the network's reading on the right, each with its presence. Written, all beside `--out`:

    weights.npz      the network, when there was none or the new one scores better on the test windows
    checkpoint.npz   the state of the run after its last batch, for --resume
    training.csv     a row a batch
    training.png     accuracy and loss drawn over the windows seen

Ctrl-C and SIGTERM finish the present step, save, and exit. A GPU is used where there is one, several together, and so
are the machines that TF_CONFIG names (README.md); the first of them tests and writes.
"""

import argparse
import contextlib
import csv
import dataclasses
import itertools
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

import gen
import model
from charts import COLOURS, Line, draw_chart, linear_axis
from common import (
    BLANK,
    SLOTS,
    UNREADABLE_ARCHIVE,
    WINDOW_SHAPE,
    CommandParser,
    UserError,
    code_to_slots,
    rectify,
    run,
    slots_to_code,
    write_beside,
    write_image,
)
from machines import Machine, find_machine, import_keras, make_strategy
from windows import list_batches, read_batches, read_windows, write_windows

__all__ = ["augment", "draw_training", "evaluate", "learning_rate", "load_checkpoint", "save_checkpoint", "train"]

BATCH = 10_000  # windows synthesised at a time; the unit of progress
MINIBATCH = 64  # windows a step; larger ones would leave fewer steps in the hours there are
REUSE = 2  # passes through a batch: synthesising a window costs a core a sixth of a pass of the reader; not tuned
LEARNING_RATE = 1e-3  # at its peak; usual for AdamW; not tuned
FINAL_RATE = 0.01  # of the peak, at the end of the cosine
WARM_UP = 1000  # steps, of both networks, over which the rate rises to its peak while Adam's variances settle
WARM_UP_SHARE = 0.05  # of the run: the rise takes no longer, however short a run is
WEIGHT_DECAY = 0.02  # AdamW's, of kernels alone
CLIP_NORM = 2.0  # longest gradient of a step, lest a few wild windows move everything
AVERAGE_EVERY = 10  # steps between updates of the averaged weights
AVERAGE_DECAY = 0.99  # an update; the average spans about 1,000 steps
TEST_COUNT = 1000  # windows; a code accuracy near 90 % is then known to about 1.3 %
TEST_SEED = 0  # the default of gen.py
TEST_FOLDER = Path("test")  # where gen.py writes
TRAINING_SEED = 1_000_000_007  # added to --seed, so that no run trains on the windows it is tested on
PATIENCE = 40  # batches without a better score before the run ends
READINGS = 5  # sample readings printed after each batch
MODELS = ("finder", "reader")
CHART_SIZE = (1200, 480)  # width and height in pixels of each of the two charts of training.png
CHECKPOINT_VERSION = 1
KEPT_OPTIONS = ("hours", "batches", "seed", "formats", "fonts", "bgs", "data", "batch")  # --resume takes them up again
FIGURES = ("presence", "characters", "code", "street")  # accuracies, 0..1


@dataclasses.dataclass
class Progress:
    """How far a run has come. Random numbers depend on --seed and these counts alone, so nothing else is kept."""

    batch: int = 0  # batches gone through
    step: int = 0  # minibatches of the present batch gone through
    planned: int = 1  # minibatches of the present batch
    steps: int = 0  # minibatches of the whole run
    windows: int = 0  # windows trained on; one that is gone through twice counts twice
    seconds: float = 0.0  # training so far, synthesis and tests included
    losses: dict = dataclasses.field(default_factory=lambda: {name: [] for name in MODELS})  # of the present batch
    history: list = dataclasses.field(default_factory=list)  # a row of training.csv a batch


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


# --- windows ------------------------------------------------------------------------------------------------------


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrade windows afresh for another pass: gamma, gain, bias, gray, noise.

    `images` is (N, 64, 128, 3) uint8; returns float32 of that shape, in 0..1. Geometry is left alone, so the truths
    still hold.
    """
    n, size = len(images), images[0].size
    levels = np.linspace(0, 1, 256, dtype=np.float32)[:, None, None]
    gamma = np.exp(rng.normal(0, 0.25, (n, 1, 1, 1)))
    gain = np.exp(rng.normal(0, 0.15, (n, 1, 1, 1)) + rng.normal(0, 0.05, (n, 1, 1, 3)))  # of all, of each channel
    bias = rng.normal(0, 0.06, (n, 1, 1, 1))
    curves = (levels**gamma * gain + bias).astype(np.float32)  # (N, 256, 1, 3), what each level becomes
    degraded = np.stack([cv2.LUT(image, curve) for image, curve in zip(images, curves, strict=True)])
    gray = rng.random(n) < 0.15
    degraded[gray] = degraded[gray].mean(-1, keepdims=True)
    noise = rng.standard_normal(8 * size, np.float32)  # each window takes a part: fresh noise for all is slow
    sigmas, starts = rng.exponential(0.015, n).astype(np.float32), rng.integers(0, 7 * size, n)
    for i, (sigma, start) in enumerate(zip(sigmas, starts, strict=True)):
        degraded[i] += sigma * noise[start : start + size].reshape(images[i].shape)
    return degraded.clip(0, 1, out=degraded)


def plan_batch(rectified: np.ndarray, counts: Sequence[int], size: int, rng: np.random.Generator) -> list[tuple]:
    """The minibatches of a batch: model, pass and windows, `size` of them, of each.

    `rectified` is (N,), 0 for the finder's windows, 1 for the reader's. A pass has `counts` (2,) minibatches of the two
    models, which take turns in proportion; each goes through the windows in another order.
    Raises UserError when there is no full minibatch for each model.
    """
    if not all(counts):
        raise UserError(f"a batch of {len(rectified)} windows has no {size} for each network; make larger batches")
    plan = []
    for turn in range(REUSE):
        minibatches = []
        for kind, (name, count) in enumerate(zip(MODELS, counts, strict=True)):
            windows = rng.permutation(np.flatnonzero(rectified == kind))
            parts = np.split(windows[: count * size], count)
            minibatches += [((k + 0.5) / count, name, turn, part) for k, part in enumerate(parts)]
        plan += [minibatch[1:] for minibatch in sorted(minibatches, key=lambda minibatch: minibatch[0])]
    return plan


def truths(batch: dict, chosen: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """What model `name` should answer for the `chosen` (M,) windows of `batch`."""
    y = {
        "presence": batch["presence"][chosen, None].astype(np.float32),  # (M, 1)
        "corners": batch["corners"][chosen],  # (M, 4, 2)
    }
    if name == "reader":
        y["characters"] = np.stack([code_to_slots(code) for code in batch["codes"][chosen]])  # (M, 12)
        y["centres"] = batch["centres"][chosen]  # (M, 12, 2)
    return y


# --- tests --------------------------------------------------------------------------------------------------------


def predict(network, images: np.ndarray) -> dict[str, np.ndarray]:
    """The answers of `network` to (N, 64, 128, 3) uint8 windows, as float32."""
    parts = np.array_split(images, math.ceil(len(images) / 200))  # bounds the memory
    parts = [network.predict_on_batch(part.astype(np.float32) / 255) for part in parts]
    return {key: np.concatenate([np.asarray(p[key], np.float32) for p in parts]) for key in parts[0]}


def read_codes(reader, images: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The codes that `reader` reads in (N, 64, 128, 3) uint8 windows, and their (N,) presence, 0..1."""
    answers = predict(reader, images)
    codes = [slots_to_code(logits)[0] for logits in answers["characters"]]  # the largest is the likeliest
    return codes, 1 / (1 + np.exp(-answers["presence"][:, 0]))


def evaluate(finder, reader, test: dict) -> tuple[dict[str, float], list[str]]:
    """Accuracies (0..1) on the batch `test` and some readings.

    presence    of the finder, on street windows
    characters  of the reader, on rectified windows with a plate: slots right among those that truth or reading fill
    code        the same, codes wholly right
    street      codes wholly right on street windows with a plate, cut out by the finder's corners
    score       the mean of presence and code: what weights are compared by
    """
    street, straight = test["rectified"] == 0, test["rectified"] == 1
    found = predict(finder, test["images"][street])
    presence = (found["presence"][:, 0] > 0) == test["presence"][street]

    read, read_presence = read_codes(reader, test["images"][straight])
    true = test["codes"][straight]
    with_plate = test["presence"][straight] == 1
    slots = np.array([[code_to_slots(a), code_to_slots(b)] for a, b in zip(read, true, strict=True)])
    slots = slots[with_plate]  # (P, 2, 12), reading and truth
    filled = (slots != BLANK).any(1)  # (P, 12)

    plates = test["presence"][street] == 1
    corners = found["corners"][plates]  # (P, 4, 2)
    corners += 2 * gen.READ_MARGIN * (corners - corners.mean(1, keepdims=True))
    corners *= np.array(WINDOW_SHAPE[::-1], np.float32)  # pixels
    windows = map(rectify, test["images"][street][plates], corners)
    street_read, _ = read_codes(reader, np.stack(list(windows)))

    scores = {
        "presence": float(presence.mean()),
        "characters": float((slots[:, 0] == slots[:, 1])[filled].mean()),
        "code": float(np.mean([a == b for a, b in zip(read, true, strict=True)], where=with_plate)),
        "street": float(np.mean(np.array(street_read) == test["codes"][street][plates])),
    }
    scores["score"] = (scores["presence"] + scores["code"]) / 2
    readings = [
        f"{code or '-':>{SLOTS}} {float(p):.1f} <-> {reading or '-':<{SLOTS}} {float(q):.2f}"
        for code, p, reading, q in zip(true, test["presence"][straight], read, read_presence, strict=True)
    ]
    return scores, readings[:READINGS]


# --- what a run leaves --------------------------------------------------------------------------------------------


def save_checkpoint(path: Path, options: dict, progress: Progress, networks: dict, averages: dict) -> None:
    """Write the whole state of a run; `networks` and `averages` are model name -> model, averaged weights."""
    arrays = {"state": json.dumps({"version": CHECKPOINT_VERSION, "options": options, **dataclasses.asdict(progress)})}
    for name, network in networks.items():
        for part, variables in checkpointed(network).items():
            arrays |= {f"{name}/{part}/{i}": np.asarray(variable) for i, variable in enumerate(variables)}
        arrays |= {f"{name}/average/{i}": average for i, average in enumerate(averages[name])}
    with write_beside(path) as temporary:
        np.savez(temporary, **arrays)


def checkpointed(network) -> dict[str, list]:
    """All variables that the training of `network` changes, in a fixed order."""
    return {"variables": network.variables, "optimizer": network.optimizer.variables}


def load_checkpoint(path: Path) -> tuple[dict, Progress, dict[str, np.ndarray]]:
    """The options, the progress and the arrays of a checkpoint; UserError when it is missing or damaged."""
    try:
        with np.load(path) as data:
            arrays = {key: data[key] for key in data.files}
        state = json.loads(str(arrays.pop("state")))
        version, options = state.pop("version"), state.pop("options")
        progress = Progress(**state)
    except FileNotFoundError:
        raise UserError(f"{path}: not found; start a run without --resume") from None
    except (OSError, *UNREADABLE_ARCHIVE):
        raise UserError(f"{path}: is damaged or no checkpoint; start a run without --resume") from None
    if version != CHECKPOINT_VERSION:
        raise UserError(f"{path}: has version {version}, not {CHECKPOINT_VERSION}; start a run without --resume")
    return options, progress, arrays


def restore(arrays: dict, networks: dict) -> dict[str, list[np.ndarray]]:
    """Put the arrays of a checkpoint into the models and their optimisers; returns the averaged weights.

    Raises UserError when they do not fit.
    """
    averages = {}
    for name, network in networks.items():
        average = [arrays.get(f"{name}/average/{i}") for i in range(len(network.weights))]
        pairs = list(zip(average, network.weights, strict=True))
        for part, variables in checkpointed(network).items():
            pairs += [(arrays.get(f"{name}/{part}/{i}"), variable) for i, variable in enumerate(variables)]
        if any(array is None or array.shape != tuple(variable.shape) for array, variable in pairs):
            raise UserError("checkpoint.npz: is of another network; start a run without --resume")
        for array, variable in pairs[len(average) :]:
            variable.assign(array)
        averages[name] = average
    return averages


def write_history(path: Path, history: list[dict]) -> None:
    """Write training.csv."""
    with write_beside(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def draw_training(path: Path, history: list[dict]) -> None:
    """Draw training.png: accuracies above, losses below, over the windows trained on."""
    millions = [row["windows"] / 1e6 for row in history]
    accuracies = {figure: [100 * row[figure] for row in history] for figure in FIGURES}
    losses = {name: [row[f"{name}_loss"] for row in history] for name in MODELS}
    x, charts = linear_axis("windows trained on, millions", millions[-1]), []
    for title, series in (("accuracy on the test windows, %", accuracies), ("loss while training", losses)):
        y = linear_axis(title, max(map(max, series.values())))
        named = zip(series.items(), COLOURS, strict=False)
        lines = [Line(millions, values, colour, f"{name} {values[-1]:.3g}") for (name, values), colour in named]
        charts.append(draw_chart(CHART_SIZE, x, y, lines))
    write_image(path, np.vstack(charts))


# --- training -----------------------------------------------------------------------------------------------------


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
        networks = dict(zip(MODELS, model.get_models(machine.replicas), strict=True))
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
        return gen.stream_batches(window_settings(args), seed, batch * args.batch, args.batch, args.workers)

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
            model.save_weights(self.args.out, model.get_weights(*self.tested), scores)
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
    if not gen.backgrounds_in(args.bgs):
        print(f"train.py: {args.bgs} holds no pictures: backgrounds are painted", file=sys.stderr)
    test = test_windows(args) if number == 0 else {}
    keras = import_keras()
    machine = Machine(number, count, make_strategy(keras, count))
    keras.utils.set_random_seed(args.seed)
    networks = make_networks(keras, machine)
    pair, tested, best = tuple(networks.values()), model.get_models(), -1.0
    if present and number == 0:
        model.set_weights(*tested, present)
        best = evaluate(*tested, test)[0]["score"]
        print(f"{args.out} scores {100 * best:.2f}; better weights will replace it")
    model.set_weights(*pair, given or model.get_weights(*pair))
    weights = {name: network.get_weights() for name, network in networks.items()}
    averages = restore(arrays, networks) if arrays else weights
    return Training(args, networks, averages, progress, tested, test, best, machine)


def test_windows(args: argparse.Namespace) -> dict[str, np.ndarray]:
    """The windows in TEST_FOLDER, which are made when there are none."""
    if not list_batches(TEST_FOLDER):  # the last file that is written
        settings = window_settings(args)
        ranges = [(i, min(gen.CHUNK, TEST_COUNT - i)) for i in range(0, TEST_COUNT, gen.CHUNK)]
        chunks = gen.stream_chunks(settings, TEST_SEED, ranges, args.workers)
        try:
            TEST_FOLDER.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{TEST_FOLDER}: cannot be made ({error.strerror}); run where you may write") from None
        write_windows(TEST_FOLDER, 0, TEST_COUNT, chunks)
    return read_windows(TEST_FOLDER)


def window_settings(args: argparse.Namespace) -> gen.Settings:
    return gen.Settings(args.formats, tuple(args.fonts), args.bgs)


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


def progress_line(row: dict, seconds_left: float) -> str:
    """The line printed after a batch, from its row of the history."""
    losses = "  ".join(f"{name}'s loss {row[f'{name}_loss']:.3f}" for name in MODELS)
    figures = "  ".join(f"{figure} {100 * row[figure]:.1f} %" for figure in FIGURES)
    hours, minutes = divmod(round(seconds_left / 60), 60)
    return (
        f"batch {row['batch']}  {row['windows']:,} windows  {losses}  {figures}  "
        f"{row['windows_per_second']:.0f} windows/s  {hours} h {minutes:02d} min left"
    )


# --- the command --------------------------------------------------------------------------------------------------


def positive(kind: type[float]) -> Callable[[str], float]:
    """An argparse type: a number of `kind` above 0."""

    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    parse.__name__ = kind.__name__  # argparse names it when `text` is no number
    return parse


def make_parser() -> CommandParser:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, metavar="weights.npz", help="start from these weights")
    add("--hours", type=positive(float), default=5, help="length of the run and of its schedule (%(default)s)")
    add("--batches", type=positive(int), help="length of the run in batches instead, whatever the hours")
    add("--resume", action="store_true", help="go on from checkpoint.npz, with its options where none is given")
    add("--seed", type=int, default=0, help="another number, another run (%(default)s)")
    add("--formats", metavar="LIST", help="formats of plates, such as in,gb (all in formats/)")
    add("--fonts", action="append", default=[], metavar="DIR", help="typefaces beside fonts/; may be repeated")
    add("--bgs", default="bgs", metavar="DIR", help="background photographs (%(default)s)")
    add("--data", metavar="DIR", help="train on the batches that gen.py --batches DIR wrote")
    add("--batch", type=positive(int), default=BATCH, help="windows synthesised at a time (%(default)s)")
    add("--workers", type=positive(int), default=os.cpu_count(), help="processes that synthesise (%(default)s)")
    add("--out", type=Path, default="weights.npz", metavar="FILE", help="the network trained (%(default)s)")
    return parser


def main() -> None:
    parser = make_parser()
    args = parser.parse_args()
    progress, arrays = Progress(), None
    if args.resume:
        options, progress, arrays = load_checkpoint(args.out.parent / "checkpoint.npz")
        parser.set_defaults(**options)
        args = parser.parse_args()
        for key in ("seed", "batch"):  # they decide which windows come next
            if getattr(args, key) != options[key]:
                raise UserError(f"--{key}: the run to go on with has {options[key]}; leave the option out")
        if args.weights:
            raise UserError(f"{args.weights}: with --resume a run starts from its checkpoint; leave out one of the two")
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: is negative; give a number from 0 up")
    if args.out.suffix != ".npz" or not os.access(args.out.parent, os.W_OK):
        raise UserError(f"{args.out}: cannot be written; name a .npz file in a folder you may write to")
    if args.data and not list_batches(args.data):
        raise UserError(f"{args.data}: holds no .npz files; make some with gen.py --batches {args.data}")
    train(args, progress, arrays)


if __name__ == "__main__":
    run(main)

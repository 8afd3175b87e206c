"""The loop of a run over its batches, from its start to its end."""

import contextlib
import itertools

from common import UserError
from training.checkpoint import Checkpoint
from training.interrupt import Interrupt
from training.machines import find_machine
from training.options import TrainingOptions
from training.report import Reporter, say
from training.run import Training
from training.start import start


def train(options: TrainingOptions, checkpoint: Checkpoint | None = None) -> None:
    """Train until the time or the batches are over, or a signal comes.

    A run that goes on has a `checkpoint`.
    """
    machine = find_machine()
    interrupt = Interrupt()
    with contextlib.ExitStack() as stack:
        reporter = Reporter(lambda: "making the test windows and the networks")
        if machine.is_first:  # it speaks for all
            stack.enter_context(reporter)
        with interrupt.at_once():
            training = start(options, checkpoint, machine)
        reporter.describe = training.describe
        if training.fraction() >= 1:
            raise UserError(f"{options.checkpoint}: this run is complete; give it more --hours or --batches")
        try:
            interrupted = train_batches(training, interrupt)
        except Exception as error:
            if type(error).__name__ != "UnavailableError":  # TensorFlow's, which other backends do without
                raise
            raise UserError("another machine of TF_CONFIG is gone; start all of them again with --resume") from None
        if interrupted and machine.is_first:
            finish_early(training)
        training.check_written()
        if training.album:
            report_photos(training)


def train_batches(training: Training, interrupt: Interrupt) -> bool:
    """Train batch after batch; returns whether a signal ended that."""
    progress = training.progress
    for batch in itertools.chain(interrupt.until(training.batches()), [None]):  # none is left after a signal
        training.train_batch(batch, interrupt)
        if training.stopped and progress.step < progress.planned:
            return True
        training.agree(training.finish_batch())
        if training.stopped:
            return False
    return True


def finish_early(training: Training) -> None:
    """Save what an interrupted run has."""
    progress = training.progress
    if progress.step:  # interrupted in the midst of a batch
        training.evaluate()
    if training.album:
        say(f"interrupted after {progress.windows:,} windows")
        return
    if progress.step:
        training.save()
    command = f"train.py --resume --out {training.options.out}" if training.options.out else "train.py --resume"
    remedy = f"{command} goes on" if progress.steps else "nothing is saved"
    say(f"interrupted after {progress.windows:,} windows; {remedy}")


def report_photos(training: Training) -> None:
    """Say what a run with a user's photographs brought. Raises UserError when no weights were written."""
    album, target = training.album, training.options.target
    if not training.written:
        reason = "no weights read better and forgot nothing"
        raise UserError(f"{target}: not written, because {reason}; label more photographs or train longer")
    say(f"before: {album.describe(album.before)}", f"{target}: {album.describe(training.written)}")

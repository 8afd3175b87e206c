#!/usr/bin/env python3
"""Train the network on synthetic windows.

    python train.py                   # five hours from nothing, backgrounds from bgs/
    python train.py weights.npz       # the same, starting from these weights
    python train.py --resume          # go on with an interrupted run, exactly where it stopped

Worker processes synthesise windows while the network trains, in batches of 10,000. With --data DIR the windows are read
from a folder that `gen.py --batches DIR` wrote. After each batch the network is tried on the test windows. A line tells
its accuracy, and some readings are printed: the truth on the left, the network's reading on the right, each with its
presence. In between a line a minute tells how the run goes. All files are written beside `--out`:

    weights.npz      the network, when there was none or the new one scores better on the test windows
    checkpoint.npz   the state of the run after its last batch, for --resume
    training.csv     a row for each batch
    training.png     accuracy and loss drawn over the windows seen

With --formats xx the weights are called weights-xx.npz unless --out says otherwise, because weights that are trained on
some formats alone read the others worse, and must not replace weights.npz. The test windows are in `test/`. They belong
to their formats, typefaces and backgrounds. Where `test/` holds windows of other settings, a run makes and uses a
folder of its own, such as `test-1a2b3c4d/`. Weights that are in --out already are scored on the same windows first.

    python train.py weights.npz --photos labels.tsv --out mine.npz

trains on your own labelled photographs too, mixed with synthetic windows so that nothing is forgotten. The table has a
line for each plate: image, x, y, w, h, TEXT with tabs between, where x, y, w, h are its box in pixels; or image, TEXT.
Names are paths below the folder that a line `# photographs in FOLDER` says, as in the table that a page exports, or
below the folder of the table. A fifth of the photographs, at most 100, is held out. The plates on them are read before
and after each batch, and so are the test windows. Only weights that read the photographs better and forgot nothing are
written, and no other file is.

Ctrl-C and SIGTERM finish the present step, save, and exit. A GPU is used where there is one, several GPUs are used
together, and so are the machines that TF_CONFIG names (README.md). The first machine tests and writes.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below would print a traceback

if __name__ == "__mp_main__":  # a worker; it might outlive its parent by the time of the imports below
    from synthesis.orphans import watch_parent

    watch_parent()

import argparse
import contextlib
import dataclasses
import os
from pathlib import Path

from common import CommandParser, UserError, natural, positive, run
from formats.loading import read_files
from synthesis.storage import list_batches
from training.checkpoint import Checkpoint, load_checkpoint
from training.loop import train
from training.networks import PRECISIONS
from training.options import PHOTOS_DEFAULTS, TrainingOptions

DEFAULTS = TrainingOptions()
OUT_REMEDY = "name a .npz file in a folder you may write to"


def make_parser() -> CommandParser:
    """The parser of the options. It leaves out an option that is not given, so that a checkpoint may give it."""
    parser = CommandParser(__doc__)
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("weights", nargs="?", default=None, type=Path, metavar="weights.npz", help="start from these weights")
    add(
        "--hours",
        type=positive(float),
        help=f"length of the run ({DEFAULTS.hours:g}; with --photos {PHOTOS_DEFAULTS['hours']:g})",
    )
    add("--batches", type=positive(int), help="length of the run in batches instead, whatever the hours")
    add("--resume", action="store_true", help="go on from checkpoint.npz, with its options where none is given")
    add("--seed", type=natural, help="another number, another run (0; or from WEIGHTS a number of their own)")
    add("--formats", metavar="LIST", help="formats of plates, such as in,gb (all in formats/)")
    add("--fonts", action="append", metavar="DIR", help="typefaces beside fonts/; may be repeated")
    add("--bgs", metavar="DIR", help=f"background photographs ({DEFAULTS.bgs})")
    add("--data", metavar="DIR", help="train on the batches that gen.py --batches DIR wrote")
    add("--photos", type=Path, metavar="LABELS", help="train on your own photographs too; LABELS is their table")
    batch = f"windows made at a time ({DEFAULTS.batch}; with --photos {PHOTOS_DEFAULTS['batch']})"
    add("--batch", type=positive(int), help=batch)
    precision = "what the networks compute in (that of a run that goes on; else the faster one here, by a measurement)"
    add("--precision", choices=PRECISIONS, help=precision)
    add("--workers", type=positive(int), help=f"processes that synthesise ({DEFAULTS.workers})")
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"the weights ({DEFAULTS.target}; weights-xx.npz with --formats xx)",
    )
    return parser


def main() -> None:
    given = vars(make_parser().parse_args())
    resume = given.pop("resume", False)
    check_photos(given, resume)
    options = with_options(DEFAULTS, PHOTOS_DEFAULTS | given if "photos" in given else given)
    checkpoint = load_checkpoint(options.checkpoint, options.target) if resume else None
    if checkpoint:
        check_resumed(checkpoint, given)
        if "hours" in given:  # the checkpoint's batches would count in place of these hours
            given = {"batches": None} | given
        options = with_options(DEFAULTS, kept_options(checkpoint) | given)
    check_files(options)
    train(options, checkpoint)


def with_options(options: TrainingOptions, given: dict) -> TrainingOptions:
    """`options` with those that are `given` by name."""
    if "fonts" in given:
        given = given | {"fonts": tuple(given["fonts"])}
    return dataclasses.replace(options, **given)


def kept_options(checkpoint: Checkpoint) -> dict:
    """The options of the run that `checkpoint` is of."""
    name = checkpoint.options["out"]
    return checkpoint.options | {"out": checkpoint.path.with_name(name) if name else None}


def check_resumed(checkpoint: Checkpoint, given: dict) -> None:
    """Raise UserError when a `given` option cannot go with the run of `checkpoint`."""
    for key in ("seed", "batch"):  # they decide which windows come next
        if given.get(key, checkpoint.options[key]) != checkpoint.options[key]:
            raise UserError(f"--{key}: {checkpoint.path} has {checkpoint.options[key]}; leave the option out")
    if given["weights"]:
        raise UserError(f"{given['weights']}: --resume starts from {checkpoint.path}; leave out one of the two")


def check_photos(given: dict, resume: bool) -> None:
    """Raise UserError when --photos is `given` without what it needs."""
    if "photos" not in given:
        return
    if resume:
        raise UserError("--photos: such a run takes minutes and keeps no checkpoint; leave out --resume")
    if not given["weights"]:
        raise UserError("--photos: name the weights to start from, as in train.py weights.npz --photos labels.tsv")
    if "out" not in given:
        raise UserError("--photos: name a file for the new weights, as in --out mine.npz")


def check_files(options: TrainingOptions) -> None:
    """Raise UserError when a format is unknown, --out cannot be written, or --data holds nothing."""
    read_files(options.formats)  # first, because their names are part of the name of the weights
    if options.target.suffix != ".npz" or not os.access(options.target.parent, os.W_OK):
        raise UserError(f"{options.target}: cannot be written; {OUT_REMEDY}")
    try:
        with contextlib.suppress(FileNotFoundError):
            os.stat(options.target)  # a link that leads to itself or a name that is too long would show after hours
    except OSError as error:
        raise UserError(f"{options.target}: cannot be written ({error.strerror}); {OUT_REMEDY}") from None
    if options.data and not list_batches(options.data):
        raise UserError(f"{options.data}: holds no .npz files; make some with gen.py --batches {options.data}")


if __name__ == "__main__":
    run(main)

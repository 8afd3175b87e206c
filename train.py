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

import os
from pathlib import Path

from common import CommandParser, UserError, positive, run
from synthesis.storage import list_batches
from training.checkpoint import Progress, load_checkpoint
from training.loop import train

BATCH = 10_000  # windows synthesised at a time; the unit of progress


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

#!/usr/bin/env python3
"""Find and read the number plates of a photograph, of every photograph of a folder, or of a video.

    python detect.py in.jpg weights.npz out.jpg
    python detect.py photos weights.npz out --json readings.jsonl

reads the photographs and the network's weights, prints a line a plate (code, confidence, box as x,y,w,h in pixels;
after the photograph's name where there is a folder of them), and writes each photograph with its plates outlined.

    python detect.py photos weights.npz out --json readings.jsonl --resume
    python detect.py photos weights.npz out --json readings1.jsonl --shard 1/2

go on with a folder where an interrupted run stopped, and read the first half of it, while another machine does the
other. The rows of a run are in `readings.jsonl.part` until all of them are there.

    python detect.py drive.mp4 weights.npz out.mp4 --json readings.jsonl

reads every frame of a video, and prints a line for each plate when it has left (and so --json): the code with the
largest sum of confidences over the frames, a confidence, the box where this code was surest, and the plate's first and
last time in seconds, as in `KA02MK7259 0.97 12,30,200,60 0.00-3.20`. The confidence is that of the surest frame times
the code's share of the sum, and may be below `--threshold`, which is for a single frame. Sound is not kept.

Phase 1 slides the *finder* over an image pyramid and merges the positions that show the same plate. Phase 2 turns
each plate upright by its four corners, and the *reader* says whether it is one, where its corners truly are, and what
it says. ONNX Runtime runs both networks, since importing a training framework would take longer than all of this.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from common import CommandParser, probability, run, shard
from formats.loading import load_formats
from reading.finder import NARROWEST_PLATE
from reading.grammar import Grammar
from reading.plate_reader import THRESHOLD, detect_photo, load_networks
from reading.runs import is_video, plan_jobs, read_photos, read_video


def pixels(text: str) -> int:
    if int(text) < NARROWEST_PLATE:
        raise argparse.ArgumentTypeError(f"{text} is below {NARROWEST_PLATE} pixels, where no plate can be read")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("photo", metavar="IN", type=Path, help="photograph, folder of photographs, or video")
    add("weights", metavar="weights.npz", type=Path, help="the networks' weights, as train.py writes them")
    add("out", metavar="OUT", type=Path, help="picture, folder or video to draw into, as IN is")
    add("--json", metavar="FILE", type=Path, help="also write JSON to FILE, a line a photograph or plate of a video")
    add("--resume", action="store_true", help="leave out photographs whose picture in OUT, and row in FILE, are there")
    add("--shard", metavar="I/N", type=shard, default=(1, 1), help="read the I-th of N parts of a folder")
    add("--threshold", metavar="P", type=probability, default=THRESHOLD, help="least confidence (%(default)s)")
    add("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    add("--min-plate", metavar="PX", type=pixels, default=45, help="narrowest plate; more is faster (%(default)s)")
    add("--max-plate", metavar="PX", type=pixels, default=np.inf, help="widest plate (as wide as the photograph)")
    arguments = parser.parse_args()
    if arguments.min_plate > arguments.max_plate:
        parser.error(f"argument --max-plate: {arguments.max_plate} is below --min-plate {arguments.min_plate}")
    if is_video(arguments.photo) and (arguments.resume or arguments.shard != (1, 1)):
        parser.error(f"{arguments.photo}: --resume and --shard are for photographs, not for a video")
    return arguments


def main() -> None:
    args = parse_arguments()
    sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    jobs = plan_jobs(args.photo, args.out, args.weights, args.json)
    part, parts = args.shard
    jobs = jobs[len(jobs) * (part - 1) // parts : len(jobs) * part // parts]
    grammar = Grammar(load_formats(args.formats))
    wanted = load_networks(args.weights), grammar, args.threshold, args.min_plate, args.max_plate
    if is_video(args.photo):
        read_video(args, lambda frame: detect_photo(frame, *wanted))
    else:
        read_photos(jobs, args, lambda photo: detect_photo(photo, *wanted))


if __name__ == "__main__":
    run(main)

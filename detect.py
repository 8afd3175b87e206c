#!/usr/bin/env python3
"""Find and read the number plates of a photograph, of every photograph of a folder, or of a video.

    python detect.py in.jpg weights.npz out.jpg
    python detect.py photos weights.npz out --json readings.jsonl

The first reads one photograph, and the second reads a folder. Each plate is printed on a line: its code, its
confidence, and its box as x,y,w,h in pixels. In a folder the name of the photograph comes first. Each photograph is
written to OUT with its plates outlined.

    python detect.py photos weights.npz out --json readings.jsonl --resume
    python detect.py photos weights.npz out --json readings1.jsonl --shard 1/2

The first goes on with a folder where an interrupted run stopped. The second reads the first half of a folder, so that
another machine can read the other half. The rows of a run are in `readings.jsonl.part` until it has all of them.

    python detect.py drive.mp4 weights.npz out.mp4 --json readings.jsonl

reads every frame of a video. A plate is printed when it has left the video: the code with the largest sum of
confidences over the frames, a confidence, the box where this code was surest, and the plate's first and last time in
seconds, as in `KA02MK7259 0.97 12,30,200,60 0.00-3.20`. The confidence is the surest frame's, times the code's share of
the sum. It may be below `--threshold`, which holds for single frames. Sound is not kept.

Detection has two phases. Phase 1 slides the *finder* over an image pyramid and merges the positions that show the same
plate. Phase 2 turns each plate upright by its four corners; the *reader* says whether it is a plate, where its corners
are, and what its code is. ONNX Runtime runs both networks, because importing a training framework takes longer.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from common import CommandParser, UserError, probability, run, shard
from reading.finder import NARROWEST_PLATE
from reading.photographs import plan_jobs, read_photos
from reading.plate_reader import MIN_PLATE, THRESHOLD, PlateReader
from reading.videos import check_video_out, is_video, read_video


def pixels(text: str) -> int:
    """An argparse type: the width of a plate in pixels."""
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
    add("--resume", action="store_true", help="leave out photographs that have a picture in OUT and a row in FILE")
    add("--shard", metavar="I/N", type=shard, default=(1, 1), help="read the I-th of N parts of a folder")
    add("--threshold", metavar="P", type=probability, default=THRESHOLD, help="least confidence (%(default)s)")
    add("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    add(
        "--min-plate",
        metavar="PX",
        type=pixels,
        default=MIN_PLATE,
        help="narrowest plate; more is faster (%(default)s)",
    )
    add("--max-plate", metavar="PX", type=pixels, default=np.inf, help="widest plate (as wide as the photograph)")
    arguments = parser.parse_args()
    if arguments.min_plate > arguments.max_plate:
        parser.error(f"argument --max-plate: {arguments.max_plate} is below --min-plate {arguments.min_plate}")
    if is_video(arguments.photo) and (arguments.resume or arguments.shard != (1, 1)):
        parser.error(f"{arguments.photo}: --resume and --shard are for photographs, not for a video")
    return arguments


def check_files(read: list[Path], written: list[Path]) -> None:
    """Raises UserError where a file would be written over one that is read, or written twice."""
    taken = {path.resolve() for path in read}
    for path in written:
        if path.resolve() in taken:
            raise UserError(f"{path}: is in use by this very command; choose another name")
        taken.add(path.resolve())


def main() -> None:
    args = parse_arguments()
    sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    jobs = plan_jobs(args.photo, args.out)
    if is_video(args.photo):
        check_video_out(args.photo, args.out)
    if args.json and args.json.is_dir():
        raise UserError(f"{args.json}: is a folder; name a file for --json")
    rows = [args.json] if args.json else []
    check_files([args.weights, *(job.photo for job in jobs)], [*(job.drawn for job in jobs), *rows])
    part, parts = args.shard
    jobs = jobs[len(jobs) * (part - 1) // parts : len(jobs) * part // parts]
    reader = PlateReader(args.weights, args.formats, args.threshold, args.min_plate, args.max_plate)
    if is_video(args.photo):
        read_video(reader, args.photo, args.out, args.json)
    else:
        read_photos(reader, args.photo, jobs, args.json, args.resume)


if __name__ == "__main__":
    run(main)

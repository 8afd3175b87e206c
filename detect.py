#!/usr/bin/env python3
"""Find and read the number plates of photographs, videos, cameras and streams.

    python detect.py in.jpg                              print the plates of a photograph
    python detect.py in.jpg weights.npz out.jpg          draw them too, and say with which weights
    python detect.py a.jpg b.jpg --out drawn             draw several photographs into a folder
    python detect.py photos --recursive --json rows.jsonl     a folder and the folders in it; a row a photograph
    python detect.py 'photos/*.jpg' --csv plates.csv     a pattern; a row a plate
    find . -name '*.jpg' | python detect.py - --json -   names on standard input, rows on standard output
    python detect.py drive.mp4 weights.npz out.mp4       every frame of a video
    python detect.py 0 --every 5                         every fifth frame of a camera
    python detect.py rtsp://camera/stream --csv -        a stream
    python detect.py cuts --crops                        pictures that are plates: nothing is searched
    python detect.py photos --page out                   a page to look through and to correct: out/index.html
    python detect.py photos --labels labels.tsv --report out  how much is right, and pictures of the mistakes
    python detect.py photos --only in,gb --top 3         no code but what these formats allow; the three likeliest
    python detect.py photos --pattern 'LL DD LL DDDD'    plates of no format in formats/
    python detect.py --export networks                   both networks as .onnx files

Each plate is printed on a line: its code, its confidence, and its box as x,y,w,h in pixels. Where there are several
photographs, the name of the photograph comes first. JSON and CSV also have the country whose format fits the code best,
and the probability of this country. An argument that ends in .npz is the weights, by default the weights.npz beside
this script.

    python detect.py photos weights.npz out --json readings.jsonl --resume
    python detect.py photos weights.npz out --json readings1.jsonl --shard 1/2

    python detect.py photos --json readings.jsonl --join readings1.jsonl readings2.jsonl

The first goes on with a folder where an interrupted run stopped. The second reads the first half of a folder, so that
another machine can read the other half. The third joins the rows of both halves, and says which ones are missing. The
rows of a run are in `readings.jsonl.part` until it has all of them. The row of a photograph that cannot be read has the
reason as "error".

A plate of a video is printed when it has left: the code with the largest sum of confidences over the frames, a
confidence, the box where this code was surest, and the plate's first and last time in seconds, as in
`KA02MK7259 0.97 12,30,200,60 0.00-3.20`. The confidence is the surest frame's, times the code's share of the sum. It
may be below `--threshold`, which holds for single frames. Sound is not kept. Ctrl-C ends a camera or a stream.

A line of `labels.tsv` is a plate: the name of its photograph, its box as x, y, w, h in pixels and its text, with tabs
between. The text is ? where nobody can read the plate. The box may be left out. A CSV file with the columns image_path
and plate_text will do too. A name is a path below the folder that a line `# photographs in FOLDER` says, as in the
table that a page exports, or the end of a path. Plates that are labelled but not read, misread characters and false
plates are counted.

Detection has two phases. Phase 1 slides the *finder* over an image pyramid and merges the positions that show the same
plate. Phase 2 turns each plate upright by its four corners; the *reader* says whether it is a plate, where its corners
are, and what its code is. ONNX Runtime runs both networks, because importing a training framework takes longer.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below would print a traceback

import os

if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy would start threads that have nothing to do here

import argparse
import contextlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common import CommandParser, UserError, positive, probability, run, shard, silence_decoders
from media.cores import count_cores
from reading.drawing import load_typeface
from reading.finder import NARROWEST_PLATE
from reading.plan import check_files, draw_like, draw_to, take_part
from reading.plate_reader import MIN_PLATE, THRESHOLD, WEIGHTS, PlateReader
from reading.results import STDOUT, RowFiles, open_results
from reading.runs import Options, read_sources
from reading.sources import Film, Inputs, Photo, Source, find_base, find_sources

if TYPE_CHECKING:
    from reading.measuring import Measurement

# What few runs need is imported where it is needed, because imports are most of the time of one photograph.

WEIGHTS_SUFFIX = ".npz"


def pixels(text: str) -> int:
    """An argparse type: the width of a plate in pixels."""
    if int(text) < NARROWEST_PLATE:
        raise argparse.ArgumentTypeError(f"{text} is below {NARROWEST_PLATE} pixels, where no plate can be read")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    """The arguments; `inputs`, `weights` and `drawn` (OUT, or None) are the words without an option."""
    parser = CommandParser(__doc__)
    add = parser.add_argument
    words = "photograph, folder, pattern, video, camera's number, address, or - for a list; weights; OUT (see above)"
    add("words", metavar="IN [weights.npz] [OUT]", nargs="*", help=words)
    add("--out", metavar="DIR", type=Path, help="draw into this folder, or one photograph or video into this file")
    add("--json", metavar="FILE", type=row_file, help="write JSON, a line a photograph or a film's plate; - is stdout")
    add("--csv", metavar="FILE", type=row_file, help="write a table, a row a plate; - is stdout")
    add("--recursive", action="store_true", help="read folders in folders too")
    add("--crops", action="store_true", help="each photograph is a plate and nothing else")
    add("--every", metavar="N", type=positive(int), default=1, help="read the first of each N frames (%(default)s)")
    add("--resume", action="store_true", help="leave out photographs that are drawn and have a row in FILE")
    add("--shard", metavar="I/N", type=shard, default=(1, 1), help="read the I-th of N parts of the photographs")
    add("--join", metavar="FILE", type=Path, nargs="+", help="read nothing; join the rows that runs with --shard wrote")
    add("--threshold", metavar="P", type=probability, default=THRESHOLD, help="least confidence (%(default)s)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--formats", metavar="LIST", help="the plates that there are, such as in,gb (all in formats/)")
    which.add_argument("--only", metavar="LIST", help="read no code but what these formats allow, such as in,gb")
    add("--pattern", metavar="TEXT", help="one more format, or the only one, such as 'LL DD LL DDDD' (see any.toml)")
    add("--top", metavar="N", type=positive(int), default=0, help="give the N most probable codes of each plate")
    add("--min-plate", metavar="PX", type=pixels, default=MIN_PLATE, help="narrowest plate (%(default)s)")
    add("--max-plate", metavar="PX", type=pixels, default=np.inf, help="widest plate (as wide as the photograph)")
    add("--page", metavar="DIR", type=Path, help="write a page of all photographs and their plates into this folder")
    add("--labels", metavar="FILE", type=Path, help="measure the readings by this table of the plates")
    add("--report", metavar="DIR", type=Path, help="draw the mistakes that --labels shows into this folder")
    add("--export", metavar="DIR", type=Path, help="write the networks as .onnx files into this folder")
    given, rest = split_at_dashes(sys.argv[1:])
    arguments = parser.parse_intermixed_args(given)
    arguments.words += rest
    part_words(parser, arguments)
    check_arguments(parser, arguments)
    return arguments


def split_at_dashes(words: list[str]) -> tuple[list[str], list[str]]:
    """The words before and after the first "--". A word after it is no option, even if it begins with a dash.

    argparse does not heed "--" where options and other words may be mixed.
    """
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def row_file(text: str) -> Path:
    """An argparse type: a file of rows. /dev/stdout is standard output, as - is, and not a file of its own."""
    return STDOUT if text == "/dev/stdout" else Path(text)


def part_words(parser: CommandParser, arguments: argparse.Namespace) -> None:
    """Part the words into inputs, weights and OUT. IN, weights and OUT in this order are the form that has an OUT."""
    words = arguments.words
    weights = [word for word in words if word.lower().endswith(WEIGHTS_SUFFIX)]
    if len(weights) > 1:
        parser.error(f"{weights[1]}: is the second file of weights; name one")
    arguments.weights = Path(weights[0]) if weights else WEIGHTS
    arguments.inputs = [word for word in words if word not in weights]
    arguments.drawn = None
    if len(words) == 3 and words[1:2] == weights:
        arguments.inputs = words[:1]
        arguments.drawn = Path(words[2])
    elif len(words) > 3 and words[-2:-1] == weights and not os.path.lexists(words[-1]):
        parser.error(f"{words[-1]}: several inputs are drawn into a folder; name it with --out")


def check_arguments(parser: CommandParser, arguments: argparse.Namespace) -> None:
    """Refuse arguments that contradict each other."""
    if not arguments.inputs and not arguments.export:
        parser.error("name a photograph, as in detect.py in.jpg")
    if arguments.min_plate > arguments.max_plate:
        parser.error(f"argument --max-plate: {arguments.max_plate} is below --min-plate {arguments.min_plate}")
    if arguments.drawn and arguments.out:
        parser.error(f"argument --out: {arguments.drawn} is the OUT already; leave one of them out")
    if arguments.json == arguments.csv == STDOUT:
        parser.error("argument --csv: --json writes to standard output already; name a file")
    if arguments.resume and not (arguments.json or arguments.drawn or arguments.out):
        parser.error("argument --resume: nothing tells what was read; it needs --json FILE or drawn pictures")
    if arguments.resume and arguments.csv and not arguments.json:
        parser.error("argument --csv: with --resume it needs --json FILE, whose earlier rows it repeats")
    if arguments.resume and STDOUT in (arguments.json, arguments.csv):
        parser.error("argument --resume: the rows of an earlier run are not on standard output; name a file")
    if arguments.join:
        check_join(parser, arguments)
    if arguments.page and arguments.resume:
        parser.error("argument --page: shows the photographs of one run; leave out --resume")
    if arguments.report and not arguments.labels:
        parser.error("argument --report: draws what --labels measures; name a table with --labels")
    if arguments.labels and (arguments.resume or arguments.shard != (1, 1)):
        parser.error("argument --labels: measures all photographs in one run; leave out --resume and --shard")
    for option, path in (("--json", arguments.json), ("--csv", arguments.csv)):
        if path and os.path.isdir(path):
            raise UserError(f"{path}: is a folder; name a file for {option}")


def check_join(parser: CommandParser, arguments: argparse.Namespace) -> None:
    """Refuse arguments that --join cannot have."""
    if not (arguments.json or arguments.csv):
        parser.error("argument --join: needs --json FILE or --csv FILE to write to")
    others = ("resume", "out", "drawn", "page", "labels", "export")
    if any(getattr(arguments, name) for name in others) or arguments.shard != (1, 1):
        parser.error("argument --join: joins rows and does nothing else; leave out the other options")


def check_inputs(arguments: argparse.Namespace, inputs: Inputs) -> None:
    """Refuse options that these inputs cannot have."""
    films = [source for source in inputs.sources if isinstance(source, Film)]
    if films and (arguments.resume or arguments.crops):
        option = "--resume" if arguments.resume else "--crops"
        raise UserError(f"{films[0].name}: {option} is for photographs, not for a video")
    if arguments.page and len(films) == len(inputs.sources):
        raise UserError(f"{films[0].name}: --page is for photographs, not for a video")
    if inputs.is_single and arguments.shard != (1, 1):
        raise UserError(f"{inputs.sources[0].name}: --shard is for many photographs, not for one file; leave it out")
    if arguments.every > 1 and not films:
        raise UserError("argument --every: is for videos, cameras and streams, and none is named; leave it out")


def plan(arguments: argparse.Namespace, inputs: Inputs) -> list[Source]:
    """The sources to read, with the files that they are drawn into. Raises UserError where a file is in the way."""
    if not inputs.sources:
        raise inputs.faults[0] if inputs.faults else UserError("no photograph is named on standard input; name one")
    check_inputs(arguments, inputs)
    sources = inputs.sources
    if arguments.drawn:
        sources = draw_like(inputs, arguments.drawn)
    elif arguments.out:
        sources = draw_to(inputs, arguments.out)
    read = [source.address for source in sources if isinstance(source.address, Path)]
    rows = [path for path in (arguments.json, arguments.csv) if path and path != STDOUT]
    read += [arguments.labels] if arguments.labels else []
    written = [*(source.drawn for source in sources if source.drawn), *rows]
    if arguments.page:
        from reading.page import INDEX, check_apart

        check_apart(arguments.page, [*written, *read])
        written.append(arguments.page / INDEX)
    check_files([arguments.weights, *read], written)
    return take_part(sources, *arguments.shard)


def start_measurement(arguments: argparse.Namespace, sources: list[Source]) -> "Measurement | None":
    """What compares the readings with the labels; None without --labels.

    Raises UserError where the labels are wrong.
    """
    if not arguments.labels:
        return None
    from reading.measuring import Measurement, match_labels

    photos = [source.address for source in sources if isinstance(source, Photo)]
    labels = match_labels(arguments.labels, photos)
    if arguments.report:
        from reading.report import prepare_report

        prepare_report(arguments.report, photos)
    return Measurement(labels)


def finish_measurement(arguments: argparse.Namespace, measurement: "Measurement") -> None:
    """Print what was measured, on stderr where rows are on stdout, and draw the report."""
    file = sys.stderr if STDOUT in (arguments.json, arguments.csv) else sys.stdout
    print(*measurement.describe(), sep="\n", file=file)
    if arguments.report:
        from reading.report import write_report

        write_report(arguments.report, measurement)


def choose_side_by_side(sources: list[Source], cores: int) -> int:
    """How many photos or frames are read at a time, a thread each.

    A photo for each core at a time is faster than one after the other in all threads. A single photo is read sooner in
    all threads, and so is each frame of a camera or stream.
    """
    films = [source for source in sources if isinstance(source, Film)]
    if any(film.is_stream for film in films) or (not films and len(sources) == 1):
        return 1
    return cores


def join(arguments: argparse.Namespace, inputs: Inputs) -> None:
    """Write the rows of --join as one run over the `inputs` would. Raises UserError where a row is missing."""
    from reading.joining import describe_count, join_rows

    if inputs.faults:
        raise inputs.faults[0]
    for source in inputs.sources:
        if isinstance(source, Film):
            raise UserError(f"{source.name}: --join is for photographs, not for a video")
    check_files(arguments.join, [path for path in (arguments.json, arguments.csv) if path and path != STDOUT])
    rows, doubled = join_rows(arguments.join, [source.name for source in inputs.sources])
    with open_results(RowFiles(arguments.json, arguments.csv), is_single=False) as results:
        for row in rows:
            results.add_row(row)
    twice = f", {doubled} of them twice" if doubled else ""
    print(f"joined the rows of {describe_count(len(rows))}{twice}", file=sys.stderr)


def main() -> None:
    args = parse_arguments()
    sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    if args.export:
        from reading.export import export_networks

        export_networks(args.weights, args.export)
        print(f"{args.export}: has finder.onnx, reader.onnx and a README.txt on both", file=sys.stderr)
    if not args.inputs:
        return
    inputs = find_sources(args.inputs, args.recursive)
    if args.join:
        join(args, inputs)
        return
    sources = plan(args, inputs)
    files = RowFiles(args.json, args.csv)
    measurement = start_measurement(args, sources)
    watchers = [measurement.watch] if measurement else []
    with contextlib.ExitStack() as stack:
        if args.page:
            from reading.page import write_page

            base = find_base(source for source in inputs.sources if isinstance(source, Photo))
            watchers.append(stack.enter_context(write_page(args.page, base)))
        cores = count_cores()
        side_by_side = choose_side_by_side(sources, cores)
        options = Options(files, args.crops, args.every, args.resume, inputs.is_single, side_by_side, watchers)
        silence_decoders()
        is_drawn = any(source.drawn for source in sources)
        typeface = threading.Thread(target=load_typeface)
        if is_drawn:
            typeface.start()
        reader = PlateReader(
            args.weights,
            args.formats if args.only is None else args.only,
            args.threshold,
            args.min_plate,
            args.max_plate,
            only=args.only is not None,
            pattern=args.pattern,
            top=args.top,
            threads=cores // side_by_side,
        )
        if is_drawn:
            typeface.join()  # OpenCV does not say that two threads may load it
        read_sources(reader, sources, options, inputs.faults)
    if args.page:
        from reading.page import INDEX

        print(f"{args.page / INDEX}: open it in a browser", file=sys.stderr)
    if measurement:
        finish_measurement(args, measurement)


if __name__ == "__main__":
    run(main)

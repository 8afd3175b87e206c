#!/usr/bin/env python3
"""Measure how fast everything is, and draw how the cost of a photograph grows.

    python tests/benchmark.py [weights.npz] [--peer peers/bin/python] [--curve growth.png]

prints the machine and one table in Markdown: figure, value, unit, and the ratio to a reference that is measured in the
same run. Every script is driven as a user drives it, but for gen.py, whose windows are taken from its stream. With
--peer PP-OCR reads the same photographs on one core (`tests/peers.py` says how to install it). It takes some ten
minutes, and the machine must be idle: `load` is that of its cores in the minute before. `--quick`, for the tests,
prints figures that mean nothing.
"""

import csv
import io
import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import timeit
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import WINDOW_SHAPE, CommandParser, UserError, run
from media.charts import Line, draw_chart
from media.cores import count_cores
from media.pictures import read_image, write_image
from synthesis.backgrounds import backgrounds_in
from synthesis.windows import Settings
from synthesis.workers import CHUNK, stream_batches
from training.machines import import_keras
from training.minibatches import REUSE

ROOT = Path(__file__).resolve().parent.parent
PHOTO, BACKGROUNDS, ARCHIVE = ROOT / "in.jpg", ROOT / "bgs", ROOT.parent / "shared" / "backgrounds.tar.gz"
MIN_PLATE = 60  # pixels
BLUR = 3  # pixels; deviation of the blur that leaves doubt about each crop
PHOTOGRAPHS = ROOT.parent / "shared" / "photos"  # the sets that PP-OCR reads too
PEER_SETS = ("eu", "br", "us")
FOLDER = 10_000  # photographs in the folder that a user asks about
FRAMES = 25  # a second of video
TRAINING = 1e6  # windows of the training that a user asks about
CURVE_MEGAPIXELS = (0.25, 0.5, 1, 2, 4, 8, 12)
CURVE_MIN_PLATES = (240, 160, 120, 80, 60, 40, 30)  # pixels
CHART_SIZE = (650, 500)  # width and height in pixels of each of the two charts of the curve
IMPORTS = "import numpy, cv2, onnxruntime"
DECOMPRESS = "import gzip, sys; file = gzip.open(sys.argv[1])\nwhile file.read(1 << 20): pass"
# Runs a command on so many cores, 0 for all, and prints its seconds and its peak memory. A process of its own, because
# on Linux the peak of a child starts from that of its parent, which here would hide what is measured.
MEASURE = """
import os, resource, subprocess, sys, time
cores = int(sys.argv[1])
if cores and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
start = time.perf_counter()
code = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


class Bench(NamedTuple):
    """What all measurements share."""

    weights: Path
    peer: str | None  # the Python that has PP-OCR
    quick: bool
    folder: Path  # for what is written on the way

    def amount(self, full: int, quick: int = 1) -> int:
        """How much is measured, or how often."""
        return quick if self.quick else full


class Row(NamedTuple):
    """A row of the table."""

    figure: str
    value: float | None  # None where it is not measured
    unit: str
    remark: str = ""  # the ratio to the reference, or why nothing was measured


# --- measuring ----------------------------------------------------------------------------------------------------


def python(*arguments: str | Path, repeats: int = 1, cores: int = 0) -> tuple[float, float]:
    """Run Python with `arguments` on so many `cores`, 0 for all.

    Returns the least wall seconds and the peak memory in MB. Raises UserError if it fails.
    """
    command, measured = [sys.executable, "-c", MEASURE, str(cores), sys.executable, *map(str, arguments)], []
    for _ in range(repeats):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            message = (result.stderr.strip().splitlines() or ["without a word"])[-1]
            raise UserError(f"{Path(arguments[0]).name}: failed while it was measured: {message}")
        measured.append([float(word) for word in result.stdout.split()])
    seconds, peaks = zip(*measured, strict=True)
    return min(seconds), max(peaks) * (1 if sys.platform == "darwin" else 1024) / 1e6


def in_child(function: Callable, *arguments):
    """What `function` returns in a fresh process, as free of threads and memory as a script's own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def detect_folder(
    bench: Bench, photos: list[np.ndarray], *options: str, repeats: int = 1, cores: int = 0
) -> tuple[float, float]:
    """Run detect.py on a new folder of `photos`; returns what `python` does."""
    folder = Path(tempfile.mkdtemp(dir=bench.folder))
    for i, photo in enumerate(photos):
        write_image(folder / f"{i:04d}.jpg", photo)
    command = ROOT / "detect.py", folder, bench.weights, "--json", f"{folder}.jsonl", *options
    return python(*command, repeats=repeats, cores=cores)


def further_photo(bench: Bench, photo: np.ndarray, count: int, *options: str, cores: int = 0) -> float:
    """Milliseconds that detect.py takes for each of `count` photographs of a folder beyond the first few."""
    few = 2  # are read side by side, as more are
    seconds = [
        detect_folder(bench, [photo] * n, *options, repeats=bench.amount(3), cores=cores)[0] for n in (few, few + count)
    ]
    return max(1e3 * (seconds[1] - seconds[0]) / count, 0.1)  # where start-up varies by more than a photograph takes


def resized(photo: np.ndarray, megapixels: float) -> np.ndarray:
    scale = (megapixels * 1e6 / np.prod(photo.shape[:2])) ** 0.5
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def synthesis_rate(workers: int, backgrounds: str, chunks: int) -> float:
    """Windows a second that gen.py makes, once its processes have started; `chunks` is a multiple of `workers`."""
    cv2.setNumThreads(1)  # as its worker processes do: the rate of one core is wanted
    stream = stream_batches(Settings(backgrounds=backgrounds), 0, 0, CHUNK, workers)
    for _ in range(workers):  # each has made one: none is far ahead of what is taken
        next(stream)
    return chunks * CHUNK / timeit.timeit(lambda: next(stream), number=chunks)


def ancestor_rate(steps: int, batch: int = 50) -> float:
    """Windows a second that the ancestor's network, made from its description, trains on in float32.

    Its gray windows are random numbers and its loss is a plain one, which cost next to nothing; the ancestor's own
    synthesis is left out. The XLA compiler, which made it slower on a CPU, is off.
    """
    keras = import_keras()
    network = keras.Sequential([keras.Input((*WINDOW_SHAPE, 1))])
    for filters, pool in ((48, (2, 2)), (64, (2, 1)), (128, (2, 2))):
        network.add(keras.layers.Conv2D(filters, 5, padding="same", activation="relu"))
        network.add(keras.layers.MaxPooling2D(pool))
    network.add(keras.layers.Flatten())
    network.add(keras.layers.Dense(2048, activation="relu"))
    network.add(keras.layers.Dense(1 + 10 * 36))  # presence, and 36 characters in each of 10 places
    network.compile(keras.optimizers.Adam(), keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False)
    x = np.random.default_rng(0).random((batch, *WINDOW_SHAPE, 1), np.float32)
    y = np.eye(batch, 1 + 10 * 36, dtype=np.float32)
    network.train_on_batch(x, y)  # makes the graph
    return steps * batch / timeit.timeit(lambda: network.train_on_batch(x, y), number=steps)


def make_archive(path: Path, count: int) -> None:
    """Write a .tar.gz of `count` JPEG files, pieces of in.jpg, laid out as SUN397 is."""
    photo, rng = read_image(PHOTO), np.random.default_rng(0)
    with tarfile.open(path, "w:gz") as archive:
        for i in range(count):
            y, x = rng.integers(photo.shape[0] - 600), rng.integers(photo.shape[1] - 800)
            data = cv2.imencode(".jpg", photo[y : y + 600, x : x + 800])[1].tobytes()
            member = tarfile.TarInfo(f"SUN397/s/street/sun_{i:08d}.jpg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


# --- the rows -----------------------------------------------------------------------------------------------------


def detect_rows(bench: Bench) -> list[Row]:
    command = ROOT / "detect.py", PHOTO, bench.weights, bench.folder / "out.jpg"
    imports, ours = (python(*what, repeats=bench.amount(5))[0] for what in (("-c", IMPORTS), command))
    return [Row("`detect.py in.jpg weights.npz out.jpg`, 1280x720, whole", ours, "s", ratio(ours, imports, IMPORTS))]


def folder_rows(bench: Bench) -> list[Row]:
    large = read_image(PHOTO)
    small = cv2.resize(large[:, 160:1120], (480, 360), interpolation=cv2.INTER_AREA)  # its middle, 4:3
    count = bench.amount(40)
    rows = []
    for size, photo in (("1280x720", large), ("480x360", small)):
        name = f"a further photograph of a folder, {size}"
        one, all_cores = (further_photo(bench, photo, count, cores=cores) for cores in (1, 0))
        rows.append(Row(f"{name}, one core", one, "ms"))
        rows.append(Row(f"{name}, {count_cores()} cores", all_cores, "ms", ratio(all_cores, one, "one core")))
        rows.append(Row(f"a folder of {FOLDER:,} of them", all_cores * FOLDER / 6e4, "min"))
    narrow = further_photo(bench, large, count, "--min-plate", str(MIN_PLATE))
    remark = ratio(narrow, rows[1].value, "default widths")
    return [*rows, Row(f"a further photograph of a folder, 1280x720, --min-plate {MIN_PLATE}", narrow, "ms", remark)]


def film_rows(bench: Bench) -> list[Row]:
    """Hours that an hour of video takes, as measured on films of in.jpg."""
    photo, seconds = read_image(PHOTO), []
    for count in (FRAMES, FRAMES * bench.amount(5, 2)):
        film = bench.folder / f"{count}.mp4"
        writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"mp4v"), FRAMES, photo.shape[1::-1])
        for i in range(count):
            writer.write(np.roll(photo, i, axis=1))
        writer.release()
        seconds.append((count, python(ROOT / "detect.py", film, bench.weights, repeats=bench.amount(2))[0]))
    (few, short), (many, long) = seconds
    hours = max((long - short) / (many - few), 1e-4) * FRAMES
    return [Row(f"an hour of video, 1280x720, {FRAMES} frames a second, every frame read", hours, "h")]


def crop_rows(bench: Bench) -> list[Row]:
    """Crops a second, on one core and on all: of a plate that one look reads, and of one that takes all looks."""
    x, y, width, height = 440, 410, 200, 62  # the plate of in.jpg and a margin around it, as a detector cuts it out
    clear = read_image(PHOTO)[y : y + height, x : x + width]
    blurred = cv2.GaussianBlur(clear, (0, 0), BLUR)
    count = bench.amount(800, 20)
    rows = []
    for name, crop in (("clear crops of a folder, one look at each", clear), ("blurred ones, all looks", blurred)):
        one, all_cores = (1e3 / further_photo(bench, crop, count, "--crops", cores=cores) for cores in (1, 0))
        rows.append(Row(f"`--crops`, {name}, one core", one, "crops/s"))
        remark = ratio(all_cores, one, "one core")
        rows.append(Row(f"`--crops`, {name}, {count_cores()} cores", all_cores, "crops/s", remark))
    return rows


def peer_rows(bench: Bench) -> list[Row]:
    """Processor time on one core a photograph, beside PP-OCR's on the same photographs."""
    if not bench.peer or not PHOTOGRAPHS.is_dir():
        return [Row("a photograph of the sets of accuracy.py, one core", None, "ms", "see --peer")]
    sets = ",".join(PEER_SETS)
    ours = set_times(ROOT / "tests" / "accuracy.py", bench.weights, "--sets", sets)
    theirs = set_times(ROOT / "tests" / "peers.py", "--python", bench.peer, "--sets", sets)
    return [
        Row(f"a photograph of `{name}`, decoding included, one core", ours[name], "ms", ratio(ours[name], ms, "PP-OCR"))
        for name, ms in theirs.items()
    ]


def set_times(*command: str | Path) -> dict[str, float]:
    """The milliseconds a photograph that a script prints for each set. Raises UserError if it fails."""
    result = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    times = dict(re.findall(r"^(\w+) .* ms (\d+)$", result.stdout, re.MULTILINE))
    if result.returncode or not times:
        raise UserError(f"{Path(command[0]).name}: failed while it was measured: {result.stderr.strip()[-200:]}")
    return {name: float(ms) for name, ms in times.items()}


def memory_rows(bench: Bench) -> list[Row]:
    photo = read_image(PHOTO)
    ours = detect_folder(bench, [photo] * 4 + [resized(photo, 12)])[1]
    remark = ratio(ours, python("-c", IMPORTS)[1], IMPORTS)
    return [Row("peak memory, one photograph of 12 megapixels among 1280x720", ours, "MB", remark)]


def gen_rows(bench: Bench) -> list[Row]:
    folders, rows = {"painted backgrounds": bench.folder / "none"}, []
    if backgrounds_in(BACKGROUNDS):
        folders["backgrounds of bgs/"] = BACKGROUNDS
    for name, folder in folders.items():
        one, two = (in_child(synthesis_rate, workers, str(folder), bench.amount(40, 2)) for workers in (1, 2))
        rows.append(Row(f"`gen.py`, {name}, a core", one, "windows/s"))
        rows.append(Row(f"`gen.py`, {name}, 2 workers", two, "windows/s", ratio(two, one, "a core")))
    return rows


def train_rows(bench: Bench) -> list[Row]:
    """Windows/s of train.py's second batch: its networks are compiled, and the next windows made meanwhile."""
    ancestor = in_child(ancestor_rate, bench.amount(20))
    options = "--batches", "2", "--batch", str(bench.amount(10_000, 256)), "--bgs", BACKGROUNDS
    python(ROOT / "train.py", *options, "--out", bench.folder / "trained.npz")
    with open(bench.folder / "training.csv", newline="") as file:
        ours = float(list(csv.DictReader(file))[-1]["windows_per_second"])
    name = f"`train.py`, synthesis included, each window trained on {REUSE} times"
    return [
        Row(name, ours, "windows/s", ratio(ours, ancestor, "the ancestor's network")),
        Row(f"a training on {TRAINING / 1e6:.0f} million windows", TRAINING / ours / 3600, "h"),
    ]


def extract_rows(bench: Bench) -> list[Row]:
    archive, repeats = ARCHIVE, bench.amount(3)
    if bench.quick or not archive.exists():
        archive = bench.folder / "made.tar.gz"
        make_archive(archive, bench.amount(300, 20))
    megabytes = archive.stat().st_size / 1e6
    plain = megabytes / python("-c", DECOMPRESS, archive, repeats=repeats)[0]
    outs = [bench.folder / f"backgrounds{i}" for i in range(repeats)]
    ours = megabytes / min(python(ROOT / "extractbgs.py", archive, "--out", out)[0] for out in outs)
    name = f"`extractbgs.py {archive.name}`, {megabytes:.0f} MB"
    return [Row(name, ours, "MB/s", ratio(ours, plain, "plain decompression"))]


FUNCTIONS = (
    detect_rows,
    folder_rows,
    film_rows,
    crop_rows,
    peer_rows,
    memory_rows,
    gen_rows,
    train_rows,
    extract_rows,
)
SECTIONS = {rows.__name__.removesuffix("_rows"): rows for rows in FUNCTIONS}  # by their names for --only


# --- what goes in and comes out -----------------------------------------------------------------------------------


def machine() -> str:
    """The machine in words: its processor, its cores, how busy they have been."""
    cpuinfo = Path("/proc/cpuinfo")
    cores, lines = os.cpu_count(), cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {cores} cores, load {os.getloadavg()[0] / cores:.0%}; Python {platform.python_version()}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value: float, reference: float, what: str) -> str:
    return f"{value / reference:.2f} x {what} ({number(reference)})"


def print_table(rows: list[Row]) -> None:
    """Print `rows` as a Markdown table."""
    cells = [["figure", "value", "unit", "to the reference in the same run"]]
    for figure, value, unit, remark in rows:
        cells.append([figure, "not measured" if value is None else number(value), unit, remark or "-"])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    for line in cells:
        print(f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |")


def draw_growth(path: Path, bench: Bench) -> None:
    """Measure and draw the time of a further photograph over its megapixels, and over the narrowest plate wanted."""
    photo = read_image(PHOTO)
    areas, plates = CURVE_MEGAPIXELS[: bench.amount(7)], CURVE_MIN_PLATES[: bench.amount(7)]
    cases = [(resized(photo, area), MIN_PLATE) for area in areas] + [(photo, plate) for plate in plates]
    times = []
    for picture, plate in tqdm(cases, "growth", leave=False, disable=None):
        count = max(1, round(bench.amount(10) * 1e6 / np.prod(picture.shape[:2])))
        times.append(further_photo(bench, picture, count, "--min-plate", str(plate)))
    charts = []
    for x, y, title in (
        (areas, times[: len(areas)], f"megapixels of the photograph, --min-plate {MIN_PLATE}"),
        (plates, times[len(areas) :], "--min-plate, pixels; the photograph is of 1280x720"),
    ):
        lines = [Line(x, y, labels=list(map(number, y)))]
        charts.append(draw_chart(CHART_SIZE, title, "ms a photograph", lines, logarithmic=True))
    write_image(path, np.hstack(charts))


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=ROOT / "weights.npz", help="(weights.npz of the project)")
    add("--peer", metavar="PYTHON", help="the Python that has PP-OCR, for its times beside ours")
    add("--curve", type=Path, metavar="FILE", help="draw how the time of a photograph grows")
    add("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="ROWS", help=f"of {', '.join(SECTIONS)}")
    add("--quick", action="store_true", help="try everything about once; the figures mean nothing")
    args = parser.parse_args()
    print(machine(), end="\n\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench, rows = Bench(args.weights, args.peer, args.quick, Path(folder)), []
        for name in tqdm(args.only, "measuring", leave=False, disable=None):
            rows += SECTIONS[name](bench)
        print_table(rows)
        if args.curve:
            draw_growth(args.curve, bench)


if __name__ == "__main__":
    run(main)

#!/usr/bin/env python3
"""Measure weights on real photographs: every set, false plates, and whether confidence means what it says.

    tests/accuracy.py [weights.npz] [--shared ../shared] [--curve reliability.png]

reads the photographs of `../shared/photos`, prints a line of `../shared/score.py` a set, the false plates a photograph
over `eu`, `br` and `us`, the share of the photographs of shop fronts and signboards in `../shared/backgrounds.tar.gz`
on which a plate is reported, and how often readings of each confidence are right. Those two classes must be held out
of training: leave them out of `bgs/`.
"""

import concurrent.futures
import itertools
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import CommandParser, UserError, run
from media.charts import GRAY, Line, draw_chart, linear_axis
from media.pictures import read_image
from reading.drawing import draw
from reading.plate import Plate
from reading.plate_reader import THRESHOLD, WEIGHTS, PlateReader

SETS = ("eu", "br", "us", "in", "in_two_line", "in_street", "in_crops", "text")  # the last: HELD_OUT
HELD_OUT = ("shopping_mall_text", "signboard")  # scene text without plates
BINS = (0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # edges of the reliability curve's bins


def read_folder(paths: list[Path], reader: PlateReader, name: str) -> dict[str, list[Plate]]:
    """The plates of each photograph, by file name."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # pictures are decoded while the networks run
        photos = pool.map(read_image, paths)
        bar = tqdm(zip(paths, photos, strict=True), name, len(paths), leave=False)
        return {path.name: reader.read(photo) for path, photo in bar}


def score(shared: Path, name: str, readings: dict) -> str:
    """The line that score.py prints for the readings of a set."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for image, plates in readings.items():
            print(json.dumps({"image": image, "plates": [plate.as_dict() for plate in plates]}), file=file)
        file.flush()
        command = [sys.executable, str(shared / "score.py"), str(shared / "photos" / f"{name}.tsv"), file.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def fold(text: str) -> str:
    """A code as score.py's read~ compares it: O as 0, I as 1."""
    return re.sub("[^A-Z0-9]", "", text.upper()).replace("O", "0").replace("I", "1")


def judge(shared: Path, name: str, readings: dict) -> list[tuple[float, bool]]:
    """(confidence, right) of every reading whose photograph's truths are known; a false plate is wrong."""
    truths = {}
    for line in (shared / "photos" / f"{name}.tsv").read_text().splitlines():
        image, *_, text = line.split("\t")
        truths.setdefault(image, []).append(fold(text))
    return [
        (plate.confidence, fold(plate.code) in truths[image])
        for image, plates in readings.items()
        if "" not in truths.get(image, [""])  # "?" folds to nothing: a plate whose text is not known
        for plate in plates
    ]


def text_photos(archive: Path, reader: PlateReader) -> tuple[int, int]:
    """How many photographs of HELD_OUT there are, and on how many of them a plate is reported."""
    count = fooled = 0
    with tarfile.open(archive, "r|gz") as members:
        for member in tqdm(members, "scene text", leave=False):
            if member.isfile() and any(name in member.name for name in HELD_OUT):
                photo = cv2.imdecode(np.frombuffer(members.extractfile(member).read(), np.uint8), cv2.IMREAD_COLOR)
                count += 1
                fooled += bool(reader.read(photo))
    return count, fooled


def draw_curve(judged: list[tuple[float, bool]]) -> np.ndarray:
    """The reliability curve: how often readings of a confidence are right, against that confidence."""
    confidence, right = np.array([c for c, _ in judged]), np.array([r for _, r in judged])
    points = []
    for low, high in itertools.pairwise(BINS):
        inside = (confidence >= low) & (confidence < high + (high == 1))
        if inside.any():
            points.append((confidence[inside].mean(), 100 * right[inside].mean(), str(inside.sum())))
    x, y, counts = zip(*points, strict=True)
    axes = linear_axis("confidence", 1), linear_axis("readings that are right, %, and how many there are", 100)
    return draw_chart((820, 820), *axes, [Line((0, 1), (0, 100), GRAY), Line(x, y, labels=counts, steep=True)])


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("weights", nargs="?", type=Path, default=WEIGHTS, help="(weights.npz of the project)")
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared", metavar="DIR")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, metavar="P", help="(%(default)s)")
    parser.add_argument("--sets", default=",".join(SETS), help="(%(default)s)")
    parser.add_argument("--curve", type=Path, metavar="FILE", help="draw the reliability curve")
    parser.add_argument("--failures", type=Path, metavar="DIR", help="draw the photographs that are not read rightly")
    args = parser.parse_args()
    if not (args.shared / "photos").is_dir():
        raise UserError(f"{args.shared}: has no photos; name the folder that does with --shared")

    reader = PlateReader(args.weights, threshold=args.threshold)
    judged, false, photos = [], 0, 0
    sets = args.sets.split(",")
    for name in (name for name in sets if name != "text"):
        paths = sorted((args.shared / "photos" / name).iterdir())
        readings = read_folder(paths, reader, name)
        line = score(args.shared, name, readings)
        print(f"{name:<12} {line}", flush=True)
        judged += judge(args.shared, name, readings)
        if name in ("eu", "br", "us"):
            false += float(re.search(r"false/image ([\d.]+)", line)[1]) * len(paths)
            photos += len(paths)
        if args.failures:
            draw_failures(args.failures / name, args.shared, name, readings)
    if photos:
        print(f"false plates a photograph, eu, br and us: {false / photos:.3f}")
    if "text" in sets:
        count, fooled = text_photos(args.shared / "backgrounds.tar.gz", reader)
        print(f"scene text: a plate on {fooled} of {count} photographs, {100 * fooled / count:.1f} %")
    sure = [right for confidence, right in judged if confidence >= 0.9]
    print(f"confidence 0.9 or more: {100 * np.mean(sure or [0]):.1f} % right of {len(sure)} readings")
    if args.curve:
        cv2.imwrite(str(args.curve), draw_curve(judged))


def draw_failures(folder: Path, shared: Path, name: str, readings: dict) -> None:
    """Draw the photographs of a set in which a plate is missed or misread, for a person to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for line in (shared / "photos" / f"{name}.tsv").read_text().splitlines():
        image, x, y, w, h, text = line.split("\t")
        if fold(text) not in [fold(plate.code) for plate in readings.get(image, [])]:
            photo = draw(read_image(shared / "photos" / name / image), readings.get(image, []))
            x, y, w, h = (round(float(v)) for v in (x, y, w, h))
            part = photo[max(0, y - 2 * h) : y + 3 * h, max(0, x - w // 2) : x + w + w // 2] if w else photo
            cv2.imwrite(str(folder / f"{text}_{Path(image).stem}.png"), part)


if __name__ == "__main__":
    run(main)

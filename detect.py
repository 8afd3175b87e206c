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
import contextlib
import itertools
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from onnxruntime import InferenceSession as Session
from onnxruntime import SessionOptions
from tqdm import tqdm

import model
from common import (
    BLANK,
    SLOTS,
    CommandParser,
    UserError,
    list_images,
    load_formats,
    read_image,
    rectify,
    rectifying_homography,
    run,
    shard,
    silence_decoders,
    write_beside,
    write_image,
)
from grammar import Grammar
from rows import append_rows, take_up
from tracks import CODECS, Track, frame_rate, join, open_video, part_ended, read_frames, write_video

__all__ = ["Plate", "detect_photo", "draw", "find", "load_networks", "merge", "pyramid", "read"]

# Phase 1. Widths and pixels are those of a level of the pyramid: half the resolution of the reader's window.
PLATE_WIDTHS = (38, 58)  # narrowest and widest plate, in pixels, that the finder answers to
LEVEL_STEP = 2**-0.5  # from one level to the next: less than 58/38, so that neighbours overlap
BORDER = 16  # pixels added around a level, so that a plate at the photo's edge can stand in the middle of a patch
GRAY = (90, 90, 90)  # of that border: the photo's own edge pixels, repeated, would make a plate there look longer
STRIP_PIXELS = 1_000_000  # the finder sees a level in strips of about so many pixels, which bounds its memory
FINDER_PRESENCE = 0.3  # below this a position is no candidate: lenient, for the reader decides
MAX_POSITIONS = 1000  # candidates that are merged, at most
MAX_READ = 8  # merged plates that are read, at most: those with most support
LEAST_SUPPORT = 0.3  # of the support of the best one: what has less is not read; true plates have 0.55 and more
SAME_IOU = 0.5  # positions whose boxes overlap by this share of their union are merged

# Phase 2.
# The reader looks three times, each time from the corners that it saw before, for it sees where a plate goes on beyond
# its window: at the mean of windows with these margins around the plate, as shares of its width and height.
LOOKS = ((0.04,), (0.04,), (0.02, 0.04, 0.06))
READER_PRESENCE = 0.05  # below this the reader has seen no plate: lenient, for its own corners may show it one
SAME_PLACE = 0.3  # readings whose boxes overlap by this share of their union are of one plate
NESTED = 0.6  # or by this share of the smaller one
THRESHOLD = 0.15  # least confidence of a plate, unless the user asks for another
MIN_CHARACTERS = 3  # a shorter code is no plate
NARROWEST_PLATE = 20  # pixels of the photo: what is narrower cannot be read

# Drawing, in shares of the photo's diagonal.
LINE_WIDTH, TEXT_HEIGHT, MIN_TEXT_HEIGHT = 0.0016, 0.02, 12  # the last one in pixels
BRIGHT, DARK = (70, 240, 255), (30, 20, 10)  # BGR


class Plate(NamedTuple):
    """One plate of a photo."""

    code: str
    confidence: float  # 0..1
    box: tuple[int, int, int, int]  # x, y, width, height in the photo's pixels
    corners: np.ndarray  # (4, 2) in the photo's pixels
    characters: np.ndarray  # (len(code),) probabilities

    def as_dict(self) -> dict:
        return {
            "text": self.code,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "corners": np.round(self.corners.astype(float), 1).tolist(),
            "characters": np.round(self.characters.astype(float), 4).tolist(),
        }


def load_networks(path: str | os.PathLike) -> tuple[Session, Session]:
    """The finder and the reader of a weights file. Raises UserError when it is damaged or does not fit."""
    arrays = model.load_weights(path)
    options = SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    options.enable_mem_pattern = False  # a plan of memory for every size of level would outgrow what it saves
    options.log_severity_level = 3  # errors alone
    graphs = [model.onnx_model(arrays, network) for network in ("finder", "reader")]
    return tuple(Session(graph, options, ["CPUExecutionProvider"]) for graph in graphs)


# --- geometry -----------------------------------------------------------------------------------------------------


def overlaps(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much each pair of quadrilaterals (N, 4, 2) overlaps, of their union and of the smaller: two (N, N) in 0..1.

    Their bounding boxes stand for them.
    """
    low, high = corners.min(1), corners.max(1)  # (N, 2)
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)  # (N, N, 2)
    shared = np.prod(np.maximum(shared, 0), axis=-1)  # (N, N)
    area = np.prod(high - low, axis=-1)  # (N,)
    union, smaller = area[:, None] + area - shared, np.minimum(area[:, None], area)
    return shared / np.maximum(union, 1e-9), shared / np.maximum(smaller, 1e-9)


def sound(corners: np.ndarray) -> np.ndarray:
    """Which of the quadrilaterals (N, 4, 2) are convex, in clockwise order and not a mere line: (N,) bool."""
    edges = np.roll(corners, -1, axis=1) - corners
    following = np.roll(edges, -1, axis=1)
    turns = edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0]  # (N, 4)
    return (turns > 1).all(1) & (turns.min(1) > 0.1 * turns.max(1))  # a NaN compares as false


def from_unit_square(corners: np.ndarray) -> np.ndarray:
    """The homographies (N, 3, 3) that take the unit square to the quadrilaterals (N, 4, 2)."""
    return np.linalg.inv(np.array([rectifying_homography(quad, (1, 1)) for quad in corners]).reshape(-1, 3, 3))


def project(homographies: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move the points (N, M, 2) by the homographies (N, 3, 3)."""
    moved = points @ homographies[:, :, :2].transpose(0, 2, 1) + homographies[:, None, :, 2]  # (N, M, 3)
    return (moved[..., :2] / moved[..., 2:]).astype(np.float32)


def expand(corners: np.ndarray, margin: float) -> np.ndarray:
    """Plates (N, 4, 2) with `margin` of their width and height around them, in their own plane."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return project(from_unit_square(corners), square + margin * (2 * square - 1))


def group(scores: np.ndarray, same: np.ndarray) -> list[np.ndarray]:
    """Non-maximum suppression that keeps what it suppresses.

    From `scores` (N,) and which pairs show the `same` plate, (N, N) bool: the indices of each plate's members, the
    one with the best score first, the plate with the best one first.
    """
    order = np.argsort(-scores, kind="stable")
    free = np.ones(len(scores), bool)
    groups = []
    for best in order:
        if free[best]:
            members = order[free[order] & (same[best, order] | (order == best))]
            free[members] = False
            groups.append(members)
    return groups


# --- phase 1: find ------------------------------------------------------------------------------------------------


def scales(min_plate: float, max_plate: float) -> np.ndarray:
    """The scales of the pyramid's levels, finest first.

    At one of them, at least, every plate from `min_plate` to `max_plate` pixels wide is as wide as the finder asks. At
    the coarsest the widest plate is no wider than the narrowest that it answers to, for a plate of two lines is nearly
    square and must fit into the height of a patch.
    """
    narrowest = PLATE_WIDTHS[0]
    finest = narrowest / min_plate
    steps = np.log(narrowest / (finest * max_plate)) / np.log(LEVEL_STEP)
    return finest * LEVEL_STEP ** np.arange(1 + max(0, int(np.ceil(steps))))


def pyramid(photo: np.ndarray, min_plate: float, max_plate: float) -> list[np.ndarray]:
    """`photo` (H, W, 3) at every scale at which the finder looks for plates of these widths, finest first.

    A photo narrower than `min_plate` may be a plate that fills it; one too narrow to be read has no level.
    """
    height, width = photo.shape[:2]
    if width < NARROWEST_PLATE:
        return []
    levels = []
    for scale in scales(min(min_plate, width), min(max_plate, width)):
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # from twice the size rather than from the photo: far fewer pixels, and hardly a difference
        source = levels[-2] if len(levels) >= 2 and 2 * scale <= 1 else photo
        levels.append(cv2.resize(source, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
    return levels


def slide(finder: Session, image: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Presence (N,) and corners (N, 4, 2), in pixels of `image` (H, W, 3), where the finder may have seen a plate.

    A position sees nothing but its own patch, so strips that overlap give what the whole image would give.
    """
    patch_height, patch_width = model.FINDER_SHAPE
    stride = model.FINDER_STRIDE
    rows = (image.shape[0] - patch_height) // stride + 1
    step = max(1, STRIP_PIXELS // (image.shape[1] * stride))
    for first in range(0, rows, step):
        last = min(first + step, rows) - 1
        strip = image[first * stride : last * stride + patch_height]
        presence, corners = finder.run(["presence", "corners"], {"image": strip[None].astype(np.float32)})
        row, column = np.nonzero(presence[0] > FINDER_PRESENCE)
        origin = np.stack([column, row + first], axis=-1) * stride  # (N, 2)
        fractions = corners[0, row, column].reshape(-1, 4, 2)
        yield presence[0, row, column], fractions * (patch_width, patch_height) + origin[:, None]


def find(finder: Session, photo: np.ndarray, min_plate: float, max_plate: float) -> tuple[np.ndarray, np.ndarray]:
    """Presence (N,) in 0..1 and corners (N, 4, 2), in pixels of `photo`, of every position that may show a plate."""
    presences, quads = [np.zeros(0, np.float32)], [np.zeros((0, 4, 2), np.float32)]
    for level in pyramid(photo, min_plate, max_plate):
        to_photo = np.divide(photo.shape[1::-1], level.shape[1::-1])
        bottom, right = (max(BORDER, n - BORDER - m) for n, m in zip(model.FINDER_SHAPE, level.shape, strict=False))
        padded = cv2.copyMakeBorder(level, BORDER, bottom, BORDER, right, cv2.BORDER_CONSTANT, value=GRAY)
        for presence, corners in slide(finder, padded):
            presences.append(presence)
            quads.append((corners - BORDER) * to_photo)
    presence, corners = np.concatenate(presences), np.concatenate(quads).astype(np.float32)
    likeliest = np.argsort(-presence, kind="stable")[:MAX_POSITIONS]
    likeliest = likeliest[sound(corners[likeliest])]
    return presence[likeliest], corners[likeliest]


def merge(presence: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the positions, presence (N,) and corners (N, 4, 2), that show the same plate.

    Returns each plate's support (G,), the sum of its members' presences, which tells plates from chance better than
    the best one, and the mean (G, 4, 2) of their corners, more precise than those of the best one; most support first.
    """
    groups = group(presence, overlaps(corners)[0] >= SAME_IOU)
    support = np.array([presence[members].sum() for members in groups], np.float32)
    means = [np.average(corners[members], axis=0, weights=presence[members] ** 2) for members in groups]
    order = np.argsort(-support, kind="stable")
    return support[order], np.array(means, np.float32).reshape(-1, 4, 2)[order]


# --- phase 2: read ------------------------------------------------------------------------------------------------


def read(reader: Session, photo: np.ndarray, corners: np.ndarray, margins: tuple[float, ...]) -> list[np.ndarray]:
    """Turn the plates (N, 4, 2) upright and read them, once with each of the M `margins` around them.

    Returns the means of presence (N,) and of the corners (N, 4, 2) that the reader sees, in pixels of `photo`, and
    the probabilities of the characters at every look, (N, M, 12, 37).
    """
    quads = np.concatenate([expand(corners, margin) for margin in margins])
    windows = np.array([rectify(photo, quad) for quad in quads], np.float32)
    presence, fractions, characters = reader.run(["presence", "corners", "characters"], {"windows": windows})
    seen = project(from_unit_square(quads), fractions)
    looks = len(margins), len(corners)
    presence, seen = presence.reshape(looks).mean(0), seen.reshape(*looks, 4, 2).mean(0)
    return presence, seen, characters.reshape(*looks, *characters.shape[1:]).swapaxes(0, 1)


def look(reader: Session, photo: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """Look at the plates (N, 4, 2) as often as LOOKS says. Some turn out to be none; of the M that stay:

    the corners (M, 4, 2) from which the last look was taken, and presence (M,), corners (M, 4, 2) and characters
    (M, 3, 12, 37) that it saw.
    """
    presence, seen, characters = np.ones(len(corners)), corners, np.zeros((len(corners), 1, SLOTS, BLANK + 1))
    for margins in LOOKS:
        corners = seen
        if not len(corners):
            break
        presence, seen, characters = read(reader, photo, corners, margins)
        stay = (presence > READER_PRESENCE) & sound(seen)
        corners, presence, seen, characters = corners[stay], presence[stay], seen[stay], characters[stay]
    return corners, presence, seen, characters


def make_plate(
    presence: float, corners: np.ndarray, looks: np.ndarray, shape: tuple[int, int, int], grammar: Grammar
) -> Plate:
    """A plate of a photo of `shape` (H, W, 3) from corners (4, 2) and the looks at its characters (M, 12, 37).

    Its confidence is the probability that it is one and says what it seems to say.
    """
    # label smoothing taught the reader never to be quite sure
    looks = ((looks - model.LABEL_SMOOTHING / looks.shape[-1]) / (1 - model.LABEL_SMOOTHING)).clip(0, 1)
    code, probabilities, agreement = grammar.vote(looks)
    low = np.clip(np.floor(corners.min(0)), 0, shape[1::-1]).astype(int)
    high = np.clip(np.ceil(corners.max(0)), 0, shape[1::-1]).astype(int)
    box = (*low.tolist(), *(high - low).tolist())
    confidence = grammar.presence(float(presence), code) * agreement
    return Plate(code, confidence, box, corners, probabilities)


def detect_photo(
    photo: np.ndarray,
    networks: tuple[Session, Session],
    grammar: Grammar,
    threshold: float,
    min_plate: float,
    max_plate: float,
) -> list[Plate]:
    """The plates of `photo` (H, W, 3) uint8 BGR whose confidence is `threshold` at least, the surest first."""
    finder, reader = networks
    support, corners = merge(*find(finder, photo, min_plate, max_plate))
    corners = corners[sound(corners) & (support >= LEAST_SUPPORT * support.max(initial=0))][:MAX_READ]
    _, *answers = look(reader, photo, corners)
    plates = [make_plate(*answer, photo.shape, grammar) for answer in zip(*answers, strict=True)]
    plates = [p for p in plates if p.confidence >= threshold and len(p.code) >= MIN_CHARACTERS and min(p.box[2:]) > 0]
    return without_doubles(plates)


def without_doubles(plates: list[Plate]) -> list[Plate]:
    """`plates` without those that another one stands for, the surest first.

    Of those that overlap the surest for its size stays, for many a plate holds a word, or a part of its code, that is
    read more surely than the whole.
    """
    iou, nested = overlaps(np.array([plate.corners for plate in plates]).reshape(-1, 4, 2))
    scores = np.array([plate.confidence * np.sqrt(plate.box[2] * plate.box[3]) for plate in plates])
    stay = [plates[members[0]] for members in group(scores, (iou >= SAME_PLACE) | (nested >= NESTED))]
    return sorted(stay, key=lambda plate: -plate.confidence)


# --- what comes out -----------------------------------------------------------------------------------------------


def lettering(text: str, height: int, max_width: int) -> np.ndarray:
    """`text` as (h, w) ink in 0..255, `height` pixels high or, where that would be wider than `max_width`, less."""
    (width, above), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 3, 6)
    ink = np.zeros((2 * (above + below), width + 2 * above), np.uint8)
    cv2.putText(ink, text, (above, above + below), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, 6, cv2.LINE_AA)
    x, y, width, above = cv2.boundingRect(ink)
    scale = min(height / above, max_width / width)
    size = max(1, int(width * scale)), max(1, int(above * scale))
    return cv2.resize(ink[y : y + above, x : x + width], size, interpolation=cv2.INTER_AREA)


def draw_label(photo: np.ndarray, text: str, box: tuple[int, int, int, int], gap: int) -> None:
    """Write `text` on a label above `box` (x, y, w, h), or below it, wherever the whole of it is in the picture."""
    photo_height, photo_width = photo.shape[:2]
    height = max(MIN_TEXT_HEIGHT, round(TEXT_HEIGHT * np.hypot(photo_height, photo_width)))
    ink = lettering(text, max(1, min(height, photo_height // 3)), max(1, int(photo_width * 0.9)))
    pad = min(max(1, ink.shape[0] // 3), (photo_width - ink.shape[1]) // 2, (photo_height - ink.shape[0]) // 2)
    ink = cv2.copyMakeBorder(ink, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    height, width = ink.shape
    x, y, w, h = box
    left = int(np.clip(x + (w - width) // 2, 0, photo_width - width))
    above, below = y - gap - height, y + h + gap
    top = above if above >= 0 else min(below, photo_height - height)
    part = photo[top : top + height, left : left + width]
    share = ink[..., None] / 255.0
    part[:] = np.round(share * DARK + (1 - share) * BRIGHT)


def draw(photo: np.ndarray, plates: list[Plate]) -> np.ndarray:
    """Outline the plates on `photo` (H, W, 3) uint8 BGR itself and write their codes beside them; returns it."""
    diagonal = np.hypot(*photo.shape[:2])
    line = max(1, round(LINE_WIDTH * diagonal))
    for plate in plates:
        outline = plate.corners + 1.5 * line * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])  # off the characters
        outline = np.clip(outline, -diagonal, 2 * diagonal)
        outline = [np.round(outline * 16).astype(np.int32)]  # in sixteenths of a pixel
        cv2.polylines(photo, outline, True, DARK, 3 * line, cv2.LINE_AA, 4)
        cv2.polylines(photo, outline, True, BRIGHT, line, cv2.LINE_AA, 4)
    for plate in reversed(plates):  # the surest one's label on top
        draw_label(photo, plate.code, plate.box, 4 * line)
    return photo


def ahead(pool: ThreadPoolExecutor, function: Callable, items: Iterable) -> Iterator:
    """What `map(function, items)` gives, with `pool` one item ahead of the one that is taken."""
    futures = deque()
    for item in items:
        futures.append(pool.submit(function, item))
        if len(futures) > 1:
            yield futures.popleft().result()
    yield from (future.result() for future in futures)


def detect_files(
    jobs: list[tuple[Path, Path]], detect: Callable[[np.ndarray], list[Plate]]
) -> Iterator[tuple[Path, list[Plate] | UserError]]:
    """Run `detect` on each photo of `jobs` (photo, where to draw it), while threads decode the next and draw the last.

    Yields each photo's path with its plates once it is written, or with the UserError where it cannot be read. Raises
    UserError where one cannot be written.
    """

    def decode(job):
        try:
            return read_image(job[0])
        except UserError as error:
            return error

    def finish(item):
        (path, out), photo, plates = item
        if photo is not plates:
            try:
                out.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"{out.parent}: cannot be made ({error.strerror}); choose another folder") from None
            write_image(out, draw(photo, plates))
        return path, plates

    with ThreadPoolExecutor(2) as pool:
        decoded = zip(jobs, ahead(pool, decode, jobs), strict=True)
        found = ((job, photo, photo if isinstance(photo, UserError) else detect(photo)) for job, photo in decoded)
        yield from ahead(pool, finish, found)


def detect_video(
    source: Path, video: cv2.VideoCapture, out: Path, detect: Callable[[np.ndarray], list[Plate]]
) -> Iterator[Track]:
    """Run `detect` on each frame of the `video` in `source`, and draw it to the video `out` as `detect_files` does.

    Yields each track when it has ended; a frame shows the codes that were voted up to it. Raises UserError where no
    frame can be read, or `out` cannot be written.
    """
    promised = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    bar = {"total": promised if promised > 0 else None, "unit": "frame", "delay": 2, "disable": None}
    frames, tracks, ended = read_frames(source, video), [], []

    def follow(item):
        seconds, frame = item
        gone, tracks[:] = part_ended(tracks, seconds)
        ended.extend(gone)
        plates = detect(frame)
        joined = join(tracks, plates, seconds)
        return frame, [plate._replace(code=track.code) for plate, track in zip(plates, joined, strict=True)]

    with (
        ThreadPoolExecutor(1) as decoder,  # each has one thread, which keeps the frames in order
        write_video(out, frame_rate(video)) as append,
        ThreadPoolExecutor(1) as drawer,
    ):
        decoded = ahead(decoder, lambda _: next(frames, None), itertools.count())
        decoded = tqdm(itertools.takewhile(lambda item: item is not None, decoded), **bar)
        for _ in ahead(drawer, lambda item: append(draw(*item)), map(follow, decoded)):
            yield from ended
            ended.clear()
    yield from ended + tracks


# --- the command --------------------------------------------------------------------------------------------------


def pixels(text: str) -> int:
    if int(text) < NARROWEST_PLATE:
        raise argparse.ArgumentTypeError(f"{text} is below {NARROWEST_PLATE} pixels, where no plate can be read")
    return int(text)


def probability(text: str) -> float:
    if not 0 <= float(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return float(text)


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


def is_video(path: Path) -> bool:
    return path.suffix.lower() in CODECS and not path.is_dir()


def plan_jobs(source: Path, out: Path, weights: Path, rows: Path | None) -> list[tuple[Path, Path]]:
    """The photos to read, each with the path to write it to.

    Raises UserError where IN and OUT are not of one kind, or a file would be written over one that is read.
    """
    if source.is_dir():
        jobs = [(path, out / path.name) for path in list_images(source)]
        if not jobs:
            raise UserError(f"{source}: holds no picture; name a folder of JPEG or PNG files")
    else:
        jobs = [(source, out)]
        if not out.parent.is_dir():
            raise UserError(f"{out}: its folder does not exist; make it first")
    if is_video(source) and not is_video(out):
        raise UserError(f"{out}: a video is drawn into a video; end its name in one of {', '.join(CODECS)}")
    if out.exists() and out.is_dir() != source.is_dir():
        raise UserError(f"{out}: IN and OUT are both a photograph or both a folder; name another OUT")
    if rows is not None and rows.is_dir():
        raise UserError(f"{rows}: is a folder; name a file for --json")
    taken = {path.resolve() for path in (weights, *(photo for photo, _ in jobs))}
    for path in [drawn for _, drawn in jobs] + [rows] * (rows is not None):
        if path.resolve() in taken:
            raise UserError(f"{path}: is in use by this very command; choose another name")
        taken.add(path.resolve())
    return jobs


def describe(plate: Plate) -> str:
    return f"{plate.code} {plate.confidence:.2f} {','.join(map(str, plate.box))}"


def read_photos(
    jobs: list[tuple[Path, Path]], args: argparse.Namespace, detect: Callable[[np.ndarray], list[Plate]]
) -> None:
    """Run `detect` on each photo of `jobs` (photo, where to draw it), and print and write what it sees.

    Raises UserError when none can be read.
    """
    many = args.photo.is_dir()
    left = take_up(jobs, args.json) if args.resume else jobs
    before, read, plateless, skipped = len(jobs) - len(left), 0, 0, []
    # a bar for a folder, where somebody watches, after the first two seconds
    bar = {"total": len(jobs), "initial": before, "unit": "photo", "delay": 2, "disable": None if many else True}
    try:
        with append_rows(args.json, args.resume) if args.json else open(os.devnull, "w", encoding="utf-8") as rows:
            for path, plates in tqdm(detect_files(left, detect), **bar):
                if isinstance(plates, UserError):
                    skipped.append(plates)
                    continue
                for plate in plates:
                    tqdm.write(f"{path.name} {describe(plate)}" if many else describe(plate))
                rows.write(json.dumps({"image": path.name, "plates": [plate.as_dict() for plate in plates]}) + "\n")
                read += 1
                plateless += not plates
            if skipped and len(skipped) == len(jobs):
                raise UserError(f"{args.photo}: no photograph could be read; {skipped[0]}") if many else skipped[0]
    except KeyboardInterrupt:
        there = f"{before + read} of {len(jobs)} photographs"
        print(f"{Path(sys.argv[0]).name}: interrupted with {there} read; --resume goes on from there", file=sys.stderr)
        sys.exit(130)
    if many:
        earlier = f", {before} were read before" if before else ""
        in_all = f"read {read} of {len(jobs)} photographs, {plateless} without a plate{earlier}"
        print(in_all, *(f"skipped {error}" for error in skipped), sep="\n", file=sys.stderr)
    elif plateless:
        print(f"{args.photo}: no plate found", file=sys.stderr)


def read_video(args: argparse.Namespace, detect: Callable[[np.ndarray], list[Plate]]) -> None:
    """Run `detect` on each frame of the video, and print and write the tracks of its plates."""
    silence_decoders()
    video = open_video(args.photo)
    count = 0
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(write_beside(args.json)) if args.json else os.devnull
        rows = stack.enter_context(open(path, "w", encoding="utf-8"))
        for track in stack.enter_context(contextlib.closing(detect_video(args.photo, video, args.out, detect))):
            tqdm.write(f"{describe(track.plate)} {track.first:.2f}-{track.last:.2f}")
            times = {"first": round(track.first, 3), "last": round(track.last, 3), "frames": track.frames}
            rows.write(json.dumps({"video": args.photo.name, **track.plate.as_dict(), **times}) + "\n")
            count += 1
    frames, promised = (int(video.get(key)) for key in (cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_FRAME_COUNT))
    print(f"read {frames} of {max(frames, promised)} frames; plates: {count}", file=sys.stderr)


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

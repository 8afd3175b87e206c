"""The plate reader: one object that holds the networks and the grammar, and reads photographs."""

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from onnxruntime import InferenceSession as Session

from common import UNIT_SQUARE
from media.cores import count_cores
from media.pictures import read_image
from reading.ahead import map_ahead
from reading.decoding import Reading
from reading.finder import NARROWEST_PLATE, find, merge
from reading.geometry import group, overlaps, sound
from reading.grammar import Grammar
from reading.grammar_cache import load_grammar
from reading.graphs import PROVIDERS, load_graphs, make_options
from reading.plate import Plate
from reading.reader import BATCH, look

WEIGHTS = Path(__file__).resolve().parent.parent / "weights.npz"  # the weights that the project ships
# What a user may choose.
# Least confidence of a plate, chosen on ../shared/photos. With 0.4 two plates of 694 less are read, and 11 of
# 589 photographs of signs have a plate in place of 15.
THRESHOLD = 0.35
MIN_PLATE = 45  # pixels: width of the narrowest plate that is searched
# Least support, as a share of the best candidate's. Chosen on ../shared/photos: with 0.3 a plate of 361 less is read,
# and with 0.2 two more of 589 photographs of signs have a plate.
LEAST_SUPPORT = 0.25
# The odds of a plate are in proportion to the finder's support. With this much support they stay as the reader sees
# them. Chosen on ../shared/photos: of 589 photographs of signs 15 have a plate in place of 20, and no plate of 694 is
# lost. Half of the signs that would be taken for plates have a support under 7, half of the plates have more than 17.
EVEN_SUPPORT = 12.0
# A photo that may be a plate itself.
WIDEST_CROP = 700  # pixels; a wider photo shows more than a plate. Not tuned
LONGEST_CROP = 6.5  # times the height; the longest plates are 520x110 mm, and some crops cut into them
# The margin around such a plate, as a share of the photo's sides. Of three sets of crops, 334 in all, 0.04 to 0.1 read
# up to 9 fewer, and 0.03 as many.
CROP_MARGIN = 0.02
# A plate that fills such a photo is believed sooner, because a street shows far more that is no plate. Chosen on
# ../shared/photos with the weights of round 26 (tests/ACCURACY.md). Of 511 texts of shop fronts, cut out as the finder
# sees them, 11 are taken for plates with odds of 1, 14 with 20, and 18 with 100. Of 150 American crops 3 more are read
# with 100 than with 20.
FILLED_SHARE = 0.6  # of the photo's area: a plate that covers more fills the photo
FILLED_ODDS = 100  # times as high are the odds of such a plate
# Which readings are plates.
MIN_CHARACTERS = 3  # characters of the shortest code on a plate
SAME_PLACE = 0.3  # readings are of one plate when their boxes share this much of their union; not tuned
NESTED = 0.6  # or when their boxes share this much of the smaller one; not tuned

Picture = str | os.PathLike | np.ndarray  # a photo: the path of a picture, or (H, W, 3) uint8 BGR


class Places(NamedTuple):
    """N places of a photo that may be plates."""

    corners: np.ndarray  # (N, 4, 2), in pixels
    support: np.ndarray  # (N,) by the finder, as `reading/finder.py` defines it


class Candidate(NamedTuple):
    """What the reader saw at a place that may be a plate."""

    place: np.ndarray  # (4, 2) the corners that the last look started from, in pixels of the photo
    plate: Plate  # of any confidence
    presence: float  # 0..1: the probability of a plate by its looks alone
    support: float  # of the place, by the finder


def load_networks(weights: str | os.PathLike, threads: int) -> tuple[Session, Session]:
    """The finder and the reader of a weights file. The reader works in `threads` threads, and the finder in one.

    Raises UserError when the file is missing or damaged, or does not fit.
    """
    sessions = []
    for graph, count in zip(load_graphs(weights), (1, threads), strict=True):
        options = make_options()
        options.intra_op_num_threads = count
        options.enable_mem_pattern = False  # one plan of memory for each size of level would cost more than it saves
        sessions.append(Session(graph, options, PROVIDERS))
    return tuple(sessions)


class PlateReader:
    """Reads the number plates of photographs, as in `PlateReader().read(photo)`.

    `weights` is a file that train.py wrote, by default the one that the project ships. `formats` names the plates that
    there are, as in "in,gb", by default all formats. `pattern`, such as "LL DD LL DDDD", is one more format, or the
    only one where `formats` is None. With `only` no other codes are read than the codes that these formats allow.
    `threshold`, 0..1, is the least confidence of a plate. `min_plate` and `max_plate` bound the width in pixels of the
    plates that are searched. Each plate has its `top` most probable codes. `threads` are those that a photo is read in,
    by default as many as there are cores. One is best where several threads of your own call `read`.

    Raises UserError when the weights cannot be read, a format is unknown or `pattern` describes no plates. One object
    may be used by several threads at once.
    """

    def __init__(
        self,
        weights: str | os.PathLike = WEIGHTS,
        formats: str | None = None,
        threshold: float = THRESHOLD,
        min_plate: float = MIN_PLATE,
        max_plate: float = np.inf,
        only: bool = False,
        pattern: str | None = None,
        top: int = 0,
        threads: int | None = None,
    ) -> None:
        self.grammar = load_grammar(formats, pattern, only)
        threads = threads or count_cores()
        self.finder, self.reader = load_networks(weights, threads)
        self.map_strips = map
        if threads > 1:  # strips side by side, because one small strip gains next to nothing by a second thread
            self.map_strips = functools.partial(map_ahead, ThreadPoolExecutor(threads), ahead=threads)
        self.threshold = threshold
        self.min_plate = min_plate
        self.max_plate = max_plate
        self.top = top

    def read(self, photos: Picture | Sequence[Picture], crops: bool = False) -> list[Plate] | list[list[Plate]]:
        """The plates of a photo, the surest first. Of a list of photos it gives a list of such lists.

        A photo is the path of a picture, or its pixels (H, W, 3) uint8 in the order blue, green, red. With `crops`
        each photo is a plate that fills it, as a detector of one's own cuts it out: nothing is searched, and the list
        of a photo has one plate, or none where no code of three characters is read with the confidence of `threshold`.

        Raises UserError when a file cannot be read, and ValueError when an array is no photo.
        """
        if isinstance(photos, str | os.PathLike | np.ndarray):
            [plates] = self.read([photos], crops)
            return plates
        if not crops:
            return [self.read_photo(load_photo(photo)) for photo in photos]
        batches = [photos[first : first + BATCH] for first in range(0, len(photos), BATCH)]
        return [plates for batch in batches for plates in self.read_crops([load_photo(crop) for crop in batch])]

    def read_photo(self, photo: np.ndarray) -> list[Plate]:
        """The plates of `photo` (H, W, 3) uint8 BGR, the surest first."""
        places = self.find_places(photo)
        if may_be_plate(photo.shape):
            whole = outline(photo.shape, CROP_MARGIN)[None]
            places = Places(np.concatenate([places.corners, whole]), np.append(places.support, EVEN_SUPPORT))
        pairs = [(seen.plate, self.believe(seen, photo.shape)) for seen in self.read_places(photo, places)]
        pairs = [(plate, believed) for plate, believed in pairs if self.is_plate(believed)]
        # the looks alone choose among readings of one plate: what fills the photo is no more right for that
        chosen = without_doubles([plate for plate, _ in pairs])
        return sorted((pairs[number][1] for number in chosen), key=lambda plate: -plate.confidence)

    def read_crops(self, crops: Sequence[np.ndarray]) -> list[list[Plate]]:
        """The plate, if any, of each crop (H, W, 3) uint8 BGR, which shows a plate and nothing else."""
        corners = np.array([outline(crop.shape, CROP_MARGIN) for crop in crops]).reshape(-1, 4, 2)
        plates: list[list[Plate]] = []
        for view in look(self.reader, crops, corners, self.grammar, are_plates=True):
            shape = crops[view.number].shape
            plate = make_plate(1.0, view.corners, view.reading, shape, self.grammar, self.top > 0)
            plate = plate._replace(codes=self.choose_codes(plate.codes))
            plates.append([plate] if self.is_plate(plate) else [])
        return plates

    def find_places(self, photo: np.ndarray, least_support: float = LEAST_SUPPORT) -> Places:
        """The places in `photo` (H, W, 3) that the finder takes for plates, those with most support first.

        Places with less than `least_support` of the first one's support are left out.
        """
        support, corners = merge(*find(self.finder, photo, self.min_plate, self.max_plate, self.map_strips))
        chosen = sound(corners) & (support >= least_support * support.max(initial=0))
        return Places(corners[chosen], support[chosen])

    def read_places(self, photo: np.ndarray, places: Places) -> list[Candidate]:
        """What the reader sees at `places` of `photo` (H, W, 3).

        A place that is surely no plate is left out.
        """
        candidates = []
        for view in look(self.reader, [photo] * len(places.corners), places.corners, self.grammar):
            plate = make_plate(view.presence, view.corners, view.reading, photo.shape, self.grammar, self.top > 0)
            candidates.append(Candidate(view.place, plate, view.presence, float(places.support[view.number])))
        return candidates

    def believe(self, candidate: Candidate, shape: tuple[int, ...]) -> Plate:
        """The candidate's plate, as sure as its place in a photo of `shape` (H, W, 3) makes it.

        It is surer where the finder's support is high, or where it fills a photo that may be a plate itself.
        """
        plate, presence = candidate.plate, candidate.presence
        share = cv2.contourArea(plate.corners.astype(np.float32)) / (shape[0] * shape[1])
        fills = share >= FILLED_SHARE and may_be_plate(shape)
        placed = multiply_odds(presence, FILLED_ODDS if fills else candidate.support / EVEN_SUPPORT)

        def weigh(code: str, confidence: float) -> float:
            gain = self.grammar.presence(placed, code) / self.grammar.presence(presence, code)
            return min(1.0, confidence * gain)  # rounding may lead beyond 1

        codes = [(code, weigh(code, confidence)) for code, confidence in plate.codes]
        return plate._replace(confidence=weigh(plate.code, plate.confidence), codes=self.choose_codes(codes))

    def choose_codes(self, codes: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
        """The plate's code, which is the first of `codes`, and the surest others: `top` of them in all.

        A code that plates seldom say makes a plate less probable, so the others need another order than the reader's.
        """
        others = sorted(codes[1:], key=lambda code: -code[1])
        return (*codes[:1], *others)[: self.top]

    def is_plate(self, plate: Plate) -> bool:
        """Whether a reading is sure enough, long enough, and has a part of its box in the photo."""
        return plate.confidence >= self.threshold and len(plate.code) >= MIN_CHARACTERS and min(plate.box[2:]) > 0


def load_photo(photo: Picture) -> np.ndarray:
    """A photo as pixels (H, W, 3) uint8 BGR. Raises UserError when the file cannot be read, ValueError otherwise."""
    if not isinstance(photo, np.ndarray):
        return read_image(photo)
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
        raise ValueError(f"a photo is (H, W, 3) uint8, blue, green, red; this array is {photo.shape} {photo.dtype}")
    return photo


def may_be_plate(shape: tuple[int, ...]) -> bool:
    """Whether a photo of `shape` (H, W) may be a plate that fills it."""
    height, width = shape[:2]
    return NARROWEST_PLATE <= width <= WIDEST_CROP and height <= width <= LONGEST_CROP * height


def outline(shape: tuple[int, ...], margin: float) -> np.ndarray:
    """The corners (4, 2) float32 of a plate that fills a photo of `shape` (H, W) but for a `margin`, a share of it."""
    height, width = shape[:2]
    return (margin + UNIT_SQUARE * (1 - 2 * margin)) * np.array([width, height], np.float32)


def multiply_odds(probability: float, factor: float) -> float:
    """The probability, 0..1, whose odds are `factor` times those of `probability`, 0..1."""
    return probability * factor / (probability * factor + 1 - probability)


def make_plate(
    presence: float,
    corners: np.ndarray,
    reading: Reading,
    shape: tuple[int, int, int],
    grammar: Grammar,
    with_codes: bool = False,
) -> Plate:
    """The plate that the reader saw in a photo of `shape` (H, W, 3).

    `presence` is 0..1, `corners` is (4, 2). The confidence is the probability that the place is a plate and says the
    code. `with_codes` gives it all its possible codes, its own first.
    """
    ranked = reading.ranked() if with_codes else []
    codes = [(code, grammar.presence(presence, code) * share) for code, share in ranked]
    country, country_probability = grammar.country(reading.code)
    return Plate(
        code=reading.code,
        confidence=grammar.presence(presence, reading.code) * reading.probability,
        box=bounding_box(corners, shape),
        corners=corners,
        characters=reading.characters,
        country=country,
        country_probability=country_probability if country else None,
        codes=tuple(codes),
    )


def bounding_box(corners: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """x, y, width and height in whole pixels of the part of `corners` (4, 2) that is in a photo of `shape` (H, W)."""
    low = np.clip(np.floor(corners.min(0)), 0, shape[1::-1]).astype(int)
    high = np.clip(np.ceil(corners.max(0)), 0, shape[1::-1]).astype(int)
    return (*low.tolist(), *(high - low).tolist())


def without_doubles(plates: list[Plate]) -> list[int]:
    """The numbers of one reading of each plate among `plates`.

    Of readings that overlap the one with the highest confidence times the square root of its area stays. The area
    counts because the reader is often surer of a word on the plate, or of a part of the code, than of the whole code.
    """
    iou, nested = overlaps(np.array([plate.corners for plate in plates]).reshape(-1, 4, 2))
    scores = np.array([plate.confidence * np.sqrt(plate.box[2] * plate.box[3]) for plate in plates])
    return [int(members[0]) for members in group(scores, (iou >= SAME_PLACE) | (nested >= NESTED))]

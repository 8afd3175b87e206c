"""A user's labelled photographs: windows of their plates to train on, and a held-out part to score weights on.

A photograph is a sample of its plates as they are. To make many windows of one plate, its place is seen with other
errors of the finder, at another size, in another light and by another camera, as synthetic plates are.
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from common import (
    LONGEST_CODE,
    UNIT_SQUARE,
    WINDOW_SHAPE,
    UserError,
    edit_distance,
    from_unit_square,
    rectify,
    warp_points,
)
from media.labels import Label, find_folder, find_photos, read_labels
from media.pictures import read_image
from network.weights import save_weights
from reading.geometry import overlaps
from reading.plate import Plate
from reading.plate_reader import PlateReader, bounding_box
from reading.scoring import Score, add_up, judge
from synthesis.camera import take
from synthesis.light import light
from synthesis.placement import LEAST_STREET_PITCH, draw_inexact_square
from synthesis.subject import LEAST_DRAWN_PITCH, RECTIFIED_WIDTHS, RIGHT_SCALE
from synthesis.windows import cut_place
from training.report import warn

HELD_OUT_SHARE = 0.2  # of the photographs; they are never trained on
MOST_HELD_OUT = 100  # photographs; reading more after each batch would take longer than the batch
LEAST_PHOTOS = 5  # labelled photographs; with fewer nothing can be held out
WINDOWS_SHARE = 0.3  # of a batch's windows that show photographs; the others keep what was learnt; not tuned
ANEW_SHARE = 0.7  # of these windows that are lit and taken anew; the others stay as the camera took them; not tuned
FORGETTING = 0.015  # of the score on the test windows that may be lost; its standard error is 0.012
SPLIT_SEED = 0  # of the choice of the held-out photographs: the same for the same labels

SURE_PLACE = 0.5  # intersection over union of a label's box and a reading that shows where the plate is; not tuned
LOCATING_THRESHOLD = 0.02  # least confidence of a reading that shows where a plate is; its code may be wrong
LEAST_ALIKE = 0.5  # of a code's characters, for a reading to show where a plate without a box is; not tuned
# A picture that can be a plate alone. Detection is stricter (`may_be_plate`), because it has no label to go by.
CROP_ASPECTS = (0.8, 8)  # width / height
CROP_WIDTH = 700  # pixels; a wider picture shows more than a plate
KEPT_WIDTH = 300  # pixels across a plate that are kept of a photograph; the reader sees 128 of them
SURROUNDINGS = 1.2  # of a plate's extent that are kept on each of its sides; a street window shows 0.7
LEAST_SURROUNDINGS = 1.5  # times a plate's extent; less around it makes no street window


class Example(NamedTuple):
    """A labelled plate with its surroundings, cut out of a photograph."""

    picture: np.ndarray  # (h, w, 3) uint8 BGR
    corners: np.ndarray  # (4, 2) of the plate, in pixels
    code: str

    @property
    def has_surroundings(self) -> bool:
        """Whether there is enough around the plate for a street window. A crop has nothing."""
        extent = np.ptp(self.corners, axis=0)
        return bool((np.array(self.picture.shape[1::-1]) >= LEAST_SURROUNDINGS * extent).all())


@dataclasses.dataclass
class Album:
    """The labelled photographs of a user, divided into those that are trained on and those that are held out."""

    examples: list[Example]
    held_out: dict[Path, list[Label]]
    formats: str | None  # as in --formats
    before: dict[str, float] = dataclasses.field(
        default_factory=dict
    )  # scores of the weights that training starts from

    def mix(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """A copy of `batch` in which windows of photographs have taken the place of WINDOWS_SHARE of the windows.

        The places of the plate and of its characters are not known well enough to be taught, so they are left open.
        """
        mixed = {key: array.copy() for key, array in batch.items()}
        for i in np.flatnonzero(rng.random(len(batch["images"])) < WINDOWS_SHARE):
            example = self.examples[rng.integers(len(self.examples))]
            if batch["rectified"][i]:
                mixed["images"][i] = make_reader_window(example, rng)
            elif example.has_surroundings:
                mixed["images"][i] = make_street_window(example, rng)
            else:
                continue
            mixed["codes"][i] = example.code
            mixed["presence"][i] = 1
            mixed["corners"][i] = 0
            mixed["centres"][i] = -1
        return mixed

    def read(self, arrays: dict[str, np.ndarray]) -> Score:
        """How well the weights `arrays` read the held-out photographs."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.npz"
            save_weights(path, arrays)
            reader = PlateReader(path, self.formats)
        return add_up(judge(labels, reader.read(read_image(photo))) for photo, labels in self.held_out.items())

    def add_score(self, scores: dict[str, float], arrays: dict[str, np.ndarray]) -> dict[str, float]:
        """`scores` on the test windows, with those of the weights `arrays` on the held-out photographs, 0..1.

        `photos` is the mean of two shares: of the plates that are read, and of their characters. `synthetic` is the
        score on the test windows, and `score` the mean of both.
        """
        score = self.read(arrays)
        photos = (score.percent(score.read_alike) + score.percent(score.right_characters)) / 200
        both = {"photos": photos, "photos_read": score.percent(score.read_alike) / 100, "synthetic": scores["score"]}
        return scores | both | {"score": (photos + scores["score"]) / 2}

    def describe(self, scores: dict[str, float]) -> str:
        """The `scores` of weights as text."""
        return (
            f"reads {100 * scores['photos_read']:.1f} % of the plates on {len(self.held_out)} held-out photographs"
            f" (with single characters {100 * scores['photos']:.1f}), and scores {100 * scores['synthetic']:.1f}"
            " on the test windows"
        )

    def is_worse(self, scores: dict[str, float]) -> bool:
        """Whether weights with these `scores` read the photographs worse than before, or forgot something."""
        forgot = scores["synthetic"] < self.before["synthetic"] - FORGETTING
        return scores["photos"] < self.before["photos"] or forgot


def load_album(table: Path, weights: Path, formats: str | None) -> Album:
    """The photographs that the labels in `table` name. `weights` find the plates' corners, which labels do not tell.

    Raises UserError, which names the line, when a label is of no use, and when there are too few photographs.
    """
    labels = [label for label in read_labels(table) if label.code]
    for label in labels:
        if len(label.code) > LONGEST_CODE:
            raise UserError(
                f"{table}: line {label.line}: {label.code} has more than {LONGEST_CODE} characters; delete the line"
            )
    photos = find_photos(table, labels, find_folder(table))
    if len(photos) < LEAST_PHOTOS:
        raise UserError(f"{table}: labels {len(photos)} photographs; label at least {LEAST_PHOTOS}")
    held_out = choose_held_out(list(photos))
    reader = PlateReader(weights, formats, threshold=LOCATING_THRESHOLD)
    examples = []
    for photo, its_labels in photos.items():
        if photo in held_out:
            continue
        image = read_image(photo)
        plates = reader.read(image)
        for label in its_labels:
            corners = locate(label, len(its_labels) == 1, image.shape, plates)
            if corners is None:
                remedy = "correct its box" if label.box else "write its box in the table"
                warn(f"{table}: line {label.line}: the plate on {label.image} is not found; {remedy}")
            else:
                examples.append(make_example(image, corners, label.code))
    if not examples:
        raise UserError(f"{table}: none of its plates is found; write their boxes in the table")
    return Album(examples, {photo: photos[photo] for photo in held_out}, formats)


def choose_held_out(photos: list[Path]) -> list[Path]:
    """A fifth of the photographs, at most MOST_HELD_OUT; the same ones whatever their order."""
    photos = sorted(photos)
    count = min(MOST_HELD_OUT, round(HELD_OUT_SHARE * len(photos)))
    chosen = np.random.default_rng(SPLIT_SEED).permutation(len(photos))[:count]
    return [photos[i] for i in sorted(chosen)]


def locate(label: Label, is_alone: bool, shape: tuple[int, ...], plates: list[Plate]) -> np.ndarray | None:
    """The corners (4, 2) of the labelled plate in its photograph of `shape` (H, W, 3), in pixels; None if not known.

    `plates` are what was read on the photograph. One that is at the place of the label's box shows the corners; the
    box itself stands for them otherwise, unless it lies outside of the photograph. A plate without a box is the reading
    most like its code, or else the whole picture where this has a plate's shape and `is_alone` says that no other plate
    is on it.
    """
    nearest = min(plates, key=lambda plate: edit_distance(plate.code, label.code), default=None)
    if label.box:
        x, y, width, height = label.box
        box = UNIT_SQUARE * (width, height) + (x, y)
        if not all(bounding_box(box, shape)[2:]):  # no part of it is in the photograph
            return None
        iou, _ = overlaps(np.stack([box, *(plate.corners for plate in plates)]))  # (N + 1, N + 1)
        best = int(np.argmax(iou[0, 1:])) if plates else None
        return plates[best].corners if plates and iou[0, 1 + best] > SURE_PLACE else box
    if nearest and edit_distance(nearest.code, label.code) <= LEAST_ALIKE * len(label.code):
        return nearest.corners
    height, width = shape[:2]
    if is_alone and width <= CROP_WIDTH and CROP_ASPECTS[0] <= width / height <= CROP_ASPECTS[1]:
        return UNIT_SQUARE * np.float32((width, height))
    return None


def make_example(photo: np.ndarray, corners: np.ndarray, code: str) -> Example:
    """The plate at `corners` (4, 2) of `photo` (H, W, 3) with its surroundings, at most KEPT_WIDTH pixels wide."""
    extent = np.ptp(corners, axis=0)
    edge = np.array(photo.shape[1::-1])
    low = np.clip(np.floor(corners.min(0) - SURROUNDINGS * extent), 0, edge - 1).astype(int)
    high = np.clip(np.ceil(corners.max(0) + SURROUNDINGS * extent), low + 1, edge).astype(int)
    picture = photo[low[1] : high[1], low[0] : high[0]]
    scale = min(1, KEPT_WIDTH / extent.max())
    size = np.maximum(np.round((high - low) * scale), 1).astype(int)
    picture = cv2.resize(picture, size.tolist(), interpolation=cv2.INTER_AREA)
    return Example(picture, (corners - low) * (size / (high - low)), code)


def make_reader_window(example: Example, rng: np.random.Generator) -> np.ndarray:
    """A window for the reader, (64, 128, 3) uint8: the plate turned upright by corners like the finder's."""
    widest = np.ptp(example.corners, axis=0).max()
    narrowest = min(widest, max(RECTIFIED_WIDTHS[0], LEAST_DRAWN_PITCH * len(example.code)))
    width = np.exp(rng.uniform(np.log(narrowest), np.log(max(narrowest, min(widest, RECTIFIED_WIDTHS[1])))))
    image, corners = cut_place(example.picture, example.corners, width)
    image = take_anew(image, width / len(example.code), rng)
    return rectify(image, warp_points(draw_inexact_square(rng), from_unit_square(corners)))


def make_street_window(example: Example, rng: np.random.Generator) -> np.ndarray:
    """A window for the finder, (64, 128, 3) uint8, in which the plate is whole and has the right scale."""
    size = np.array(WINDOW_SHAPE[::-1])
    extent = np.ptp(example.corners, axis=0)
    scale = rng.uniform(*RIGHT_SCALE) / (extent / size).max()
    picture = cv2.resize(example.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top = np.round(example.corners.min(0) * scale - rng.random(2) * (size - extent * scale)).astype(int)
    rows = np.clip(np.arange(top, top + size[1]), 0, len(picture) - 1)  # the edge goes on beyond the picture
    columns = np.clip(np.arange(left, left + size[0]), 0, picture.shape[1] - 1)
    image = np.ascontiguousarray(picture[rows][:, columns], np.float32)
    return take_anew(image, max(extent[0] * scale / len(example.code), LEAST_STREET_PITCH), rng)


def take_anew(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """`image`, (h, w, 3) float32, lit and photographed anew, or as it is: uint8. `pitch` is in pixels a character."""
    if rng.random() < ANEW_SHARE:
        light(image, rng)
        image = take(image, pitch, rng)
    return np.clip(image, 0, 255).astype(np.uint8)

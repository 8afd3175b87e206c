#!/usr/bin/env python3
"""Synthesise windows: plates, near-plates and no plates at all, as a street photograph would show them.

    ./gen.py 1000

writes 1,000 windows of 128x64 pixels to `test/` as `00000000_KA02MK7259_1.png`: index, code, and 1 when the plate is
wholly in the window and at the right scale, else 0. What plates say and look like comes from `formats/`, typefaces from
`fonts/`, backgrounds from `bgs/` (see `extractbgs.py`; without them backgrounds are painted). Window i depends on
`--seed` and i alone, so any number of workers, and several machines, make the same files. Corners and the places of
the characters are in `00000000.npz` beside the windows.

There are two kinds of window, for the two phases of `detect.py`. A *street* window is a piece of a photograph at the
scale at which plates are found. A *rectified* window is what the finder's slightly wrong corners, turned upright,
give the reader.

A window is made as a photograph is: a plate is laid out flat and mounted (`plates.py`), seen in perspective before a
background (`Synthesizer.photograph`), lit (`light`), and taken by an imperfect camera (`take`).
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import functools
import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from common import (
    SLOTS,
    WINDOW_SHAPE,
    CommandParser,
    UserError,
    list_images,
    load_formats,
    rectify,
    rectifying_homography,
    run,
    shard,
    write_image,
)
from plates import Plate, draw_plate, draw_sign, jitter_colour, load_typefaces, mount, scramble
from windows import draw_sheet, join, stack, write_batches, write_windows

__all__ = ["Settings", "Synthesizer", "make_batch", "stream_batches", "stream_chunks"]

RECTIFIED_SHARE = 0.55  # of all windows; reading is the harder part
PLATE_SHARE = {"street": 0.5, "rectified": 0.78}  # windows of each kind that show a plate as they should
NO_PLATE, NO_PLATE_SHARES = ("plate", "sign", "nothing", "nonsense"), (0.38, 0.26, 0.22, 0.14)  # what the others show
HARD_NEGATIVES = "hard_negatives.tsv"  # beside the backgrounds: what mine.py found there
UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
RIGHT_SCALE = (0.6, 0.9)  # a street window's plate spans this much of its width or height, whichever is more
READ_MARGIN = 0.04  # of the plate's size that detect.py leaves round a plate which it rectifies
BLOCK = 250  # windows that share a choice of backgrounds, so that few pictures are decoded
BLOCK_BACKGROUNDS = 40
CHUNK = 250  # windows a worker makes at a time
AHEAD = 80  # chunks made ahead of their use
# pixels of a camera's noise, of deviation 1; a window takes a part, since drawing its own took a tenth of its time
NOISE = np.random.default_rng(0).standard_normal(1 << 20, np.float32)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What windows are made of. `formats` as in `--formats`, None for all; `fonts` are folders beside `fonts/`."""

    formats: str | None = None
    fonts: tuple[str, ...] = ()
    backgrounds: str = "bgs"


# --- a photograph of it -------------------------------------------------------------------------------------------


def pose(aspect: float, rng: np.random.Generator) -> np.ndarray:
    """A plate's corners (4, 2) seen in true perspective, turned about all three axes; any unit, about the origin."""
    spread = 2.2 if rng.random() < 0.12 else 1.0  # some photographs are taken from beside or by a falling hand
    lean = rng.choice([1, 2.5, 5], p=[0.87, 0.09, 0.04])  # motorcycles stand aslant
    roll, pitch, yaw = np.radians(rng.normal(0, [4.5, 13, 20]) * spread * [lean / spread, 1, 1])
    roll = np.clip(roll, -0.8, 0.8)
    yaw, pitch = np.clip([yaw, pitch], -1.1, 1.1)
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * [aspect / 2, 0.5, 0]
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    x, y, z = about_z @ about_x @ about_y @ corners.T
    distance = aspect * rng.uniform(2, 10)
    return np.stack([x, y], -1) * (distance / (distance + z))[:, None]


def from_unit_square(corners: np.ndarray) -> np.ndarray:
    """The (3, 3) homography that takes fractions of a plate to pixels, given its `corners` (4, 2)."""
    return np.linalg.inv(rectifying_homography(corners, (1, 1)))


def warp_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Points (N, 2) through a (3, 3) homography."""
    return cv2.perspectiveTransform(np.asarray(points, np.float64)[None], np.asarray(homography, np.float64))[0]


def paint_background(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A background (h, w, 3) float32 for want of photographs: patches of colour, boxes and texture."""
    height, width = shape
    coarse = rng.uniform(0, 255, (int(rng.integers(2, 6)), int(rng.integers(2, 9)), 3)).astype(np.float32)
    image = np.clip(
        cv2.resize(coarse, (width, height), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_NEAREST])), 0, 255
    )
    for _ in range(rng.integers(0, 10)):
        x, y = rng.uniform(-0.2, 1, 2) * [width, height]
        w, h = rng.uniform(0.02, 0.6, 2) * [width, height]
        box = (round(x), round(y)), (round(x + w), round(y + h))
        cv2.rectangle(image, *box, tuple(rng.uniform(0, 255, 3)), -1 if rng.random() < 0.7 else 1)
    return image + rng.normal(0, rng.uniform(0, 25), (height, width, 1)).astype(np.float32)


def paint_body(image: np.ndarray, rng: np.random.Generator) -> None:
    """Paint something like a vehicle's body over `image`, in place: a panel with seams, a bumper line, lamps."""
    height, width = image.shape[:2]
    paint = rng.choice(
        [(225, 225, 225), (165, 165, 165), (70, 70, 70), (22, 22, 24), (35, 30, 150), (110, 50, 25), (60, 150, 170)]
    )
    shade = np.linspace(*rng.uniform(0.7, 1.25, 2), height, dtype=np.float32)[:, None, None]
    panel = jitter_colour(paint, rng, 20) * shade
    y0, y1 = sorted((rng.uniform(-0.3, 0.4) * height, rng.uniform(0.6, 1.4) * height))
    y0, y1 = max(0, round(y0)), min(height, round(y1))
    image[y0:y1] = panel[y0:y1]
    slope = rng.normal(0, 0.04) * width
    for _ in range(rng.integers(1, 5)):
        y, tint = rng.uniform(0, height), float(rng.uniform(0, 255) if rng.random() < 0.4 else rng.uniform(0, 60))
        weight = max(1, round(height * rng.uniform(0.005, 0.05)))
        cv2.line(image, (0, round(y)), (width, round(y + slope)), (tint,) * 3, weight)
    if rng.random() < 0.3:
        axes = rng.uniform(0.05, 0.25, 2) * [width, height]
        centre = rng.choice([0.0, 1.0]) * width, rng.uniform(0, 1) * height
        cv2.ellipse(
            image,
            (centre, tuple(2 * axes), 0.0),
            tuple(map(float, rng.choice([(30, 20, 190), (230, 240, 240), (20, 130, 240)]))),
            -1,
        )
    if rng.random() < 0.2:  # a grille
        step, tint = int(rng.integers(3, 9)), float(rng.uniform(0, 70))
        image[y0:y1:step] = tint


def light(image: np.ndarray, rng: np.random.Generator) -> None:
    """The hour, the sky and the weather, on (h, w, 3) float32 in place."""
    height, width = image.shape[:2]
    across, down = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    gain = np.float32(rng.uniform(0.75, 1.15))
    if rng.random() < 0.5:  # brighter at one side
        gain = gain + (rng.uniform(-0.35, 0.35) * across + rng.uniform(-0.35, 0.35) * down).astype(np.float32)
    if rng.random() < 0.25:  # the edge of a shadow, hard or soft
        angle, offset, edge = rng.uniform(0, 2 * np.pi), rng.uniform(-0.7, 0.7), rng.uniform(0.02, 0.5)
        side = np.clip(((np.cos(angle) * across + np.sin(angle) * down) - offset) / edge, 0, 1).astype(np.float32)
        gain = gain * (1 - side * np.float32(rng.uniform(0.25, 0.7)))
    if rng.random() < 0.12:  # night, or a camera that was afraid of the sky
        gain = gain * np.float32(rng.uniform(0.2, 0.5))
    image *= np.broadcast_to(gain, (height, width))[..., None] * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.08:  # glare, a headlight
        x, y, radius = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.1, 0.7)
        image += (np.exp(-((across - x) ** 2 + (down - y) ** 2) / radius**2) * rng.uniform(60, 200)).astype(np.float32)[
            ..., None
        ]
    if rng.random() < 0.15:  # fog, haze, a dusty lens
        image += np.float32(rng.uniform(0.1, 0.6)) * (np.float32(rng.uniform(120, 235)) - image)
    if rng.random() < 0.04:  # rain
        for _ in range(rng.integers(5, 30)):
            x, y, length = rng.uniform(0, width), rng.uniform(0, height), height * rng.uniform(0.05, 0.25)
            cv2.line(
                image,
                (round(x), round(y)),
                (round(x + length * 0.15), round(y + length)),
                (float(rng.uniform(120, 255)),) * 3,
                1,
            )
    if rng.random() < 0.2:  # over- or under-exposure: contrast about the mean, which moves
        mean = image.mean()
        image -= mean
        image *= np.float32(rng.uniform(0.5, 1.8))
        image += np.float32(np.clip(mean + rng.normal(0, 40), 50, 200))


def take(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """The camera: blur, low resolution, noise, JPEG. `pitch`, pixels a character, bounds what is still legible.

    What is bearable alone is not together, so of blur, motion and low resolution one at most is strong.
    """
    height, width = image.shape[:2]
    strong = rng.choice(3)  # blur, motion, low resolution
    if rng.random() < 0.7:
        sigma = np.exp(rng.uniform(np.log(0.25), np.log(max(0.45, (0.13 if strong == 0 else 0.06) * pitch))))
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    if strong == 1 and rng.random() < 0.35:
        length = round(rng.uniform(0.1, 0.4) * pitch)
        if length >= 2:
            kernel = np.zeros((length, length), np.float32)
            kernel[length // 2] = 1 / length
            turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 180), 1)
            kernel = cv2.warpAffine(kernel, turn, (length, length))
            image = cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1e-3))
    factor = rng.uniform(1, pitch / 5) if pitch > 5 and strong == 2 and rng.random() < 0.5 else 1
    if factor > 1.2:
        small = max(4, round(width / factor)), max(4, round(height / factor))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    # a faint picture bears less of it: its contrast is that of dark on bright, at about two deviations
    contrast = 2 * float(cv2.meanStdDev(image)[1].mean())
    noise = np.exp(rng.uniform(np.log(0.8), np.log(14))) * min(1, contrast / 80)
    shape = image.shape if rng.random() < 0.5 else (*image.shape[:2], 1)
    start = rng.integers(NOISE.size - np.prod(shape))
    image = image + NOISE[start : start + np.prod(shape)].reshape(shape) * np.float32(noise)
    if rng.random() < 0.25:  # sharpened by the camera, halos and all
        image = image + np.float32(rng.uniform(0.3, 1.5)) * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.6:
        quality = int(rng.integers(35 if pitch > 8 else 55, 96))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    if factor > 1.2:
        image = cv2.resize(image, (width, height), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return image


# --- windows ------------------------------------------------------------------------------------------------------


class Synthesizer:
    """Makes windows of `settings`; the same (seed, index) is the same window in every process."""

    def __init__(self, settings: Settings) -> None:
        self.formats = load_formats(settings.formats)
        self.format_weights = normalised([f.weight for f in self.formats])
        self.style_weights = {f.name: normalised([s.weight for s in f.styles]) for f in self.formats}
        self.faces = load_typefaces(settings.fonts)
        self.pictures = backgrounds_in(settings.backgrounds)
        self.hard_negatives = load_hard_negatives(Path(settings.backgrounds) / HARD_NEGATIVES)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - a synthesizer lives as long as its process
    def block_backgrounds(self, block: int, seed: int) -> list[np.ndarray]:
        """The pictures behind the windows of a block; those that cannot be read are left out."""
        rng = np.random.default_rng((seed, block, 1))
        paths = (self.pictures[i] for i in rng.integers(len(self.pictures), size=BLOCK_BACKGROUNDS))
        pictures = (cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths)
        return [picture for picture in pictures if picture is not None]

    def background(self, shape: tuple[int, int], index: int, seed: int, rng: np.random.Generator) -> np.ndarray:
        """What is behind the plate, (h, w, 3) float32: half of the time with something like a vehicle in front."""
        height, width = shape
        pictures = self.block_backgrounds(index // BLOCK, seed) if self.pictures else []
        if pictures:
            picture = pictures[rng.integers(len(pictures))]
            rows, columns = picture.shape[:2]
            zoom = min(rows / height, columns / width) * rng.uniform(0.35, 1)
            h, w = max(2, int(height * zoom)), max(2, int(width * zoom))
            y, x = rng.integers(rows - h + 1), rng.integers(columns - w + 1)
            image = cv2.resize(picture[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)
            image = (image[:, ::-1] if rng.random() < 0.5 else image).astype(np.float32)
        else:
            image = paint_background(shape, rng)
        if rng.random() < 0.5:
            paint_body(image, rng)
        return image

    def plate(self, width: float, rng: np.random.Generator) -> Plate:
        """A flat plate of any of the formats, drawn for a photograph in which it is about `width` pixels wide."""
        form = self.formats[rng.choice(len(self.formats), p=self.format_weights)]
        style = form.styles[rng.choice(len(form.styles), p=self.style_weights[form.name])]
        drawn_width = int(np.clip(1.5 * width, 100, 300))  # finer than it will be seen, or it would look too soft
        return draw_plate(form, style, form.draw_text(rng, style.lines), self.faces, drawn_width, rng)

    def photograph(self, shape, index: int, seed: int, board, outline: np.ndarray, pitch: float, rng) -> np.ndarray:
        """A photograph of `shape`, uint8, of `board` (h, w, 3 or 4), if any, with its corners at `outline` (4, 2)."""
        image = self.background(shape, index, seed, rng)
        if board is not None:
            if rng.random() < 0.4:  # a recess or a plinth behind the plate
                grown = outline + (outline - outline.mean(0)) * rng.uniform(0.05, 0.5, 2)
                tint = (
                    jitter_colour((40, 40, 40), rng)
                    if rng.random() < 0.6
                    else image.mean((0, 1)) * rng.uniform(0.5, 1.3)
                )
                cv2.fillConvexPoly(image, grown.round().astype(np.int32), tuple(map(float, tint)), cv2.LINE_AA)
            height, width = board.shape[:2]
            corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
            homography = cv2.getPerspectiveTransform(corners, outline.astype(np.float32) - np.float32(0.5))
            cover = np.full((height, width, 1), 255, np.uint8)
            if rng.random() < 0.4:  # rounded corners
                radius = max(1, round(height * rng.uniform(0.03, 0.12)))
                for y, x in ((0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)):
                    cv2.rectangle(cover, (x - radius, y - radius), (x + radius, y + radius), 0, -1)
                for y, x in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                    centre = radius if x > 0 else width - 1 - radius, radius if y > 0 else height - 1 - radius
                    cv2.circle(cover, centre, radius, 255, -1)
            if board.shape[2] == 4:  # a sign, with a cover of its own
                cover = board[..., 3:].astype(np.uint8)
            covered = np.clip(board[..., :3], 0, 255).astype(np.uint8)
            covered = np.concatenate([cv2.multiply(covered, cv2.merge([cover] * 3), scale=1 / 255), cover], axis=-1)
            seen = cv2.warpPerspective(covered, homography, shape[::-1], flags=cv2.INTER_LINEAR)
            seen = seen.astype(np.float32)
            # outside the board all four channels fade to 0 alike: its colours are already weighted by its cover there
            image += seen[..., :3] - image * (seen[..., 3:] * np.float32(1 / 255))
        light(image, rng)
        return take(image, pitch, rng)

    def window(self, index: int, seed: int) -> dict[str, np.ndarray]:
        """Window `index`: the entries of a batch (see `make_batch`) without their first axis."""
        rng = np.random.default_rng((seed, index))
        kind = "rectified" if rng.random() < RECTIFIED_SHARE else "street"
        present = rng.random() < PLATE_SHARE[kind]
        shown = "plate" if present else NO_PLATE[rng.choice(len(NO_PLATE), p=NO_PLATE_SHARES)]
        # a plate that does not count is one in the wrong place or at the wrong size; half of the rest is put so too
        misplaced = not present and (shown == "plate" or rng.random() < 0.5)

        width = (
            np.exp(rng.uniform(np.log(48), np.log(240)))
            if kind == "rectified"
            else rng.uniform(*RIGHT_SCALE) * WINDOW_SHAPE[1]
        )
        if shown in ("sign", "nothing"):
            board, outline, pitch = draw_sign(self.faces, int(rng.integers(100, 300)), rng), UNIT_SQUARE, 10.0
            aspect = board.shape[1] / board.shape[0]
        else:
            plate = self.plate(width, rng)
            if shown == "nonsense":
                scramble(plate.image, rng)
            board, outline = mount(plate.image, self.faces, rng)
            aspect = plate.image.shape[1] / plate.image.shape[0]
            longest = max(np.bincount(plate.centres[:, 2].astype(int))) + 1
            width = max(width, 6.5 * longest)
            pitch = width / longest
        if shown == "nothing":
            board = None
        corners = pose(aspect, rng)  # of the plate, to be moved and scaled
        corners -= corners.min(0)
        if kind == "rectified" and shown == "nothing" and self.hard_negatives:
            window = self.hard_negative(width, rng)
        elif kind == "street":
            window, corners = self.street_window(index, seed, board, outline, corners, pitch, misplaced, rng)
        else:
            corners *= width / np.ptp(corners, axis=0).max()
            across = np.sort(plate.centres[:, 0]) if shown == "plate" else None
            window, corners = self.rectified_window(index, seed, board, outline, corners, pitch, misplaced, across, rng)
        centres = np.full((SLOTS, 3), -1, np.float32)
        if present:
            centres[: len(plate.centres)] = plate.centres
            places = warp_points(plate.centres[:, :2], from_unit_square(corners * WINDOW_SHAPE[::-1]))
            centres[: len(places), 0] = places[:, 0] / WINDOW_SHAPE[1]
        # of a plate partly beside the reader's window, or small in it, the corners tell detect.py where to look again
        known = present or (kind == "rectified" and shown == "plate" and within_reach(corners))
        return {
            "images": window,
            "codes": np.array(plate.code if present else "", f"<U{SLOTS}"),
            "presence": np.uint8(present),
            "corners": (corners if known else np.zeros((4, 2))).astype(np.float32),
            "centres": centres[:, [0, 2]],
            "rectified": np.uint8(kind == "rectified"),
        }

    def street_window(self, index, seed, board, outline, corners, pitch, misplaced, rng):
        """A piece of a photograph, (64, 128, 3) uint8, and the plate's corners (4, 2) in it as fractions."""
        size = np.array(WINDOW_SHAPE[::-1])
        extent = np.ptp(corners, axis=0)
        wrong_scale = misplaced and rng.random() < 0.5
        scale = rng.uniform(*RIGHT_SCALE)
        if wrong_scale:
            # too small, too large, or so large that a caption or one of two lines looks like a plate
            scale = (rng.uniform(0.15, 0.42), rng.uniform(1.25, 2.5), rng.uniform(2, 8))[
                rng.choice(3, p=[0.4, 0.3, 0.3])
            ]
        corners = corners * scale / (extent / size).max()
        room = size - np.ptp(corners, axis=0)
        place = rng.random(2)
        if misplaced and not wrong_scale:  # partly outside, at one side at least
            beyond = rng.uniform(0.12, 0.7, 2) * np.ptp(corners, axis=0)
            sides = rng.choice([-1, 0, 1], 2) if rng.random() < 0.3 else rng.permutation([rng.choice([-1, 1]), 0])
            sides = sides if sides.any() else np.array([1, 0])
            offset = np.where(sides < 0, -beyond, np.where(sides > 0, room + beyond, room * place))
        else:
            offset = room * place
        corners = corners + offset
        spread = warp_points(outline, from_unit_square(corners))
        pitch = pitch * np.ptp(corners[:, 0]) / 96
        image = self.photograph(WINDOW_SHAPE, index, seed, board, spread, max(pitch, 5), rng)
        return image, corners / size

    def hard_negative(self, width: float, rng: np.random.Generator) -> np.ndarray:
        """What the reader is given, (64, 128, 3) uint8, of a place in a background that was once taken for a plate.

        It is seen about `width` pixels wide; a painted one where the background cannot be read.
        """
        path, corners = self.hard_negatives[rng.integers(len(self.hard_negatives))]
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            picture, corners = paint_background(WINDOW_SHAPE, rng), UNIT_SQUARE * WINDOW_SHAPE[::-1]
        extent = np.ptp(corners, axis=0)
        edge = np.array(picture.shape[1::-1])
        low = np.clip(np.floor(corners.min(0) - 0.25 * extent - 2), 0, edge - 1).astype(int)
        high = np.clip(np.ceil(corners.max(0) + 0.25 * extent + 2), low + 1, edge).astype(int)
        scale = min(width / extent.max(), 1.5)
        size = np.maximum(np.round((high - low) * scale), 4).astype(int)
        part = picture[low[1] : high[1], low[0] : high[0]]
        image = cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA).astype(np.float32)
        light(image, rng)
        image = take(image, max(width / 9, 5), rng)  # as plates are, or the camera would tell them apart
        return rectify(image, warp_points(inexact_square(rng), from_unit_square((corners - low) * scale)))

    def rectified_window(self, index, seed, board, outline, corners, pitch, misplaced, across, rng):
        """What detect.py's reader is given, (64, 128, 3) uint8, and the plate's corners (4, 2) in it as fractions.

        `across` are the places of the plate's characters as fractions of its width, ascending; None without a plate.
        """
        extent = np.ptp(corners, axis=0)
        margin = 0.25 * extent + 5
        shape = tuple(np.ceil(extent + 2 * margin).astype(int)[::-1])
        corners = corners + margin
        spread = warp_points(outline, from_unit_square(corners))
        image = self.photograph(shape, index, seed, board, spread, pitch, rng)
        unit = inexact_square(rng)
        if rng.random() < 0.2:  # the first look, at what the finder took for too large
            unit = 0.5 + (unit - 0.5) * (1 + rng.uniform(0, [0.25, 0.35]))
        if misplaced:
            fault = rng.random()
            if fault < 0.4:  # half beside it
                shift = rng.uniform(0.3, 0.9, 2) * rng.choice([-1, 1], 2) * rng.permutation([1, rng.random() < 0.3])
                unit = unit + shift
            elif fault < 0.65:  # a part of it: some characters, a caption, one line of two
                zoom = rng.uniform(0.15, [0.7, 0.55])
                unit = 0.5 + (unit - 0.5) * zoom + rng.uniform(-0.5, 0.5, 2) * (1 - zoom)
            elif fault < 0.85:  # all of it but for a character or a few at one end, and the half of another at times
                across = np.linspace(0.05, 0.95, 8) if across is None else across
                right = rng.random() < 0.5
                across = 1 - across[::-1] if right else across
                lost = rng.integers(1, len(across) // 2 + 1)
                cut = across[lost - 1] + rng.uniform(0.1, 1) * (across[lost] - across[lost - 1])
                unit = unit * [1 - cut, 1] + [0 if right else cut, 0]
            else:
                unit = 0.5 + (unit - 0.5) * rng.uniform(1.7, 3)
        guess = warp_points(unit, from_unit_square(corners))
        homography = rectifying_homography(guess)
        return rectify(image, guess), warp_points(corners, homography) / WINDOW_SHAPE[::-1]


def load_hard_negatives(path: Path) -> list[tuple[Path, np.ndarray]]:
    """Pictures and corners (4, 2) in pixels, a row each of the file that mine.py writes; none where there is no file.

    Raises UserError where it is damaged.
    """
    try:
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        return [(path.parent / name, np.array(numbers, np.float32).reshape(4, 2)) for name, *numbers in rows]
    except FileNotFoundError:
        return []
    except ValueError:
        raise UserError(f"{path}: is damaged; remove it, or make it anew with mine.py") from None


def inexact_square(rng: np.random.Generator) -> np.ndarray:
    """A plate's corners (4, 2) as the finder has them, off as a whole and each by itself, in fractions of the plate."""
    error = rng.choice([0.4, 1, 1.6], p=[0.35, 0.4, 0.25])
    unit = UNIT_SQUARE + READ_MARGIN * (2 * UNIT_SQUARE - 1)
    unit = unit + error * (rng.normal(0, [0.012, 0.04], 2) + rng.normal(0, [0.01, 0.035], (4, 2)))
    return 0.5 + (unit - 0.5) * (1 + error * rng.normal([0.01, 0.02], [0.02, 0.06]))


def within_reach(corners: np.ndarray) -> bool:
    """Whether of a plate, `corners` (4, 2) in window fractions, enough is in the window to tell where the rest is."""
    extent = np.ptp(corners, axis=0)
    return bool((np.abs(corners.mean(0) - 0.5) < 0.5).all() and extent.min() > 0.25 and extent.max() < 2.2)


def backgrounds_in(folder: str | os.PathLike) -> list[Path]:
    """The background photographs in `folder`, none where there is no such folder."""
    return list_images(folder) if Path(folder).is_dir() else []


def normalised(weights: list[float]) -> np.ndarray:
    """Weights as probabilities."""
    return np.array(weights) / sum(weights)


_synthesizer = None  # a worker process's own


def _start_worker(settings: Settings) -> None:
    global _synthesizer
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one ends the others
    _synthesizer = Synthesizer(settings)


def _make_chunk(start: int, count: int, seed: int) -> dict[str, np.ndarray]:
    return stack([_synthesizer.window(i, seed) for i in range(start, start + count)])


def stream_chunks(settings: Settings, seed: int, ranges, workers: int) -> Iterator[dict[str, np.ndarray]]:
    """The windows of `ranges`, pairs of (start, count), as batches, in order, made by worker processes ahead of use."""
    synthesizer = Synthesizer(settings)  # here even when workers do the work, so that a wrong setting shows at once
    if workers <= 1:
        return (stack([synthesizer.window(i, seed) for i in range(start, start + count)]) for start, count in ranges)
    return _stream_from_workers(settings, seed, iter(ranges), workers)


def _stream_from_workers(settings: Settings, seed: int, ranges, workers: int) -> Iterator[dict[str, np.ndarray]]:
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (settings,)
    )
    waiting = collections.deque()
    try:
        while True:
            for start, count in itertools.islice(ranges, AHEAD - len(waiting)):
                waiting.append(pool.submit(_make_chunk, start, count, seed))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:  # not a `with` block, whose end would wait for every chunk that is still in the queue
        pool.shutdown(cancel_futures=True)


def make_batch(start: int, count: int, seed: int, settings: Settings, workers: int = 1) -> dict[str, np.ndarray]:
    """Windows start .. start + count - 1 as the arrays that `windows.ARRAYS` tells of."""
    ranges = [(i, min(CHUNK, start + count - i)) for i in range(start, start + count, CHUNK)]
    return join(list(stream_chunks(settings, seed, ranges, workers)))


def stream_batches(
    settings: Settings, seed: int, first: int, size: int, workers: int
) -> Iterator[dict[str, np.ndarray]]:
    """Batches of `size` windows without end, from window `first` on, made ahead by `workers` processes."""
    chunks_of = [(i, min(CHUNK, size - i)) for i in range(0, size, CHUNK)]
    endless = ((start + i, count) for start in itertools.count(first, size) for i, count in chunks_of)
    chunks = stream_chunks(settings, seed, endless, workers)
    while True:
        yield join([next(chunks) for _ in chunks_of])


# --- the command --------------------------------------------------------------------------------------------------


def main() -> None:
    parser = CommandParser(__doc__)
    add = parser.add_argument
    add("count", type=natural, metavar="N", help="how many windows")
    add("--out", type=Path, default=Path("test"), metavar="DIR", help="folder of the PNG files (%(default)s)")
    add("--batches", type=Path, metavar="DIR", help="write .npz files of 10,000 windows for train.py --data instead")
    add("--sheet", type=Path, metavar="FILE", help="draw a contact sheet of the first 200 windows too")
    add("--seed", type=natural, default=0, help="another number, other windows (%(default)s)")
    add(
        "--shard",
        type=shard,
        default=(1, 1),
        metavar="I/N",
        help="make the I-th of N parts; another machine, another I",
    )
    add("--formats", metavar="LIST", help="formats of plates, such as in,gb (all in formats/)")
    add("--fonts", action="append", default=[], metavar="DIR", help="typefaces beside fonts/; may be repeated")
    add("--bgs", default="bgs", metavar="DIR", help="background photographs (%(default)s)")
    add("--workers", type=natural, default=os.cpu_count(), help="processes (%(default)s)")
    args = parser.parse_args()

    if not args.count:
        raise UserError("0 windows asked for; name how many, as in gen.py 1000")
    part, parts = args.shard
    first, end = args.count * (part - 1) // parts, args.count * part // parts
    ranges = [(i, min(CHUNK, end - i)) for i in range(first, end, CHUNK)]
    settings = Settings(args.formats, tuple(args.fonts), args.bgs)
    chunks = stream_chunks(settings, args.seed, ranges, args.workers)
    if args.sheet:  # first of all, so that a wrong name shows before anything is replaced
        first_chunk = list(itertools.islice(chunks, 1))
        for chunk in first_chunk:
            write_image(args.sheet, draw_sheet({key: array[:200] for key, array in chunk.items()}))
        chunks = itertools.chain(first_chunk, chunks)
    folder = args.batches or args.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); name another folder") from None
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: cannot be written; name another folder")
    if not backgrounds_in(args.bgs):
        print(f"gen.py: {args.bgs} holds no pictures: backgrounds are painted; extractbgs.py fills it", file=sys.stderr)
    if args.batches:
        write_batches(folder, first, end, chunks)
    else:
        write_windows(folder, first, end, chunks)


def natural(text: str) -> int:
    """An argparse type: a whole number from 0 up."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


if __name__ == "__main__":
    run(main)

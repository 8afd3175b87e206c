"""TODO."""

import dataclasses
import functools
from pathlib import Path

import cv2
import numpy as np

from common import (
    READ_MARGIN,
    SLOTS,
    UNIT_SQUARE,
    WINDOW_SHAPE,
    from_unit_square,
    rectify,
    rectifying_homography,
    warp_points,
)
from formats.loading import load_formats
from synthesis.backgrounds import (
    BLOCK,
    BLOCK_BACKGROUNDS,
    HARD_NEGATIVES,
    backgrounds_in,
    load_hard_negatives,
    paint_background,
    paint_body,
)
from synthesis.clutter import draw_sign, scramble
from synthesis.lettering import load_typefaces
from synthesis.photograph import light, pose, take
from synthesis.plates import FlatPlate, draw_plate, jitter_colour, mount

RECTIFIED_SHARE = 0.55  # of all windows; reading is the harder part
PLATE_SHARE = {"street": 0.5, "rectified": 0.78}  # windows of each kind that show a plate as they should
NO_PLATE, NO_PLATE_SHARES = ("plate", "sign", "nothing", "nonsense"), (0.38, 0.26, 0.22, 0.14)  # what the others show
RIGHT_SCALE = (0.6, 0.9)  # a street window's plate spans this much of its width or height, whichever is more


@dataclasses.dataclass(frozen=True)
class Settings:
    """What windows are made of. `formats` as in `--formats`, None for all; `fonts` are folders beside `fonts/`."""

    formats: str | None = None
    fonts: tuple[str, ...] = ()
    backgrounds: str = "bgs"


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

    def plate(self, width: float, rng: np.random.Generator) -> FlatPlate:
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


def normalised(weights: list[float]) -> np.ndarray:
    """Weights as probabilities."""
    return np.array(weights) / sum(weights)

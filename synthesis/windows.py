"""Windows, the inputs of the two networks, with the truth about each. A window is made in four steps.

1. Its subject is chosen and drawn flat (`subject.py`).
2. The subject is posed in perspective (`placement.py`).
3. It is photographed (`photograph.py`).
4. The truth is told.

A *street* window is a piece of a photograph at the scale at which the finder finds plates. A *rectified* window is a
plate as the reader sees it: turned upright by corners that are slightly wrong, as the finder's are. Some show a part of
a plate alone (`parts.py`).
"""

import dataclasses
import hashlib
import os
from pathlib import Path

import cv2
import numpy as np

from common import (
    LONGEST_CODE,
    UNIT_SQUARE,
    WINDOW_SHAPE,
    from_unit_square,
    pixels_around,
    rectify,
    rectifying_homography,
    warp_points,
)
from formats.loading import load_formats
from synthesis.backgrounds import HARD_NEGATIVES, Backgrounds, load_hard_negatives, paint_background
from synthesis.camera import take
from synthesis.chance import pick
from synthesis.light import DIM_SHARE, light
from synthesis.night import darken, draw_night
from synthesis.parts import Part, draw_part
from synthesis.photograph import photograph
from synthesis.placement import (
    View,
    draw_inexact_square,
    draw_look,
    draw_look_at_part,
    outline_in,
    pose,
    within_reach,
)
from synthesis.plates import FlatPlate, draw_plate
from synthesis.subject import Choice, Subject, choose, make_plate, make_sign
from synthesis.typefaces import load_typefaces

BEYOND = 4  # pixels around what a window shows that the camera takes too, because blur brings them in; not tuned


@dataclasses.dataclass(frozen=True)
class Settings:
    """What windows are made of, as the user names it."""

    formats: str | None = None  # names of formats, such as "in,gb"; None for all
    fonts: tuple[str, ...] = ()  # folders of typefaces, used beside `fonts/`
    backgrounds: str = "bgs"  # a folder of photographs


class Synthesizer:
    """Makes windows of `settings`; the same (seed, index) is the same window in every process.

    Raises UserError where a format, a folder of typefaces, the backgrounds or the hard negatives cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.formats = load_formats(settings.formats)
        self.format_weights = [f.weight for f in self.formats]
        self.style_weights = {f.name: [s.weight for s in f.styles] for f in self.formats}
        self.faces = load_typefaces(settings.fonts)
        self.backgrounds = Backgrounds(settings.backgrounds)
        self.hard_negatives = load_hard_negatives(Path(settings.backgrounds) / HARD_NEGATIVES)

    def describe(self, seed: int) -> dict[str, int | str | list[str]]:
        """What the windows of `seed` are made of: two folders of windows are alike where this is equal.

        The digest (SHA-256) covers what the formats say, the names and sizes of the typefaces' files, the names of the
        backgrounds, and the hard negatives.
        """
        digest = hashlib.sha256(repr(self.formats).encode())
        for face in self.faces:
            digest.update(f"{face.path.name} {face.path.stat().st_size}\n".encode(errors="surrogateescape"))
        for path in self.backgrounds.paths:
            digest.update(os.fsencode(path.name) + b"\n")
        for path, corners in self.hard_negatives:
            digest.update(os.fsencode(path.name) + corners.tobytes())
        return {
            "seed": seed,
            "formats": [form.name for form in self.formats],
            "typefaces": len(self.faces),
            "backgrounds": len(self.backgrounds.paths),
            "hard_negatives": len(self.hard_negatives),
            "digest": digest.hexdigest(),
        }

    def window(self, index: int, seed: int, attempt: int = 0) -> dict[str, np.ndarray]:
        """Window `index`: the arrays of a batch (see `storage.ARRAYS`) without their first axis.

        Where it fails, another `attempt` (1, 2, ...) makes another window in its place.
        """
        rng = np.random.default_rng((seed, index, 1 + attempt) if attempt else (seed, index))
        choice = choose(rng)
        subject = self.draw_subject(choice, rng)
        part = draw_part(subject, rng) if choice.rectified and choice.present else None
        if part:
            choice = dataclasses.replace(choice, present=False)
        view = pose(choice, subject, rng)
        if choice.rectified and choice.shown == "nothing" and self.hard_negatives:
            image, corners = self.hard_negative(subject.width, rng), view.corners
        else:
            background = self.backgrounds.draw(view.shape, index, seed, rng)
            image, corners = photograph_window(choice, subject, part, view, background, rng)
        return {"images": image, **tell_truth(choice, subject, part, corners)}

    def draw_subject(self, choice: Choice, rng: np.random.Generator) -> Subject:
        """What the window shows."""
        if choice.shown in ("sign", "nothing"):
            return make_sign(choice, self.faces, rng)
        return make_plate(choice, self.draw_flat_plate(choice.width, rng), self.faces, rng)

    def draw_flat_plate(self, width: float, rng: np.random.Generator) -> FlatPlate:
        """A flat plate of any of the formats, drawn for a photograph in which it is about `width` pixels wide."""
        form = pick(self.formats, rng, self.format_weights)
        style = pick(form.styles, rng, self.style_weights[form.name])
        drawn_width = int(min(max(1.5 * width, 100), 300))  # finer than it will be seen, or it would look too soft
        return draw_plate(form, style, form.draw_text(rng, style.lines), self.faces, drawn_width, rng)

    def hard_negative(self, width: float, rng: np.random.Generator) -> np.ndarray:
        """A window for the reader, (64, 128, 3) uint8, of a place in a background that was once taken for a plate.

        The photograph shows the place about `width` pixels wide. Where its background cannot be read, it is painted.
        """
        path, corners = self.hard_negatives[rng.integers(len(self.hard_negatives))]
        picture = self.backgrounds.read(path)
        if picture is None:
            picture, corners = paint_background(WINDOW_SHAPE, rng), UNIT_SQUARE * WINDOW_SHAPE[::-1]
        image, corners = cut_place(picture, corners, width)
        night = draw_night(rng)
        light(image, rng, 0 if night else DIM_SHARE)
        darken(image, corners, night, rng)
        image = take(image, max(width / 9, 5), rng)  # as plates are taken, so that the camera's faults tell nothing
        return rectify_small(image, warp_points(draw_inexact_square(rng), from_unit_square(corners)))


def photograph_window(
    choice: Choice,
    subject: Subject,
    part: Part | None,
    view: View,
    background: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """A window, (64, 128, 3) uint8, and the plate's corners (4, 2) in it as fractions of its width and height."""
    outline = outline_in(view, subject)
    if not choice.rectified:
        image = photograph(background, subject.board, outline, view.pitch, rng)
        return image, view.corners / WINDOW_SHAPE[::-1]
    look = draw_look_at_part(part, rng) if part else draw_look(choice, subject, rng)
    look = warp_points(look, from_unit_square(view.corners))
    rows, columns = pixels_around(look, view.shape, BEYOND)
    image = photograph(background, subject.board, outline, view.pitch, rng, (rows, columns))
    corners = warp_points(view.corners, rectifying_homography(look))
    return rectify_small(image, look - (columns.start, rows.start)), corners / WINDOW_SHAPE[::-1]


def rectify_small(image: np.ndarray, look: np.ndarray) -> np.ndarray:
    """`rectify` of a small photograph, with a fourth channel for a while: OpenCV warps four twice as fast as three."""
    return cv2.cvtColor(rectify(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), look), cv2.COLOR_BGRA2BGR)


def cut_place(picture: np.ndarray, corners: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """The place at `corners` (4, 2) of `picture`, (H, W, 3) uint8, with its surroundings, about `width` pixels wide.

    Returns it as (h, w, 3) float32 with the corners (4, 2) in it.
    """
    extent = np.ptp(corners, axis=0)
    edge = np.array(picture.shape[1::-1])
    low = np.clip(np.floor(corners.min(0) - 0.25 * extent - 2), 0, edge - 1).astype(int)
    high = np.clip(np.ceil(corners.max(0) + 0.25 * extent + 2), low + 1, edge).astype(int)
    scale = min(width / extent.max(), 1.5)  # a place that is enlarged more is too soft
    size = np.maximum(np.round((high - low) * scale), 4).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    image = cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA).astype(np.float32)
    return image, (corners - low) * scale


def tell_truth(choice: Choice, subject: Subject, part: Part | None, corners: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of a window but its image.

    The window shows `subject`, or `part` of it, whose corners are at `corners` (4, 2), in window fractions.
    """
    code, shown = "", np.zeros((0, 3), np.float32)
    if part:
        code, shown = subject.code[part.first : part.end], subject.centres[part.first : part.end] * [1, 1, 0]
    elif choice.present:
        code, shown = subject.code, subject.centres
    centres = np.full((LONGEST_CODE, 2), -1, np.float32)
    if code:
        places = warp_points(shown[:, :2], from_unit_square(corners * WINDOW_SHAPE[::-1]))
        centres[: len(code)] = np.stack([places[:, 0] / WINDOW_SHAPE[1], shown[:, 2]], -1)
    # the corners of a plate partly beside the reader's window, or small in it, tell detect.py where to look again
    partly = choice.rectified and choice.shown == "plate" and within_reach(corners)
    known = choice.present or partly
    return {
        "codes": np.array(code, f"<U{LONGEST_CODE}"),
        "presence": np.uint8(choice.present),
        "corners": (corners if known else np.zeros((4, 2))).astype(np.float32),
        "centres": centres,
        "rectified": np.uint8(choice.rectified),
    }

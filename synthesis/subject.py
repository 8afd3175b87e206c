"""The subject of a window: the plate, or another object, in front of the camera.

A *subject* is drawn flat. Its *board* is the picture that is laid into the photograph: the plate with its frame, or a
sign. Places on the subject are given as fractions of the plate without the frame: (0, 0) is its top left corner.
"""

import dataclasses
import math

import numpy as np

from common import UNIT_SQUARE, WINDOW_SHAPE
from synthesis.chance import pick
from synthesis.clutter import draw_sign, scramble
from synthesis.frames import mount
from synthesis.plates import FlatPlate
from synthesis.typefaces import Typeface

# All shares were set by eye and by what detect.py got wrong; none was tuned by a search.
RECTIFIED_SHARE = 0.55  # of all windows; reading is harder than finding, so it gets more windows
PLATE_SHARE = {"street": 0.5, "rectified": 0.78}  # of the windows of each kind: those with presence 1
LEAST_SPACING = 0.03  # of a plate's width: characters count as no closer, or the plate would be drawn too wide
SHOWN = ("plate", "sign", "nothing", "nonsense")  # what a window with presence 0 shows
SHOWN_SHARES = {  # of the windows with presence 0, in the order of SHOWN
    "street": (0.38, 0.26, 0.22, 0.14),  # fewer signs, because the finder may take one for a plate
    "rectified": (0.31, 0.36, 0.2, 0.13),  # the reader tells plates from signs
}
RIGHT_SCALE = (0.6, 0.9)  # a street window's plate spans this much of its width or height, whichever is more
RECTIFIED_WIDTHS = (64, 240)  # pixels; wider plates show no more in a window
LEAST_DRAWN_PITCH = 9.0  # pixels a character; smaller ones would have steps along their edges, so the camera makes them
SIGN_ASPECTS = (1.3, 8)  # width / height of a place that shows nothing, as signs have it
SIGN_PITCH = 10.0  # pixels a character that the camera's blur is chosen for, where there is no plate


@dataclasses.dataclass(frozen=True)
class Choice:
    """The kind of a window and of its subject, before anything is drawn."""

    rectified: bool  # a window for the reader; else a street window, for the finder
    shown: str  # one of SHOWN
    present: bool  # the plate is wholly in the window and at the right scale
    misplaced: bool  # the subject is in the wrong place or has the wrong size
    width: float  # pixels that the plate is to span in the photograph


@dataclasses.dataclass(frozen=True)
class Subject:
    """The object in front of the camera.

    A plate whose characters make no sense has no code and no centres. Nor has a sign.
    """

    board: np.ndarray | None  # (h, w, 3) float32 0..255, or 4 channels, the last its cover; None: nothing is shown
    outline: np.ndarray  # (4, 2), the board's corners
    aspect: float  # width / height of the plate
    width: float  # pixels that the plate is to span in the photograph
    pitch: float  # pixels a character at that width
    code: str
    centres: np.ndarray  # (len(code), 3) float32: x, y and line of each character
    middle: float | None = None  # y between two lines; None for one line, or where no y divides them

    @property
    def across(self) -> np.ndarray:
        """Ascending x of the characters, (N,); evenly spaced where there are fewer than two."""
        if len(self.centres) < 2:
            return np.linspace(0.05, 0.95, 8)
        return np.sort(self.centres[:, 0])


def kind_of_window(rectified: bool) -> str:
    """The kind of a window, as the shares name it."""
    return "rectified" if rectified else "street"


def choose(rng: np.random.Generator) -> Choice:
    """Choose what kind a window is and what it shows."""
    rectified = bool(rng.random() < RECTIFIED_SHARE)
    kind = kind_of_window(rectified)
    present = bool(rng.random() < PLATE_SHARE[kind])
    shown = "plate" if present else pick(SHOWN, rng, SHOWN_SHARES[kind])
    # a plate with presence 0 is in the wrong place or has the wrong size; so has half of everything else
    misplaced = not present and (shown == "plate" or bool(rng.random() < 0.5))
    if rectified:
        width = math.exp(rng.uniform(*map(math.log, RECTIFIED_WIDTHS)))
    else:
        width = rng.uniform(*RIGHT_SCALE) * WINDOW_SHAPE[1]
    return Choice(rectified, shown, present, misplaced, width)


def make_sign(choice: Choice, faces: tuple[Typeface, ...], rng: np.random.Generator) -> Subject:
    """A sign, or nothing in the shape of one."""
    board = None
    aspect = math.exp(rng.uniform(*map(math.log, SIGN_ASPECTS)))
    if choice.shown == "sign":
        board = draw_sign(faces, int(rng.integers(100, 300)), rng)
        aspect = board.shape[1] / board.shape[0]
    return Subject(board, UNIT_SQUARE, aspect, choice.width, SIGN_PITCH, "", np.zeros((0, 3), np.float32))


def make_plate(choice: Choice, plate: FlatPlate, faces: tuple[Typeface, ...], rng: np.random.Generator) -> Subject:
    """`plate` in its frame, or scrambled where `choice` asks for nonsense."""
    if choice.shown == "nonsense":
        scramble(plate.image, rng)
    board, outline = mount(plate.image, faces, rng)
    aspect = plate.image.shape[1] / plate.image.shape[0]
    spacing = least_spacing(plate.centres)
    width = max(choice.width, LEAST_DRAWN_PITCH / spacing)
    sense = choice.shown == "plate"
    code = plate.code if sense else ""
    centres = plate.centres if sense else plate.centres[:0]
    return Subject(board, outline, aspect, width, width * spacing, code, centres, plate.middle)


def least_spacing(centres: np.ndarray) -> float:
    """The least mean distance of characters on a line, as a share of the plate's width; `centres` are a FlatPlate's.

    It bounds the blur, so that the smallest line stays legible. A short line of small characters takes a part of the
    plate's width, so the width and the count of characters do not tell it.
    """
    spacing = 1.0
    for row in (0, 1):
        x = centres[centres[:, 2] == row, 0]
        if len(x):
            spacing = min(spacing, 1 / (len(x) + 1))  # as if the margins took as much as a character
        if len(x) > 2:
            spacing = min(spacing, max(float(np.ptp(x)) / (len(x) - 1), LEAST_SPACING))
    return spacing

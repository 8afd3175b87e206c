"""The place of the subject: its pose before the camera, its place in the window, and the reader's look at it.

*Corners* are the plate's four corners (4, 2), in the order of `common.UNIT_SQUARE`.
"""

import dataclasses
import math

import numpy as np

from common import READ_MARGIN, UNIT_SQUARE, WINDOW_SHAPE, from_unit_square, warp_points
from synthesis.chance import pick
from synthesis.parts import Part
from synthesis.subject import RIGHT_SCALE, Choice, Subject, kind_of_window

LEAST_STREET_PITCH = 5  # pixels a character; a street window's plate need not be legible
READERS_ERROR = 0.4  # of corners that the reader sees; the finder's have 1 on average
ROLL = 4.5  # degrees: standard deviation of the angle about the camera's axis of most plates
LEANS = (1, 2.5, 5)  # times as much: motorcycles and three-wheelers stand aslant
LEAN_SHARES = {  # of the windows of each kind, in the order of LEANS; the reader's windows are turned upright
    "street": (0.6, 0.16, 0.24),
    "rectified": (0.78, 0.13, 0.09),
}
ROOM = (0.25, 5)  # around a plate that the reader is to see: a share of its extent, and pixels


@dataclasses.dataclass(frozen=True)
class View:
    """How the photograph shows the plate."""

    shape: tuple[int, int]  # height, width of the photograph in pixels
    corners: np.ndarray  # (4, 2) of the plate, in pixels
    pitch: float  # pixels a character


def turn(aspect: float, kind: str, rng: np.random.Generator) -> np.ndarray:
    """A plate's corners (4, 2) seen in true perspective, turned about all three axes, in a window of a `kind`.

    The plate is `aspect` wide and 1 high, and stands about the origin. The kinds are those of LEAN_SHARES.
    """
    spread = 2.2 if rng.random() < 0.12 else 1.0  # some photographs are taken from beside or by a falling hand
    lean = pick(LEANS, rng, LEAN_SHARES[kind])
    sin_roll, cos_roll = turn_about_axis(ROLL * lean, 0.8, rng)
    sin_pitch, cos_pitch = turn_about_axis(13 * spread, 1.1, rng)
    sin_yaw, cos_yaw = turn_about_axis(20 * spread, 1.1, rng)
    x, y = (UNIT_SQUARE.T - 0.5) * [[aspect], [1]]  # (4,) each; z is 0
    x, z = cos_yaw * x, -sin_yaw * x  # about the upright axis
    y, z = cos_pitch * y - sin_pitch * z, sin_pitch * y + cos_pitch * z  # about the level axis
    x, y = cos_roll * x - sin_roll * y, sin_roll * x + cos_roll * y  # about the axis of the camera
    distance = aspect * rng.uniform(2, 10)
    return np.stack([x, y], -1) * (distance / (distance + z))[:, None]


def turn_about_axis(deviation: float, most: float, rng: np.random.Generator) -> tuple[float, float]:
    """Sine and cosine of a random angle of `deviation` degrees, which is bounded by `most` radians either way."""
    angle = min(max(rng.normal(0, math.radians(deviation)), -most), most)
    return math.sin(angle), math.cos(angle)


def pose(choice: Choice, subject: Subject, rng: np.random.Generator) -> View:
    """Turn the subject, and put it where `choice` wants it."""
    corners = turn(subject.aspect, kind_of_window(choice.rectified), rng)
    corners -= corners.min(0)
    if choice.rectified:
        return pose_for_reader(subject, corners)
    return pose_in_street(choice, subject, corners, rng)


def pose_for_reader(subject: Subject, corners: np.ndarray) -> View:
    """A photograph that is just large enough for the plate and its surroundings."""
    corners = corners * (subject.width / np.ptp(corners, axis=0).max())
    share, pixels = ROOM
    extent = np.ptp(corners, axis=0)
    margin = share * extent + pixels
    width, height = np.ceil(extent + 2 * margin).astype(int)
    return View((int(height), int(width)), corners + margin, subject.pitch)


def pose_in_street(choice: Choice, subject: Subject, corners: np.ndarray, rng: np.random.Generator) -> View:
    """A photograph of a window's size. A misplaced plate has a wrong scale, or is partly outside."""
    size = np.array(WINDOW_SHAPE[::-1])
    extent = np.ptp(corners, axis=0)
    wrong_scale = choice.misplaced and rng.random() < 0.5
    scale = rng.uniform(*RIGHT_SCALE)
    if wrong_scale:
        scale = draw_wrong_scale(rng)
    corners = corners * scale / (extent / size).max()
    extent = np.ptp(corners, axis=0)
    room = size - extent
    place = rng.random(2)
    if choice.misplaced and not wrong_scale:
        offset = draw_offset_beyond(extent, room, place, rng)
    else:
        offset = room * place
    corners = corners + offset
    pitch = subject.pitch * np.ptp(corners[:, 0]) / subject.width
    return View(WINDOW_SHAPE, corners, max(pitch, LEAST_STREET_PITCH))


def draw_wrong_scale(rng: np.random.Generator) -> float:
    """A scale at which the finder is to see no plate, as RIGHT_SCALE counts it."""
    too_small = rng.uniform(0.15, 0.42)
    too_large = rng.uniform(1.25, 2.5)
    part_alone = rng.uniform(2, 8)  # so large that a caption or one of two lines looks like a plate
    return pick((too_small, too_large, part_alone), rng, (0.4, 0.3, 0.3))


def draw_offset_beyond(extent: np.ndarray, room: np.ndarray, place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An offset (2,) in pixels that moves a plate of `extent` (2,) partly out of the window, at one side at least.

    `room` (2,) is the offset that moves it to the right or lower edge, `place` (2,) its place in that room, 0..1.
    """
    beyond = rng.uniform(0.12, 0.7, 2) * extent
    if rng.random() < 0.3:
        sides = rng.choice([-1, 0, 1], 2)
    else:
        sides = rng.permutation([pick((-1, 1), rng), 0])
    if not sides.any():
        sides = np.array([1, 0])
    return np.where(sides < 0, -beyond, np.where(sides > 0, room + beyond, room * place))


def draw_look(choice: Choice, subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """The quadrilateral (4, 2) that fills the reader's window, in fractions of the plate.

    It is the plate's outline as the finder sees it. Where the subject is misplaced, it is another one.
    """
    look = draw_inexact_square(rng)
    if rng.random() < 0.2:  # too large, as the finder's corners often are
        look = 0.5 + (look - 0.5) * (1 + rng.uniform(0, [0.25, 0.35]))
    if choice.misplaced:
        look = draw_misplaced_look(look, subject, rng)
    return look


def draw_look_at_part(part: Part, rng: np.random.Generator) -> np.ndarray:
    """The quadrilateral (4, 2) that fills the reader's window with `part` of a plate, in fractions of the plate."""
    return warp_points(part.corners, from_unit_square(draw_inexact_square(rng, READERS_ERROR)))


def draw_inexact_square(rng: np.random.Generator, error: float | None = None) -> np.ndarray:
    """A plate's corners (4, 2) as the finder sees them, in fractions of the plate.

    All of them are off together, and each of them by itself. The reader sees them with an `error` of READERS_ERROR.
    """
    if error is None:
        error = pick((0.4, 1, 1.6), rng, (0.35, 0.4, 0.25))
    square = UNIT_SQUARE + READ_MARGIN * (2 * UNIT_SQUARE - 1)
    shift = rng.standard_normal(2) * [0.012, 0.04] + rng.standard_normal((4, 2)) * [0.01, 0.035]
    growth = [0.01, 0.02] + rng.standard_normal(2) * [0.02, 0.06]
    return 0.5 + (square + error * shift - 0.5) * (1 + error * growth)


def draw_misplaced_look(look: np.ndarray, subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """A look that shows a part of the subject, or too much around it."""
    fault = rng.random()
    if fault < 0.4:  # half beside it
        distance = rng.uniform(0.3, 0.9, 2)
        sides = rng.choice([-1, 1], 2)
        axes = rng.permutation([1, rng.random() < 0.3])
        return look + distance * sides * axes
    if fault < 0.65:  # a part of it: some characters, a caption, one line of two
        zoom = rng.uniform(0.15, [0.7, 0.55])
        return 0.5 + (look - 0.5) * zoom + rng.uniform(-0.5, 0.5, 2) * (1 - zoom)
    if fault < 0.85:
        return cut_end(look, subject.across, rng)
    return 0.5 + (look - 0.5) * rng.uniform(1.7, 3)  # too small


def cut_end(look: np.ndarray, across: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A look that lacks one to half of the characters at one end, and perhaps a part of the next one.

    `across` (N,) are the characters' places, ascending.
    """
    right = rng.random() < 0.5
    if right:
        across = 1 - across[::-1]
    lost = rng.integers(1, len(across) // 2 + 1)
    cut = across[lost - 1] + rng.uniform(0.1, 1) * (across[lost] - across[lost - 1])
    return look * [1 - cut, 1] + [0 if right else cut, 0]


def outline_in(view: View, subject: Subject) -> np.ndarray:
    """The board's corners (4, 2) in the pixels of the photograph."""
    return warp_points(subject.outline, from_unit_square(view.corners))


def within_reach(corners: np.ndarray) -> bool:
    """Whether enough of a plate is in the window to tell where the rest is: `corners` (4, 2) in window fractions."""
    extent = np.ptp(corners, axis=0)
    centred = (np.abs(corners.mean(0) - 0.5) < 0.5).all()
    return bool(centred and extent.min() > 0.25 and extent.max() < 2.2)

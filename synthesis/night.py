"""Light of the night and of lamps: one colour, little contrast, plates that shine or stand in the dark, bloom.

Each effect acts on (h, w, 3) float32 pixels, 0..255 and beyond. A window has none, one or two of them. Their strengths
are bounded so that a code stays legible. They were set by eye; none was tuned by a search.
"""

import cv2
import numpy as np

from common import pixels_around
from synthesis.chance import pick
from synthesis.paint import change_contrast, multiply_colours, spread, tinted

NIGHT_SHARE = 0.12  # of all windows; half of them have two effects
EFFECTS = {  # its share among the effects
    "cast": 0.3,  # nearly one colour
    "faint": 0.14,  # little contrast
    "bright": 0.14,  # the plate shines in a dark scene, as in a headlight
    "dark": 0.06,  # the plate is in the dark before a bright scene
    "mirrored": 0.13,  # lamps mirrored in the plate
    "above": 0.12,  # the plate's own lamps, above it
    "bloom": 0.11,  # bright places spread
}
CASTS = (  # the lowest and highest part of blue, green and red that is left
    ((0.0, 0.02, 0.9), (0.25, 0.3, 1.1)),  # brake lights
    ((0.0, 0.4, 0.9), (0.3, 0.65, 1.1)),  # sodium lamps
    ((0.7, 0.2, 0.8), (1.0, 0.5, 1.1)),  # magenta: a camera without its infrared filter
    ((0.9, 0.4, 0.1), (1.1, 0.75, 0.4)),  # blue lamps, dusk
    ((0.4, 0.9, 0.4), (0.8, 1.1, 0.8)),  # green: mercury lamps
)
CAST_SHARES = (0.32, 0.24, 0.24, 0.12, 0.08)  # in the order of CASTS
LAMP_COLOURS = ((255, 255, 255), (170, 225, 255), (60, 60, 255))  # BGR: white, yellow, red


def draw_night(rng: np.random.Generator) -> tuple[str, ...]:
    """The names of the window's effects; none most of the time."""
    if rng.random() >= NIGHT_SHARE:
        return ()
    count = 1 + int(rng.random() < 0.5)
    return tuple(map(str, rng.choice(list(EFFECTS), count, replace=False, p=list(EFFECTS.values()))))


def light_board(
    board: np.ndarray, background: np.ndarray, night: tuple[str, ...], rng: np.random.Generator
) -> np.ndarray:
    """Light the plate otherwise than the scene. Returns the `board`, (h, w, 3 or 4); `background` changes in place."""
    if "bright" in night:
        background *= np.float32(rng.uniform(0.1, 0.5))
        gain = 255 / max(float(board[..., :3].max()), 1) * rng.uniform(0.95, 1.15)  # more would drown faint colours
        board = multiply(board, np.float32(gain))
    if "dark" in night:
        background *= np.float32(rng.uniform(0.4, 0.8))
        background += np.float32(rng.uniform(60, 130))
        board = multiply(board, np.float32(rng.uniform(0.3, 0.55)))
    if "above" in night:
        background *= np.float32(rng.uniform(0.15, 0.6))
        board = light_from_above(board, rng)
    return board


def multiply(board: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """`board`, (h, w, 3 or 4), with its colours multiplied by `gain`, one number or (h, w, 1); its cover stays."""
    lit = board.copy()
    lit[..., :3] *= gain
    return lit


def light_from_above(board: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`board`, (h, w, 3 or 4), lit by one lamp or two at its upper edge, whose light falls off downwards."""
    height, width = board.shape[:2]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, width, dtype=np.float32)
    two = rng.random() < 0.5
    places = (rng.uniform(0.15, 0.3), rng.uniform(0.7, 0.85)) if two else (rng.uniform(0.3, 0.7),)
    breadth = rng.uniform(0.15, 0.6)
    reach = rng.uniform(0.3, 1.2)
    beam = np.zeros((height, width), np.float32)
    for x in places:
        beam += np.exp(-(((across - x) / breadth) ** 2) - down / reach).astype(np.float32)
    beam = beam[..., None] / max(float(beam.max()), 1e-3)  # (h, w, 1), 0..1
    dimmest = rng.uniform(0.3, 0.6)
    lit = multiply(board, np.float32(dimmest) + np.float32(1.25 - dimmest) * beam)
    lit[..., :3] += np.float32(rng.uniform(0, 50)) * beam**2  # the lamp mirrored as a bright strip
    return lit


def mirror_lamps(image: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Dim `image`, and add one to three lamps with halos within the plate at `outline` (4, 2) in pixels, in place.

    A core hides less than a character; through a halo the characters are seen.
    """
    image *= np.float32(rng.uniform(0.4, 0.9))  # by day no lamp would be seen
    height, width = image.shape[:2]
    down = np.arange(height, dtype=np.float32)[:, None]
    across = np.arange(width, dtype=np.float32)
    side = float(np.linalg.norm(outline[3] - outline[0]))  # pixels, the plate's height
    for _ in range(rng.integers(1, 4)):
        u, v = rng.uniform(0, 1, 2)
        upper = outline[0] + u * (outline[1] - outline[0])
        lower = outline[3] + u * (outline[2] - outline[3])
        x, y = (upper + v * (lower - upper)).tolist()
        core = max(0.7, side * rng.uniform(0.02, 0.06))
        halo = side * rng.uniform(0.2, 0.7)
        distance = (across - x) ** 2 + (down - y) ** 2
        spot = rng.uniform(150, 255) * np.exp(-distance / core**2) + rng.uniform(20, 90) * np.exp(-distance / halo**2)
        colour = np.array(LAMP_COLOURS[rng.integers(len(LAMP_COLOURS))], np.float32) / 255
        image += tinted(spot, colour)


def darken(image: np.ndarray, outline: np.ndarray, night: tuple[str, ...], rng: np.random.Generator) -> None:
    """The effects on the whole scene, in place. The plate is at `outline` (4, 2) in pixels."""
    if "bloom" in night:
        bloom(image, rng)
    if "faint" in night:
        fade(image, outline, rng)
    if "cast" in night:
        cast(image, rng)


def bloom(image: np.ndarray, rng: np.random.Generator) -> None:
    """Let bright places spread over what is around them, as in a cheap or dirty lens."""
    bright = np.clip(image - np.float32(rng.uniform(150, 210)), 0, 100)
    size = 2 * round(image.shape[0] * rng.uniform(0.03, 0.12)) + 1
    halo = cv2.blur(cv2.blur(bright, (size, size)), (size, size))  # twice a box is nearly a bell, and fast
    image += np.float32(rng.uniform(0.4, 1.2)) * halo


def fade(image: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Lower the contrast to that of a dim night, about a level that is nearly black.

    What is left is bounded by the contrast within the plate at `outline` (4, 2), in pixels.
    """
    plate = image[pixels_around(outline, image.shape[:2])]
    deviation = cv2.meanStdDev(plate)[1].mean()
    gain = min(1, rng.uniform(14, 30) / max(deviation, 1))
    change_contrast(image, plate.mean(), gain, rng.uniform(40, 90))


def cast(image: np.ndarray, rng: np.random.Generator) -> None:
    """Leave nearly one colour. The picture loses its own colours first, in part or wholly."""
    lowest, highest = pick(CASTS, rng, CAST_SHARES)
    gray = spread(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    image += np.float32(rng.uniform(0.3, 1)) * (gray - image)
    multiply_colours(image, rng.uniform(lowest, highest))

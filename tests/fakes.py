"""Stand-ins for the networks that know the answer, and plates and looks as tests draw them."""

import string
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from common import ALPHABET, BLANK, UNIT_SQUARE
from formats.loading import load_formats
from reading.decoding import Reading, agree, find_codes
from reading.finder import BORDER
from reading.grammar import Grammar, make_grammar
from reading.plate import Plate
from reading.plate_reader import PlateReader, make_plate
from reading.reader import LOOK_SHAPE

FORMATS = "any,br,gb,in,us"  # some of the formats, so that a new country changes no test
GRAMMAR = make_grammar(load_formats(FORMATS))


class KnowingFinder:
    """Answers as a perfect finder would: it knows the `plates` (N, 4, 2) of a photo that is `width` pixels wide."""

    def __init__(self, width: int, plates: np.ndarray) -> None:
        self.width, self.plates, self.seen = width, np.asarray(plates, float), []

    def run(self, names, feeds):
        assert names == ["presence", "corners"]
        image = feeds["image"]
        assert image.dtype == np.uint8
        self.seen.append(image.shape)
        height, width = image.shape[1:3]
        scale = (width - 2 * BORDER) / self.width
        rows, columns = (height - 32) // 8 + 1, (width - 64) // 8 + 1
        origin = 8 * np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)  # (h, w, 2)
        presence = np.zeros((rows, columns), np.float32)
        corners = np.zeros((rows, columns, 4, 2), np.float32)
        for plate in self.plates * scale + BORDER:
            fractions = (plate - origin[:, :, None]) / (64, 32)  # (h, w, 4, 2)
            wide = np.ptp(plate[:, 0])
            whole = ((fractions >= 0) & (fractions <= 1)).all((2, 3)) & (37.5 <= wide <= 58.5)
            presence[whole], corners[whole] = 0.9, fractions[whole]
        return presence[None], corners.reshape(1, rows, columns, 8)


class ConstantReader:
    """Sees in every window a plate that fills it but for a margin, and says `code`."""

    def __init__(self, code: str, margin: float, presence: float = 1.0, certainty: float = 0.999) -> None:
        self.code = code
        self.margin = margin
        self.presence = presence
        self.certainty = certainty
        self.windows = np.zeros(0)  # the windows that it saw last
        self.most_windows = 0  # that it saw at once

    def run(self, names, feeds):
        assert names == ["presence", "corners", "characters"]
        self.windows = feeds["windows"]
        assert self.windows.shape[1:] == (64, 128, 3)
        assert self.windows.dtype == np.uint8
        count = len(self.windows)
        self.most_windows = max(self.most_windows, count)
        edge = self.margin / (1 + 2 * self.margin)  # the margin is a share of the plate, not of the window
        corners = edge + UNIT_SQUARE * (1 - 2 * edge)
        looks = np.tile(make_look(self.code, self.certainty), (count, 1, 1))
        return np.full(count, self.presence, np.float32), np.tile(corners, (count, 1, 1)), looks


def make_look(code: str, certainty: float = 0.999) -> np.ndarray:
    """One look at a plate, log-probabilities (128, 37), in which each character of `code` has frames of its own.

    A character has the probability `certainty`. The rest is the next letter's, or the next digit's. The other frames
    are blank.
    """
    look = np.full(LOOK_SHAPE, 1e-6)
    look[:, BLANK] = 1
    for i, character in enumerate(code):
        kind = string.ascii_uppercase if character.isalpha() else string.digits
        following = kind[(kind.index(character) + 1) % len(kind)]
        look[2 * i + 1, BLANK] = 1e-6
        look[2 * i + 1, ALPHABET.index(character)] = certainty
        look[2 * i + 1, ALPHABET.index(following)] = 1 - certainty
    return np.log(look / look.sum(1, keepdims=True)).astype(np.float32)


def make_plate_reader(finder, reader, threshold: float = 0.5) -> PlateReader:
    """A plate reader on stand-ins for the two networks."""
    with mock.patch("reading.plate_reader.load_networks", return_value=(finder, reader)):
        return PlateReader(formats=FORMATS, threshold=threshold)


def quad(x: float, y: float, width: float, height: float) -> np.ndarray:
    """An upright plate's corners (4, 2)."""
    return (UNIT_SQUARE * (width, height) + (x, y)).astype(np.float32)


@st.composite
def quads(draw, photo: tuple[int, int] = (400, 600)) -> np.ndarray:
    """A plate as a photograph of (height, width) may show it: (4, 2), convex, clockwise."""
    width = draw(st.floats(20, 300))
    height = width / draw(st.floats(1.2, 5))
    angle = np.radians(draw(st.floats(-35, 35)))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = draw(st.floats(0, photo[1])), draw(st.floats(0, photo[0]))
    bend = np.array([draw(st.floats(-0.08, 0.08)) for _ in range(8)]).reshape(4, 2)
    return (((UNIT_SQUARE - 0.5 + bend) * (width, height)) @ turn + centre).astype(np.float32)


def make_seen_plate(
    corners: np.ndarray, shape: tuple[int, int], code: str = "KA02MK7259", presence: float = 0.98
) -> Plate:
    """The plate that is made of one look at `code` in a photo of `shape` (height, width)."""
    reading = decode(make_look(code)[None], GRAMMAR)
    return make_plate(presence, np.asarray(corners, np.float32), reading, (*shape, 3), GRAMMAR)


def decode(looks: np.ndarray, grammar: Grammar) -> Reading:
    """What `looks` (M, 128, 37) say under `grammar`."""
    return agree([find_codes(look, grammar) for look in looks], grammar)

"""Phase 2: the reader looks at each candidate, turned upright, and says what its characters are.

This file alone knows the outputs of the reader's graph. What one window says about the characters is a *look*. Where
three rounds of looks leave doubt, the plate is seen by its parts (`parts.py`). What their windows say together is a
look too.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from onnxruntime import InferenceSession as Session

from common import BLANK, READ_MARGIN, rectify
from model import COLUMNS, LINES
from reading.decoding import Reading, agree, find_codes
from reading.geometry import expand, from_unit_squares, project, sound
from reading.grammar import Grammar
from reading.parts import partitions

LOOK_SHAPE = (LINES * COLUMNS, BLANK + 1)  # of one look: log-probabilities of the characters and of blank in each frame
# Margins around the plate, as shares of its width and height, of the windows in each of three rounds. Each round
# starts from the corners that the round before saw, because the reader sees where a plate goes on beyond its window.
LOOKS = ((0.04,), (0.04,), (0.02, READ_MARGIN, 0.06))
PART_LOOK = LOOKS[-1].index(READ_MARGIN)  # number of the look in the last round that tells where the parts are
BATCH = 8  # most candidates that are read at once: 24 windows in the last round, which bounds memory. Not tuned
# Least presence to go on after each round. A window that cuts a plate has next to none, but its corners lead to the
# whole plate: with 0.05 after the first round 4 Indian plates of 120 were lost. Chosen on ../shared/photos.
LEAST_PRESENCES = (0.005, 0.05, 0.05)
# A place needs no further round where its presence and the probability of its code are as high. On ../shared/photos one
# plate more is read for it, none less, and as many signs.
CLEAR = 0.99
CLEAR_CROP = 0.9  # the same for the presence of what is known to be a plate; low where the window cuts it
# A plate whose code is less probable after the last round is seen by its parts too. On five sets of ../shared/photos
# 71 plates of 156 were surer, and their parts changed no code.
DOUBTFUL = 0.95


class View(NamedTuple):
    """What the reader saw of one candidate in its last round."""

    number: int  # of the candidate, from 0
    place: np.ndarray  # (4, 2) corners from which the round started, in pixels of the photo
    presence: float  # 0..1
    corners: np.ndarray  # (4, 2) that the reader saw, in pixels of the photo
    reading: Reading


def look(
    reader: Session,
    photos: Sequence[np.ndarray],
    corners: np.ndarray,
    grammar: Grammar,
    are_plates: bool = False,
) -> list[View]:
    """Look at N candidates, each of which has a photo (H, W, 3) of `photos` and `corners` (N, 4, 2) in its pixels.

    The views are in the order of the candidates. Candidates that turn out to be no plate have none, unless
    `are_plates` says that all of them are plates.
    """
    views = []
    for first in range(0, len(corners), BATCH):
        batch = slice(first, first + BATCH)
        for view in look_at_batch(reader, photos[batch], corners[batch], grammar, are_plates):
            views.append(view._replace(number=first + view.number))
    return sorted(views, key=lambda view: view.number)


def look_at_batch(
    reader: Session, photos: Sequence[np.ndarray], corners: np.ndarray, grammar: Grammar, are_plates: bool
) -> Iterator[View]:
    """What `look` does, for a few candidates: one round after the other. Clear candidates come first."""
    numbers = np.arange(len(corners))
    seen = corners
    clear = CLEAR_CROP if are_plates else CLEAR
    for number, (margins, least_presence) in enumerate(zip(LOOKS, LEAST_PRESENCES, strict=True), 1):
        is_last = number == len(LOOKS)
        places = seen
        presence, seen, looks = read(reader, [photos[i] for i in numbers], places, margins)
        is_sound = sound(seen)
        seen = np.where(is_sound[:, None, None], seen, places)
        goes_on = (presence > least_presence) & is_sound | are_plates
        for i in np.flatnonzero(goes_on & ((presence >= clear) | is_last)).tolist():
            codes = [find_codes(frames, grammar) for frames in looks[i]]
            reading = agree(codes, grammar)
            if is_last and reading.probability < DOUBTFUL:
                parts = read_parts(reader, photos[numbers[i]], places[i], looks[i][PART_LOOK])
                reading = agree([*codes, *(find_codes(part, grammar) for part in parts)], grammar)
            if is_last or reading.probability >= CLEAR:
                yield View(int(numbers[i]), places[i], float(presence[i]), seen[i], reading)
                goes_on[i] = False
        numbers, seen = numbers[goes_on], seen[goes_on]
        if not len(numbers):
            return


def read(
    reader: Session, photos: Sequence[np.ndarray], corners: np.ndarray, margins: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read N plates, each at its `corners` (N, 4, 2) of its photo (H, W, 3), once with each of the M `margins`.

    Returns the means over the margins of presence (N,) and of the corners (N, 4, 2) that the reader sees, in pixels
    of the photo, and all looks (N, M, *LOOK_SHAPE).
    """
    quads = np.array([expand(corners, margin) for margin in margins])  # (M, N, 4, 2)
    windows = [rectify(photo, quad) for row in quads for photo, quad in zip(photos, row, strict=True)]
    windows = np.array(windows)  # (M * N, 64, 128, 3)
    presence, fractions, looks = reader.run(["presence", "corners", "characters"], {"windows": windows})
    seen = project(from_unit_squares(quads.reshape(-1, 4, 2)), fractions)  # (M * N, 4, 2)
    shape = len(margins), len(corners)
    presence = presence.reshape(shape).mean(0)
    seen = seen.reshape(*shape, 4, 2).mean(0)
    return presence, seen, looks.reshape(*shape, *looks.shape[1:]).swapaxes(0, 1)


def read_parts(reader: Session, photo: np.ndarray, corners: np.ndarray, look: np.ndarray) -> list[np.ndarray]:
    """Read the plate at `corners` (4, 2) of its `photo` (H, W, 3) by its parts.

    A `look` (128, 37) at the whole plate tells where these are. Returns a look (frames, 37) for each way to see the
    plate by its parts.
    """
    ways = list(partitions(look))
    if not ways:
        return []
    seen = {part[:4]: part.corners for part in itertools.chain(*ways)}  # each window once
    to_photo = from_unit_squares(expand(corners[None], READ_MARGIN))  # (1, 3, 3)
    quads = project(to_photo, np.concatenate(list(seen.values()))[None]).reshape(-1, 4, 2)
    windows = np.array([rectify(photo, quad) for quad in quads])
    [looks] = reader.run(["characters"], {"windows": windows})  # (parts, 128, 37)
    frames = dict(zip(seen, looks, strict=True))
    return [np.concatenate([frames[part[:4]][part.first : part.end] for part in way]) for way in ways]

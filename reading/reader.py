"""TODO."""

import numpy as np
from onnxruntime import InferenceSession as Session

from common import BLANK, SLOTS, rectify
from reading.geometry import expand, from_unit_squares, project, sound

# Phase 2.
# The reader looks three times, each time from the corners that it saw before, for it sees where a plate goes on beyond
# its window: at the mean of windows with these margins around the plate, as shares of its width and height.
LOOKS = ((0.04,), (0.04,), (0.02, 0.04, 0.06))
READER_PRESENCE = 0.05  # below this the reader has seen no plate: lenient, for its own corners may show it one


def read(reader: Session, photo: np.ndarray, corners: np.ndarray, margins: tuple[float, ...]) -> list[np.ndarray]:
    """Turn the plates (N, 4, 2) upright and read them, once with each of the M `margins` around them.

    Returns the means of presence (N,) and of the corners (N, 4, 2) that the reader sees, in pixels of `photo`, and
    the probabilities of the characters at every look, (N, M, 12, 37).
    """
    quads = np.concatenate([expand(corners, margin) for margin in margins])
    windows = np.array([rectify(photo, quad) for quad in quads], np.float32)
    presence, fractions, characters = reader.run(["presence", "corners", "characters"], {"windows": windows})
    seen = project(from_unit_squares(quads), fractions)
    looks = len(margins), len(corners)
    presence, seen = presence.reshape(looks).mean(0), seen.reshape(*looks, 4, 2).mean(0)
    return presence, seen, characters.reshape(*looks, *characters.shape[1:]).swapaxes(0, 1)


def look(reader: Session, photo: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """Look at the plates (N, 4, 2) as often as LOOKS says. Some turn out to be none; of the M that stay:

    the corners (M, 4, 2) from which the last look was taken, and presence (M,), corners (M, 4, 2) and characters
    (M, 3, 12, 37) that it saw.
    """
    presence, seen, characters = np.ones(len(corners)), corners, np.zeros((len(corners), 1, SLOTS, BLANK + 1))
    for margins in LOOKS:
        corners = seen
        if not len(corners):
            break
        presence, seen, characters = read(reader, photo, corners, margins)
        stay = (presence > READER_PRESENCE) & sound(seen)
        corners, presence, seen, characters = corners[stay], presence[stay], seen[stay], characters[stay]
    return corners, presence, seen, characters

"""Phase 2: the reader looks at each candidate, turned upright, and says what its characters are.

This file alone knows the outputs of the reader's graph. What one window says about the characters is a *look*.
"""

import numpy as np
from onnxruntime import InferenceSession as Session

from common import BLANK, rectify
from model import COLUMNS, LINES
from reading.geometry import expand, from_unit_squares, project, sound

LOOK_SHAPE = (LINES * COLUMNS, BLANK + 1)  # of one look: log-probabilities of the characters and of blank in each frame
# Margins around the plate, as shares of its width and height, of the windows in each of three rounds. Each round
# starts from the corners that the round before saw, because the reader sees where a plate goes on beyond its window.
LOOKS = ((0.04,), (0.04,), (0.02, 0.04, 0.06))
BATCH = 8  # most candidates that are read at once: 24 windows in the last round, which bounds memory. Not tuned
READER_PRESENCE = 0.05  # least presence to go on; low, because better corners may show a plate. Not tuned


def read(reader: Session, photo: np.ndarray, corners: np.ndarray, margins: tuple[float, ...]) -> list[np.ndarray]:
    """Read the plates `corners` (N, 4, 2) of `photo` (H, W, 3), once with each of the M `margins` around them.

    Returns the means over the margins of presence (N,) and of the corners (N, 4, 2) that the reader sees, in pixels
    of `photo`, and all looks (N, M, *LOOK_SHAPE).
    """
    quads = np.concatenate([expand(corners, margin) for margin in margins])  # (M * N, 4, 2)
    windows = np.array([rectify(photo, quad) for quad in quads], np.float32)  # (M * N, 64, 128, 3)
    presence, fractions, looks = reader.run(["presence", "corners", "characters"], {"windows": windows})
    seen = project(from_unit_squares(quads), fractions)  # (M * N, 4, 2)
    shape = len(margins), len(corners)
    presence = presence.reshape(shape).mean(0)
    seen = seen.reshape(*shape, 4, 2).mean(0)
    return presence, seen, looks.reshape(*shape, *looks.shape[1:]).swapaxes(0, 1)


def look(reader: Session, photo: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """Look at the candidates `corners` (N, 4, 2) of `photo` (H, W, 3), any number of them.

    Some candidates turn out to be no plate. Of the K that stay it returns the corners (K, 4, 2) from which the last
    round started, and the last round's presence (K,), corners (K, 4, 2) and looks (K, 3, *LOOK_SHAPE).
    """
    batches = [corners[first : first + BATCH] for first in range(0, max(1, len(corners)), BATCH)]
    answers = [look_at_batch(reader, photo, batch) for batch in batches]
    answers = [answer for answer in answers if len(answer[0])] or answers[:1]
    return tuple(map(np.concatenate, zip(*answers, strict=True)))


def look_at_batch(reader: Session, photo: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """What `look` does, for a few candidates: one round after the other, as LOOKS says."""
    presence = np.ones(len(corners))
    seen = corners
    looks = np.zeros((len(corners), 1, *LOOK_SHAPE))
    for margins in LOOKS:
        corners = seen
        if not len(corners):
            break
        presence, seen, looks = read(reader, photo, corners, margins)
        stay = (presence > READER_PRESENCE) & sound(seen)
        corners, presence, seen, looks = corners[stay], presence[stay], seen[stay], looks[stay]
    return corners, presence, seen, looks

"""Pictures that are no plate but resemble one: signs with lettering, and plates whose characters make no sense.

The shares and ranges were set by eye, and none was tuned.
"""

import cv2
import numpy as np

from synthesis.chance import pick
from synthesis.lettering import TextLine, draw_characters, draw_line, set_line
from synthesis.paint import fill, lay_ink
from synthesis.typefaces import CHARACTERS, Typeface

LETTERS_ALONE_SHARE = 0.45  # of the signs: those that are painted straight on what is behind them
LEAST_CONTRAST = 60  # of 255, between the mean colours of a sign and its lettering
LEAST_HEIGHT = 12  # pixels of a sign
LETTERS = CHARACTERS[:26]
NUMBER_CHARACTERS = "0123456789 -"
# Words that stand on vehicles and beside them, near plates or where plates are.
VEHICLE_WORDS = [
    "NISSAN", "TOYOTA", "HONDA", "FORD", "FIAT", "TATA", "SUZUKI", "MAHINDRA", "HYUNDAI", "KIA", "RENAULT", "PEUGEOT",
    "CITROEN", "SKODA", "SEAT", "OPEL", "VOLVO", "SCANIA", "IVECO", "CHEVROLET", "DODGE", "JEEP", "MAZDA", "SUBARU",
    "TURBO", "FLEX", "FUEL", "HYBRID", "DIESEL", "SPORT", "4X4", "4WD", "AWD", "TDI", "GTI", "V6", "1.6", "2.0",
    "TAXI", "BUS", "SCHOOL", "POLICE", "AMBULANCE", "RENT", "SALE", "STOP", "HORN", "OK", "AUTO", "MOTORS", "SERVICE",
    "CAR", "WASH", "PARKING", "NO", "EXIT", "GAS", "CNG", "LPG", "MAX", "KM", "TEL", "CALL",
]  # fmt: skip


def draw_sign(faces: tuple[Typeface, ...], width: int, rng: np.random.Generator) -> np.ndarray:
    """Lettering that is no plate, `width` pixels wide: (h, w, 4) float32, 0..255.

    Shops' names, makes of vehicles, dates, prices, telephone numbers, in one to four lines. The last channel is how
    much the sign covers of what is behind it.
    """
    rows = int(rng.integers(1, 5))
    height = max(LEAST_HEIGHT, round(width * rng.uniform(0.12, 0.3) * rows**0.7))
    ground, ink = choose_colours(rng)
    mask = np.zeros((height, width), np.uint8)
    for row in range(rows):
        face = faces[rng.integers(len(faces))]
        line = set_sign_line(draw_words(rng), face, row / rows * height, height / rows, width, rng)
        draw_line(mask, line, face)
    image = np.empty((height, width, 3), np.float32)
    fill(image, ground)
    lay_ink(image, mask, ink)
    cover = mask if rng.random() < LETTERS_ALONE_SHARE else np.full_like(mask, 255)
    return cv2.merge([image, cover.astype(np.float32)])


def choose_colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The colours of a sign and of its lettering, (3,) float32 each, of different brightness."""
    ground, ink = rng.uniform(0, 255, (2, 3))
    if abs(ground.mean() - ink.mean()) < LEAST_CONTRAST:
        darker = ground.mean() > 127
        ink = ground - 128 if darker else ground + 128
    return ground.astype(np.float32), np.clip(ink, 0, 255).astype(np.float32)


def set_sign_line(text: str, face: Typeface, top: float, room: float, width: int, rng: np.random.Generator) -> TextLine:
    """Set `text` on a line of a sign `width` wide: in the middle of `room` pixels from `top` down."""
    size = room * rng.uniform(0.4, 0.85)
    return set_line(text, face, width * 0.03, width * 0.97, top + (room - size) / 2, size, rng)


# --- what signs say ---------------------------------------------------------------------------------------------------


def draw_words(rng: np.random.Generator) -> str:
    """One line of a sign."""
    kinds = [draw_name, draw_vehicle_words, draw_date, draw_number, draw_anything]
    return pick(kinds, rng, (0.25, 0.2, 0.22, 0.15, 0.18))(rng)


def draw_name(rng: np.random.Generator) -> str:
    """One to three words of random letters, in capitals or with small letters."""
    words = [draw_characters(LETTERS, rng.integers(2, 9), rng) for _ in range(rng.integers(1, 4))]
    text = " ".join(words)
    return text.title() if rng.random() < 0.3 else text


def draw_vehicle_words(rng: np.random.Generator) -> str:
    """One to three words that stand on vehicles and beside them, and a number on some."""
    words = [pick(VEHICLE_WORDS, rng) for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.25:  # of a bus or a taxi, a speed, a fleet
        words.append(str(rng.integers(1, 10 ** rng.integers(1, 5))))
    return " ".join(words)


def draw_date(rng: np.random.Generator) -> str:
    """A day and an hour, as cameras print them."""
    year, month, day, hour, minute, second = rng.integers((1, 1, 1, 0, 0, 0), (100, 13, 32, 24, 60, 60))
    mark = pick(("-", ".", ""), rng)
    point = pick(("-", ".", " "), rng)
    date = f"{pick(('', '20'), rng)}{year:02}{mark}{month:02}{mark}{day:02}"
    return f"{date} {hour:02}{point}{minute:02}{point}{second:02}"


def draw_number(rng: np.random.Generator) -> str:
    """A number as long as a telephone number."""
    return draw_characters(NUMBER_CHARACTERS, rng.integers(9, 16), rng)


def draw_anything(rng: np.random.Generator) -> str:
    """One to four characters of any kind."""
    return draw_characters(CHARACTERS, rng.integers(1, 5), rng)


# --- plates without sense ---------------------------------------------------------------------------------------------


def scramble(image: np.ndarray, rng: np.random.Generator) -> None:
    """Take the sense out of a plate's `image`, (h, w, 3) or (h, w, 4) float32, in place.

    What is left has a plate's shape or texture: strips in a wrong order, a blurred panel, or bars.
    """
    kind = rng.random()
    if kind < 0.5:
        shuffle_strips(image, rng)
    elif kind < 0.75:
        blur_panel(image, rng)
    else:
        draw_bars(image, rng)


def shuffle_strips(image: np.ndarray, rng: np.random.Generator) -> None:
    """Cut `image` into upright strips narrower than a character, and put them in another order, in place.

    Half of the strips are turned upside down.
    """
    width = image.shape[1]
    count = min(width - 1, int(rng.integers(16, 40)))
    cuts = np.sort(rng.choice(np.arange(1, width), count, replace=False))
    strips = np.split(image.copy(), cuts, axis=1)
    image[:] = np.concatenate([strips[i][:: pick((-1, 1), rng)] for i in rng.permutation(len(strips))], axis=1)


def blur_panel(image: np.ndarray, rng: np.random.Generator) -> None:
    """Blur `image` along its width until no character is left, and somewhat along its height, in place."""
    height, width = image.shape[:2]
    image[:] = cv2.blur(image, (width // 2, max(1, round(height * rng.uniform(0.02, 1)))))


def draw_bars(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw bars in the darkest and brightest colours of `image` over it, in place: a grille, a blind, a crossing."""
    height, width = image.shape[:2]
    period = rng.uniform(0.03, 0.15) * width
    along = np.arange(width) if rng.random() < 0.6 else np.arange(height)[:, None]
    bars = (along / period % 1 < rng.uniform(0.2, 0.8)) * np.ones((height, width))
    dark, bright = image.min((0, 1)), image.max((0, 1))
    image[:] = dark + bars[..., None] * (bright - dark)

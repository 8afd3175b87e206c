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
OUTLINED_SHARE = 0.35  # of the letters alone: those with an outline, as cameras print dates and captions
STAMP_SHARE = 0.15  # of the signs: days and hours alone, as cameras print them into the picture
CUT_STAMP_SHARE = 0.6  # of the stamps: those of which the right end alone is seen, as the finder often takes them
LEAST_STAMP = 0.25  # of a stamp's width that is seen at least: an hour without its day, say
BORDER_SHARE = 0.2  # of the signs that cover what is behind them
PLAIN_SHARE = 0.6  # of the signs: those that are black or white in part
ARROW_SHARE = 0.1  # of the signs
LEAST_CONTRAST = 60  # of 255, between the mean colours of a sign and its lettering
LEAST_HEIGHT = 12  # pixels of a sign
LETTERS = CHARACTERS[:26]
NUMBER_CHARACTERS = "0123456789 -/"
MARKS = "%&+#!'$@*"  # stand on signs and on no plate; a typeface that lacks one leaves it out
# Words that stand on shops, in streets and over doors.
STREET_WORDS = [
    "OPEN", "CLOSED", "SALE", "OFF", "UP", "TO", "FOR", "RENT", "LET", "SOLD", "NEW", "BIG", "BEST", "ONLY", "FREE",
    "ALL", "DAY", "NIGHT", "NOW", "HERE", "WELCOME", "THANK", "YOU", "SO", "GOOD", "MORE", "SHOP", "STORE", "HOUSE",
    "MARKET", "MART", "SUPER", "CENTRE", "CENTER", "PLAZA", "MALL", "TOWER", "BLOCK", "LEVEL", "FLOOR", "ROOM",
    "OFFICE", "BANK", "HOTEL", "INN", "CLUB", "BAR", "CAFE", "COFFEE", "TEA", "BAKERY", "PIZZA", "BURGER", "CHICKEN",
    "FISH", "MEAT", "MUTTON", "RICE", "NOODLE", "KITCHEN", "GRILL", "FOOD", "FRESH", "FRUIT", "JUICE", "WATER", "ICE",
    "BEER", "WINE", "SPICE", "SPORTS", "FASHION", "SHOES", "BAGS", "BOOKS", "TOYS", "GIFTS", "FLOWERS", "HAIR",
    "BEAUTY", "SALON", "SPA", "NAILS", "OPTICAL", "DENTAL", "CLINIC", "PHARMACY", "DOCTOR", "HOSPITAL", "SCHOOL",
    "COLLEGE", "LIBRARY", "MUSEUM", "CHURCH", "TEMPLE", "PARK", "GARDEN", "LAKE", "RIVER", "HILL", "BEACH", "ROAD",
    "STREET", "LANE", "AVENUE", "DRIVE", "WAY", "NORTH", "SOUTH", "EAST", "WEST", "LEFT", "RIGHT", "AHEAD", "ENTRY",
    "EXIT", "IN", "OUT", "DOWN", "ONE", "SLOW", "STOP", "SPEED", "LIMIT", "MILE", "ZONE", "WORK", "DANGER", "KEEP",
    "CLEAR", "FIRE", "LIFT", "TOILET", "LADIES", "MEN", "PULL", "PUSH", "PAY", "TAP", "GO", "CASH", "CARD", "TICKET",
    "BUS", "TRAIN", "METRO", "STATION", "GATE", "PLATFORM", "LINE", "TERMINAL", "AIRPORT", "TAXI", "RESIDENT",
    "VISITOR", "STAFF", "PERMIT", "PRICE", "OFFER", "HALF", "BUY", "GET", "PLUS", "PRO", "MAX", "HOME", "MOBILE",
    "PHONE", "DIGITAL", "PRINT", "PHOTO", "VIDEO", "MUSIC", "CITY", "TOWN", "WORLD", "GLOBAL", "GOLD", "SILVER",
    "DIAMOND", "STAR", "SUN", "MOON", "LION", "BEAR", "TIGER", "POLAR", "ROYAL", "KING", "QUEEN", "ROSE", "BLUE",
    "GREEN", "RED", "SEVEN", "ELEVEN", "FOREVER", "DAILY", "EVERYDAY", "SEASON", "SUMMER", "WINTER", "MONDAY",
    "FRIDAY", "SUNDAY", "SALIDA", "ENTRADA", "CALLE", "TIENDA", "CASA", "BANCO", "ABIERTO", "CERRADO", "VENTA",
    "PELIGRO", "RUE", "SORTIE", "PLACE", "GARE", "BOUCHERIE", "TABAC", "STRASSE", "AUSFAHRT", "EINGANG", "HALT",
    "BAHNHOF", "MARKT", "USCITA", "VIA", "PIAZZA", "FARMACIA", "LOJA", "RUA", "SAIDA", "JALAN", "KEDAI", "MARG",
    "NAGAR", "BAZAR", "DHABA",
]  # fmt: skip
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
    stamp = rng.random() < STAMP_SHARE
    mask, line_height = (draw_stamp if stamp else draw_lettering)(faces, width, rng)
    height = mask.shape[0]
    ground, ink = choose_colours(rng)
    cover = np.full_like(mask, 255)
    if stamp or rng.random() < LETTERS_ALONE_SHARE:
        pen = max(3, round(line_height * 0.15)) if rng.random() < OUTLINED_SHARE else 1
        cover = cv2.dilate(mask, np.ones((pen, pen), np.uint8))
    elif rng.random() < BORDER_SHARE:
        inset, pen = int(rng.integers(0, height // 8 + 1)), int(rng.integers(1, height // 10 + 2))
        cv2.rectangle(mask, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, pen)
    image = np.empty((height, width, 3), np.float32)
    fill(image, ground)
    lay_ink(image, mask, ink)
    return cv2.merge([image, cover.astype(np.float32)])


def draw_lettering(faces: tuple[Typeface, ...], width: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """One to four lines of words, as a mask (h, width) uint8, and the mean height of a line in pixels."""
    rows = int(rng.integers(1, 5))
    height = max(LEAST_HEIGHT, round(width * rng.uniform(0.12, 0.3) * rows**0.7))
    mask = np.zeros((height, width), np.uint8)
    left = draw_arrow(mask, rng) if rng.random() < ARROW_SHARE else 0.0
    shares = rng.uniform(0.4, 1, rows)  # a large line and small ones
    feet = np.cumsum(shares) / shares.sum() * height
    for top, foot in zip([0.0, *feet], feet, strict=False):
        face = faces[rng.integers(len(faces))]
        text = "".join(
            character if character not in MARKS or face.has(character) else " " for character in draw_words(rng)
        )
        draw_line(mask, set_sign_line(text, face, left, top, foot - top, width, rng), face)
    return mask, height / rows


def draw_stamp(faces: tuple[Typeface, ...], width: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A day and an hour on one line, whole or its right end alone, as a mask (h, width) uint8, and its height."""
    seen = rng.uniform(LEAST_STAMP, 0.9) if rng.random() < CUT_STAMP_SHARE else 1.0
    height = max(LEAST_HEIGHT, round(width / seen * rng.uniform(0.05, 0.12)))
    mask = np.zeros((height, round(width / seen)), np.uint8)
    face = faces[rng.integers(len(faces))]
    draw_line(mask, set_line(draw_date(rng), face, 1, mask.shape[1] - 1, 0.1 * height, 0.8 * height, rng), face)
    inked = np.flatnonzero(mask.any(0))
    end = inked[-1] + 2
    start = end - max(1, round(seen * (end - inked[0])))
    return cv2.resize(mask[:, max(0, start) : end], (width, height), interpolation=cv2.INTER_AREA), height


def draw_arrow(mask: np.ndarray, rng: np.random.Generator) -> float:
    """Draw an arrow's head on the left of `mask`, (h, w) uint8, in place; returns the x in pixels where it ends."""
    height, width = mask.shape
    length = min(height * rng.uniform(0.2, 0.5), width / 4)
    tip, back = pick(([0.2, 1.2], [1.2, 0.2]), rng)
    half = rng.uniform(0.1, 0.35) * height
    corners = [[tip * length, height / 2], [back * length, height / 2 - half], [back * length, height / 2 + half]]
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 255, cv2.LINE_AA)
    return 1.3 * length


def choose_colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The colours of a sign and of its lettering, (3,) float32 each, of different brightness."""
    ground, ink = rng.uniform(0, 255, (2, 3))
    if rng.random() < PLAIN_SHARE:
        plain = np.full(3, pick((rng.uniform(0, 60), rng.uniform(190, 255)), rng, (0.4, 0.6)))
        ground, ink = pick(((plain, ink), (ground, plain)), rng)
    if abs(ground.mean() - ink.mean()) < LEAST_CONTRAST:
        darker = ground.mean() > 127
        ink = ground - 128 if darker else ground + 128
    return ground.astype(np.float32), np.clip(ink, 0, 255).astype(np.float32)


def set_sign_line(
    text: str, face: Typeface, left: float, top: float, room: float, width: int, rng: np.random.Generator
) -> TextLine:
    """Set `text` on a line of a sign `width` wide: right of `left`, and in the middle of `room` pixels below `top`."""
    size = room * rng.uniform(0.4, 0.85)
    return set_line(text, face, left + width * 0.03, width * 0.97, top + (room - size) / 2, size, rng)


# --- what signs say ---------------------------------------------------------------------------------------------------


def draw_words(rng: np.random.Generator) -> str:
    """One line of a sign."""
    kinds = [draw_name, draw_street_words, draw_vehicle_words, draw_date, draw_number, draw_anything]
    return pick(kinds, rng, (0.12, 0.28, 0.14, 0.2, 0.14, 0.12))(rng)


def draw_name(rng: np.random.Generator) -> str:
    """One to three words of random letters, in capitals or with small letters."""
    words = [draw_characters(LETTERS, rng.integers(2, 9), rng) for _ in range(rng.integers(1, 4))]
    return draw_case(" ".join(words), rng)


def draw_street_words(rng: np.random.Generator) -> str:
    """One to three words of shops and streets, on some with a number, a price or a mark."""
    words = [pick(STREET_WORDS, rng) for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.35:
        number = str(rng.integers(1, 10 ** rng.integers(1, 5)))
        unit = pick((*MARKS, "AM", "PM", "KM", "A", "B", "", "/", "."), rng)
        words.insert(rng.integers(len(words) + 1), number + unit)
    return draw_case(pick((" ", " ", "-", ""), rng).join(words), rng)


def draw_case(text: str, rng: np.random.Generator) -> str:
    """`text` in capitals, or on some signs with small letters."""
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
    mark = pick(("-", ".", "/", ""), rng)
    point = pick((":", ":", "-", ".", " "), rng)
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

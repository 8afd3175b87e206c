"""Plates laid out flat: the ground, the code on it, and what a plate covers of the vehicle behind it.

`draw_plate` is the recipe. The shares and ranges were set by eye, on sheets of plates beside photographs of their
kinds, and none was tuned.
"""

import dataclasses

import cv2
import numpy as np

from formats.plate_format import PlateFormat, PlateStyle
from synthesis.layout import Layout, lay_out
from synthesis.lettering import TextLine, draw_line
from synthesis.ornaments import decorate, draw_bands, draw_beside_code, draw_captions
from synthesis.paint import fill, jitter_colour, lay_ink, spread, stretch, to_tint
from synthesis.pictures import draw_picture, keep_contrast
from synthesis.typefaces import Typeface, choose_typeface

LEAST_HEIGHT = 16  # pixels of a flat plate; the characters of a lower one would be illegible
TINTED_SHARE = 0.15  # of the plates: those with a second tint from one edge
RIM_WIDTHS = (0.008, 0.07)  # of the width: the rim at either side of a panel
HEAVIER_STROKE = 0.07  # of the height of the code: added to the strokes of class letters at most, as dies have them
RULED_SHARE = 0.15  # of the plates with two lines: those with a rule between them
EMBOSSED_SHARE = 0.4  # of the plates: those on which light catches one flank of each stroke
SLANTED_SHARE = 0.12  # of the plates: those with slanted characters
WORN_SHARE = 0.3  # of the plates: those with heavier or thinner strokes
PAINTED_GROUND_SHARE = 0.5  # of the painted plates: those with some ground of their own under the code


@dataclasses.dataclass
class FlatPlate:
    """A plate laid out flat: its pixels, its code, and the place of each of its characters."""

    image: np.ndarray  # (h, w, 3) float32 0..255, or 4 channels, the last how much of it covers what is behind
    code: str
    centres: np.ndarray  # (len(code), 3) float32: x and y as fractions of the plate, and the line, 0 or 1
    middle: float | None = None  # y between two lines, as a fraction; None for one line, or where no y divides them


def draw_plate(
    form: PlateFormat, style: PlateStyle, text: str, faces: tuple[Typeface, ...], width: int, rng: np.random.Generator
) -> FlatPlate:
    """Lay out a plate of `form` and `style` that says `text`, `width` pixels wide."""
    aspect = style.size[0] / style.size[1] * rng.uniform(0.92, 1.08)
    shape = max(LEAST_HEIGHT, round(width / aspect)), width
    face = choose_typeface(form, faces, rng)
    ink = jitter_colour(style.text_colour, rng)

    # the ground, and what takes room from the code
    image = draw_ground(style, shape, rng)
    pictured = rng.random() < style.picture
    if pictured:
        draw_picture(image, rng)
    *ends, top = draw_bands(image, style, aspect, faces, rng)
    x0, x1 = draw_beside_code(image, style, ends, faces, rng)
    rim = width * rng.uniform(*RIM_WIDTHS) if style.panel else 0.0
    x0, x1 = max(x0, 1.1 * rim), min(x1, width - 1.1 * rim)

    # where the code stands, and what is right behind and beside it
    captioned = bool(style.captions) and rng.random() < style.caption
    layout = lay_out(style, text, face, (x0, x1, top, shape[0]), shape, captioned, rng)
    marks = ink  # the colour of borders and captions
    if style.panel:
        draw_panel(image, style, layout, rim, rng)
        marks = jitter_colour(style.panel, rng)
    elif pictured:
        keep_contrast(image, (x0, layout.above[1], x1, layout.below[0]), ink)
    if captioned:
        draw_captions(image, style, layout, ends, marks, faces, rng)
    if layout.middle is not None and rng.random() < RULED_SHARE:
        draw_rule(image, style, layout.middle, rng)

    # the code, and what is on top of it
    mask = draw_code(style, layout.lines, face, shape, rng)
    if layout.class_letters:
        np.maximum(mask, draw_class_letters(layout, face, shape, rng), out=mask)
    lay_ink(image, mask, ink)
    if rng.random() < style.border:
        draw_border(image, style, marks, rng)
    if rng.random() < EMBOSSED_SHARE:
        emboss(image, mask, rng)
    decorate(image, layout.lines, style, faces, rng)

    if rng.random() < style.painted:
        image = paint_on_body(image, mask, rng)
    elif style.taper:
        image = cut_taper(image, style.taper)
    code = "".join(character for character in text if character.isalnum())
    middle = None if layout.middle is None or layout.beside else layout.middle / shape[0]
    return FlatPlate(image, code, find_centres(layout.lines, shape), middle)


def find_centres(lines: list[TextLine], shape: tuple[int, int]) -> np.ndarray:
    """x and y of each character of `lines` as fractions of a plate of `shape`, and its line: (N, 3) float32."""
    height, width = shape
    centres = []
    for line in lines:
        y = (line.y + line.height / 2) / height
        for x, character in zip(line.centres.tolist(), line.text, strict=True):
            if character.isalnum():
                centres.append((x / width, y, line.row))
    return np.array(centres, np.float32).reshape(-1, 3)


# --- the ground -------------------------------------------------------------------------------------------------------


def draw_ground(style: PlateStyle, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """An empty plate of `shape` in the colour of `style`, (h, w, 3) float32."""
    colour = jitter_colour(style.colour, rng)
    if rng.random() < TINTED_SHARE and not style.panel:
        ramp = np.linspace(*rng.permutation([-0.5, 1.5]), shape[0], dtype=np.float32)
        share = np.clip(ramp, 0, 1)[:, None] * rng.uniform(0.2, 0.9)
        return stretch(colour + share * (rng.uniform(120, 255, 3) - colour), shape[1])
    image = np.empty((*shape, 3), np.float32)
    fill(image, colour)
    return image


def draw_panel(image: np.ndarray, style: PlateStyle, layout: Layout, rim: float, rng: np.random.Generator) -> None:
    """Draw the panel on which the code stands, in place. It leaves a `rim` of the plate's colour, in pixels."""
    height, width = image.shape[:2]
    inset = max(1, round(rim))
    first = inset, round(layout.top)
    last = width - 1 - inset, round(layout.bottom)
    tint = to_tint(jitter_colour(style.panel, rng))
    cv2.rectangle(image, first, last, tint, -1)
    if rng.random() < 0.3:  # a thin line round the rim
        cv2.rectangle(image, (0, 0), (width - 1, height - 1), tint, max(1, round(0.015 * height)))


def draw_rule(image: np.ndarray, style: PlateStyle, y: float, rng: np.random.Generator) -> None:
    """Draw a rule between the two lines of a plate, at `y` pixels, in place: red, or in the colour of the code."""
    height, width = image.shape[:2]
    colour = (190, 20, 20) if rng.random() < 0.5 else style.text_colour
    weight = max(1, round(height * rng.uniform(0.01, 0.07)))
    cv2.line(image, (0, round(y)), (width, round(y)), to_tint(jitter_colour(colour, rng)), weight)


def draw_border(image: np.ndarray, style: PlateStyle, ink: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a line round the plate, in place. Its upper corners are closer together where the plate tapers."""
    height, width = image.shape[:2]
    inset = round(height * rng.uniform(0.02, 0.06))
    weight = max(1, round(height * rng.uniform(0.01, 0.035)))
    left, right = inset, width - 1 - inset
    low, high = inset, height - 1 - inset
    narrower = style.taper * width / 2
    corners = np.array([(left + narrower, low), (right - narrower, low), (right, high), (left, high)])
    cv2.polylines(image, [corners.round().astype(np.int32)], True, to_tint(ink), weight)


# --- the ink of the code ----------------------------------------------------------------------------------------------


def draw_code(
    style: PlateStyle, lines: list[TextLine], face: Typeface, shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """The ink of the code, a mask of `shape` uint8: upright or slanted, whole or stencilled, heavy or worn."""
    slant = rng.normal(0, 0.15) if rng.random() < SLANTED_SHARE else 0.0
    bridge = rng.uniform(0.08, 0.25) if rng.random() < style.stencil else 0.0
    mask = draw_lines(lines, face, shape, slant, bridge)
    if rng.random() < WORN_SHARE:
        kernel = np.ones((1, 2) if rng.random() < 0.5 else (2, 1), np.uint8)
        if rng.random() < 0.6:
            return cv2.dilate(mask, kernel)
        return np.maximum(cv2.erode(mask, kernel), mask // 2)  # thin strokes fade, but do not vanish
    return mask


def draw_class_letters(layout: Layout, face: Typeface, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The ink of the class letters, a mask of `shape` uint8, with strokes as heavy as the code's, or lighter ones."""
    height = max(line.height for line in layout.lines)
    pen = 1 + round(HEAVIER_STROKE * height * rng.random())
    return cv2.dilate(draw_lines(layout.class_letters, face, shape), np.ones((pen, pen), np.uint8))


def draw_lines(
    lines: list[TextLine], face: Typeface, shape: tuple[int, int], slant: float = 0.0, bridge: float = 0.0
) -> np.ndarray:
    """The glyphs of `lines`, a mask of `shape` uint8. `slant` and `bridge` are those of `draw_line`."""
    mask = np.zeros(shape, np.uint8)
    for line in lines:
        draw_line(mask, line, face, slant, bridge)
    return mask


def emboss(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> None:
    """Let light catch one flank of each stroke of `mask`, in place."""
    across = np.array([[1, 0, 0], [0, 0, 0], [0, 0, -1]], np.float32)  # from the top left to the bottom right
    flank = cv2.filter2D(mask, cv2.CV_32F, across)
    image += spread(flank * np.float32(rng.uniform(-0.35, 0.35)))


# --- what the plate covers --------------------------------------------------------------------------------------------


def paint_on_body(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`image` with a fourth channel: the code in `mask` covers the bodywork.

    Some plates have ground under the code. It fades out towards the edges, so that no board is seen.
    """
    cover = mask.astype(np.float32)
    if rng.random() < PAINTED_GROUND_SHARE:
        height, width = mask.shape
        fade = rng.uniform(0.05, 0.2)  # share of the width and of the height
        across = np.clip(np.minimum(np.arange(width), np.arange(width)[::-1]) / (fade * width), 0, 1)
        down = np.clip(np.minimum(np.arange(height), np.arange(height)[::-1]) / (fade * height), 0, 1)
        ground = rng.uniform(0.5, 1) * 255 * down[:, None] * across
        cover = np.maximum(cover, ground.astype(np.float32))
    return cv2.merge([image, cover])


def cut_taper(image: np.ndarray, taper: float) -> np.ndarray:
    """`image` with a fourth channel that covers a trapezoid, narrower at the top by the share `taper` of its width."""
    height, width = image.shape[:2]
    inset = taper * width / 2
    corners = np.array([[inset, 0], [width - 1 - inset, 0], [width - 1, height - 1], [0, height - 1]])
    cover = np.zeros((height, width, 1), np.float32)
    cv2.fillConvexPoly(cover, corners.round().astype(np.int32), 255, cv2.LINE_AA)
    return cv2.merge([image, cover])

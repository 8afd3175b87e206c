#!/usr/bin/env python3
"""Draw in.jpg: a street, a car seen from behind with its plate, and signs that are no plates.

    python tests/draw_scene.py [OUT.jpg]

writes the scene, 1280x720, beside detect.py unless told otherwise; always the same one. Everything stands in a
street measured in metres (x to the right, y up, z away) and is seen through a pinhole camera.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from common import CommandParser, run, write_beside  # noqa: E402

CODE = "KA 02 MK 7259"
WIDTH, HEIGHT = 1280, 720
FINE = 2  # the scene is drawn so many times larger and averaged down, which smooths every edge
FOCAL, HORIZON, EYE = 1600 * FINE, 300 * FINE, 1.12  # pixels, pixels from the top, metres above the road
CAR = 4.75  # metres from the camera to the back of the car
KERB_LEFT, KERB_RIGHT, WALL_LEFT, WALL_RIGHT = -3.0, 5.2, -5.6, 8.2  # metres
SKY, HAZE = (112, 158, 205), (222, 220, 208)  # RGB, as everything here until it is written
WALLS = [(226, 190, 130), (196, 214, 178), (232, 178, 160), (176, 204, 220), (238, 226, 196), (214, 160, 120)]


# --- the camera ---------------------------------------------------------------------------------------------------


def project(points: np.ndarray) -> np.ndarray:
    """Points (N, 3) of the street, in metres, as pixels (N, 2) of the fine picture."""
    x, y, z = np.asarray(points, np.float32).T
    return np.stack([WIDTH * FINE / 2 + FOCAL * x / z, HORIZON + FOCAL * (EYE - y) / z], axis=-1).astype(np.float32)


def upright(x0: float, x1: float, y0: float, y1: float, z: float, turn: float = 0.0) -> np.ndarray:
    """A rectangle that faces the camera, its right end `turn` metres farther away than its left one: (4, 3)."""
    return np.array([[x0, y1, z], [x1, y1, z + turn], [x1, y0, z + turn], [x0, y0, z]])


def faded(colour: np.ndarray, z: np.ndarray | float) -> np.ndarray:
    """Colours (..., 3) as they look `z` metres away, through the haze."""
    clear = np.exp(-np.asarray(z, np.float32) / 160)[..., None]
    return np.asarray(colour) * clear + np.array(HAZE) * (1 - clear)


def put(scene: np.ndarray, layer: Image.Image, corners: np.ndarray) -> None:
    """Paint the RGBA `layer` into the rectangle `corners` (4, 3) of the street."""
    target = project(corners)
    low = np.floor(target.min(0)).astype(int).clip(0, (scene.shape[1], scene.shape[0]))
    high = np.ceil(target.max(0)).astype(int).clip(0, (scene.shape[1], scene.shape[0]))
    if (high <= low).any():
        return
    source = np.array([[0, 0], [layer.width, 0], [layer.width, layer.height], [0, layer.height]], np.float32)
    homography = cv2.getPerspectiveTransform(source, target - low.astype(np.float32))
    warped = cv2.warpPerspective(np.asarray(layer, np.float32), homography, (high - low).tolist())
    part = scene[low[1] : high[1], low[0] : high[0]]
    alpha = warped[..., 3:] / 255
    part[:] = part * (1 - alpha) + alpha * faded(warped[..., :3], np.mean(corners[:, 2]))


def fill(scene: np.ndarray, corners: np.ndarray, colour: np.ndarray) -> None:
    """Paint the rectangle `corners` (4, 3) of the street in one colour."""
    outline = project(corners).clip(-30_000, 30_000).round().astype(np.int32)
    cv2.fillConvexPoly(scene, outline, faded(colour, np.mean(corners[:, 2])).tolist(), cv2.LINE_AA)


def noise(shape: tuple[int, int], grain: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of `shape`, about -1 to 1, with spots of `grain` pixels."""
    small = rng.normal(0, 1, (int(shape[0] / grain) + 2, int(shape[1] / grain) + 2)).astype(np.float32)
    return cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.6


def font(name: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(ROOT / "fonts" / f"{name}.ttf"), max(4, round(size)))


def letters(draw: ImageDraw.ImageDraw, box: tuple, text: str, fill, name: str = "PlateWide-Bold", fit=0.9) -> None:
    """Write `text` as large as it fits into the middle of `box` (left, top, right, bottom)."""
    x0, y0, x1, y1 = box
    left, top, right, bottom = font(name, 100).getbbox(text)
    size = 100 * fit * min((x1 - x0) / (right - left), (y1 - y0) / (bottom - top))
    face = font(name, size)
    left, top, right, bottom = face.getbbox(text)
    draw.text(((x0 + x1 - left - right) / 2, (y0 + y1 - top - bottom) / 2), text, fill, face)


# --- the street ---------------------------------------------------------------------------------------------------


def draw_sky(scene: np.ndarray, rng: np.random.Generator) -> None:
    height, width = scene.shape[:2]
    down = np.clip(np.arange(height) / HORIZON, 0, 1)[:, None, None] ** 1.3
    scene[:] = np.array(SKY) * (1 - down) + np.array(HAZE) * down
    cloud = sum(noise((height, width), grain * FINE, rng) * share for grain, share in [(260, 1), (90, 0.5), (30, 0.25)])
    cloud = np.clip(cloud * 1.1, 0, 0.85)[..., None] * np.clip(1.2 - down, 0, 1)
    scene[:] = scene * (1 - cloud) + np.array([250, 247, 242]) * cloud
    ridge = (
        HORIZON - (14 + 10 * noise((1, width), 120 * FINE, rng)[0] + 2 * noise((1, width), 12 * FINE, rng)[0]) * FINE
    )
    hill = np.arange(height)[:, None] > ridge
    scene[hill] = (150, 166, 158)


def draw_ground(scene: np.ndarray, rng: np.random.Generator) -> None:
    """Road, markings, pavements, and the shadow of the houses on the left."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[HORIZON + 1 : height, 0:width].astype(np.float32)
    z = FOCAL * EYE / (y - HORIZON)
    x = (x - width / 2) * z / FOCAL
    speckle = noise((2048, 2048), 2, rng) + noise((2048, 2048), 9, rng)
    grain = cv2.remap(speckle, (x * 90) % 2047, (z * 60) % 2047, cv2.INTER_LINEAR) * np.clip(7 / z, 0, 1)
    patches = cv2.remap(noise((1024, 1024), 60, rng), (x * 30) % 1023, (z * 6) % 1023, cv2.INTER_LINEAR)
    road = np.array([112, 109, 105]) + (grain * 9 + patches * 2.5)[..., None]
    tracks = np.exp(-(((np.abs(x + 0.6) - 0.8) / 0.25) ** 2)) + np.exp(-(((np.abs(x - 3.2) - 0.8) / 0.25) ** 2))
    road -= 7 * tracks[..., None]

    def paint(mask, colour, strength=0.85):
        worn = (mask * (strength + 0.2 * patches.clip(-1, 0.5)))[..., None].clip(0, 1)
        road[:] = road * (1 - worn) + (np.array(colour) + grain[..., None] * 8) * worn

    paint((np.abs(x - 1.3) < 0.06) & (z % 6 < 3), (226, 224, 214))
    for edge in (KERB_LEFT + 0.25, KERB_RIGHT - 0.25):
        paint(np.abs(x - edge) < 0.05, (224, 222, 210), 0.7)
    slabs = ((x % 0.6 < 0.03) | (z % 0.9 < 0.04)) * -14.0
    paint((x < KERB_LEFT) | (x > KERB_RIGHT), (172, 160, 146), 1.0)
    road += (((x < KERB_LEFT) | (x > KERB_RIGHT)) * slabs)[..., None]
    roofs = -1.9 + 0.25 * np.sin(z / 3)  # of the houses on the left
    shadow = ((roofs - x) * 6 + 0.5).clip(0, 1)
    road *= 1 - 0.45 * shadow[..., None] * np.array([1.0, 0.96, 0.84])
    scene[HORIZON + 1 :] = faded(road, z)


def draw_kerbs(scene: np.ndarray) -> None:
    for near in np.arange(70, 4, -1.0):
        for x, light in ((KERB_LEFT, 0.6), (KERB_RIGHT, 1.0)):
            colour = (222, 186, 60) if int(near) % 2 else (48, 48, 50)
            corners = np.array([[x, 0.17, near], [x, 0.17, near + 1], [x, 0, near + 1], [x, 0, near]])
            fill(scene, corners, np.array(colour) * light)


def facade(size: list[int], colour, light: float, length: float, storeys: int, sign, rng) -> Image.Image:
    """A house's front of `size` pixels, `length` metres long; `sign` is the name of its shop and the sign's colours."""
    width, height = size
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    floor = height / storeys
    columns = max(2, round(length / 2.6))
    step = width / columns

    def box(x0, y0, x1, y1, fill):  # fractions of a bay, from its lower left
        draw.rectangle((left + x0 * step, base - y1 * floor, left + x1 * step, base - y0 * floor), fill)

    for storey in range(storeys):
        base = height - storey * floor
        draw.rectangle((0, base - floor, width, base - 0.95 * floor), tuple(int(c * 0.82) for c in colour))
        for column in range(columns):
            left = column * step
            if storey:
                box(0.2, 0.22, 0.8, 0.82, (244, 240, 228))
                glass = tuple(int(c) for c in np.array([70, 88, 104]) * rng.uniform(0.7, 1.3))
                box(0.24, 0.26, 0.76, 0.78, glass)
                for bar in (0.37, 0.5, 0.63):
                    box(bar - 0.008, 0.26, bar + 0.008, 0.78, (214, 210, 200))
                box(0.14, 0.84, 0.86, 0.89, tuple(int(c * 0.68) for c in colour))
            elif rng.random() < 0.6:  # a shutter, half of them open
                box(0.08, 0, 0.92, 0.66, (44, 40, 40) if rng.random() < 0.5 else (128, 134, 140))
                for rib in np.arange(0.3 if rng.random() < 0.5 else 0.02, 0.64, 0.05):
                    box(0.08, rib, 0.92, rib + 0.018, (104, 110, 116))
            else:
                box(0.32, 0, 0.68, 0.66, (112, 66, 40))
                box(0.36, 0.05, 0.64, 0.6, (136, 84, 52))
    if sign:
        text, ground, ink = sign
        board = (0.04 * width, height - 0.97 * floor, 0.96 * width, height - 0.7 * floor)
        draw.rectangle(board, ground)
        letters(draw, board, text, ink, fit=0.8)
    stains = noise((height, width), max(4, height / 9), rng)[..., None] * 7 - np.linspace(-6, 10, height)[:, None, None]
    pixels = np.clip((np.asarray(image, np.float32) + stains) * light, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGBA")


def draw_houses(scene: np.ndarray, rng: np.random.Generator) -> None:
    """Both rows of houses, from the far end of the street to the near one."""
    signs = {
        (-1, 1): ("SRI GANESH STORES", (150, 26, 30), (250, 226, 90)),
        (1, 2): ("CAFE 1947  TEA  DOSA", (24, 92, 70), (246, 240, 220)),
        (1, 3): ("MOBILES", (24, 52, 140), (255, 255, 255)),
        (1, 1): ("FRUIT  JUICE", (206, 108, 30), (255, 244, 214)),
    }
    for side, wall, light in ((-1, WALL_LEFT, 0.74), (1, WALL_RIGHT, 1.04)):
        houses, near = [], 9.0
        while near < 110:
            length = rng.uniform(6, 10)
            houses.append((near, length, int(rng.integers(2, 4)), rng.uniform(2.9, 3.3)))
            near += length + (rng.uniform(0.5, 2) if rng.random() < 0.4 else 0)
        for i, (near, length, storeys, floor) in reversed(list(enumerate(houses))):
            tall, ends = storeys * floor, (near, near + length)[::-side]  # the left end first, as the camera sees it
            colour = WALLS[(i * 2 + (side > 0)) % len(WALLS)]
            gable = upright(*sorted((wall, wall + side * 6)), 0.15, tall, near)  # where no house stands before it
            fill(scene, gable, np.array(colour) * 0.86)
            corners = np.array(
                [[wall, y, z] for y, z in zip((tall, tall, 0.15, 0.15), (*ends, *ends[::-1]), strict=True)]
            )
            size = np.ptp(project(corners), axis=0).astype(int).clip(24, (1400, 1800)).tolist()
            put(scene, facade(size, colour, light, length, storeys, signs.get((side, i)), rng), corners)
            lip = corners - [side * 0.25, 0, 0]
            lip[:, 1] = tall + np.array([0.15, 0.15, -0.1, -0.1])
            fill(scene, lip, np.array(colour) * light * 0.62)


def draw_tree(scene: np.ndarray, x: float, z: float, tall: float, light: float, rng: np.random.Generator) -> None:
    size = 600
    image = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(image)
    draw.polygon([(280, 600), (290, 300), (312, 300), (324, 600)], (84, 64, 48, 255))
    for shade in np.linspace(0.45, 1.15, 9):  # dark leaves first, bright ones on top and toward the light
        for _ in range(150):
            angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
            cx = 300 + 225 * reach * np.cos(angle) + 22 * (shade - 0.6)
            cy = 205 + 165 * reach * np.sin(angle) - 60 * (shade - 0.6)
            r = rng.uniform(7, 22)
            leaf = np.array([88, 122, 56]) * shade * light * rng.uniform(0.85, 1.15)
            draw.ellipse((cx - r, cy - r * 0.8, cx + r, cy + r * 0.8), (*leaf.astype(int).tolist(), 255))
    put(scene, image, upright(x - tall / 2, x + tall / 2, 0.15, tall, z))


def draw_sign_board(scene: np.ndarray) -> None:
    """The direction board above the right-hand pavement, its post and a speed limit."""
    image = Image.new("RGBA", (900, 420))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, 899, 419), 36, (238, 240, 236, 255))
    draw.rounded_rectangle((12, 12, 887, 407), 28, (18, 98, 62, 255))
    letters(draw, (40, 30, 860, 210), "MYSURU   146", (240, 244, 238, 255), "PlateWright-Bold", 0.8)
    letters(draw, (40, 210, 860, 390), "MANDYA   99", (240, 244, 238, 255), "PlateWright-Bold", 0.8)
    steel = (120, 124, 126)
    fill(scene, upright(5.62, 5.74, 0.1, 4.9, 24), steel)
    put(scene, image, upright(4.1, 7.1, 3.5, 4.9, 23.9))
    image = Image.new("RGBA", (400, 400))
    draw = ImageDraw.Draw(image)
    draw.ellipse((4, 4, 396, 396), (206, 30, 36, 255))
    draw.ellipse((52, 52, 348, 348), (246, 246, 240, 255))
    letters(draw, (90, 110, 310, 290), "40", (20, 20, 24, 255), "PlateCondensed-Bold")
    fill(scene, upright(-3.46, -3.4, 0.15, 2.4, 9.6), steel)
    put(scene, image, upright(-3.76, -3.1, 2.05, 2.71, 9.59))


def draw_wires(scene: np.ndarray) -> None:
    """Lamp posts on the left and the wires between them."""
    for z in (76, 58, 40, 22):
        fill(scene, upright(-3.55, -3.4, 0.15, 6.4, z), (96, 98, 100))
        fill(scene, upright(-3.5, -2.2, 6.28, 6.36, z), (96, 98, 100))
        fill(scene, upright(-2.5, -2.0, 6.18, 6.28, z), (236, 232, 214))
    for x, y in ((-3.5, 6.1), (-3.4, 5.8)):
        for near, far in ((4.6, 22), (22, 40), (40, 58), (58, 76)):
            share = np.linspace(0, 1, 40)
            line = np.stack([np.full(40, x), y - 1.6 * share * (1 - share), near + (far - near) * share], axis=-1)
            cv2.polylines(scene, [project(line).round().astype(np.int32)], False, (66, 66, 70), 2, cv2.LINE_AA)


# --- the vehicles -------------------------------------------------------------------------------------------------


def draw_shadow(scene: np.ndarray, x: float, z: float, half_width: float, half_length: float) -> None:
    """What a vehicle darkens of the road beneath it."""
    image = Image.new("RGBA", (400, 400))
    ImageDraw.Draw(image).rounded_rectangle((60, 60, 340, 340), 60, (14, 14, 18, 225))
    image = image.filter(ImageFilter.GaussianBlur(26))
    w, d = half_width * 1.45, half_length * 1.45
    put(scene, image, np.array([[x - w, 0, z + d], [x + w, 0, z + d], [x + w, 0, z - d], [x - w, 0, z - d]]))


def draw_rickshaw(scene: np.ndarray, x: float, z: float) -> None:
    """An auto-rickshaw that comes toward the camera."""
    image = Image.new("RGBA", (520, 680))
    draw = ImageDraw.Draw(image)
    for left in (60, 400):
        draw.rounded_rectangle((left, 560, left + 60, 676), 20, (26, 26, 28, 255))
    draw.rounded_rectangle((40, 20, 480, 330), 90, (232, 186, 40, 255))
    draw.polygon([(40, 300), (480, 300), (500, 560), (430, 610), (90, 610), (20, 560)], (38, 116, 66, 255))
    draw.rounded_rectangle((84, 96, 436, 316), 34, (58, 70, 78, 255))
    draw.polygon([(120, 110), (230, 110), (150, 304), (96, 304)], (120, 138, 148, 255))
    draw.rounded_rectangle((300, 170, 390, 312), 40, (44, 38, 38, 255))  # the driver
    draw.ellipse((322, 128, 372, 186), (120, 84, 62, 255))
    draw.rectangle((92, 36, 428, 80), (28, 28, 30, 255))
    letters(draw, (100, 40, 420, 76), "TAXI", (250, 226, 120, 255), fit=0.8)
    for cx in (120, 400):
        draw.ellipse((cx - 30, 400, cx + 30, 460), (250, 248, 232, 255), (60, 60, 60, 255), 5)
    draw.polygon([(180, 380), (340, 380), (310, 620), (210, 620)], (32, 100, 58, 255))
    draw.rounded_rectangle((232, 560, 288, 678), 18, (22, 22, 24, 255))
    draw_shadow(scene, x, z + 0.8, 0.7, 1.0)
    put(scene, image, upright(x - 0.68, x + 0.68, 0, 1.78, z))


def plate(width: int) -> Image.Image:
    """The plate, 500 by 120 millimetres, `width` pixels wide, with the mark of India's security plates."""
    mm = width / 500
    image = Image.new("RGBA", (width, round(120 * mm)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(
        (0, 0, width - 1, image.height - 1), 9 * mm, (240, 240, 234, 255), (22, 22, 24, 255), round(4 * mm)
    )
    draw.ellipse((14 * mm, 20 * mm, 34 * mm, 40 * mm), (150, 176, 190, 255), (96, 120, 150, 255), round(2 * mm))
    letters(draw, (11 * mm, 76 * mm, 37 * mm, 94 * mm), "IND", (36, 70, 150, 255), "PlateCondensed-Bold")
    letters(draw, (46 * mm, 24 * mm, 482 * mm, 96 * mm), CODE, (20, 20, 24, 255), "PlateCondensed-Bold", 1.0)
    for x in (120, 380):
        draw.ellipse(((x - 4) * mm, 8 * mm, (x + 4) * mm, 16 * mm), (150, 150, 148, 255))
    return image


# The car from behind: parts from the back to the front, each a polygon in metres from the car's middle and the road,
# with the roundness of its corners (pixels), its colours at the top and at the bottom, and its opacity.
# A "whole" part is one polygon together with its mirror image, a "pair" is two.
RIM = (58, 9, 13)  # what is seen in the gap round a part
PARTS = [
    ("pair", 12, (24, 24, 26), (18, 18, 20), 1, [(0.56, 0.4), (0.78, 0.4), (0.78, 0), (0.56, 0)]),  # tyres
    ("pair", 9, (160, 36, 40), (92, 16, 22), 1, [(0.8, 1.06), (0.97, 1.1), (0.98, 0.97), (0.81, 0.96)]),  # mirrors
    ("whole", 26, (178, 38, 40), (96, 16, 22), 1,
     [(0.56, 1.5), (0.63, 1.44), (0.8, 0.97), (0.875, 0.84), (0.88, 0.42), (0.84, 0.24), (0.7, 0.19)]),  # body
    ("whole", 10, (206, 78, 74), (164, 36, 38), 1,
     [(0.84, 0.985), (0.86, 0.955), (0.86, 0.9), (0.84, 0.875)]),  # shoulder
    ("whole", 14, RIM, RIM, 1, [(0.505, 1.45), (0.58, 1.405), (0.706, 0.99), (0.665, 0.555)]),
    ("whole", 14, (184, 40, 42), (126, 22, 28), 1, [(0.5, 1.445), (0.575, 1.4), (0.7, 0.99), (0.66, 0.56)]),  # hatch
    ("whole", 16, (96, 112, 124), (28, 32, 38), 1,
     [(0.475, 1.405), (0.535, 1.37), (0.635, 1.035), (0.6, 1.01)]),  # glass
    ("pair", 20, (18, 20, 24), (18, 20, 24), 0.5, [(0.3, 1.25), (0.46, 1.22), (0.42, 1.06), (0.26, 1.08)]),  # seats
    ("left", 12, (226, 234, 240), (150, 160, 168), 0.28,
     [(0.22, 1.4), (0.46, 1.39), (0.58, 1.03), (0.42, 1.02)]),  # gleam
    ("pair", 12, RIM, RIM, 1, [(0.625, 0.995), (0.842, 0.954), (0.873, 0.796), (0.635, 0.755)]),
    ("pair", 12, (226, 32, 34), (150, 8, 14), 1, [(0.63, 0.99), (0.835, 0.95), (0.868, 0.8), (0.64, 0.76)]),  # lights
    ("pair", 5, (246, 196, 170), (226, 150, 120), 1, [(0.66, 0.9), (0.85, 0.885), (0.856, 0.85), (0.66, 0.855)]),
    ("pair", 4, (255, 150, 140), (250, 90, 84), 1, [(0.67, 0.965), (0.79, 0.94), (0.79, 0.925), (0.67, 0.945)]),
    ("whole", 9, (70, 12, 16), (116, 22, 26), 1, [(0.33, 0.8), (0.345, 0.79), (0.33, 0.6), (0.31, 0.585)]),  # recess
    ("whole", 4, (220, 220, 218), (120, 120, 122), 1,
     [(0.3, 0.835), (0.32, 0.825), (0.32, 0.8), (0.3, 0.795)]),  # handle
    ("whole", 18, RIM, RIM, 1, [(0.873, 0.54), (0.888, 0.5), (0.878, 0.34), (0.83, 0.232), (0.7, 0.197)]),
    ("whole", 18, (196, 56, 56), (92, 16, 22), 1,
     [(0.87, 0.535), (0.885, 0.5), (0.875, 0.34), (0.83, 0.235), (0.7, 0.2)]),  # bumper
    ("whole", 12, (40, 40, 44), (22, 22, 24), 1, [(0.62, 0.345), (0.68, 0.33), (0.6, 0.2), (0.5, 0.19)]),
    ("pair", 5, (214, 40, 40), (150, 12, 16), 1,
     [(0.62, 0.4), (0.79, 0.405), (0.79, 0.37), (0.63, 0.365)]),  # reflectors
    ("whole", 8, (150, 30, 34), (92, 16, 20), 1, [(0.5, 1.512), (0.55, 1.5), (0.56, 1.462), (0.5, 1.455)]),  # spoiler
    ("whole", 3, (240, 40, 40), (180, 10, 14), 1,
     [(0.11, 1.46), (0.12, 1.45), (0.11, 1.436), (0.1, 1.434)]),  # third light
    ("left", 7, (158, 158, 160), (70, 70, 72), 1,
     [(0.42, 0.225), (0.52, 0.225), (0.52, 0.165), (0.42, 0.165)]),  # exhaust
]  # fmt: skip


def shade(image: Image.Image, points: list, roundness: int, top, bottom, opacity: float) -> None:
    """Fill a polygon with rounded corners, shading from the colour `top` to `bottom`."""
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).polygon(points, 255)
    mask = np.asarray(mask.filter(ImageFilter.GaussianBlur(roundness)), np.float32)
    mask = ((mask - 112) * 8).clip(0, 255) * opacity  # a blurred edge, made sharp again, has round corners
    first, last = min(y for _, y in points), max(y for _, y in points)
    share = ((np.arange(image.height) - first) / (last - first)).clip(0, 1)[:, None, None]
    colours = np.array(top) * (1 - share) + np.array(bottom) * share
    colours = np.broadcast_to(colours, (image.height, image.width, 3)).astype(np.uint8)
    image.paste(Image.fromarray(colours).convert("RGBA"), (0, 0), Image.fromarray(mask.astype(np.uint8)))


def draw_car(scene: np.ndarray, x: float, rng: np.random.Generator) -> None:
    """The hatchback ahead, on a sheet of 2 by 1.6 metres that stands on the road."""
    unit = 800  # pixels a metre
    image = Image.new("RGBA", (2 * unit, round(1.6 * unit)))

    def at(points, side=1):
        return [((1 + side * px) * unit, (1.6 - py) * unit) for px, py in points]

    def box(x0, y0, x1, y1):
        return (*at([(x0, y1)])[0], *at([(x1, y0)])[0])

    for kind, roundness, top, bottom, opacity, points in PARTS:
        right, left = at(points), at(points, -1)
        for polygon in {"whole": [right + left[::-1]], "pair": [left, right], "left": [left]}[kind]:
            shade(image, polygon, roundness, top, bottom, opacity)
    draw = ImageDraw.Draw(image)
    draw.line(at([(-0.02, 1.03), (0.34, 1.075)]), (12, 12, 14, 255), 12)  # the wiper
    draw.ellipse(box(-0.045, 1.0, 0.02, 1.05), (16, 16, 18, 255))
    draw.ellipse(box(-0.052, 0.87, 0.052, 0.974), (196, 198, 200, 255), (90, 92, 96, 255), 5)  # the maker's badge
    draw.polygon(at([(0, 0.955), (0.032, 0.9), (0, 0.915), (-0.032, 0.9)]), (96, 98, 102, 255))
    for left in (-0.4, -0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.4):  # the grille
        draw.ellipse(box(left - 0.012, 0.262, left + 0.012, 0.286), (14, 14, 16, 255))
    letters(draw, box(0.22, 1.3, 0.46, 1.365), "KEEP DISTANCE", (236, 226, 190, 255), "PlateCondensed-Regular")
    letters(draw, box(-0.6, 0.86, -0.36, 0.915), "MARUGA", (206, 208, 210, 255), "PlateWide-Regular")
    letters(draw, box(0.44, 0.86, 0.58, 0.91), "VX 1.2", (206, 208, 210, 255), "PlateWide-Regular")

    pixels = np.array(image, np.float32)
    across = np.linspace(-1, 1, image.width)[None, :, None]
    pixels[..., :3] *= 1.06 - 0.26 * np.abs(across) ** 3 + 0.10 * across  # round, and lit from the right
    dust = noise(pixels.shape[:2], 60, rng)[..., None] * 3 + noise(pixels.shape[:2], 3, rng)[..., None] * 1.5
    low = np.linspace(-2.2, 1, image.height).clip(0, 1)[:, None, None] * 0.13  # dust from the road
    pixels[..., :3] = (pixels[..., :3] + dust) * (1 - low) + np.array([150, 136, 118]) * low
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image.alpha_composite(plate(round(0.5 * unit)), tuple(round(v) for v in at([(-0.25, 0.755)])[0]))

    draw_shadow(scene, x, CAR + 1.75, 0.86, 1.9)
    put(scene, image, upright(x - 1, x + 1, 0, 1.6, CAR, 0.16))


# --- the picture --------------------------------------------------------------------------------------------------


def draw_scene() -> np.ndarray:
    """The scene as (720, 1280, 3) uint8 BGR."""
    rng = np.random.default_rng(2)
    scene = np.zeros((HEIGHT * FINE, WIDTH * FINE, 3), np.float32)
    draw_sky(scene, rng)
    draw_ground(scene, rng)
    draw_houses(scene, rng)
    draw_kerbs(scene)
    draw_wires(scene)
    for x, z, tall, light in ((-4.4, 48, 6.5, 0.8), (6.4, 60, 7.0, 1.1), (6.7, 38, 6.0, 1.15), (-4.3, 30, 5.2, 0.75)):
        draw_tree(scene, x, z, tall, light, rng)
    draw_sign_board(scene)
    draw_rickshaw(scene, 3.1, 19)
    draw_car(scene, -0.3, rng)
    scene = cv2.resize(scene, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    scene = cv2.GaussianBlur(scene, (0, 0), 0.6)  # the lens
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    scene *= (1.04 - 0.16 * (x**2 + y**2))[..., None] * np.array([1.02, 1.0, 0.96])
    scene += rng.normal(0, 2.2, (HEIGHT, WIDTH, 1)) + rng.normal(0, 1.0, scene.shape)  # the sensor
    return scene[..., ::-1].clip(0, 255).astype(np.uint8)


def main() -> None:
    parser = CommandParser(__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "in.jpg", help="picture to write (in.jpg)")
    out = parser.parse_args().out
    with write_beside(out) as temporary:
        cv2.imwrite(str(temporary), draw_scene(), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    run(main)

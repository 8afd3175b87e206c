"""Pictures behind a plate's code: mountains, sunsets, waves, flags, fruit, skylines, all drawn from random numbers.

American states print such pictures on their plates. The pictures here are nobody's: each is one of a dozen kinds of
shape in random colours. `keep_contrast` sees to it that the code stays legible on top. The shares and ranges were set
by eye, and none was tuned.
"""

import itertools

import cv2
import numpy as np

from synthesis.paint import blend, spread, stretch

LEAST_CONTRAST = 75  # of 255, between the code and the picture behind it; plates of the road have as much. Not tuned


def draw_picture(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw one to three layers of pictures on a plate's `image`, (h, w, 3) float32, in place."""
    for draw in rng.choice(_LAYERS, int(rng.integers(1, 4)), p=_SHARES, replace=False):
        layer = image.copy()
        draw(layer, rng)
        cv2.addWeighted(layer, opacity := rng.uniform(0.3, 1), image, 1 - opacity, 0, image)


def keep_contrast(image: np.ndarray, box: tuple[float, float, float, float], ink: np.ndarray) -> None:
    """Lighten or darken the pixels of `image` in `box` (x0, y0, x1, y1) that are nearly as bright as the `ink`.

    `image` is (h, w, 3) float32 and changes in place. The change fades out above and below the box.
    """
    height = image.shape[0]
    fade = 0.06 * height  # pixels; a hard edge would look like a panel
    x0, y0, x1, y1 = box
    top, bottom = max(0, int(y0 - fade)), min(height, int(y1 + fade) + 1)
    part = image[top:bottom, max(0, int(x0)) : int(x1) + 1]
    rows = np.arange(top, bottom, dtype=np.float32)
    strength = np.interp(rows, [y0 - fade, y0, y1, y1 + fade], [0, 1, 1, 0]).astype(np.float32)
    brightness = cv2.transform(part, _LUMINANCE)
    ink_brightness = float(ink @ _LUMINANCE[0])
    sign = 1 if ink_brightness < 128 else -1  # on which side of the ink the picture has to be
    lack = np.maximum(LEAST_CONTRAST - sign * (brightness - ink_brightness), 0)
    part += spread(sign * strength[:, None] * lack)


_LUMINANCE = np.array([[0.114, 0.587, 0.299]], np.float32)  # of blue, green and red, as ITU-R BT.601 weighs them


def _draw_tint(rng: np.random.Generator) -> tuple[float, float, float]:
    """A colour (b, g, r): strong half of the time, else muted."""
    low, high = (0, 255) if rng.random() < 0.5 else (90, 240)
    return tuple(map(float, rng.uniform(low, high, 3)))


def _fill(image: np.ndarray, points: np.ndarray, tint: tuple[float, float, float]) -> None:
    """Fill the polygon `points` (N, 2), in pixels."""
    cv2.fillPoly(image, [np.round(points).astype(np.int32)], tint, cv2.LINE_AA)


def _draw_sky(image: np.ndarray, rng: np.random.Generator) -> None:
    """A gradient of two to four colours from top to bottom, as of a sunset, over the whole or a part of the plate."""
    height = image.shape[0]
    count = int(rng.integers(2, 5))
    colours = np.array([_draw_tint(rng) for _ in range(count)])
    if rng.random() < 0.6:
        colours[rng.integers(count)] = image[0, 0]  # it fades into the plate's own colour
    stops = np.sort(rng.uniform(0, height, count))
    rows = np.arange(height)
    gradient = np.stack([np.interp(rows, stops, channel) for channel in colours.T], -1)
    image[:] = stretch(gradient, image.shape[1])


def _draw_ridges(image: np.ndarray, rng: np.random.Generator) -> None:
    """Chains of mountains along the lower edge, the nearer ones lower, sharp or rounded."""
    height, width = image.shape[:2]
    base = rng.uniform(0.1, 0.7) * height
    for _ in range(int(rng.integers(1, 4))):
        count = int(rng.integers(4, 16))
        x = np.linspace(0, width, count)
        peaks = height - base * rng.uniform(0.4, 1.1, count)
        if rng.random() < 0.4:  # rounded hills
            smooth = np.linspace(0, width, 8 * count)
            peaks = np.interp(smooth, x, peaks)
            peaks = np.convolve(np.pad(peaks, 4, "edge"), np.full(9, 1 / 9), "valid")
            x = smooth
        outline = np.concatenate([[[0, height]], np.stack([x, peaks], -1), [[width, height]]])
        _fill(image, outline, _draw_tint(rng))
        base *= rng.uniform(0.4, 0.8)


def _draw_waves(image: np.ndarray, rng: np.random.Generator) -> None:
    """Bands with wavy edges, one below the other: water, dunes, fields."""
    height, width = image.shape[:2]
    x = np.linspace(0, width, 24)
    y = height * rng.uniform(0, 0.8)
    while y < height:
        swing = height * rng.uniform(0.01, 0.08)
        edge = y + swing * np.sin(x * rng.uniform(0.5, 6) * 2 * np.pi / width + rng.uniform(0, 6))
        outline = np.concatenate([np.stack([x, edge], -1), [[width, height], [0, height]]])
        _fill(image, outline, _draw_tint(rng))
        y += height * rng.uniform(0.08, 0.4)


def _draw_blobs(image: np.ndarray, rng: np.random.Generator) -> None:
    """Big soft patches of one colour: clouds, camouflage, worn prints."""
    height, width = image.shape[:2]
    coarse = rng.random((int(rng.integers(2, 5)), int(rng.integers(3, 8))), np.float32)
    patches = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    softness = rng.uniform(0.05, 0.6)
    blend(image, np.clip((patches - 0.5) / np.float32(softness) + 0.5, 0, 1), np.array(_draw_tint(rng)))


def _draw_stripes(image: np.ndarray, rng: np.random.Generator) -> None:
    """A flag over the whole plate: stripes of two or three colours, straight or wavy, and stars at times."""
    height, width = image.shape[:2]
    tints = [_draw_tint(rng) for _ in range(int(rng.integers(2, 4)))]
    count = int(rng.integers(2, 12))
    lean = rng.choice([0, 0, 0, rng.uniform(-0.5, 0.5)])
    swing = rng.choice([0, rng.uniform(0, 0.08)]) * height
    x = np.linspace(0, width, 12)
    upper = lean * x + swing * np.sin(x * 2 * np.pi / width)
    step = height / count
    for i in range(-count, 2 * count):
        if i % 2 == 0 or len(tints) == 3:
            edges = np.stack([x, upper + i * step], -1)
            _fill(image, np.concatenate([edges, edges[::-1] + np.array([0, step])]), tints[i % len(tints)])
    if rng.random() < 0.4:
        field = round(width * rng.uniform(0.2, 0.45)), round(height * rng.uniform(0.3, 0.7))
        cv2.rectangle(image, (0, 0), field, tints[0], -1)
        for _ in range(int(rng.integers(4, 20))):
            place = int(rng.integers(field[0] + 1)), int(rng.integers(field[1] + 1))
            cv2.circle(image, place, max(1, round(0.02 * height)), (240.0, 240.0, 240.0), -1, cv2.LINE_AA)


def _draw_sun(image: np.ndarray, rng: np.random.Generator) -> None:
    """A sun or a rainbow: discs, rings about one centre, or rays."""
    height, width = image.shape[:2]
    centre = round(width * rng.uniform(0.1, 0.9)), round(height * rng.uniform(0.1, 1.1))
    radius = height * rng.uniform(0.1, 0.5)
    kind = rng.random()
    if kind < 0.4:  # a rainbow
        for _ in range(int(rng.integers(2, 7))):
            thickness = max(1, round(height * rng.uniform(0.02, 0.08)))
            cv2.ellipse(image, centre, (round(2 * radius), round(radius)), 0, 0, 360, _draw_tint(rng), thickness)
            radius += thickness
    elif kind < 0.7:  # rays
        tint = _draw_tint(rng)
        count = int(rng.integers(6, 20))
        for angle in np.arange(count) * 2 * np.pi / count:
            rays = np.array([angle - 1.5 / count, angle + 1.5 / count])
            ends = centre + width * np.stack([np.cos(rays), np.sin(rays)], -1)
            _fill(image, np.concatenate([[centre], ends]), tint)
    cv2.circle(image, centre, max(1, round(height * rng.uniform(0.05, 0.3))), _draw_tint(rng), -1, cv2.LINE_AA)


def _draw_skyline(image: np.ndarray, rng: np.random.Generator) -> None:
    """The outline of a town, or a bridge, along the lower edge."""
    height, width = image.shape[:2]
    tint = _draw_tint(rng)
    ground = height * rng.uniform(0.7, 1)
    if rng.random() < 0.6:
        x = 0.0
        while x < width:
            step = width * rng.uniform(0.02, 0.1)
            top = ground - height * rng.uniform(0.05, 0.5)
            cv2.rectangle(image, (round(x), round(top)), (round(x + step), height), tint, -1)
            x += step * rng.uniform(0.8, 1.6)
        return
    weight = max(1, round(0.02 * height))
    tower = height * rng.uniform(0.3, 0.6)
    left, right = width * rng.uniform(0.1, 0.4), width * rng.uniform(0.6, 0.9)
    cv2.line(image, (0, round(ground)), (width, round(ground)), tint, weight)
    for x in (left, right):
        cv2.line(image, (round(x), height), (round(x), round(ground - tower)), tint, 2 * weight)
    x = np.linspace(left, right, 16)
    along = (x - left) / (right - left)
    cable = ground - tower * (1 - 3.6 * along * (1 - along))
    cv2.polylines(image, [np.stack([x, cable], -1).round().astype(np.int32)], False, tint, weight, cv2.LINE_AA)


def _draw_things(image: np.ndarray, rng: np.random.Generator) -> None:
    """One to four things as large as a character or larger: trees, cacti, fruit, flowers, animals, lighthouses."""
    height, width = image.shape[:2]
    draw = rng.choice(_THINGS)
    large = rng.uniform(0.25, 0.9) * height
    for _ in range(int(rng.integers(1, 5))):
        x = width * (rng.uniform(0, 1) if rng.random() < 0.5 else rng.choice([0.08, 0.5, 0.92]))
        foot = height * rng.uniform(0.6, 1)
        draw(image, np.array([x, foot]), large * rng.uniform(0.6, 1), rng)


def draw_thing(image: np.ndarray, foot: tuple[float, float], size: float, rng: np.random.Generator) -> None:
    """Draw a tree, a fruit, an animal or a lighthouse, say, in place, `size` pixels high above `foot`."""
    rng.choice(_THINGS)(image, np.array(foot), size, rng)


def _draw_tree(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A conifer: triangles one above the other."""
    tint = _draw_tint(rng)
    for i in range(3):
        base = foot - [0, size * (0.1 + 0.28 * i)]
        half = size * (0.32 - 0.07 * i)
        _fill(image, base + np.array([[-half, 0], [0, -0.42 * size], [half, 0]]), tint)


def _draw_palm(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A palm: a leaning trunk and hanging leaves."""
    tint, weight = _draw_tint(rng), max(1, round(0.06 * size))
    head = foot + size * np.array([rng.uniform(-0.3, 0.3), -0.7])
    cv2.line(image, tuple(foot.round().astype(int)), tuple(head.round().astype(int)), tint, weight, cv2.LINE_AA)
    green = _draw_tint(rng)
    for angle in rng.uniform(-np.pi, 0.3, 7):
        tip = head + size * 0.4 * np.array([np.cos(angle), np.sin(angle) + 0.5])
        middle = (head + tip) / 2 - [0, 0.12 * size]
        _fill(image, np.array([head, middle, tip, middle + np.array([0, 0.09 * size])]), green)


def _draw_cactus(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A saguaro: a stem and two raised arms."""
    tint, weight = _draw_tint(rng), max(1, round(0.14 * size))
    path = [[(0, 0), (0, -1)]]
    for side in (-1, 1):
        elbow, reach = -rng.uniform(0.3, 0.6), 0.28 * side
        path.append([(0, elbow), (reach, elbow), (reach, elbow - rng.uniform(0.15, 0.4))])
    lines = [(foot + size * np.array(line)).round().astype(np.int32) for line in path]
    cv2.polylines(image, lines, False, tint, weight, cv2.LINE_AA)


def _draw_fruit(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A peach or an orange: a disc with a lighter side and a leaf."""
    tint, radius = np.array(_draw_tint(rng)), 0.35 * size
    centre = foot - [0, radius]
    for shift, light in ((0.0, 0.0), (0.25, 50.0)):
        place = tuple((centre - radius * shift).round().astype(int))
        cv2.circle(image, place, max(1, round(radius * (1 - shift))), tuple(tint + light), -1, cv2.LINE_AA)
    leaf = np.array([[0, -1], [0.5, -1.6], [1.1, -1.3], [0.6, -0.9]])
    _fill(image, centre + radius * leaf, _draw_tint(rng))


def _draw_flower(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """Petals about a heart."""
    tint, radius = _draw_tint(rng), 0.2 * size
    centre = foot - [0, 2 * radius]
    count = int(rng.integers(5, 9))
    for angle in np.arange(count) * 2 * np.pi / count:
        place = centre + radius * np.array([np.cos(angle), np.sin(angle)])
        cv2.circle(image, tuple(place.round().astype(int)), max(1, round(0.6 * radius)), tint, -1, cv2.LINE_AA)
    cv2.circle(image, tuple(centre.round().astype(int)), max(1, round(0.5 * radius)), _draw_tint(rng), -1, cv2.LINE_AA)


def _draw_animal(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A body of no kind in particular: a smooth closed outline with legs at times."""
    count = int(rng.integers(6, 12))
    angles = np.linspace(0, 2 * np.pi, 5 * count, endpoint=False)
    reach = np.interp(angles, np.linspace(0, 2 * np.pi, count), rng.uniform(0.3, 1, count), period=2 * np.pi)
    outline = np.stack([np.cos(angles), 0.6 * np.sin(angles)], -1) * reach[:, None] * 0.5 * size
    tint = _draw_tint(rng)
    _fill(image, foot - [0, 0.4 * size] + outline, tint)
    if rng.random() < 0.5:
        for x in (-0.25, -0.15, 0.15, 0.25):
            leg = (foot + size * np.array([[x, -0.4], [x, 0]])).round().astype(np.int32)
            cv2.polylines(image, [leg], False, tint, max(1, round(0.06 * size)))


def _draw_lighthouse(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A tower that narrows upwards, with bands and a roof."""
    tints = [_draw_tint(rng), _draw_tint(rng)]
    for i in range(4):
        low, high = -0.2 * i * size, -0.2 * (i + 1) * size
        wide, narrow = (0.14 - 0.02 * i) * size, (0.12 - 0.02 * i) * size
        _fill(image, foot + np.array([[-wide, low], [-narrow, high], [narrow, high], [wide, low]]), tints[i % 2])
    _fill(image, foot + size * np.array([[-0.1, -0.8], [0, -1], [0.1, -0.8]]), tints[1])


def _draw_dark_tint(rng: np.random.Generator) -> tuple[float, float, float]:
    """A colour (b, g, r) as dark as a code has it, with which fine drawings are printed."""
    return tuple(map(float, rng.uniform(0, 110, 3)))


def _draw_ship(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """A sailing ship: a hull, masts with sails, and stays from their tops."""
    ink, sail, weight = _draw_dark_tint(rng), _draw_tint(rng), max(1, round(0.025 * size))
    half = size * rng.uniform(0.3, 0.45)
    outlines = []
    for x in np.linspace(-0.6, 0.6, int(rng.integers(1, 4))) * half:
        top = size * rng.uniform(0.75, 1)
        outlines.append([(x, -0.15 * size), (x, -top)])
        outlines.append([(x, -top), (rng.choice([-1.2, 1.2]) * half, -0.2 * size)])
        edges = np.linspace(0.2 * size, top, int(rng.integers(2, 5)))
        for low, high in itertools.pairwise(edges):
            wide = 0.45 * half * (1.15 - low / size) * rng.uniform(0.7, 1.2)
            canvas = [(x - wide, -low), (x - 0.8 * wide, -high), (x + 0.8 * wide, -high), (x + wide, -low)]
            _fill(image, foot + np.array(canvas), sail)
            outlines.append([*canvas, canvas[0]])
    lines = [(foot + np.array(outline)).round().astype(np.int32) for outline in outlines]
    cv2.polylines(image, lines, False, ink, weight, cv2.LINE_AA)
    hull = [(-1.1 * half, -0.2 * size), (-0.8 * half, 0), (0.8 * half, 0), (1.2 * half, -0.25 * size)]
    _fill(image, foot + np.array(hull), ink)


def _draw_figure(image: np.ndarray, foot: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """The outline of a rider, a runner or a bird, of none in particular: limbs from a body, in one dark colour."""
    ink = _draw_dark_tint(rng)
    heart = foot + size * np.array([0, -0.5])
    for _ in range(int(rng.integers(4, 9))):
        angle, reach = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.2, 0.35)
        knee = heart + reach * np.array([0.8 * np.cos(angle), np.sin(angle)])
        angle += rng.normal(0, 0.8)
        end = knee + size * rng.uniform(0.05, 0.25) * np.array([0.8 * np.cos(angle), np.sin(angle)])
        limb = np.array([heart, knee, end]).round().astype(np.int32)
        cv2.polylines(image, [limb], False, ink, max(1, round(size * rng.uniform(0.03, 0.14))), cv2.LINE_AA)
    axes = (size * rng.uniform([0.1, 0.08], [0.25, 0.2])).round().astype(int)
    centre, lean = tuple(heart.round().astype(int)), rng.uniform(-40, 40)
    cv2.ellipse(image, centre, tuple(axes), lean, 0, 360, ink, -1, cv2.LINE_AA)


_THINGS = (
    _draw_tree,
    _draw_palm,
    _draw_cactus,
    _draw_fruit,
    _draw_flower,
    _draw_animal,
    _draw_lighthouse,
    _draw_ship,
    _draw_figure,
)
_LAYERS = (_draw_sky, _draw_ridges, _draw_waves, _draw_blobs, _draw_stripes, _draw_sun, _draw_skyline, _draw_things)
_SHARES = (0.22, 0.14, 0.08, 0.1, 0.08, 0.08, 0.06, 0.24)  # of the kinds of layer; not tuned

"""TODO."""

import cv2
import numpy as np

# pixels of a camera's noise, of deviation 1; a window takes a part, since drawing its own took a tenth of its time
NOISE = np.random.default_rng(0).standard_normal(1 << 20, np.float32)


def pose(aspect: float, rng: np.random.Generator) -> np.ndarray:
    """A plate's corners (4, 2) seen in true perspective, turned about all three axes; any unit, about the origin."""
    spread = 2.2 if rng.random() < 0.12 else 1.0  # some photographs are taken from beside or by a falling hand
    lean = rng.choice([1, 2.5, 5], p=[0.87, 0.09, 0.04])  # motorcycles stand aslant
    roll, pitch, yaw = np.radians(rng.normal(0, [4.5, 13, 20]) * spread * [lean / spread, 1, 1])
    roll = np.clip(roll, -0.8, 0.8)
    yaw, pitch = np.clip([yaw, pitch], -1.1, 1.1)
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * [aspect / 2, 0.5, 0]
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    x, y, z = about_z @ about_x @ about_y @ corners.T
    distance = aspect * rng.uniform(2, 10)
    return np.stack([x, y], -1) * (distance / (distance + z))[:, None]


def light(image: np.ndarray, rng: np.random.Generator) -> None:
    """The hour, the sky and the weather, on (h, w, 3) float32 in place."""
    height, width = image.shape[:2]
    across, down = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    gain = np.float32(rng.uniform(0.75, 1.15))
    if rng.random() < 0.5:  # brighter at one side
        gain = gain + (rng.uniform(-0.35, 0.35) * across + rng.uniform(-0.35, 0.35) * down).astype(np.float32)
    if rng.random() < 0.25:  # the edge of a shadow, hard or soft
        angle, offset, edge = rng.uniform(0, 2 * np.pi), rng.uniform(-0.7, 0.7), rng.uniform(0.02, 0.5)
        side = np.clip(((np.cos(angle) * across + np.sin(angle) * down) - offset) / edge, 0, 1).astype(np.float32)
        gain = gain * (1 - side * np.float32(rng.uniform(0.25, 0.7)))
    if rng.random() < 0.12:  # night, or a camera that was afraid of the sky
        gain = gain * np.float32(rng.uniform(0.2, 0.5))
    image *= np.broadcast_to(gain, (height, width))[..., None] * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.08:  # glare, a headlight
        x, y, radius = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.1, 0.7)
        image += (np.exp(-((across - x) ** 2 + (down - y) ** 2) / radius**2) * rng.uniform(60, 200)).astype(np.float32)[
            ..., None
        ]
    if rng.random() < 0.15:  # fog, haze, a dusty lens
        image += np.float32(rng.uniform(0.1, 0.6)) * (np.float32(rng.uniform(120, 235)) - image)
    if rng.random() < 0.04:  # rain
        for _ in range(rng.integers(5, 30)):
            x, y, length = rng.uniform(0, width), rng.uniform(0, height), height * rng.uniform(0.05, 0.25)
            cv2.line(
                image,
                (round(x), round(y)),
                (round(x + length * 0.15), round(y + length)),
                (float(rng.uniform(120, 255)),) * 3,
                1,
            )
    if rng.random() < 0.2:  # over- or under-exposure: contrast about the mean, which moves
        mean = image.mean()
        image -= mean
        image *= np.float32(rng.uniform(0.5, 1.8))
        image += np.float32(np.clip(mean + rng.normal(0, 40), 50, 200))


def take(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """The camera: blur, low resolution, noise, JPEG. `pitch`, pixels a character, bounds what is still legible.

    What is bearable alone is not together, so of blur, motion and low resolution one at most is strong.
    """
    height, width = image.shape[:2]
    strong = rng.choice(3)  # blur, motion, low resolution
    if rng.random() < 0.7:
        sigma = np.exp(rng.uniform(np.log(0.25), np.log(max(0.45, (0.13 if strong == 0 else 0.06) * pitch))))
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    if strong == 1 and rng.random() < 0.35:
        length = round(rng.uniform(0.1, 0.4) * pitch)
        if length >= 2:
            kernel = np.zeros((length, length), np.float32)
            kernel[length // 2] = 1 / length
            turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 180), 1)
            kernel = cv2.warpAffine(kernel, turn, (length, length))
            image = cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1e-3))
    factor = rng.uniform(1, pitch / 5) if pitch > 5 and strong == 2 and rng.random() < 0.5 else 1
    if factor > 1.2:
        small = max(4, round(width / factor)), max(4, round(height / factor))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    # a faint picture bears less of it: its contrast is that of dark on bright, at about two deviations
    contrast = 2 * float(cv2.meanStdDev(image)[1].mean())
    noise = np.exp(rng.uniform(np.log(0.8), np.log(14))) * min(1, contrast / 80)
    shape = image.shape if rng.random() < 0.5 else (*image.shape[:2], 1)
    start = rng.integers(NOISE.size - np.prod(shape))
    image = image + NOISE[start : start + np.prod(shape)].reshape(shape) * np.float32(noise)
    if rng.random() < 0.25:  # sharpened by the camera, halos and all
        image = image + np.float32(rng.uniform(0.3, 1.5)) * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.6:
        quality = int(rng.integers(35 if pitch > 8 else 55, 96))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    if factor > 1.2:
        image = cv2.resize(image, (width, height), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return image

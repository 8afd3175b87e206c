"""The camera: blur, motion, low resolution, noise, smoothing, sharpening, gray pictures, compression."""

import math

import cv2
import numpy as np

from synthesis.chance import pick
from synthesis.paint import draw_noise, spread

# The shares and strengths of the faults were set by eye; none was tuned by a search.
LOW_SHARE = 0.4  # of the photographs have a lower resolution than they are drawn in
LEAST_PITCH = 4.8  # pixels a character; fewer are illegible even in a sharp picture
COMPRESSION_SHARES = (0.38, 0.5, 0.12)  # of pictures without losses, JPEGs and frames of videos
FAINT_DEVIATION = 35  # of 0..255; a frame of a video loses what stands out less
SMOOTH_PITCH = 12  # pixels a character; smaller ones bear less noise, as in pictures that were made smaller


def take(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """Take a photograph, (h, w, 3) uint8, of the scene `image`, (h, w, 3) float32, 0..255 and beyond.

    `pitch`, pixels a character, bounds the faults, so that the code stays legible. Two strong faults together are
    illegible, so at most one of blur, motion and low resolution is strong.
    """
    height, width = image.shape[:2]
    factor = 1.0
    if pitch > LEAST_PITCH and rng.random() < LOW_SHARE:
        factor = math.exp(rng.uniform(0, math.log(pitch / LEAST_PITCH)))
    coarse = factor > 1.2  # less is not worth two resizings
    strong = pick(("blur", "motion", None), rng) if factor < 1.5 else None
    if rng.random() < 0.7:
        image = defocus(image, pitch, strong == "blur", rng)
    if strong == "motion" and rng.random() < 0.35:
        image = shake(image, pitch, rng)
    if coarse:
        small = max(4, round(width / factor)), max(4, round(height / factor))
        # Many programs make pictures smaller without a filter, which leaves jagged edges.
        image = cv2.resize(image, small, interpolation=pick((cv2.INTER_AREA, cv2.INTER_LINEAR), rng, (3, 1)))
    image = develop(image, pitch / factor if coarse else pitch, rng)
    if coarse:
        image = cv2.resize(image, (width, height), interpolation=pick((cv2.INTER_LINEAR, cv2.INTER_CUBIC), rng))
    return image


def defocus(image: np.ndarray, pitch: float, strong: bool, rng: np.random.Generator) -> np.ndarray:
    """Blur `image`, (h, w, 3) float32, by a share of a character's width."""
    most = max(0.45, (0.11 if strong else 0.06) * pitch)  # pixels
    sigma = math.exp(rng.uniform(math.log(0.25), math.log(most)))
    return blur(image, sigma)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """`image`, (h, w, 3) float32, blurred by a bell of deviation `sigma`, in pixels."""
    size = 2 * math.ceil(3 * sigma) + 1  # OpenCV would reach to four deviations, which takes a third longer
    return cv2.GaussianBlur(image, (size, size), sigma)


def shake(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """Blur `image`, (h, w, 3) float32, along a line, as motion does."""
    length = round(rng.uniform(0.1, 0.4) * pitch)
    if length < 2:
        return image
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turned = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turned, (length, length))
    return cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1e-3))


def develop(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """The sensor and the camera's software on (h, w, 3) float32, from noise to compression. Returns uint8."""
    image = add_noise(image, min(1, pitch / SMOOTH_PITCH), rng)
    if rng.random() < 0.12:  # cleared of noise, which leaves patches like a watercolour's
        image = cv2.bilateralFilter(image, 5, rng.uniform(8, 40), rng.uniform(1, 3))
    if rng.random() < 0.25:  # sharpened by the camera, halos and all
        strength = rng.uniform(0.3, 1.5)
        image = cv2.addWeighted(image, 1 + strength, blur(image, 1.2), -strength, 0)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return compress(image, pitch, rng)


def compress(image: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """`image`, (h, w, 3) uint8, as it comes out of a file: a JPEG, a frame of a video, or one without losses.

    A WebP picture is a frame of VP8, whose blocks are predicted from their neighbours, as those of H.264 are. So strong
    compression leaves streaks and smears in place of a JPEG's squares (RFC 6386).
    """
    kind = pick(("", ".jpg", ".webp"), rng, COMPRESSION_SHARES)
    if kind == ".jpg":
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35 if pitch > 8 else 60, 96))]
    elif kind == ".webp":
        faint = cv2.meanStdDev(image)[1].max() < FAINT_DEVIATION
        least = 60 if faint else int(np.interp(pitch, (LEAST_PITCH, SMOOTH_PITCH), (50, 3)))
        quality = [cv2.IMWRITE_WEBP_QUALITY, int(rng.integers(least, 81))]
    else:
        return image
    return cv2.imdecode(cv2.imencode(kind, image, quality)[1], cv2.IMREAD_COLOR)


def add_noise(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """`image`, (h, w, 3) float32, with noise, of each channel or of all alike. A faint picture bears less of it.

    `share`, 0..1, multiplies the noise.
    """
    contrast = 2 * float(cv2.meanStdDev(image)[1].mean())  # dark against bright is about two deviations
    deviation = math.exp(rng.uniform(math.log(0.8), math.log(14))) * share * min(1, contrast / 80)
    noise = draw_noise(image.shape, rng) if rng.random() < 0.5 else spread(draw_noise(image.shape[:2], rng))
    return cv2.scaleAdd(noise, deviation, image)

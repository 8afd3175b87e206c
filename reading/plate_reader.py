"""TODO."""

import os

import numpy as np
from onnxruntime import InferenceSession as Session
from onnxruntime import SessionOptions

import model
from reading.decoding import decode
from reading.finder import find, merge
from reading.geometry import group, overlaps, sound
from reading.grammar import Grammar
from reading.plate import Plate
from reading.reader import look

MAX_READ = 8  # merged plates that are read, at most: those with most support
LEAST_SUPPORT = 0.3  # of the support of the best one: what has less is not read; true plates have 0.55 and more
SAME_PLACE = 0.3  # readings whose boxes overlap by this share of their union are of one plate
NESTED = 0.6  # or by this share of the smaller one
THRESHOLD = 0.15  # least confidence of a plate, unless the user asks for another
MIN_CHARACTERS = 3  # a shorter code is no plate


def load_networks(path: str | os.PathLike) -> tuple[Session, Session]:
    """The finder and the reader of a weights file. Raises UserError when it is damaged or does not fit."""
    arrays = model.load_weights(path)
    options = SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    options.enable_mem_pattern = False  # a plan of memory for every size of level would outgrow what it saves
    options.log_severity_level = 3  # errors alone
    graphs = [model.onnx_model(arrays, network) for network in ("finder", "reader")]
    return tuple(Session(graph, options, ["CPUExecutionProvider"]) for graph in graphs)


def make_plate(
    presence: float, corners: np.ndarray, looks: np.ndarray, shape: tuple[int, int, int], grammar: Grammar
) -> Plate:
    """A plate of a photo of `shape` (H, W, 3) from corners (4, 2) and the looks at its characters (M, 64, 37).

    Its confidence is the probability that it is one and says what it seems to say.
    """
    reading = decode(looks, grammar)
    low = np.clip(np.floor(corners.min(0)), 0, shape[1::-1]).astype(int)
    high = np.clip(np.ceil(corners.max(0)), 0, shape[1::-1]).astype(int)
    box = (*low.tolist(), *(high - low).tolist())
    confidence = grammar.presence(float(presence), reading.code) * reading.probability
    return Plate(reading.code, confidence, box, corners, reading.characters)


def detect_photo(
    photo: np.ndarray,
    networks: tuple[Session, Session],
    grammar: Grammar,
    threshold: float,
    min_plate: float,
    max_plate: float,
) -> list[Plate]:
    """The plates of `photo` (H, W, 3) uint8 BGR whose confidence is `threshold` at least, the surest first."""
    finder, reader = networks
    support, corners = merge(*find(finder, photo, min_plate, max_plate))
    corners = corners[sound(corners) & (support >= LEAST_SUPPORT * support.max(initial=0))][:MAX_READ]
    _, *answers = look(reader, photo, corners)
    plates = [make_plate(*answer, photo.shape, grammar) for answer in zip(*answers, strict=True)]
    plates = [p for p in plates if p.confidence >= threshold and len(p.code) >= MIN_CHARACTERS and min(p.box[2:]) > 0]
    return without_doubles(plates)


def without_doubles(plates: list[Plate]) -> list[Plate]:
    """`plates` without those that another one stands for, the surest first.

    Of those that overlap the surest for its size stays, for many a plate holds a word, or a part of its code, that is
    read more surely than the whole.
    """
    iou, nested = overlaps(np.array([plate.corners for plate in plates]).reshape(-1, 4, 2))
    scores = np.array([plate.confidence * np.sqrt(plate.box[2] * plate.box[3]) for plate in plates])
    stay = [plates[members[0]] for members in group(scores, (iou >= SAME_PLACE) | (nested >= NESTED))]
    return sorted(stay, key=lambda plate: -plate.confidence)

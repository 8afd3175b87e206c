"""Reliability: whether readings of a confidence are right as often as the confidence says.

The curve and the calibration error follow Guo et al., "On Calibration of Modern Neural Networks", 2017.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from reading.scoring import Verdict, fold

SURE = 0.9  # the confidence from which a reading counts as sure
ERROR_EDGES = np.linspace(0, 1, 11)  # of the bins of the calibration error; ten equal bins are usual
CURVE_EDGES = (0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)  # finer where most readings are


class Judged(NamedTuple):
    """A reading's confidence, 0..1, and whether the reading is right."""

    confidence: float
    is_right: bool


class Bin(NamedTuple):
    """The readings whose confidence is between two edges."""

    count: int
    confidence: float  # their mean, 0..1
    right: float  # the share that is right, 0..1


def judge_readings(verdicts: Iterable[Verdict]) -> list[Judged]:
    """Every reading with whether its code is on the photograph, O counting as 0 and I as 1.

    A false plate is wrong. Photographs with a label whose code is not known are left out.
    """
    judged = []
    for verdict in verdicts:
        codes = {fold(outcome.label.code) for outcome in verdict.outcomes}
        if "" not in codes:
            judged += [Judged(answer.confidence, fold(answer.code) in codes) for answer in verdict.answers]
    return judged


def fill_bins(judged: Sequence[Judged], edges: Sequence[float]) -> list[Bin]:
    """The bins between `edges`, from 0 to 1, that hold a reading. A bin holds its lower edge, the last also 1."""
    confidence = np.array([reading.confidence for reading in judged])
    right = np.array([reading.is_right for reading in judged])
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = (confidence >= low) & ((confidence < high) | (high == 1))
        if inside.any():
            bins.append(Bin(int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean())))
    return bins


def calibration_error(judged: Sequence[Judged]) -> float:
    """The expected calibration error, 0..1: how far confidence and share of right readings differ in a bin, on average.

    It is 0 where there are no readings.
    """
    bins = fill_bins(judged, ERROR_EDGES)
    return sum(b.count * abs(b.right - b.confidence) for b in bins) / max(len(judged), 1)


def describe_reliability(judged: Sequence[Judged]) -> str:
    """A line about the sure readings and the calibration error."""
    sure = [reading.is_right for reading in judged if reading.confidence >= SURE]
    share = 100 * len(sure) / max(len(judged), 1)
    right = 100 * sum(sure) / max(len(sure), 1)
    return (
        f"{len(sure)} of {len(judged)} readings ({share:.1f} %) have a confidence of {SURE} or more, and {right:.1f} % "
        f"of these are right; expected calibration error {100 * calibration_error(judged):.1f} %"
    )

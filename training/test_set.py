"""The test windows, on which weights are compared. They belong to a run's formats, typefaces and backgrounds."""

import hashlib
import json
from pathlib import Path

import numpy as np

from common import UserError
from synthesis.storage import holds_windows, list_batches, read_windows, settings_of, write_windows
from synthesis.windows import Settings, Synthesizer
from synthesis.workers import split_range, stream_chunks
from training.minibatches import MODELS, check_batch
from training.report import say

TEST_COUNT = 1000  # windows; a code accuracy near 90 % is then known to about 1.3 %
TEST_SEED = 0  # the default of gen.py
TEST_FOLDER = Path("test")  # where gen.py writes
DIGITS = 8  # of the hash in a folder's name; a few folders never share them


def load_test_windows(settings: Settings, workers: int) -> dict[str, np.ndarray]:
    """The test windows of `settings` as a batch; they are made when there are none."""
    synthesizer = Synthesizer(settings)
    described = synthesizer.describe(TEST_SEED)
    folder = choose_folder(described)
    if settings_of(folder) != described or not list_batches(folder):  # an archive is the last file that is written
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: cannot be made ({error.strerror}); run where you may write") from None
        chunks = stream_chunks(synthesizer, TEST_SEED, split_range(0, TEST_COUNT), workers)
        write_windows(folder, 0, TEST_COUNT, chunks, described)
    windows = check_batch(read_windows(folder), folder)
    check_kinds(windows, folder)
    if folder != TEST_FOLDER:
        say(f"the test windows are in {folder}, because {TEST_FOLDER} holds windows of other settings")
    return windows


def check_kinds(windows: dict[str, np.ndarray], folder: Path) -> None:
    """Raise UserError unless there is a plate for each of the two networks to be tested on."""
    tested = {kind for kind, present in zip(windows["rectified"], windows["presence"], strict=True) if present}
    if len(tested) < len(MODELS):
        raise UserError(f"{folder}: has too few windows with plates; delete it, and train.py makes {TEST_COUNT:,}")


def choose_folder(described: dict) -> Path:
    """The folder of the test windows whose settings are `described`: TEST_FOLDER, unless it holds other windows.

    Scores on windows of other settings say nothing, and such windows are not replaced, because another run needs them.
    """
    if settings_of(TEST_FOLDER) == described or not holds_windows(TEST_FOLDER):
        return TEST_FOLDER
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return TEST_FOLDER.with_name(f"{TEST_FOLDER.name}-{digest[:DIGITS]}")

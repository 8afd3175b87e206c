"""The test windows, on which weights are compared."""

from pathlib import Path

import numpy as np

from common import UserError
from synthesis.storage import list_batches, read_windows, write_windows
from synthesis.windows import Settings, Synthesizer
from synthesis.workers import split_range, stream_chunks

TEST_COUNT = 1000  # windows; a code accuracy near 90 % is then known to about 1.3 %
TEST_SEED = 0  # the default of gen.py
TEST_FOLDER = Path("test")  # where gen.py writes


def load_test_windows(settings: Settings, workers: int) -> dict[str, np.ndarray]:
    """The windows in TEST_FOLDER as a batch; they are made when there are none."""
    if not list_batches(TEST_FOLDER):  # the last file that is written
        synthesizer = Synthesizer(settings)
        chunks = stream_chunks(synthesizer, TEST_SEED, split_range(0, TEST_COUNT), workers)
        try:
            TEST_FOLDER.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{TEST_FOLDER}: cannot be made ({error.strerror}); run where you may write") from None
        write_windows(TEST_FOLDER, 0, TEST_COUNT, chunks, synthesizer.describe(TEST_SEED))
    return read_windows(TEST_FOLDER)

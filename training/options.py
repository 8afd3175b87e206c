"""The options of a training run, as `train.py` takes them and as a checkpoint keeps them."""

import dataclasses
import os
from pathlib import Path

from synthesis.windows import Settings

KEPT = ("hours", "batches", "seed", "formats", "fonts", "bgs", "data", "batch")  # a checkpoint keeps these


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """What a run trains on, for how long, and where it writes."""

    weights: Path | None = None  # weights to start from; None starts from nothing
    hours: float = 5.0  # length of the run; design.md: accuracy rose with every hour of training
    batches: int | None = None  # length of the run in batches, which then replaces `hours`
    seed: int = 0
    formats: str | None = None  # names of formats, as in "in,gb"; None takes all
    fonts: tuple[str, ...] = ()  # folders of typefaces, besides fonts/
    bgs: str = "bgs"  # folder of background photographs
    data: str | None = None  # folder of batches from gen.py --batches; None synthesises
    batch: int = 10_000  # windows made at a time; the network is tested and saved after each batch
    workers: int = os.cpu_count() or 1  # processes that synthesise
    out: Path = Path("weights.npz")

    @property
    def window_settings(self) -> Settings:
        """What the windows are made of."""
        return Settings(self.formats, self.fonts, self.bgs)

    @property
    def checkpoint(self) -> Path:
        """The file of the run's state."""
        return self.out.with_name("checkpoint.npz")

    @property
    def table(self) -> Path:
        """The file with a row a batch."""
        return self.out.with_name("training.csv")

    @property
    def chart(self) -> Path:
        """The picture of accuracy and loss."""
        return self.out.with_name("training.png")

    def kept(self) -> dict:
        """The options that a checkpoint keeps, as JSON takes them."""
        return {key: getattr(self, key) for key in KEPT}

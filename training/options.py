"""The options of a training run, as `train.py` takes them and as a checkpoint keeps them."""

import dataclasses
from pathlib import Path

from common import LARGEST_COUNT
from media.cores import count_cores
from synthesis.windows import Settings


def is_count(value) -> bool:
    """Whether `value` is a whole number that an option or a count of a run can have."""
    return type(value) is int and 0 <= value <= LARGEST_COUNT


def is_text(value) -> bool:
    return isinstance(value, str)


KEPT = {  # the options that a checkpoint keeps, and how each value is checked
    "hours": lambda value: type(value) in (int, float) and 0 < value <= LARGEST_COUNT,
    "batches": lambda value: value is None or (is_count(value) and value > 0),
    "seed": is_count,
    "formats": lambda value: value is None or is_text(value),
    "fonts": lambda value: isinstance(value, list) and all(map(is_text, value)),
    "bgs": is_text,
    "data": lambda value: value is None or is_text(value),
    "batch": lambda value: is_count(value) and value > 0,
    "out": lambda value: value is None or (is_text(value) and Path(value).name == value),
}
CHECKPOINT = "checkpoint.npz"


PHOTOS_DEFAULTS = {  # of runs with a user's photographs
    "hours": 0.5,  # the first minutes bring the most; not tuned
    "batch": 3000,  # a score every two minutes or so
}


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """What a run trains on, for how long, and where it writes."""

    weights: Path | None = None  # weights to start from; None starts from nothing
    hours: float = 5.0  # length of the run; accuracy rose with every hour of training (tests/ACCURACY.md)
    batches: int | None = None  # length of the run in batches, which then replaces `hours`
    seed: int | None = None  # None is 0 in a run from nothing, and else a number that belongs to the `weights`
    formats: str | None = None  # names of formats, as in "in,gb"; None takes all
    fonts: tuple[str, ...] = ()  # folders of typefaces, besides fonts/
    bgs: str = "bgs"  # folder of background photographs
    data: str | None = None  # folder of batches from gen.py --batches; None synthesises
    precision: str = ""  # a policy of Keras, one of networks.PRECISIONS; none takes the faster one
    photos: Path | None = None  # table of a user's labelled photographs, to train on them too
    batch: int = 10_000  # windows made at a time; the network is tested and saved after each batch
    workers: int = dataclasses.field(default_factory=count_cores)  # processes that synthesise
    out: Path | None = None  # file of the trained weights; None names it by `formats`

    @property
    def target(self) -> Path:
        """The file of the trained weights.

        Weights that are trained on some formats alone have a name of their own. They read their formats better than
        weights.npz and all other formats worse, so they must not take its place.
        """
        if self.out:
            return self.out
        formats = sorted({name.strip() for name in self.formats.split(",")}) if self.formats else []
        return Path("-".join(["weights", *formats]) + ".npz")

    @property
    def window_settings(self) -> Settings:
        """What the windows are made of."""
        return Settings(self.formats, self.fonts, self.bgs)

    @property
    def checkpoint(self) -> Path:
        """The file of the run's state."""
        return self.target.with_name(CHECKPOINT)

    @property
    def table(self) -> Path:
        """The file with a row a batch."""
        return self.target.with_name("training.csv")

    @property
    def chart(self) -> Path:
        """The picture of accuracy and loss."""
        return self.target.with_name("training.png")

    def kept(self) -> dict:
        """The options that a checkpoint keeps, as JSON takes them. Of --out it keeps the name, because folders move."""
        kept = {key: getattr(self, key) for key in KEPT}
        return kept | {"fonts": list(self.fonts), "out": self.out.name if self.out else None}

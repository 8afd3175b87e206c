"""Checkpoints are read back whole, and a damaged one is refused in a line that does not lose the run."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import FakeNetwork, read_checkpoint

from common import UserError
from training.checkpoint import (
    CHECKPOINT_VERSION,
    COLUMNS,
    Progress,
    get_state,
    load_checkpoint,
    restore,
    save_checkpoint,
)
from training.options import TrainingOptions

PROGRESS = Progress(
    batch=1, step=3, planned=9, steps=12, windows=768, seconds=5.5, losses={"finder": [1.0], "reader": [2.0, 3]}
)
PROGRESS.history = [dict.fromkeys(COLUMNS, 0.5)]


@pytest.fixture
def networks() -> dict:
    return {"finder": FakeNetwork(1), "reader": FakeNetwork(2)}


@pytest.fixture
def averages() -> dict:
    return {"finder": [np.float32([5] * 3)], "reader": [np.float32([6] * 3)]}


def test_a_run_is_read_back(tmp_path, networks, averages):
    options = TrainingOptions(hours=2, seed=0, fonts=("a",), out=tmp_path / "weights.npz")
    save_checkpoint(options.checkpoint, options.kept(), PROGRESS, get_state(networks, averages))
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint.options == options.kept()
    assert checkpoint.progress == PROGRESS
    others = {"finder": FakeNetwork(8), "reader": FakeNetwork(9)}
    restored = restore(checkpoint.arrays, others, checkpoint.path)
    assert [network.get_weights()[0].tolist() for network in others.values()] == [[1] * 3, [2] * 3]
    assert [average[0].tolist() for average in restored.values()] == [[5] * 3, [6] * 3]


def write_state(path: Path, change=None, **arrays: np.ndarray) -> None:
    """Write a checkpoint whose state `change`, a function of its dictionary, has altered."""
    options = TrainingOptions(seed=0).kept()
    state = json.loads(json.dumps({"version": CHECKPOINT_VERSION, "options": options} | dataclasses.asdict(PROGRESS)))
    if change:
        change(state)
    np.savez(path, state=json.dumps(state), **arrays)


def test_the_state_as_it_is_can_be_read(tmp_path):
    write_state(tmp_path / "checkpoint.npz")
    assert read_checkpoint(tmp_path).progress == PROGRESS


CHANGES = {
    "no version": lambda state: state.pop("version"),
    "no options": lambda state: state.pop("options"),
    "options are no dictionary": lambda state: state.update(options=3),
    "an option is missing": lambda state: state["options"].pop("hours"),
    "an option is unknown": lambda state: state["options"].update(speed=3),
    "hours are text": lambda state: state["options"].update(hours="5"),
    "hours are no number": lambda state: state["options"].update(hours=math.nan),
    "a seed is a truth value": lambda state: state["options"].update(seed=True),
    "a batch of nothing": lambda state: state["options"].update(batch=0),
    "a seed beyond all": lambda state: state["options"].update(seed=10**30),
    "a batch beyond all": lambda state: state["options"].update(batch=2**63),
    "batches beyond all": lambda state: state["options"].update(batches=10**4000),
    "fonts are a name": lambda state: state["options"].update(fonts="fonts"),
    "out is elsewhere": lambda state: state["options"].update(out="../weights.npz"),
    "a field is missing": lambda state: state.update(step=None),
    "a field is unknown": lambda state: state.update(epoch=3),
    "a count is beyond all": lambda state: state.update(windows=10**30),
    "a batch is beyond all": lambda state: state["options"].update(batch=10**30),
    "a count is negative": lambda state: state.update(batch=-1),
    "a count beyond all": lambda state: state.update(windows=2**63),
    "a count is a fraction": lambda state: state.update(steps=1.5),
    "a step after the last": lambda state: state.update(step=9),
    "losses are no numbers": lambda state: state["losses"].update(finder=["1"]),
    "losses are infinite": lambda state: state["losses"].update(finder=[math.inf]),
    "losses of another network": lambda state: state["losses"].update(writer=[]),
    "history is too short": lambda state: state.update(history=[]),
    "history is no rows": lambda state: state.update(history=[1]),
    "a row lacks a figure": lambda state: state["history"][0].pop("score"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_damaged_state_is_refused(tmp_path, change):
    write_state(tmp_path / "checkpoint.npz", change)
    with pytest.raises(UserError, match=r"checkpoint\.npz: is damaged or no checkpoint; start another run$"):
        read_checkpoint(tmp_path)


def test_the_message_tells_how_to_save_the_run(tmp_path):
    (tmp_path / "checkpoint.npz").write_bytes(b"PK cut")
    (tmp_path / "weights.npz").write_bytes(b"")
    with pytest.raises(UserError) as raised:
        read_checkpoint(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path}/checkpoint.npz: ")
    assert str(raised.value).endswith(f"; train.py {tmp_path}/weights.npz goes on from the run's best weights")


def test_another_version_is_named(tmp_path):
    write_state(tmp_path / "checkpoint.npz", lambda state: state.update(version=99))
    with pytest.raises(UserError, match="has version 99, not"):
        read_checkpoint(tmp_path)


def test_no_checkpoint_is_named(tmp_path):
    with pytest.raises(UserError, match="not found; start a run without --resume"):
        read_checkpoint(tmp_path)


STATES = {
    "no array": np.zeros(0),
    "a number": np.array(3.5),
    "texts": np.array(["{}", "{}"]),
    "deep": np.array("[" * 100_000),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_a_state_of_another_kind_is_refused(tmp_path, state):
    np.savez(tmp_path / "checkpoint.npz", state=state)
    with pytest.raises(UserError, match="is damaged or no checkpoint"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["finder/variables/0", "reader/average/0", "reader/optimizer/0"])
@pytest.mark.parametrize("array", [None, np.zeros(4, np.float32), np.zeros(3), np.full(3, np.nan, np.float32)])
def test_arrays_that_do_not_fit_are_refused(networks, averages, name, array):
    arrays = get_state(networks, averages) | {name: array}
    with pytest.raises(UserError, match=r"^run\.npz: is of another network"):
        restore(arrays, networks, Path("run.npz"))
    assert networks["finder"].get_weights()[0].tolist() == [1] * 3


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_damaged_file_is_refused_or_read(tmp_path_factory, data):
    """Bytes that are changed anywhere give a UserError or a checkpoint, and nothing else."""
    path = tmp_path_factory.mktemp("damaged") / "checkpoint.npz"
    write_state(path, None, **{"finder/variables/0": np.arange(3, dtype=np.float32)})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        checkpoint = load_checkpoint(path, path)
    except UserError:
        return
    assert checkpoint.progress.step < checkpoint.progress.planned

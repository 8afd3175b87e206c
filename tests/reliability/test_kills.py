"""A few kills of each script. `kills.py --kills 200` makes more of them."""

import sys

import pytest
from reliability.kills import make_commands, try_commands

KILLS = 12  # of the scripts that start fast
TRAINING_KILLS = 1  # a run of train.py starts slowly, and tests/test_train.py interrupts two more


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: processes are looked up in Linux's /proc")
def test_kills_lose_nothing(tmp_path):
    *quick, training = make_commands(tmp_path)
    tallies = dict(try_commands(quick, KILLS, 0, tmp_path / "quick"))
    tallies |= dict(try_commands([training], TRAINING_KILLS, 1, tmp_path / "slow"))
    assert not {name: tally for name, tally in tallies.items() if tally.faults}

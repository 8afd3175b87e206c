"""Training on several machines and devices."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from training_runs import LONGEST, MADE, ROOT, SMALL, make_test_windows, read_checkpoint, read_table

from common import UserError
from training.machines import Machine, find_machine
from training.minibatches import MINIBATCH


def test_a_machine_is_alone_without_a_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert find_machine() == Machine(0, 1)


@pytest.mark.parametrize("index", [0, 1])
def test_a_machine_finds_its_place(monkeypatch, index):
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert find_machine() == Machine(index, 2)


@pytest.mark.parametrize("config", ["{", "[]", "[" * 100_000, '{"cluster": {"worker": 3}, "task": {"index": 0}}'])
def test_a_wrong_cluster_is_named(monkeypatch, config):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(UserError, match="TF_CONFIG: does not give"):
        find_machine()


@pytest.mark.parametrize("index", [2, -1, -2, 0.0, "0", None, True])
def test_a_place_outside_of_the_cluster_is_named(monkeypatch, index):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"index": index}}))
    with pytest.raises(UserError, match="one of 0 to 1"):
        find_machine()


# train.py as it is, which tells the weights and the state of the optimisers at its end
MACHINE = """
import hashlib, sys
sys.path.insert(0, sys.argv.pop(1))
import numpy as np, train
from training import checkpoint, start
made, make_networks = [], start.make_networks
def remember(*args):
    made.append(make_networks(*args))
    return made[0]
start.make_networks = remember
train.run(train.main)
state = checkpoint.get_state(made[0], {name: [] for name in made[0]})
print("digest", hashlib.sha256(b"".join(array.tobytes() for array in state.values())).hexdigest())
"""


@contextlib.contextmanager
def two_machines(folder: Path, *options: str):
    """Two processes that train together in `folder`, each in a process group of its own; killed at the end, or late."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    cluster = {"worker": [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]}
    for s in sockets:
        s.close()
    options = (*SMALL[:3], "256", *SMALL[4:], "--workers", "1", *options)
    machines = []

    def kill():
        for machine in machines:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(machine.pid, signal.SIGKILL)

    late = threading.Timer(LONGEST, kill)
    late.start()
    try:
        for index in range(2):
            config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
            environment = {**os.environ, "TF_CONFIG": config}
            command = [sys.executable, "-c", MACHINE, str(ROOT), *options]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            machines.append(subprocess.Popen(command, cwd=folder, env=environment, process_group=0, **pipes))
        yield machines
    finally:
        late.cancel()
        kill()
        for machine in machines:
            machine.communicate()


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> tuple[Path, int, str]:
    """The folder of a run of two machines, the second of which is killed in the second batch; how the first ends."""
    folder = tmp_path_factory.mktemp("machines")
    make_test_windows(folder)
    with two_machines(folder) as (first, second):
        while not first.stdout.readline().startswith("batch 1"):
            assert first.poll() is None, first.stderr.read()
        os.killpg(second.pid, signal.SIGKILL)
        _, stderr = first.communicate()
        return folder, first.returncode, stderr


def test_a_machine_that_is_lost_is_named(killed):
    _, code, stderr = killed
    assert code == 2
    assert stderr.splitlines()[-1].endswith("is gone; start all of them again with --resume")
    assert "Traceback" not in stderr


def test_machines_go_on_from_the_checkpoint_with_the_same_weights(killed):
    folder = killed[0]
    with two_machines(folder, "--resume") as machines:
        outputs = [machine.communicate() for machine in machines]
        assert [machine.returncode for machine in machines] == [0, 0], outputs
    (first, _), (second, stderr) = outputs
    assert [line[:8] for line in first.splitlines() if line.startswith("batch")] == ["batch 2 "]
    assert second.startswith("digest")  # the second machine says nothing else
    assert first.splitlines()[-1] == second.strip()
    assert not re.search("Traceback|tensorflow|WARNING", stderr), stderr
    assert len(read_table(folder)) == 2
    progress = read_checkpoint(folder).progress
    assert progress.windows == progress.steps * MINIBATCH * 2
    assert sorted(p.name for p in folder.iterdir()) == MADE


# one step of two replicas, on two devices that are one processor, and of each one's windows alone
REPLICAS = """
import sys
sys.path[:0] = sys.argv[1:3]
import numpy as np
from synthesis.windows import Settings
from window_batches import make_batch
from training.machines import Machine, import_keras
from training.minibatches import MODELS, prepare
from training.networks import make_networks, make_step
keras = import_keras()
import tensorflow as tf
devices = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
batch = make_batch(0, 120, 0, Settings(backgrounds="none"))
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
def momenta(strategy, windows):
    keras.utils.set_random_seed(0)
    machine = Machine(strategy=strategy)
    for name, network in make_networks(keras, machine).items():
        data = prepare(batch, name, 0, windows[name], 0)[1:]
        loss = make_step(keras, network)(*machine.share_out(data))
        arrays = [np.asarray(v).ravel() for v in network.optimizer.variables if v.path.endswith("momentum")]
        yield np.concatenate([[loss], *arrays])
windows = {name: np.flatnonzero(batch["rectified"] == kind)[:16] for kind, name in enumerate(MODELS)}
halves = [{name: np.split(w, 2)[half] for name, w in windows.items()} for half in range(2)]
for together, *apart in zip(momenta(strategy, windows), *(momenta(None, half) for half in halves)):
    largest = abs(together[1:]).max()
    np.testing.assert_allclose(together, np.mean(apart, axis=0), rtol=1e-3, atol=1e-3 * largest)
    assert abs(apart[0] - apart[1]).max() > 0.1 * largest
"""


def test_replicas_take_the_mean_of_their_gradients():
    """Adam's momenta after the first step are a tenth of the gradient."""
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS, ROOT, ROOT / "tests"], capture_output=True, text=True, timeout=LONGEST
    )
    assert done.returncode == 0, done.stderr

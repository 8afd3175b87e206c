"""train.py, driven as a user drives it, and its parts."""

import contextlib
import csv
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest

import gen
import model
import train
from common import UserError
from windows import write_windows

ROOT = Path(__file__).parent.parent
SMALL = ("--batches", "2", "--batch", "384", "--bgs", "none", "--formats", "in")
MADE = ["checkpoint.npz", "test", "training.csv", "training.png", "weights.npz"]


def start_training(folder: Path, *options: str) -> subprocess.Popen:
    """Start train.py in `folder`, in a process group of its own, as a shell does."""
    command = [sys.executable, ROOT / "train.py", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONUNBUFFERED": "1"}, process_group=0, **pipes)


def run_training(folder: Path, *options: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of train.py in `folder`."""
    process = start_training(folder, *options)
    stdout, stderr = process.communicate(timeout=300)
    return process.returncode, stdout, stderr


def make_test_windows(folder: Path) -> None:
    """Fewer than train.py would make."""
    (folder / "test").mkdir()
    write_windows(folder / "test", 0, 100, iter([gen.make_batch(0, 100, 0, gen.Settings(backgrounds="none"))]))


def read_table(folder: Path) -> list[dict[str, str]]:
    with (folder / "training.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, str, str]:
    """The folder, stdout and stderr of a run of two small batches."""
    folder = tmp_path_factory.mktemp("run")
    code, stdout, stderr = run_training(folder, *SMALL, "--workers", "1")
    assert code == 0, stderr
    return folder, stdout, stderr


def test_a_run_learns(run):
    first, last = read_table(run[0])
    assert float(last["reader_loss"]) < 0.95 * float(first["reader_loss"])


def test_a_run_says_how_it_goes(run):
    _, stdout, stderr = run
    lines = re.findall(
        r"^batch \d  [\d,]+ windows .* code [\d.]+ % .* \d+ windows/s  \d+ h \d\d min left$", stdout, re.M
    )
    assert len(lines) == 2
    readings = re.findall(r"^ *(?:[A-Z0-9]+|-) [01]\.0 <-> (?:[A-Z0-9]+|-) +[01]\.\d\d$", stdout, re.M)
    assert len(readings) == 2 * train.READINGS
    assert not re.search("Traceback|tensorflow|oneDNN|WARNING", stderr), stderr


def test_a_run_leaves_its_files(run):
    folder = run[0]
    assert sorted(p.name for p in folder.iterdir()) == MADE
    assert len(list((folder / "test").glob("*_[01].png"))) == train.TEST_COUNT
    chart = cv2.imread(str(folder / "training.png"))
    assert chart.shape == (2 * train.CHART_SIZE[1], train.CHART_SIZE[0], 3)
    assert chart.min() < 100
    scores = model.load_scores(folder / "weights.npz")
    assert scores["score"] == pytest.approx(max(float(row["score"]) for row in read_table(folder)))


def test_an_interrupted_run_goes_on_exactly(run, tmp_path):
    """Ctrl-C in the second batch, or while it is awaited; then the rest: the same as the run in one go."""
    process = start_training(tmp_path, *SMALL, "--workers", "2")
    while not process.stdout.readline().startswith("batch 1"):
        assert process.poll() is None, process.stderr.read()
    os.killpg(process.pid, signal.SIGINT)  # the workers get it too, as from a terminal
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "Traceback" not in stderr
    assert "interrupted after" in stdout
    _, progress, _ = train.load_checkpoint(tmp_path / "checkpoint.npz")
    code, _, stderr = run_training(tmp_path, "--resume", "--workers", "1")
    assert code == 0, stderr
    _, straight, expected = train.load_checkpoint(run[0] / "checkpoint.npz")
    _, resumed, arrays = train.load_checkpoint(tmp_path / "checkpoint.npz")
    assert 0 < progress.windows < resumed.windows == straight.windows
    assert resumed.steps == straight.steps
    assert arrays.keys() == expected.keys()
    assert [key for key in arrays if not np.array_equal(arrays[key], expected[key])] == []


@pytest.fixture
def interrupt():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield train.Interrupt()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_a_step_finish(interrupt, number):
    def count_up(end):
        yield from range(end)

    done = []
    for item in interrupt.until(count_up(5)):
        if item == 2:
            os.kill(os.getpid(), number)
        done.append(item)
    assert done == [0, 1, 2]
    assert interrupt.requested


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_windows(interrupt, number):
    def endless():
        yield 0
        os.kill(os.getpid(), number)
        time.sleep(20)

    started = time.monotonic()
    assert list(interrupt.until(endless())) == [0]
    assert time.monotonic() - started < 10


class FakeNetwork:
    """Has weights and nothing else."""

    def __init__(self, value: float) -> None:
        self.weights = [np.full(3, value, np.float32)]

    def get_weights(self) -> list[np.ndarray]:
        return self.weights

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights = weights


def test_only_better_weights_are_written(tmp_path, monkeypatch):
    networks = {"finder": FakeNetwork(1), "reader": FakeNetwork(2)}
    tested = FakeNetwork(3), FakeNetwork(4)
    averages = {"finder": [np.zeros(3)], "reader": [np.ones(3)]}
    written = []
    monkeypatch.setattr(train, "evaluate", lambda *_: ({"score": 0.5}, []))
    monkeypatch.setattr(model, "get_weights", lambda *pair: [network.weights[0][0] for network in pair])
    monkeypatch.setattr(model, "save_weights", lambda _, arrays, __: written.append(arrays))
    args = Namespace(out=tmp_path / "weights.npz", seed=0)
    training = train.Training(args, networks, averages, train.Progress(), tested, {}, 0.6)
    training.evaluate()
    assert not written
    training.best = 0.4
    training.evaluate()
    training.evaluate()
    assert written == [[0, 1]]  # once, and the averages
    assert training.best == 0.5
    assert [network.weights[0][0] for network in networks.values()] == [1, 2]  # training goes on from its own


def put_file(name: str, data: bytes = b"no archive"):
    return lambda folder: (folder / name).write_bytes(data)


BAD = {
    "hours": (None, ["--hours", "0"], "--hours"),
    "batch": (None, ["--batch", "many"], "--batch"),
    "seed": (None, ["--seed", "-1"], "--seed -1"),
    "weights missing": (None, ["lost.npz"], "lost.npz"),
    "weights damaged": (put_file("bad.npz"), ["bad.npz"], "bad.npz"),
    "old weights damaged": (put_file("weights.npz"), [], "weights.npz"),
    "no checkpoint": (None, ["--resume"], "checkpoint.npz"),
    "checkpoint damaged": (put_file("checkpoint.npz"), ["--resume"], "checkpoint.npz"),
    "no data": (None, ["--data", "nowhere"], "nowhere"),
    "formats": (None, ["--formats", "atlantis"], "atlantis"),
    "folder missing": (None, ["--out", "nowhere/weights.npz"], "nowhere/weights.npz"),
    "suffix": (None, ["--out", "weights.h5"], "weights.h5"),
}


@pytest.mark.parametrize(("prepare", "options", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_named(tmp_path, prepare, options, named):
    if prepare:
        prepare(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, stdout, stderr = run_training(tmp_path, *options)
    assert code == 2
    assert named in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    assert not stdout
    assert sorted(tmp_path.iterdir()) == before


def test_another_seed_cannot_go_on(run, tmp_path):
    shutil.copy(run[0] / "checkpoint.npz", tmp_path)
    code, _, stderr = run_training(tmp_path, "--resume", "--seed", "1")
    assert code == 2
    assert stderr.startswith("train.py: --seed")
    assert len(stderr.splitlines()) == 1


@pytest.mark.parametrize("config", ["{", "[]", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"index": 2}}'])
def test_a_wrong_cluster_is_named(tmp_path, monkeypatch, config):
    monkeypatch.setenv("TF_CONFIG", config)
    code, _, stderr = run_training(tmp_path)
    assert code == 2
    assert stderr.startswith("train.py: TF_CONFIG: ")
    assert len(stderr.splitlines()) == 1


# --- past one machine ---------------------------------------------------------------------------------------------

# train.py as it is, which tells the weights and the state of the optimisers at its end
MACHINE = """
import hashlib, sys
sys.path.insert(0, sys.argv.pop(1))
import numpy as np, train
made, make_networks = [], train.make_networks
def remember(*args):
    made.append(make_networks(*args))
    return made[0]
train.make_networks = remember
train.run(train.main)
state = [array for network in made[0].values() for part in train.checkpointed(network).values() for array in part]
print("digest", hashlib.sha256(b"".join(np.asarray(array).tobytes() for array in state)).hexdigest())
"""


@contextlib.contextmanager
def two_machines(folder: Path, *options: str):
    """Two processes that train together in `folder`, each in a process group of its own; killed at the end, or late."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    cluster = {"worker": [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]}
    for s in sockets:
        s.close()
    options = ("--batches", "2", "--batch", "256", "--bgs", "none", "--formats", "in", "--workers", "1", *options)
    machines = []

    def kill():
        for machine in machines:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(machine.pid, signal.SIGKILL)

    late = threading.Timer(400, kill)
    late.start()
    try:
        for index in range(2):
            config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
            environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CONFIG": config}
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
    assert [line[:8] for line in first.splitlines() if "windows/s" in line] == ["batch 2 "]
    assert second.startswith("digest")  # the second says nothing else
    assert first.splitlines()[-1] == second.strip()
    assert not re.search("Traceback|tensorflow|WARNING", stderr), stderr
    assert len(read_table(folder)) == 2
    _, progress, _ = train.load_checkpoint(folder / "checkpoint.npz")
    assert progress.windows == progress.steps * train.MINIBATCH * 2
    assert sorted(p.name for p in folder.iterdir()) == MADE


# one step of two replicas, on two devices that are one processor, and of each one's windows alone
REPLICAS = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np, gen, machines, train
keras = machines.import_keras()
import tensorflow as tf
devices = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
batch = gen.make_batch(0, 120, 0, gen.Settings(backgrounds="none"))
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
def momenta(strategy, windows):
    keras.utils.set_random_seed(0)
    machine = machines.Machine(strategy=strategy)
    for name, network in train.make_networks(keras, machine).items():
        data = batch["images"][windows[name]].astype(np.float32) / 255, train.truths(batch, windows[name], name)
        loss = network.train_on_batch(*machine.share_out(data))
        arrays = [np.asarray(v).ravel() for v in network.optimizer.variables if v.path.endswith("momentum")]
        yield np.concatenate([[loss], *arrays])
windows = {name: np.flatnonzero(batch["rectified"] == kind)[:16] for kind, name in enumerate(train.MODELS)}
halves = [{name: np.split(w, 2)[half] for name, w in windows.items()} for half in range(2)]
for together, *apart in zip(momenta(strategy, windows), *(momenta(None, half) for half in halves)):
    largest = abs(together[1:]).max()
    np.testing.assert_allclose(together, np.mean(apart, axis=0), rtol=1e-3, atol=1e-3 * largest)
    assert abs(apart[0] - apart[1]).max() > 0.1 * largest
"""


def test_replicas_take_the_mean_of_their_gradients(tmp_path):
    """Adam's momenta after the first step are a tenth of the gradient."""
    done = subprocess.run([sys.executable, "-c", REPLICAS, ROOT], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains(tmp_path, monkeypatch, backend):
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed: KERAS_BACKEND={backend} is NOT tested")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    make_test_windows(tmp_path)
    code, stdout, stderr = run_training(tmp_path, "--batches", "1", *SMALL[2:], "--workers", "1")
    assert code == 0, stderr
    assert stdout.startswith("batch 1 ")
    assert model.load_scores(tmp_path / "weights.npz")


# --- parts --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return gen.make_batch(0, 40, 0, gen.Settings(backgrounds="none"))


def test_augment_keeps_the_picture(batch):
    images = batch["images"]
    degraded = train.augment(images, np.random.default_rng(1))
    assert degraded.shape == images.shape
    assert degraded.dtype == np.float32
    assert degraded.min() >= 0
    assert degraded.max() <= 1
    assert np.array_equal(degraded, train.augment(images, np.random.default_rng(1)))
    assert not np.array_equal(degraded, train.augment(images, np.random.default_rng(2)))
    kept = [np.corrcoef(a.mean(-1).ravel(), b.mean(-1).ravel())[0, 1] for a, b in zip(images, degraded, strict=True)]
    assert np.median(kept) > 0.95
    gray = np.ptp(degraded, axis=-1).max((1, 2)) < np.ptp(images / 255, axis=-1).max((1, 2)) * 0.5
    assert gray.any()


def test_plan_goes_through_all_windows():
    rectified = np.arange(1000) % 4 == 0
    counts, size = [750 // train.MINIBATCH, 250 // train.MINIBATCH], train.MINIBATCH
    plan = train.plan_batch(rectified, counts, size, np.random.default_rng(0))
    assert [name for name, _, _ in plan].count("reader") == train.REUSE * (250 // train.MINIBATCH)
    for turn in range(train.REUSE):
        for kind, name in enumerate(train.MODELS):
            chosen = np.concatenate([w for n, t, w in plan if (n, t) == (name, turn)])
            assert len(np.unique(chosen)) == len(chosen) > 1000 * (0.25, 0.75)[1 - kind] - train.MINIBATCH
            assert (rectified[chosen] == kind).all()
    assert "reader" in [name for name, _, _ in plan[:4]]  # they take turns
    with pytest.raises(UserError, match="larger batches"):
        train.plan_batch(rectified[:100], [1, 0], size, np.random.default_rng(0))


def test_learning_rate_rises_and_falls():
    assert train.learning_rate(0, 0) == pytest.approx(train.LEARNING_RATE / train.WARM_UP)
    assert train.learning_rate(10, 0.05) > 0.9 * train.LEARNING_RATE  # a short run
    assert train.learning_rate(train.WARM_UP, 0) == pytest.approx(train.LEARNING_RATE)
    late = [train.learning_rate(10**6, part) for part in np.linspace(0, 1, 20)]
    assert late == sorted(late, reverse=True)
    assert train.learning_rate(10**6, 1.2) == pytest.approx(train.LEARNING_RATE * train.FINAL_RATE)


@pytest.mark.parametrize("right", [True, False])
def test_evaluate_counts_what_is_right(batch, monkeypatch, right):
    """Networks that know the truth are right about everything; those that say the contrary, about nothing."""
    marked = batch | {"images": np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None, None, None], (40, 64, 128, 3))}

    def answers(_, images):
        chosen = images[:, 0, 0, 0]  # each window carries its number
        slots = np.stack([train.code_to_slots(code) for code in batch["codes"][chosen]])
        return {
            "presence": (batch["presence"][chosen, None] * 18.0 - 9) * (1 if right else -1),
            "corners": batch["corners"][chosen].copy(),
            "characters": 9.0 * np.eye(train.BLANK + 1)[slots if right else (slots + 1) % 36],
        }

    monkeypatch.setattr(train, "predict", answers)
    monkeypatch.setattr(train, "rectify", lambda image, corners: image)
    scores, readings = train.evaluate("finder", "reader", marked)
    assert scores == dict.fromkeys((*train.FIGURES, "score"), float(right))
    for reading in readings:
        true, presence, _, read, read_presence = reading.split()
        assert (true == read) is (abs(float(presence) - float(read_presence)) < 0.5) is right


def test_charts_show_one_batch_or_many(tmp_path):
    row = dict.fromkeys(train.FIGURES, 0.5) | {"finder_loss": 0.3, "reader_loss": 2.0}
    for count in (1, 300):
        train.draw_training(tmp_path / "chart.png", [row | {"windows": 20_000 * (i + 1)} for i in range(count)])
        assert cv2.imread(str(tmp_path / "chart.png")) is not None

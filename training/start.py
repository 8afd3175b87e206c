"""The start of a run: the files that it needs, the networks, and the weights to start from."""

import dataclasses
import zlib

import numpy as np

import model
from network.keras_net import get_weights, set_weights
from synthesis.backgrounds import backgrounds_in
from training.checkpoint import Checkpoint, Progress, restore
from training.evaluation import evaluate
from training.machines import Machine, import_keras, make_strategy
from training.networks import choose_precision, load_start, make_networks, make_step
from training.options import TrainingOptions
from training.photographs import Album, load_album
from training.report import say, warn
from training.run import Training
from training.test_set import load_test_windows

FURTHER_RATE = 0.4  # of the learning rate, in a run that starts from weights; the whole rate spoilt them for an hour
PHOTOS_RATE = 0.2  # the same in a run with a user's photographs, which are few; not tuned


def start(options: TrainingOptions, checkpoint: Checkpoint | None, machine: Machine) -> Training:
    """Prepare a run: the test windows, the networks, and the weights to start from."""
    # 1. Read the files that the user names, so that a wrong one shows before anything is made.
    given = load_start(options.weights) if options.weights else {}
    if options.seed is None:
        options = dataclasses.replace(options, seed=choose_seed(given))
    present = model.load_weights(options.target) if options.target.exists() else None
    album = load_album(options.photos, options.weights, options.formats) if options.photos else None
    if not backgrounds_in(options.bgs):
        warn(f"{options.bgs} holds no pictures: backgrounds are painted")
    # 2. Read or make the test windows.
    test = load_test_windows(options.window_settings, options.workers) if machine.is_first else {}
    # 3. Choose the devices and the precision. A run that goes on keeps its own, unless the user asks for another one.
    keras = import_keras()
    machine = dataclasses.replace(machine, strategy=make_strategy(keras, machine.count))
    precision = choose_precision(keras, options.precision or (checkpoint.progress.precision if checkpoint else ""))
    # 4. Make the networks, two to train and two to test.
    keras.utils.set_random_seed(options.seed % 2**32)  # Keras takes no larger one
    networks = make_networks(keras, machine)
    steps = {name: make_step(keras, network) for name, network in networks.items()}
    pair, tested = tuple(networks.values()), model.get_models()
    # 5. Resume from the checkpoint, or start from the weights that are given, or start from nothing.
    # All weights are set, even to their own values, because a kernel standardises its values.
    set_weights(*pair, get_weights(*pair) | given)
    averages = {name: network.get_weights() for name, network in networks.items()}
    progress = Progress(rate=PHOTOS_RATE if album else FURTHER_RATE if given else 1.0)
    if checkpoint:
        averages = restore(checkpoint.arrays, networks, checkpoint.path)
        progress = checkpoint.progress
    progress.precision = precision
    # 6. Score the weights that are there already, because only better ones are written.
    best = -1.0
    if album and machine.is_first:
        album.before = score_weights(get_weights(*pair), tested, test, album)
        best = album.before["score"]
        say(f"{options.weights} {album.describe(album.before)}")
    if present and machine.is_first:
        present_score = score_weights(present.arrays, tested, test, album)["score"]
        best = max(best, present_score)
        say(f"{options.target} scores {100 * present_score:.2f}; better weights will replace it")
    return Training(options, networks, steps, averages, progress, tested, test, best, machine, album)


def choose_seed(given: dict[str, np.ndarray]) -> int:
    """The seed of a run that starts from the weights `given`, by name, or from nothing.

    Each run of a chain has another one. With one seed for all, a run would train again on the windows of the run
    before.
    """
    seed = 0
    for name in sorted(given):
        seed = zlib.crc32(np.ascontiguousarray(given[name]).tobytes(), seed)
    return seed


def score_weights(arrays: dict[str, np.ndarray], tested: tuple, test: dict, album: Album | None) -> dict[str, float]:
    """The scores of the weights `arrays`, which the two models `tested` try."""
    set_weights(*tested, arrays)
    scores, _ = evaluate(*tested, test)
    return album.add_score(scores, arrays) if album else scores

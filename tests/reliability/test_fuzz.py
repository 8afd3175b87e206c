"""Readers of a user's files return a value or refuse the file: damaged files, new ones and those of past failures.

`fuzz.py` tries as many files as its user has time for.
"""

import pytest
from reliability.child import ACCEPTED, FAILED, REFUSED, TOO_LARGE, TOO_LONG, Child, Outcome
from reliability.fuzz import CORPUS, LARGEST_KEPT, Tally, fuzz_turns, shrink
from reliability.readers import READERS, samples_of

PAST_FAILURES = sorted(CORPUS.iterdir())
LARGEST_CORPUS = 100_000  # bytes
FILES = {"font": 100, "format": 150, "video": 100}  # tried of each reader, by its speed; OTHERS of others
OTHERS = 250
SEED = 7  # of the files that are tried each time
PLANTED = """
import os, types
from reliability.child import serve

def read(path):
    content = path.read_bytes()
    if content.startswith(b"raise"):
        raise KeyError(content)
    if content == b"refuse":
        raise ValueError
    if content == b"ramble":
        raise ValueError("x" * 2000)
    if content == b"die":
        os.abort()
    if content == b"work":
        while True:
            pass
    if content == b"grow":
        bytearray(b"x") * 70_000_000
    if content == b"noise":
        os.write(2, b"warning")

def make_input(name, seed, number):
    return ".x", (b"die", b"value", b"raise")[number]

serve({"planted": types.SimpleNamespace(read=read)}, (ValueError,), make_input)
"""


@pytest.fixture(scope="module")
def readers():
    reading = Child()
    yield reading
    reading.close()


@pytest.fixture
def planted(tmp_path):
    """A process whose one reader does as its file says."""
    program = tmp_path / "planted.py"
    program.write_text(PLANTED)
    reading = Child(program, seconds=0.5, growth=50_000_000)
    yield reading
    reading.close()


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        ("value", Outcome(ACCEPTED)),
        ("refuse", Outcome(REFUSED)),
        ("ramble", Outcome(FAILED, "long message of ValueError at nowhere")),
        ("noise", Outcome(ACCEPTED, is_noisy=True)),
        ("raise", Outcome(FAILED, "KeyError at nowhere")),
        ("die", Outcome(FAILED, "SIGABRT", True)),
        ("work", Outcome(FAILED, TOO_LONG, True)),
        ("grow", Outcome(FAILED, TOO_LARGE)),
    ],
)
def test_each_outcome_is_told(planted, content, outcome):
    if outcome.kind == FAILED:
        outcome = outcome._replace(content=content.encode().hex(), suffix=".x")
    assert planted.read("planted", content.encode(), ".x") == outcome
    assert planted.read("planted", b"value", ".x").kind == ACCEPTED  # whatever came before


def test_files_after_a_death_are_read(planted):
    outcomes = list(planted.fuzz("planted", 1, 0, 3))
    assert [outcome.kind for outcome in outcomes] == [FAILED, ACCEPTED, FAILED]
    assert [bytes.fromhex(outcome.content) for outcome in outcomes if outcome.kind == FAILED] == [b"die", b"raise"]


def test_a_failing_file_is_made_small(planted):
    outcome = planted.read("planted", b"raise" + bytes(1000), ".x")
    assert shrink(planted, "planted", outcome) == b"raise"


def test_outcomes_are_counted():
    tally = Tally(["rows", "font"])
    outcomes = Outcome(ACCEPTED), Outcome(REFUSED, is_noisy=True), Outcome(FAILED, TOO_LONG), Outcome(FAILED, TOO_LONG)
    assert [tally.add("rows", outcome) for outcome in outcomes] == [False, False, True, False]
    assert [*tally.rows()] == ["| rows | 4 | 1 | 1 | 2 | 1 |", "| font | 0 | 0 | 0 | 0 | 0 |"]
    assert [*tally.failures] == [("rows", TOO_LONG)]


def test_no_time_gives_no_files(planted):
    assert [*fuzz_turns(planted, ["planted"], 1, 0.0)] == []


@pytest.mark.parametrize("name", READERS)
def test_samples_are_accepted(readers, name):
    for suffix, content in samples_of(name):
        outcome = readers.read(name, content, suffix)
        assert outcome.kind == ACCEPTED, (suffix, outcome)


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused(readers, name):
    outcomes = list(readers.fuzz(name, SEED, 0, FILES.get(name, OTHERS)))
    assert {outcome.kind for outcome in outcomes} <= {ACCEPTED, REFUSED}, [o for o in outcomes if o.kind == FAILED]
    assert len({outcome.kind for outcome in outcomes}) == 2 or name == "settings"  # whose reader returns None instead


@pytest.mark.parametrize("path", PAST_FAILURES, ids=lambda path: path.name)
def test_past_failures_are_read_or_refused(readers, path):
    name = path.name.partition("-")[0]
    suffix = "".join(path.suffixes)
    outcome = readers.read(name, path.read_bytes(), suffix)
    assert outcome.kind in (ACCEPTED, REFUSED), outcome


def test_the_corpus_is_small():
    sizes = [path.stat().st_size for path in PAST_FAILURES]
    assert max(sizes) <= LARGEST_KEPT
    assert sum(sizes) <= LARGEST_CORPUS

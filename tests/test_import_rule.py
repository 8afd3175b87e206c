"""The rule of imports between the rooms, read from the source.

1. common <- media, formats, network <- model <- synthesis, reading <- training <- doors. No import runs back, and
   no modules import each other in a circle.
2. `reading` and `synthesis` never import each other.
3. Nobody imports a door, except `model.py`.
4. Keras and TensorFlow are imported inside functions of `training/`, `network/keras_net.py` and `model.py` alone.
"""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
GROUND = {"common", "media", "formats", "network", "model"}
MAY_IMPORT = {  # room -> the rooms that it may import beside itself
    "common": set(),
    "media": {"common"},
    "formats": {"common", "media"},
    "network": {"common", "media"},
    "model": {"common", "media", "formats", "network"},
    "synthesis": GROUND,
    "reading": GROUND,
    "training": GROUND | {"synthesis", "reading"},
}
DOORS = {"extractbgs", "gen", "train", "detect", "mine", "fonts"}  # programs, `fonts` because of fonts/build.py
FRAMEWORKS = {"keras", "tensorflow"}
FRAMEWORK_USERS = ("training/", "network/keras_net.py", "model.py")


class Import(NamedTuple):
    """One import statement: the full names that it may load, its line, and whether it is inside a function."""

    names: list[str]
    line: int
    in_function: bool


def find_imports(node: ast.AST, folder: str, in_function: bool = False) -> Iterator[Import]:
    """The imports at or below `node`, whose file is in `folder` ("" for the root), in the order of the source."""
    if isinstance(node, ast.Import):
        yield Import([alias.name for alias in node.names], node.lineno, in_function)
    elif isinstance(node, ast.ImportFrom):
        parent = ".".join(part for part in (folder if node.level else "", node.module) if part)
        names = [f"{parent}.{alias.name}".strip(".") for alias in node.names]
        yield Import([parent, *names] if parent else names, node.lineno, in_function)
    in_function = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield from find_imports(child, folder, in_function)


def list_modules(root: Path) -> dict[str, Path]:
    """The project's modules by full name: files in the root and in its folders, but for the tests."""
    paths = sorted([*root.glob("*.py"), *root.glob("[!.]*/*.py")])
    modules = {".".join(path.relative_to(root).with_suffix("").parts): path for path in paths}
    return {name: path for name, path in modules.items() if not name.startswith("tests.")}


def find_violations(root: Path) -> list[str]:
    """One line for each import under `root` that breaks the rule, and one for a circle."""
    modules = list_modules(root)
    rooms = {name.partition(".")[0] for name in modules}
    violations = [f"{room}: is no known room or door" for room in sorted(rooms - MAY_IMPORT.keys() - DOORS)]
    graph = {name: set() for name in modules}
    for name, path in modules.items():
        room, _, inner = name.partition(".")
        file = path.relative_to(root).as_posix()
        for found in find_imports(ast.parse(path.read_bytes()), room if inner else ""):
            graph[name] |= modules.keys() & set(found.names)
            imported = {target.partition(".")[0] for target in found.names}
            violations += [f"{file}:{found.line}: {fault}" for fault in find_faults(room, file, found, imported, rooms)]
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        violations.append(f"circle: {' <- '.join(error.args[1])}")
    return violations


def find_faults(room: str, file: str, found: Import, imported: set[str], rooms: set[str]) -> Iterator[str]:
    """How the import `found` in `file` of `room`, of the top-level names `imported`, breaks the rule."""
    for target in sorted(imported & rooms - {room}):
        if target in DOORS:
            yield f"imports the door {target}"
        elif target not in MAY_IMPORT.get(room, rooms):
            yield f"{room} imports {target}"
    for framework in sorted(imported & FRAMEWORKS):
        if not file.startswith(FRAMEWORK_USERS):
            yield f"imports {framework}"
        elif not found.in_function:
            yield f"imports {framework} outside of a function"


def test_the_project_follows_the_rule():
    assert find_violations(ROOT) == []


def test_every_room_is_read():
    """The rule would hold for an empty list of modules as well."""
    modules = list_modules(ROOT)
    assert {name.partition(".")[0] for name in modules} == MAY_IMPORT.keys() | DOORS
    assert {"common", "media.pictures", "network.keras_net", "fonts.build"} <= modules.keys()


# --- the checker itself, on small trees -----------------------------------------------------------------------------


def check(folder: Path, files: dict[str, str]) -> list[str]:
    """The violations in a tree of `files` (path: source) made in `folder`."""
    for name, source in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source)
    return find_violations(folder)


GOOD = {
    "common.py": "import numpy",
    "media/pictures.py": "from common import UserError",
    "formats/loading.py": "import media.pictures",
    "network/keras_net.py": "def build():\n    import keras",
    "model.py": "import network.keras_net\ndef build():\n    from keras import ops",
    "synthesis/plates.py": "from formats import loading\nimport model",
    "reading/finder.py": "import model",
    "reading/reader.py": "from reading import finder",
    "training/loop.py": "import synthesis.plates, reading.reader\nasync def go():\n    import tensorflow as tf",
    "detect.py": "from reading.reader import look\nimport model",
    "tests/test_detect.py": "import detect, keras",
}


def test_a_tree_that_follows_the_rule_has_no_violation(tmp_path):
    assert check(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("file", "source", "violation"),
    [
        ("common.py", "import media.pictures", "common imports media"),
        ("common.py", "def read():\n    from media import pictures", "common imports media"),
        ("media/pictures.py", "from formats.loading import load_formats", "media imports formats"),
        ("network/shapes.py", "import formats.loading", "network imports formats"),
        ("network/shapes.py", "import model", "network imports model"),
        ("model.py", "class A:\n    def b(self):\n        import reading.finder", "model imports reading"),
        ("synthesis/plates.py", "if 1:\n    from reading.finder import find", "synthesis imports reading"),
        ("reading/finder.py", "import numpy, synthesis.plates", "reading imports synthesis"),
        ("reading/finder.py", "from training import loop", "reading imports training"),
        ("training/loop.py", "import detect", "imports the door detect"),
        ("gen.py", "def main():\n    from detect import main", "imports the door detect"),
        ("media/charts.py", "def draw():\n    import keras", "imports keras"),
        ("network/shapes.py", "def draw():\n    from tensorflow.io import gfile", "imports tensorflow"),
        ("training/losses.py", "import keras", "imports keras outside of a function"),
        ("training/losses.py", "class A:\n    from keras import ops", "imports keras outside of a function"),
        ("helpers/text.py", "", "helpers: is no known room or door"),
    ],
)
def test_a_violation_is_found(tmp_path, file, source, violation):
    violations = check(tmp_path, GOOD | {file: source})
    [found] = [line for line in violations if not line.startswith("circle")]
    assert violation in found
    assert found.startswith(file.partition("/")[0])


@pytest.mark.parametrize(
    "files",
    [
        {"media/a.py": "import media.b", "media/b.py": "def late():\n    from media.a import name"},
        {"media/a.py": "from . import b", "media/b.py": "from .a import name"},
        {"media/a.py": "from media import b", "media/b.py": "from media.c import x", "media/c.py": "import media.a"},
        {"media/a.py": "import media.a"},
    ],
)
def test_a_circle_is_found(tmp_path, files):
    [found] = check(tmp_path, GOOD | files)
    assert found.startswith("circle: media.")

"""TODO."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from common import UserError, write_beside
from reading.plate import Plate


def describe(plate: Plate) -> str:
    return f"{plate.code} {plate.confidence:.2f} {','.join(map(str, plate.box))}"


def read_rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each row of `path` as it stands, after the name of its photo; none where there is no such file.

    A last row that was cut short is left out. Raises UserError at any other line that is no row.
    """
    try:
        with path.open("rb") as file:
            for number, row in enumerate(file, 1):
                if not row.endswith(b"\n"):
                    return
                try:
                    yield json.loads(row)["image"], row
                except (ValueError, LookupError, TypeError):
                    raise UserError(f"{path}: line {number} is no row of a photograph; name another file") from None
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name another file") from None


def name_partial(path: Path) -> Path:
    """Where the rows of `path` are until all are there."""
    return path.with_name(path.name + ".part")


def take_up(jobs: list[tuple[Path, Path]], path: Path | None) -> list[tuple[Path, Path]]:
    """Those of `jobs` that no earlier run did: a photo is done when it is drawn and, unless `path` is None, has a row.

    The partial file of `path` then holds the rows so far, without those of photos that are to be read again.
    """
    if path is None:
        return [job for job in jobs if not job[1].exists()]
    partial = name_partial(path)
    earlier = partial if partial.exists() else path
    known = {name for name, _ in read_rows(earlier)}
    left = [(photo, drawn) for photo, drawn in jobs if photo.name not in known or not drawn.exists()]
    again = {photo.name for photo, _ in left}
    with write_beside(partial) as temporary, temporary.open("wb") as file:
        file.writelines(row for name, row in read_rows(earlier) if name not in again)
    return left


@contextlib.contextmanager
def append_rows(path: Path, resume: bool) -> Iterator[TextIO]:
    """Yield the partial file of `path` to append lines to; it becomes `path` when the block ends well.

    Each line is in the file before the next photo is read, so a run that is killed loses none. Raises UserError when
    the file cannot be written or, unless `resume` is true, is there already.
    """
    partial = name_partial(path)
    try:
        file = partial.open("a" if resume else "x", encoding="utf-8", buffering=1)
    except FileExistsError:
        raise UserError(f"{partial}: holds what an interrupted run read; --resume goes on, or delete it") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose a folder you may write to") from None
    try:
        with file:
            yield file
        os.replace(partial, path)
    except BrokenPipeError:  # of stdout
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); mend that, then --resume goes on") from None
    finally:
        if partial.exists() and not partial.stat().st_size:
            partial.unlink()

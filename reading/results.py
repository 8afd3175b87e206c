"""The results of a run: the line that is printed for a plate, and the file of rows that grows and can be resumed.

A *row* is one line of JSON. While a run goes on, its rows are in a *partial file* beside the file that the user named.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from common import UserError, write_beside
from reading.plate import Plate


def describe(plate: Plate) -> str:
    """A plate as it is printed: code, confidence, and box as x,y,w,h in pixels."""
    return f"{plate.code} {plate.confidence:.2f} {','.join(map(str, plate.box))}"


def read_rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each row's photo, and the row as it stands; nothing where the file does not exist.

    The last row is left out where it was cut short. Raises UserError at any other line that is no row.
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
    """The partial file of `path`."""
    return path.with_name(path.name + ".part")


def take_up(jobs: list, path: Path | None) -> list:
    """The jobs that no earlier run did. A job is done when its photo is drawn and, unless `path` is None, has a row.

    Afterwards the partial file of `path` holds the earlier rows, without the rows of photos that are read again.
    """
    if path is None:
        return [job for job in jobs if not job.drawn.exists()]
    partial = name_partial(path)
    earlier = partial if partial.exists() else path
    known = {name for name, _ in read_rows(earlier)}
    left = [job for job in jobs if job.photo.name not in known or not job.drawn.exists()]
    again = {job.photo.name for job in left}
    with write_beside(partial) as temporary, temporary.open("wb") as file:
        file.writelines(row for name, row in read_rows(earlier) if name not in again)
    return left


@contextlib.contextmanager
def append_rows(path: Path | None, resume: bool) -> Iterator[TextIO]:
    """Yield the partial file of `path` to append lines to; it becomes `path` when the block ends well.

    Where `path` is None the lines are lost. Each line is in the file before the next photo is read, so a run that is
    killed loses none. Raises UserError when the file cannot be written or, unless `resume` is true, exists already.
    """
    if path is None:
        with open(os.devnull, "w", encoding="utf-8") as file:
            yield file
        return
    partial = name_partial(path)
    try:
        file = partial.open("a" if resume else "x", encoding="utf-8", buffering=1)
    except FileExistsError:
        raise UserError(f"{partial}: holds the rows of an interrupted run; use --resume, or delete it") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose a folder you may write to") from None
    try:
        with file:
            yield file
        os.replace(partial, path)
    except BrokenPipeError:  # of stdout
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); mend that, then use --resume") from None
    finally:
        if partial.exists() and not partial.stat().st_size:
            partial.unlink()

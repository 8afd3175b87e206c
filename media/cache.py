"""The user's cache: what takes long to make out of a file, kept until the file changes.

Losing the cache costs nothing but time. Where it cannot be written, or there is no place for it, nothing is kept.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from common import UserError, write_beside

FOLDER = "plate-reader"  # in the user's folder of caches
MOST_BYTES = 1 << 26  # of one entry; more is made anew each time. The larger graph of weights.npz has 3 MB


def cache_folder() -> Path | None:
    """The folder of the cache, by the XDG Base Directory Specification. None where the user has no home."""
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # as in a container whose user has no account
        return None
    return Path(home) / FOLDER


def keep(name: str, sources: Iterable[bytes], make: Callable[[], bytes]) -> bytes:
    """What `make` makes of `sources`: out of the cache, where `name` was made of the same sources before.

    `sources` are all that `make` depends on. An entry that belongs to somebody else is not used, because it could
    hold anything.
    """
    digest = hashlib.sha256()
    for source in sources:
        digest.update(len(source).to_bytes(8, "big"))
        digest.update(source)
    folder = cache_folder()
    if folder is None:
        return make()
    path = folder / name
    mark = digest.digest()
    with contextlib.suppress(OSError), path.open("rb") as file:
        status = os.fstat(file.fileno())
        is_own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        if is_own and status.st_size <= MOST_BYTES and file.read(len(mark)) == mark:
            checksum = file.read(len(mark))
            data = file.read()
            if hashlib.sha256(data).digest() == checksum:  # whole
                return data
    data = make()
    with contextlib.suppress(OSError, UserError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with write_beside(path) as temporary:
            temporary.write_bytes(mark + hashlib.sha256(data).digest() + data)
    return data

"""Workers whose parent, the process that started them, has ended: they end too.

This module imports nothing of the project, because a worker begins to watch its parent before all slow imports.
"""

import multiprocessing
import os
import signal
import threading
import time

PAUSE = 0.2  # seconds between two looks; not tuned


def name_worker() -> str:
    """A name for a worker of this process. The worker learns from it who started it, even where that one has ended."""
    return f"worker of {os.getpid()}"


def watch_parent() -> None:
    """From now on, end this worker soon after its parent has ended.

    A worker calls this before its imports, when Python does not know the parent yet. It calls this again once it has
    started, because nothing tells of the parent before that on Windows.
    """
    hear_sigterm()
    threading.Thread(target=end_with_parent, daemon=True).start()


def hear_sigterm() -> None:
    """Let SIGTERM end this worker again, which was started with the signal blocked.

    Python ends workers by SIGTERM when their parent ends, and waits for them.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def end_with_parent() -> None:
    """Wait until the process that started this one has ended, and then end this one at once."""
    known = multiprocessing.parent_process()
    if known:
        known.join()
    else:
        wait_for_end(int(multiprocessing.current_process().name.rpartition(" ")[2]))
    os._exit(1)


def wait_for_end(parent: int) -> None:
    """Wait until `parent` is no longer the process that started this one; on Windows, for ever."""
    while os.name != "posix" or os.getppid() == parent:
        time.sleep(PAUSE)

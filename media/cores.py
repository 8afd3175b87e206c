"""How many processor cores this process may use."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")  # where Linux shows the limits of containers


def count_cores() -> int:
    """The cores that this process may use: a part of the machine's where an affinity or a container limits it."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min([cores, *read_quotas()]))


def read_quotas(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> list[int]:
    """Limits, in cores, that the control groups of this process set, a part of a core counted as one.

    Version 2 has a file `cpu.max` in each group from the process's own up to the root; version 1 has two files.
    """
    quotas = []
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files = [folder / "cpu.max" for folder in list_groups(cgroups, path)]
            quotas += [read_quota(file.read_text().split()) for file in files if file.is_file()]
        elif "cpu" in controllers.split(","):
            for folder in list_groups(cgroups / "cpu", path):
                files = folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"
                if all(file.is_file() for file in files):
                    quotas.append(read_quota([file.read_text().strip() for file in files]))
    return [quota for quota in quotas if quota]


def list_groups(root: Path, path: str) -> list[Path]:
    """The folders of a control group and of the groups that it is in, up to `root`."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    return [root.joinpath(*parts[:length]) for length in range(len(parts), -1, -1)]


def read_quota(words: list[str]) -> int:
    """The limit in cores of a quota and a period, in microseconds; 0 where there is no limit."""
    quota, period = words
    if quota in ("max", "-1"):
        return 0
    return -(-int(quota) // int(period))

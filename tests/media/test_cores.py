"""The cores that a process may use: an affinity, and the limits of containers."""

import os

import pytest

from media.cores import count_cores, read_quotas


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="NOT TESTED: this system has no affinity")
def test_an_affinity_limits_the_cores():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert count_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert 1 <= count_cores() <= len(allowed)


@pytest.mark.parametrize(
    ("groups", "files", "quotas"),
    [
        ("0::/\n", {}, []),
        ("0::/\n", {"cpu.max": "max 100000\n"}, []),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, [2]),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, [3]),
        (
            "4:memory:/x\n1:cpu,cpuacct:/x\n",
            {"cpu/x/cpu.cfs_quota_us": "50000", "cpu/x/cpu.cfs_period_us": "100000"},
            [1],
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, []),
        ("0::/../../outside\n", {"cpu.max": "100000 100000\n"}, [1]),
    ],
)
def test_containers_limit_the_cores(tmp_path, groups, files, quotas):
    own = tmp_path / "own"
    own.write_text(groups)
    for name, content in files.items():
        (tmp_path / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cgroup" / name).write_text(content)
    assert read_quotas(tmp_path / "cgroup", own) == quotas


def test_other_systems_have_no_such_limits(tmp_path):
    assert read_quotas(tmp_path, tmp_path / "none") == []

"""The other locks of the child: namespaces, limits of the kernel, no new privileges, Landlock."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from pathlib import Path

from gongshu.sandbox import seccomp
from gongshu.sandbox.limits import Limits

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
M_ARENA_MAX = -8
THREADS = 4096
OPEN_FILES = 64


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def quieten_allocators() -> None:
    """Keep address space small, because it is what the memory limit counts.

    One heap for all threads instead of 64 MiB reserved for each; no pool of BLAS threads; Arrow on
    the system's allocator, which gives memory back.
    """
    if hasattr(libc := _libc(), "mallopt"):
        libc.mallopt(M_ARENA_MAX, 2)
    os.environ.update(
        OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", ARROW_DEFAULT_MEMORY_POOL="system"
    )


def enter_namespaces() -> bool:
    """Leave every network behind; False where the host does not allow it (needs one thread)."""
    if not sys.platform.startswith("linux"):
        return False
    return bool(_libc().unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def limit(limits: Limits) -> None:
    """Set the kernel's limits: what is mapped now plus the budget, and nothing written to files."""
    page = resource.getpagesize()
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * page
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1
    for what, amount in (
        (resource.RLIMIT_AS, mapped + limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, THREADS),
    ):
        # At the soft limit of processor time the kernel sends a signal that says so.
        most = amount + (what == resource.RLIMIT_CPU)
        if (hard := resource.getrlimit(what)[1]) != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (min(amount, most), most))


def _landlock() -> bool:
    """Give up every path by Landlock (the same call numbers on every architecture)."""
    create, restrict = 444, 446
    call = _libc().syscall
    version = call(create, None, 0, 1)
    if version < 1:
        return False
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    rules = (ctypes.c_uint64 * 3)(files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = call(create, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return False
    done = call(restrict, ruleset, 0) == 0
    os.close(ruleset)
    return bool(done)


def lock_down(limits: Limits, *, network_gone: bool) -> dict[str, bool]:
    """Lock this process for good and return which locks hold.

    Landlock binds only the calling thread and the threads it starts, so where there is no filter
    of system calls it counts only as long as this is the only thread.
    """
    alone = len(list(Path("/proc/self/task").iterdir())) == 1
    limit(limits)
    libc = _libc()
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    privileges = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    landlock = _landlock()
    filtered = seccomp.install()
    if not filtered:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    return {
        "no_new_privileges": privileges,
        "network_namespace": network_gone,
        "landlock": landlock,
        "alone": alone,
        "seccomp": filtered,
    }


def sufficient(locks: dict[str, bool]) -> bool:
    """Return whether a task may run: behind the filter, or behind Landlock without any network."""
    if not locks["no_new_privileges"]:
        return False
    return locks["seccomp"] or (locks["landlock"] and locks["network_namespace"] and locks["alone"])

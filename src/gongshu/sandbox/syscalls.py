"""The system calls that a locked child still needs, with their numbers on both architectures.

Everything that is not named here is refused. No call that opens a path, starts a program or makes a
socket is among them. Numbers: Linux `arch/x86/entry/syscalls/syscall_64.tbl` and, for arm64,
`include/uapi/asm-generic/unistd.h`; a call that an architecture lacks is None.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

AUDIT_ARCH: Final = MappingProxyType({"x86_64": 0xC000003E, "aarch64": 0xC00000B7})
MACHINES: Final = ("x86_64", "aarch64")

# The highest number known when this list was made; what is above it does not exist for the child,
# so that a newer C library falls back to an older call instead of giving up.
NEWEST: Final = 450

ALLOWED: Final = MappingProxyType(
    {
        # reading and writing what is already open
        "read": (0, 63),
        "write": (1, 64),
        "readv": (19, 65),
        "writev": (20, 66),
        "pread64": (17, 67),
        "lseek": (8, 62),
        "close": (3, 57),
        "fstat": (5, 80),
        "newfstatat": (262, 79),
        "fadvise64": (221, 223),
        "poll": (7, None),
        "ppoll": (271, 73),
        "pipe2": (293, 59),
        "eventfd2": (290, 19),
        "recvmsg": (47, 212),
        # memory
        "mmap": (9, 222),
        "mprotect": (10, 226),
        "munmap": (11, 215),
        "mremap": (25, 216),
        "madvise": (28, 233),
        "brk": (12, 214),
        "membarrier": (324, 283),
        # threads and signals of this process
        "futex": (202, 98),
        "set_robust_list": (273, 99),
        "set_tid_address": (218, 96),
        "rseq": (334, 293),
        "sched_yield": (24, 124),
        "sched_getaffinity": (204, 123),
        "getcpu": (309, 168),
        "gettid": (186, 178),
        "getpid": (39, 172),
        "rt_sigaction": (13, 134),
        "rt_sigprocmask": (14, 135),
        "rt_sigreturn": (15, 139),
        "sigaltstack": (131, 132),
        "restart_syscall": (219, 128),
        "exit": (60, 93),
        "exit_group": (231, 94),
        # time, and what the process has used
        "clock_gettime": (228, 113),
        "clock_getres": (229, 114),
        "clock_nanosleep": (230, 115),
        "nanosleep": (35, 101),
        "gettimeofday": (96, 169),
        "setitimer": (38, 103),
        "getrusage": (98, 165),
        "getrlimit": (97, 163),
        "sysinfo": (99, 179),
        "uname": (63, 160),
        "getrandom": (318, 278),
        "getuid": (102, 174),
        "geteuid": (107, 175),
        "getgid": (104, 176),
        "getegid": (108, 177),
    }
)

# Allowed with certain arguments only; the filter looks at them.
JUDGED: Final = MappingProxyType(
    {
        "clone": (56, 220),
        "prctl": (157, 167),
        "fcntl": (72, 25),
        "prlimit64": (302, 261),
        "tgkill": (234, 131),
        "clone3": (435, 435),
    }
)
SECCOMP: Final = MappingProxyType({"x86_64": 317, "aarch64": 277})


def numbers(machine: str) -> tuple[list[int], dict[str, int]]:
    """Return the numbers allowed outright and the judged ones by name, for one architecture."""
    column = MACHINES.index(machine)
    plain = [pair[column] for pair in ALLOWED.values()]
    judged = {name: pair[column] for name, pair in JUDGED.items()}
    return sorted(number for number in plain if number is not None), judged

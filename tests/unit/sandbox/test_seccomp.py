"""The filter program, judged by a small interpreter for both architectures."""

import re
from pathlib import Path

import pytest

from gongshu.sandbox import seccomp
from gongshu.sandbox.syscalls import ALLOWED, AUDIT_ARCH, JUDGED, MACHINES, SECCOMP

PID = 4711
REFUSED = {
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "socket": (41, 198),
    "connect": (42, 203),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "kill": (62, 129),
    "ftruncate": (77, 46),
    "sendmsg": (46, 211),
    "setrlimit": (160, 164),
    "process_vm_readv": (310, 270),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "unshare": (272, 97),
    "mount": (165, 40),
    "ioctl": (16, 29),
    "memfd_create": (319, 279),
    "seccomp": (317, 277),
}


def verdict(machine, number, *arguments, arch=None):
    """Run the filter on one call, as the kernel would."""
    words = {0: number, 4: arch or AUDIT_ARCH[machine]}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        words[16 + 8 * index], words[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32
    program = seccomp.build(machine, PID)
    at, accumulator = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        if code == seccomp.LOAD:
            accumulator = words[value]
        elif code == seccomp.MASK:
            accumulator &= value
        elif code == seccomp.EQUAL:
            at += yes if accumulator == value else no
        elif code == seccomp.GREATER:
            at += yes if accumulator > value else no
        else:
            assert code == seccomp.RETURN
            return value


def cases(table):
    return [
        pytest.param(machine, pair[column], id=f"{machine}-{name}")
        for name, pair in table.items()
        for column, machine in enumerate(MACHINES)
        if pair[column] is not None
    ]


@pytest.mark.parametrize(("machine", "number"), cases(ALLOWED))
def test_a_needed_call_is_allowed(machine, number):
    assert verdict(machine, number) == seccomp.ALLOW


@pytest.mark.parametrize(("machine", "number"), cases(REFUSED))
def test_a_dangerous_call_is_refused(machine, number):
    assert verdict(machine, number) == seccomp.DENY


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("clone", (0x3D0F00,), seccomp.ALLOW),  # what pthread_create passes
        ("clone", (0x01200011,), seccomp.DENY),  # what fork passes
        ("clone", (0x3D0F00 | 0x10000000,), seccomp.DENY),  # a thread in a new user namespace
        ("clone3", (), seccomp.ABSENT),
        ("prctl", (15,), seccomp.ALLOW),
        ("prctl", (4, 1), seccomp.DENY),  # make the process readable again
        ("prctl", (22,), seccomp.DENY),
        ("fcntl", (3, 3), seccomp.ALLOW),
        ("fcntl", (3, 8, 1), seccomp.DENY),  # F_SETOWN: signals to other processes
        ("fcntl", (3, 4), seccomp.DENY),
        ("tgkill", (PID, PID, 6), seccomp.ALLOW),
        ("tgkill", (1, 1, 9), seccomp.DENY),
        ("prlimit64", (0, 9, 0, 1), seccomp.ALLOW),
        ("prlimit64", (0, 9, 1, 0), seccomp.DENY),
        ("prlimit64", (0, 9, 1 << 32, 0), seccomp.DENY),
        ("prlimit64", (1, 9, 0, 1), seccomp.DENY),
    ],
)
def test_a_judged_call_depends_on_its_arguments(machine, name, arguments, expected):
    number = JUDGED[name][MACHINES.index(machine)]
    assert verdict(machine, number, *arguments) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_unknown_calls_and_architectures(machine):
    assert verdict(machine, 451) == seccomp.ABSENT
    assert verdict(machine, 0x40000000) == seccomp.ABSENT  # the x32 numbers
    assert verdict(machine, 0, arch=0x40000003) == seccomp.KILL  # 32-bit x86


@pytest.mark.parametrize(
    ("column", "header"),
    [
        (0, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        (1, "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_the_numbers_are_those_of_the_kernel_headers(column, header):
    if not Path(header).is_file():
        pytest.skip(f"left out: {header} is not on this machine")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text()))
    assert found
    for name, pair in {**ALLOWED, **JUDGED, **REFUSED}.items():
        aliases = {"newfstatat": "fstatat"} if column else {}
        number = found.get(name, found.get(aliases.get(name, name)))
        assert pair[column] is None or int(number) == pair[column], name
        assert (number is None) == (pair[column] is None), name
    assert int(found["seccomp"]) == SECCOMP[MACHINES[column]]

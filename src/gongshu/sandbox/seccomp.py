"""The system-call filter: a classic BPF program, built here and handed to the kernel by ctypes.

The program sees the call's number and the words of its arguments, never what a pointer points to;
so opening files is refused altogether instead of being judged by path.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import Final

from gongshu.sandbox.syscalls import AUDIT_ARCH, NEWEST, SECCOMP, numbers

LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
GREATER: Final = 0x25  # BPF_JMP | BPF_JGT | BPF_K
MASK: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
RETURN: Final = 0x06

KILL: Final = 0x80000000
ALLOW: Final = 0x7FFF0000
DENY: Final = 0x00050000 | errno.EPERM
ABSENT: Final = 0x00050000 | errno.ENOSYS

NUMBER: Final = 0
ARCHITECTURE: Final = 4
CLONE_THREAD: Final = 0x00010000
CLONE_NEW: Final = 0x7E020080  # every CLONE_NEW* flag: a new namespace of any kind
NAMES_OF_PRCTL: Final = (15, 0x53564D41)  # PR_SET_NAME, PR_SET_VMA: labels for the debugger
COMMANDS_OF_FCNTL: Final = (1, 2, 3, 1030)  # F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC

Program = list[tuple[int, int, int, int]]


def _argument(index: int, *, high: bool = False) -> tuple[int, int, int, int]:
    """Load one half of a call's argument (both architectures are little-endian)."""
    return (LOAD, 0, 0, 16 + 8 * index + (4 if high else 0))


def _when(number: int, body: Program) -> Program:
    """Run the body, which must return, when the call has this number."""
    return [(LOAD, 0, 0, NUMBER), (EQUAL, 0, len(body), number), *body]


def _one_of(argument: int, values: tuple[int, ...]) -> Program:
    """Allow when the low word of the argument is one of the values, and deny otherwise."""
    body: Program = [_argument(argument)]
    for value in values:
        body += [(EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW)]
    return [*body, (RETURN, 0, 0, DENY)]


def _threads_only() -> Program:
    return [
        _argument(0),
        (MASK, 0, 0, CLONE_THREAD | CLONE_NEW),
        (EQUAL, 0, 1, CLONE_THREAD),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, DENY),
    ]


def _reads_own_limits() -> Program:
    """Allow `prlimit64(0, …, NULL, …)` alone: a limit once set is not raised again."""
    body: Program = []
    for load in (_argument(0), _argument(2), _argument(2, high=True)):
        body += [load, (EQUAL, 1, 0, 0), (RETURN, 0, 0, DENY)]
    return [*body, (RETURN, 0, 0, ALLOW)]


def build(machine: str, own_pid: int) -> Program:
    """Return the filter for an architecture: deny by default, allow what a locked child needs."""
    allowed, judged = numbers(machine)
    program: Program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
    ]
    program += _when(judged["clone"], _threads_only())
    program += _when(judged["clone3"], [(RETURN, 0, 0, ABSENT)])
    program += _when(judged["prctl"], _one_of(0, NAMES_OF_PRCTL))
    program += _when(judged["fcntl"], _one_of(1, COMMANDS_OF_FCNTL))
    program += _when(judged["tgkill"], _one_of(0, (own_pid,)))
    program += _when(judged["prlimit64"], _reads_own_limits())
    program += [(LOAD, 0, 0, NUMBER)]
    for number in allowed:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return [*program, (GREATER, 0, 1, NEWEST), (RETURN, 0, 0, ABSENT), (RETURN, 0, 0, DENY)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install() -> bool:
    """Apply the filter to every thread of this process; False where the kernel offers none."""
    machine = platform.machine()
    if machine not in SECCOMP:
        return False
    program = build(machine, os.getpid())
    code = b"".join(struct.pack("<HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    argument = _Program(len(program), ctypes.cast(buffer, ctypes.c_void_p).value)
    set_mode_filter, on_every_thread = 1, 1
    call = ctypes.CDLL(None, use_errno=True).syscall
    return bool(
        call(SECCOMP[machine], set_mode_filter, on_every_thread, ctypes.byref(argument)) == 0
    )

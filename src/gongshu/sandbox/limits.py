"""How much one task may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one task; the kernel enforces memory and processor time, the parent the rest.

    `memory_bytes` is what the task may map beyond its warm process; `wall_seconds` counts from the
    moment the task is handed over; `output_bytes` bounds everything the child sends back.
    """

    memory_bytes: int = 1024 * MIB
    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    output_bytes: int = 1024 * MIB

    def __post_init__(self) -> None:
        if min(asdict(self).values()) <= 0:
            raise ValueError("every limit of a task is a positive number")

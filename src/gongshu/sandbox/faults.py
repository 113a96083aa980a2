"""What a caller learns of a failed task: one code of a closed list, never the child's words."""

from __future__ import annotations

from types import MappingProxyType

from gongshu.vocabulary.errors import Unavailable

SENTENCES = MappingProxyType(
    {
        "memory": "这次加工用的内存超过上限，已中止。请缩小数据范围或把文件拆小后再试。",
        "time": "这次加工用的时间超过上限，已中止。请缩小数据范围后再试。",
        "output": "这次加工的输出超过上限，已中止。请减少输出的行或列后再试。",
        "crash": "加工进程意外中止，没有留下任何结果。请再试一次；仍然失败时请联系平台管理员。",
        "refused": "这次加工没有执行。请按页面上的说明修改后再提交。",
    }
)


class SandboxFault(Unavailable):
    """A task ended without a result.

    `code` is one of memory, time, output, crash, refused. With `refused`, `declared` is the code
    that the task itself declared, out of the caller's closed list; otherwise it is None.
    """

    def __init__(self, code: str, *, declared: str | None = None, sentence: str = "") -> None:
        super().__init__(sentence or SENTENCES[code], code=code)
        self.declared = declared


class TaskRefused(Exception):
    """Raised inside the child by a task that declines, with a code the caller has listed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

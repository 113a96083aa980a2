"""What a verification of a whole log found, and how it is told to a person."""

from __future__ import annotations

from dataclasses import dataclass

from gongshu.ledger.faults import Fault

UNWITNESSED = "未见证：不能排除回滚（unwitnessed: rollback not excluded）"
_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Report:
    """The result for one folder.

    `size` and `root` are those of the signed checkpoint, or what the files themselves give when
    the checkpoint does not hold. `unchecked` counts signature lines of keys that were not given:
    their bytes, and only theirs, were not checked beyond their form.
    """

    origin: str
    size: int
    root: bytes | None
    faults: tuple[Fault, ...]
    files: int = 0
    unchecked: int = 0
    witnessed: bool = False

    @property
    def exit_code(self) -> int:
        """1 with any fault, 3 without a witness (a rollback is not excluded), else 0."""
        if self.faults:
            return 1
        return 0 if self.witnessed else 3

    def lines_zh(self) -> list[str]:
        """Return what `gongshu ledger verify` prints, line by line."""
        root = "（无）" if self.root is None else self.root.hex()
        lines = [f"日志 {self.origin}：{self.size} 个条目，{self.files} 个文件，根 {root}"]
        lines += [f"  {line}" for line in map(_line, self.faults[:_MOST_LINES])]
        if len(self.faults) > _MOST_LINES:
            lines.append(f"  ……另有 {len(self.faults) - _MOST_LINES} 处，未逐一列出")
        if self.unchecked:
            lines.append(f"有 {self.unchecked} 行签名未提供公钥，只核对了格式")
        if self.faults:
            lines.append(f"核验不通过：{len(self.faults)} 处问题")
        else:
            lines.append("核验通过：每个文件的每个字节都与签名锚点相符")
        return lines if self.witnessed else [*lines, UNWITNESSED]


def _line(fault: Fault) -> str:
    where = fault.path
    if fault.entry is not None:
        where += f" 条目 {fault.entry}"
    if fault.offset is not None:
        where += f" 字节 {fault.offset}"
    return f"{where}：{fault.sentence}"

"""`gongshu backup`, `restore` and `upgrade`: parse, one call, and say what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from rich.console import Console

from gongshu_server.accounts.actors import node
from gongshu_server.journal import clock
from gongshu_server.upkeep import backup, occupancy, restoring, upgrading
from gongshu_server.upkeep.condition import condition
from gongshu_server.upkeep.unpacking import Unpacked

MIB = 1 << 20
NUMBERS = {
    "entries": "存证流水（条）",
    "ledger_entries": "已签名（条）",
    "unsealed_entries": "待签名（条）",
    "queued_tasks": "排队的任务",
    "queue_seconds": "最久的已等（秒）",
    "uncollected_segments": "未计入的用数段",
    "quota_blocks": "占用的额度块",
    "cases_overdue": "逾期办件",
    "alarms_open": "未处理的告警",
    "backup_seconds": "距上次备份（秒）",
}


def back_up(target: Path, *, passphrase: str, console: Console) -> None:
    """Take a backup and say what is in it."""
    taken = backup.take(target, passphrase=passphrase, by=node(), at=clock.now())
    files, state = taken.manifest.files, taken.manifest.state
    size = sum(held.size for held in files.values())
    console.print(f"备份已写好：{taken.folder}", highlight=False, soft_wrap=True)
    console.print(
        f"  {len(files)} 个文件，{size / MIB:.1f} MiB；{taken.linked} 个与上一份相同，没有重写。",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"  存证流水 {state.entries} 条，已签名的日志 {state.ledger} 条。",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        "  密钥在 secrets.box 里，只能用这次的口令打开；忘了口令，这份备份就不能恢复。\n"
        f"下一步：gongshu backup {target} --verify，并把它复制到别处。",
        highlight=False,
        soft_wrap=True,
    )


def restore(unpacked: Unpacked, *, console: Console) -> None:
    """Make a node of what was unpacked, and say what is not in it."""
    restored = restoring.finish(unpacked, by=node(), now=clock.now)
    console.print(f"节点已恢复：{unpacked.home}", highlight=False, soft_wrap=True)
    console.print(
        f"  状态是 {restored.taken_at} 的：此后的办理、撤销和用数不在里面，请先核对再对外服务。",
        highlight=False,
        soft_wrap=True,
    )
    if restored.lost:
        console.print(
            f"  日志接着第 {restored.known} 条继续；其中 {restored.lost} 条的内容已经丢失，"
            "位置和证明保留，存证里已写明。",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        "  原来的设置在节点目录的 settings.env，请核对后使用；原节点不要再启动。\n"
        f"下一步：gongshu serve --home {unpacked.home}",
        highlight=False,
        soft_wrap=True,
    )


def upgrade(target: Path | None, *, passphrase: str, console: Console) -> None:
    """Bring the database to this version and say what was done."""
    home = Path(settings.HOME)
    with occupancy.alone(home):
        done = upgrading.upgrade(
            target or home.with_name(f"{home.name}-backups"),
            passphrase=passphrase,
            by=node(),
            at=clock.now(),
        )
    if not done.migrations:
        console.print("数据库已是当前版本，没有改动。")
        return
    console.print(f"升级前的备份：{done.backup}", highlight=False, soft_wrap=True)
    for name in done.migrations:
        console.print(f"  已完成 {name}", highlight=False, soft_wrap=True)
    console.print("升级完成，已写入存证。下一步：gongshu serve")


def status(console: Console) -> int:
    """Print what holds and what does not, and the numbers; return 0 when the node can serve."""
    machine = datetime.now(UTC)
    try:
        at = clock.now()
    except DatabaseError:
        at = machine
    seen = condition(at=at, machine=machine)
    for check in seen.checks:
        mark = "[green]正常[/green]" if check.ok else "[red]异常[/red]"
        console.print(f"{mark}  {check.sentence}", highlight=False, soft_wrap=True)
    for name, zh in NUMBERS.items():
        if name in seen.numbers:
            console.print(f"  {zh}：{seen.numbers[name]:,.0f}", highlight=False)
    return 0 if seen.ready else 1


def needs_upgrade() -> bool:
    """Tell whether there is anything for an upgrade to do."""
    return upgrading.is_needed()

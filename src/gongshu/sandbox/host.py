"""Whether this host can hold a locked worker, found out by trying."""

from __future__ import annotations

from dataclasses import dataclass

from gongshu.sandbox.faults import SandboxFault
from gongshu.sandbox.limits import MIB, Limits
from gongshu.sandbox.worker import Worker, run

TRIAL = Limits(memory_bytes=256 * MIB, wall_seconds=20, cpu_seconds=10, output_bytes=MIB)

LOCKS = {
    "seccomp": ("系统调用过滤（seccomp）", True),
    "landlock": ("文件访问规则（Landlock）", False),
    "network_namespace": ("独立的网络空间", False),
    "no_new_privileges": ("不得提升权限", True),
}


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One thing that was tried on this host; `required` ones must hold before anything runs."""

    name: str
    ok: bool
    zh: str
    required: bool = True


def check_host() -> list[HostCheck]:
    """Try the locks on this host and return what holds, each with a plain sentence."""
    try:
        worker = Worker("gongshu.sandbox.probe:attempt", TRIAL)
        locks = worker.wait_ready()
        worker.kill()
    except SandboxFault as fault:
        return [HostCheck("worker", False, fault.sentence)]
    checks = [
        HostCheck(name, locks[name], f"{zh}：{_state(locks[name], required)}", required)
        for name, (zh, required) in LOCKS.items()
    ]
    return [*checks, _acts(), _memory()]


def _state(holds: bool, required: bool) -> str:
    if holds:
        return "已启用"
    return "未能启用，请换用支持它的内核或放宽容器限制" if required else "本机不支持，由其他锁代替"


def _acts() -> HostCheck:
    try:
        outcome: dict[str, bool] = run("gongshu.sandbox.probe:attempt", {}, limits=TRIAL).value
    except SandboxFault as fault:
        return HostCheck("acts", False, fault.sentence)
    open_doors = [name for name, succeeded in outcome.items() if succeeded]
    if open_doors:
        return HostCheck("acts", False, "加工进程里仍能做到：" + "、".join(open_doors))
    return HostCheck("acts", True, f"加工进程里 {len(outcome)} 种越界动作全部被拒绝")


def _memory() -> HostCheck:
    asked = TRIAL.memory_bytes * 2
    try:
        run("gongshu.sandbox.probe:hoard", {"bytes": asked}, limits=TRIAL)
    except SandboxFault as fault:
        if fault.code == "memory":
            return HostCheck("memory", True, "内存上限：已启用")
    return HostCheck("memory", False, "内存上限：没有生效，请检查容器或内核设置")

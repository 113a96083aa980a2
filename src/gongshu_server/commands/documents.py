"""`gongshu docs`: the reference pages that are made from the node's own tables.

Settings with `.env.example`, actions, events and the API description. The pages of procedures,
clauses, duties and permissions belong to the library (`python -m gongshu.procedures.reference`).
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps

from gongshu.procedures import procedure
from gongshu.quality import RuleKind, Scheme, all_metrics
from gongshu.vocabulary.events import EVENTS
from gongshu_server import configuration
from gongshu_server.api.api import document
from gongshu_server.api.steps import names as offered
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.basis import basis
from gongshu_server.journeys.effects import EFFECTS

NOTICE = "<!-- 由 gongshu docs 生成，请勿手工修改。 -->"
# Below the repository's root, two levels above the reference folder.
ENV_EXAMPLE = "../../.env.example"
_RECORDED = re.compile(r'Event\(\s*"([a-z_.]+)"')
_UNUSED = "本版本尚不产生"
RULE_FIELDS = {
    RuleKind.not_null: "一个数据项",
    RuleKind.unique: "一个或几个数据项",
    RuleKind.type: "一个数据项；`type`：integer、decimal、date、datetime、boolean",
    RuleKind.length: "一个数据项；`low`、`high`：字数，至少写一个",
    RuleKind.pattern: "一个数据项；`pattern`：RE2 正则表达式，对整个值",
    RuleKind.code_set: "一个数据项；`values`：允许的取值",
    RuleKind.range: "一个数据项；`low`、`high`：数，至少写一个，含两端",
    RuleKind.period: "一个数据项；`low`、`high`：日期，至少写一个，含两端",
    RuleKind.checksum: "一个数据项；`check`：citizen_id、uscc、bank_card",
    RuleKind.equal: "两个数据项，取值相同",
    RuleKind.compare: "两个数据项；`operator`：<、<=、>、>=、<>",
    RuleKind.sequence: "两个日期，前一个不晚于后一个",
    RuleKind.referential: "一个数据项；`table`、`key`：在哪张表的哪个数据项里找得到",
    RuleKind.timeliness: "一个日期；`days`：不早于评价日之前多少天",
}


def run(*, write: Path | None, check: Path | None) -> int:
    """Write the pages below `write`, or name those that differ below `check`.

    Returns 0, 1 when a page is stale or missing, and 2 when neither folder is given.
    """
    if write is not None:
        made = pages()
        for name, text in made.items():
            path = write / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"已写出 {len(made)} 个文件。\n")
        return 0
    if check is None:
        sys.stderr.write("请写明 --write 目录 或 --check 目录。\n")
        return 2
    found = differences(check)
    for line in found:
        sys.stdout.write(f"{line}\n")
    if found:
        sys.stdout.write("以上文件与代码不一致，请运行 make docs。\n")
    return 1 if found else 0


def differences(folder: Path) -> tuple[str, ...]:
    """Return a line for each page below the folder that differs from the code or is missing."""
    found = []
    for name, text in pages().items():
        path = folder / name
        shown = Path(name).name
        if not path.is_file():
            found.append(f"{shown}：缺少")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{shown}：已过期")
    return tuple(found)


def pages() -> dict[str, str]:
    """Return every page: its path relative to the reference folder, and its text."""
    return {
        "settings.md": settings_page(),
        "actions.md": actions_page(),
        "events.md": events_page(),
        "quality.md": quality_page(),
        "openapi.json": openapi(),
        ENV_EXAMPLE: configuration.env_example().rstrip("\n") + "\n",
    }


def settings_page() -> str:
    """Return the page of the node's settings."""
    rows = [
        (f"`{s.name}`", f"`{s.default}`" if s.default else "（空）", s.help_zh, s.help_en)
        for s in configuration.SETTINGS
    ]
    intro = (
        "节点的全部设置都取自环境变量，启动时读取一次。仓库根目录的 `.env.example` 由同一张表生成；"
        "程序不会自动读取 `.env` 文件，请由服务管理程序或 shell 把它载入环境。"
    )
    return _page("设置", [intro, _table(("名称", "默认值", "含义", "Meaning"), rows)])


def quality_page() -> str:
    """Return the page of the metrics of data quality and the kinds of rules."""
    intro = (
        "数据质量指标及其公式，取自同一张表 `gongshu/quality/metrics.toml`。A 和 B 是计数；"
        "B = 0 时写“无法评估”，既不是0，也不是100%。各指标不合成总分：标准没有给权重。"
        "“计入”一栏是质量规则的种类；`row.` 开头的按记录计，`fact.` 开头的由节点在表外记录。"
        "名称、代码和公式没有对照标准原文，引用前请核对。"
    )
    heads = ("代码", "指标", "Metric", "维度", "公式", "A", "B", "取向", "计入")
    parts = [intro]
    for scheme in Scheme:
        rows = [
            (
                f"`{one.code}`",
                one.zh,
                one.en,
                one.dimension.zh,
                one.formula.zh,
                one.a or "—",
                one.b or "—",
                "越低越好" if one.lower_is_better else "越高越好",
                "、".join(f"`{feed}`" for feed in one.feeds),
            )
            for one in all_metrics()
            if one.scheme is scheme
        ]
        parts += [f"## {scheme.zh}", _table(heads, rows)]
    kinds = [(f"`{kind.value}`", kind.zh, RULE_FIELDS[kind]) for kind in RuleKind]
    parts += ["## 规则的种类", _table(("种类", "名称", "要写的字段"), kinds)]
    return _page("数据质量指标", parts)


def openapi() -> str:
    """Return the API description (OpenAPI 3.1) as stable JSON."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def actions_page() -> str:
    """Return the page of every action, by context."""
    public = set(offered())
    parts = [
        "每项写操作只有一个入口：动作。命令行、接口和页面都调用同一个动作；参数见 "
        "[openapi.json](openapi.json)。“接口”一栏为空的动作只由节点自己或其他动作调用。",
    ]
    for context, members in _actions().items():
        title = apps.get_app_config(context).verbose_name
        rows = [
            (
                f"`{name}`",
                _first_sentence(function),
                "、".join(f"`{code}`" for code in basis(name).permissions) or "—",
                "<br>".join(_steps(name)) or "—",
                f"`POST /api/v1/actions/{name.replace('.', '/')}`" if name in public else "",
            )
            for name, function in members.items()
        ]
        head = ("动作", "作用", "权限", "办理的环节", "接口")
        parts += [f"## {title} `{context}`", _table(head, rows)]
    return _page("动作", parts)


def events_page() -> str:
    """Return the page of every event with the actions that record it and the effects it has."""
    recorded = _recorded_by()
    rows = [
        (
            f"`{name}`",
            zh,
            "、".join(f"`{by}`" for by in recorded.get(name, ())) or _UNUSED,
            "、".join(_first_sentence(effect) for effect in EFFECTS.get(name, ())) or "—",
        )
        for name, zh in EVENTS.items()
    ]
    intro = (
        "存证日志里可能出现的全部事件。代码一经使用，含义不再改变。“随之发生”是同一事务内在"
        "其他部分产生的结果。被拒绝的动作统一记为 `denied`。"
    )
    head = ("代码", "事件", "由哪个动作或模块记录", "随之发生")
    return _page("事件", [intro, _table(head, rows)])


def _contexts() -> Iterable[tuple[str, ModuleType]]:
    """Yield each context that has actions, bottom layer first."""
    for config in apps.get_app_configs():
        if not config.name.startswith("gongshu_server."):
            continue
        if (Path(config.path) / "actions.py").is_file():
            yield config.label, importlib.import_module(f"{config.name}.actions")


def _actions() -> dict[str, dict[str, Callable[..., Any]]]:
    """Return the actions of each context by name; what a context merely imports is another's."""
    found: dict[str, dict[str, Callable[..., Any]]] = {}
    for context, module in _contexts():
        for _, member in sorted(inspect.getmembers(module, inspect.isfunction)):
            name = getattr(member, "action_name", "")
            if name.partition(".")[0] == context:
                found.setdefault(context, {})[name] = member
    return found


def _steps(name: str) -> list[str]:
    return [
        f"[{procedure(code).zh}](procedures/{code}.md) · {procedure(code).transition(step).zh}"
        for (code, step), action in ACTIONS.items()
        if action == name
    ]


def _recorded_by() -> Mapping[str, Sequence[str]]:
    """Return what records each event: the actions of its steps, and modules that name it."""
    found: dict[str, dict[str, None]] = {}
    for (code, step), action in ACTIONS.items():
        found.setdefault(procedure(code).transition(step).event, {})[action] = None
    for members in _actions().values():
        for name, function in members.items():
            for event in _RECORDED.findall(inspect.getsource(inspect.unwrap(function))):
                found.setdefault(event, {})[name] = None
    for event in EVENTS:
        if event not in found:
            modules = _modules_with(f'Event("{event}"') or _modules_with(f'"{event}"')
            found[event] = dict.fromkeys(modules)
    return {event: tuple(names) for event, names in found.items()}


def _modules_with(text: str) -> list[str]:
    """Return the modules of the contexts that hold a text; effects only follow events."""
    package = Path(configuration.__file__).parent
    files = sorted(p for c, _ in _contexts() for p in (package / c).glob("*.py"))
    journal = sorted((package / "journal").glob("*.py"))
    return [
        ".".join(p.relative_to(package).with_suffix("").parts)
        for p in dict.fromkeys((*journal, *files))
        if text in p.read_text(encoding="utf-8")
    ]


def _first_sentence(function: Callable[..., Any]) -> str:
    """Return the first paragraph of the docstring on one line."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def _page(title: str, parts: Sequence[str]) -> str:
    return "\n\n".join((NOTICE, f"# {title}", *parts)) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in cells)} |" for cells in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

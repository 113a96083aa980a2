"""Keys and calls to try on the demo node, printed once as copyable lines."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from gongshu_server.accounts import actions
from gongshu_server.demo.stage import Stage

FILE = "demo-keys.json"
# Who gets a key of their own for the REST API: organisation, duty, what to look at with it.
PEOPLE = (
    ("bureau", "handler", "数据局经办人：全部办件", "/api/v1/cases"),
    ("developer", "developer", "开发主体工程师：可用的数据资源", "/api/v1/resources"),
    ("audit", "auditor", "审计员：全部用数许可", "/api/v1/grants"),
)


def hand_out(stage: Stage) -> None:
    """Issue keys at the story's end and write the calls that use them."""
    stage.time.finish()
    calls = [_product_call(stage), *(_person_call(stage, *one) for one in PEOPLE)]
    calls += [
        {
            "zh": "任何人：信息披露（不需要凭证）",
            "command": "curl -s http://localhost:{port}/api/v1/disclosure",
        },
        {
            "zh": "任何人：离线验证整个存证日志（预期以 3 结束：未经见证）",
            "command": f".venv/bin/gongshu ledger verify {stage.home}/ledger "
            f"--key {stage.home}/ledger.vkey",
        },
    ]
    (stage.home / FILE).write_text(json.dumps(calls, ensure_ascii=False), encoding="utf-8")
    stage.facts["calls"] = [
        {"zh": call["zh"], "command": _without_secrets(call["command"])} for call in calls
    ]


def _product_call(stage: Stage) -> dict[str, Any]:
    subject = stage.facts["subjects"]["licensed"].id
    key = stage.keys["emergency.verification"]
    body = json.dumps({"key": subject})
    product = stage.ids["product.verification"]
    return {
        "zh": "应急管理局：核验一家企业的安全生产许可证",
        "command": f"curl -s -X POST http://localhost:{{port}}/v1/products/{product}/verify "
        f"-H 'Authorization: Bearer {key}' -d '{body}'",
    }


def _person_call(stage: Stage, code: str, duty: str, zh: str, path: str) -> dict[str, str]:
    key = actions.issue_key(
        label="演示",
        expires_at=stage.time.at + timedelta(days=7),
        by=stage.actor(code, duty),
        at=stage.time.at,
    )
    header = f"-H 'Authorization: Bearer {key.clear}'"
    return {"zh": zh, "command": f"curl -s http://localhost:{{port}}{path} {header}"}


def _without_secrets(command: str) -> str:
    """Return the call as the page shows it: keys are shown once, in the terminal only."""
    head, mark, rest = command.partition("Bearer ")
    if not mark:
        return command
    return f"{head}{mark}$KEY{rest[rest.index(chr(39)) :]}".replace("'Auth", '"Auth').replace(
        "$KEY'", '$KEY"'
    )

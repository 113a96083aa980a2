"""Plays the story once and hands out what an attacker may have; run as a script.

`town.py HOME FILE` writes a JSON file with everybody's keys, the ids of everything there is, and
what must never be seen. Beside the story's cast there are outsiders: organisations with every role
that the node gives them, but no part in anything.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

SCALE = 0.05
SEED = 20240921
OUTSIDERS = {
    "rival": ("operator", "developer", "data_user", "public"),
    "other_office": ("provider", "demander", "data_user", "public"),
    "other_body": ("registration_body", "security_reviewer", "sector_authority"),
}
DUTIES = ("handler", "head", "reviewer", "developer", "subject")


def main(home: Path, out: Path) -> None:
    """Make the town at `home` and describe it in `out`."""
    os.environ["GONGSHU_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "gongshu_server.settings"
    import django

    django.setup()
    from rich.console import Console

    from gongshu_server.demo import run
    from gongshu_server.demo.house import MARK
    from gongshu_server.demo.scenes.all import scenes
    from gongshu_server.journal import clock, sealing

    (home / MARK).touch()
    stage = run.set_up(data=None, as_of="", scale=SCALE, seed=SEED)
    outcomes = run._play(scenes(), stage, Console(file=StringIO()))
    failed = [(one.name, one.outcome) for one in outcomes if not one.ok]
    said = {"failed": failed} | ({} if failed else described(stage))
    clock.move_to(stage.time.not_before(clock.last_entry()))
    sealing.seal_all(at=clock.now())
    out.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def described(stage: Any) -> dict[str, Any]:
    """Return keys, tokens, ids and secrets of the town."""
    from gongshu_server.demo.scenes.delivery import token

    tokens = [token(stage, "licensed") for _ in range(4)]
    stage.time.finish()
    found = {
        "keys": person_keys(stage),
        "product_keys": dict(stage.keys),
        "products": {k: v for k, v in stage.ids.items() if k.startswith("product.")},
        "orders": {k: v for k, v in stage.ids.items() if k.startswith("order.")},
        "receipt": stage.ids["receipt"],
        "tokens": tokens,
        "subjects": {name: one.id for name, one in stage.facts["subjects"].items()},
        "people": list(stage.city.resident_ids[:200]),
        "enterprises": list(stage.city.uscc[:200]),
        "grant": stage.ids["grant.emergency.verification"],
        "organisations": dict(stage.cast.organisations),
    }
    return found | {"ids": every_id()}


def person_keys(stage: Any) -> dict[str, str]:
    """Return a key for each person of the cast and of the outsiders, some of them of no use."""
    from gongshu_server.accounts import actions
    from gongshu_server.accounts.actors import node
    from gongshu_server.demo import cast

    for code, roles in OUTSIDERS.items():
        part = cast.Part(code, f"{code}单位", code, roles, (("all", "全能", DUTIES),))
        cast.add(stage.cast, part, surname="外", at=stage.time.at)

    def issued(label: str, code: str, duty: str, **more: Any) -> Any:
        person, post = stage.cast.people[code, duty]
        more = {"scopes": ("all",)} | more
        return actions.issue_key(
            label=label, person_id=person, post_id=post, by=node(), at=stage.time.at, **more
        )

    keys = {f"{c}.{d}": issued("攻击", c, d).clear for c, d in stage.cast.people}
    gone = issued("已撤销", "bureau", "handler")
    actions.revoke_key(key_id=gone.id, by=stage.actor("bureau", "head"), at=stage.time.at)
    over = issued("已过期", "bureau", "handler", expires_at=stage.time.at - timedelta(seconds=1))
    order = stage.ids["order.insurer.verification"]
    zone = timezone(timedelta(hours=8))  # What comes back from the database has another one.
    soon = (stage.time.at + timedelta(days=2)).astimezone(zone)
    keys["ends"] = issued("将到期", "bureau", "handler", expires_at=soon).clear
    actions.delegate(
        taker_id=stage.cast.people["bureau", "handler"][0],
        until=soon,
        clause="27-3",
        by=stage.actor("bureau", "head"),
        at=stage.time.at,
    )
    lapsed = actions.issue_key(
        label="已过期",
        product_id=stage.ids["product.verification"],
        order_id=order,
        expires_at=stage.time.at - timedelta(seconds=1),
        by=stage.actor("insurer"),
        at=stage.time.at,
    )
    return keys | {"revoked": gone.clear, "expired": over.clear, "lapsed": lapsed.clear}


def every_id() -> dict[str, list[str]]:
    """Return the ids of all rows by the name of their model."""
    from django.apps import apps

    return {
        model.__name__: [str(pk) for pk in model.objects.values_list("pk", flat=True)[:40]]
        for model in apps.get_models()
        if model.__module__.startswith("gongshu_server")
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

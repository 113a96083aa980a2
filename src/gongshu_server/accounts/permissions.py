"""Who may act: organisation role and post duty together; there is no superuser."""

from __future__ import annotations

from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu_server.accounts.actors import Actor


def require(by: Actor, permission: str, *, clause: str | None = None) -> None:
    """Raise NotPermitted unless organisation role and post duty together carry the permission."""
    if not by.may(permission):
        zh = PERMISSIONS[permission].zh
        raise NotPermitted(
            f"您的机构角色或岗位职责不包含“{zh}”，请由有此职责的机构和岗位办理。",
            code="not_permitted",
            clause=clause,
        )

"""Who may act: organisation role, post duty and key together; there is no superuser."""

from __future__ import annotations

from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import PERMISSIONS, SCOPES, scope_of
from gongshu_server.accounts.actors import Actor


def require(by: Actor, permission: str, *, clause: str | None = None) -> None:
    """Raise NotPermitted unless organisation role, post duty and key carry the permission."""
    if not by.has_duty(permission):
        zh = PERMISSIONS[permission].zh
        raise NotPermitted(
            f"您的机构角色或岗位职责不包含“{zh}”，请由有此职责的机构和岗位办理。",
            code="not_permitted",
            clause=clause,
        )
    require_scope(by, scope_of(permission), clause=clause)


def require_scope(by: Actor, scope: str, *, clause: str | None = None) -> None:
    """Raise NotPermitted, naming what is missing, unless the actor's key reaches that far."""
    if not by.in_scope(scope):
        raise NotPermitted(
            f"您使用的凭证不包含“{SCOPES[scope]}”（{scope}）权限范围，"
            "请换用包含它的凭证，或重新领取。",
            code="scope_missing",
            clause=clause,
            details=(scope,),
        )

"""Who may do what: an organisation role and a post duty together carry a permission.

Roles and duties are rows, not code: one organisation may hold several roles and one post several
duties. What may never be held together is a table of its own (管运适度分离, 《意见》 11): whoever
supervises, reviews, prices or registers does not operate or develop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

ORGANISATION_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "data_authority": "数据管理部门",
        "authorising_body": "授权主体",
        "implementing_body": "实施机构",
        "registration_body": "登记机构",
        "price_authority": "价格主管部门",
        "provider": "数据提供单位",
        "demander": "需求部门",
        "operator": "运营机构",
        "developer": "开发主体",
        "data_user": "数据使用方",
        "sector_authority": "行业主管部门",
        "security_reviewer": "网信·保密",
        "audit_office": "审计机关",
        "public": "公众",
        "node": "节点",
    }
)

POST_DUTIES: Mapping[str, str] = MappingProxyType(
    {
        "handler": "经办",
        "head": "负责人",
        "reviewer": "审核",
        "developer": "开发",
        "auditor": "审计",
        "subject": "数据主体",
        "system_admin": "系统管理员",
        "security_admin": "安全保密管理员",
        "audit_admin": "安全审计员",
        "system": "系统",
    }
)


# The three administrators (三员分立): no person holds two of these, nor one beside any other duty.
ADMIN_DUTIES = ("system_admin", "security_admin", "audit_admin")


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission: any of the organisation roles together with any of the post duties."""

    zh: str
    organisation_roles: frozenset[str]
    duties: frozenset[str]

    def granted_to(self, *, roles: Iterable[str], duties: Iterable[str]) -> bool:
        """Tell whether an actor with these organisation roles and post duties carries it."""
        return not (self.organisation_roles.isdisjoint(roles) or self.duties.isdisjoint(duties))


def _permission(zh: str, roles: str, duties: str) -> Permission:
    return Permission(zh, frozenset(roles.split()), frozenset(duties.split()))


_ADMINS = " ".join(ADMIN_DUTIES)
# Everybody but the platform itself.
_ANYBODY = " ".join(role for role in ORGANISATION_ROLES if role != "node")
_COMPETENT = "data_authority price_authority sector_authority authorising_body"
_BUYERS = "data_user demander provider developer operator public"

_CATALOGUE = {
    "catalogue.file": _permission("报送目录和数据", "provider", "handler head"),
    "catalogue.record_secrecy_review": _permission(
        "记录保密审查", "provider security_reviewer", "reviewer head"
    ),
    "catalogue.stop_as_secret": _permission(
        "因涉密终止", "provider security_reviewer data_authority", "reviewer head"
    ),
    "catalogue.confirm_levels": _permission("确认分类分级", "provider", "handler reviewer head"),
    "catalogue.publish": _permission("审核发布目录", "data_authority", "reviewer head"),
    "catalogue.return": _permission("退回目录", "data_authority", "handler reviewer head"),
    "catalogue.note_change": _permission(
        "记录目录应更新事由", "provider data_authority", "handler reviewer head"
    ),
    "catalogue.amend": _permission("报送目录更新", "provider", "handler head"),
    "catalogue.withdraw": _permission("撤下目录", "provider", "handler head"),
}

_OPENING = {
    "opening.apply": _permission("申请开放", "provider", "handler head"),
    "opening.machine_check": _permission("开放前机器检查", "node", "system"),
    "opening.approve": _permission("同意开放", "data_authority", "head reviewer"),
    "opening.refuse": _permission("不予开放", "data_authority", "head reviewer"),
}

_REGISTRATION = {
    "registration.submit": _permission(
        "提出登记申请", "implementing_body provider operator", "handler head"
    ),
    "registration.resubmit": _permission(
        "补正登记申请", "implementing_body provider operator", "handler head"
    ),
    "registration.notify_incomplete": _permission(
        "一次性告知补正", "registration_body", "handler reviewer"
    ),
    "registration.accept": _permission("受理登记", "registration_body", "handler reviewer"),
    "registration.reject": _permission(
        "不予受理登记", "registration_body", "handler reviewer head"
    ),
    "registration.pass_review": _permission("通过形式审核", "registration_body", "reviewer head"),
    "registration.fail_review": _permission("不通过形式审核", "registration_body", "reviewer head"),
    "registration.explain_delay": _permission(
        "说明审核未完成的理由", "registration_body", "handler reviewer head"
    ),
    "registration.publicise": _permission("登记公示", "registration_body", "handler reviewer head"),
    "registration.object": _permission(
        "公示期内实名提出异议", _ANYBODY, "subject handler head developer"
    ),
    "registration.terminate": _permission("终止登记", "registration_body", "reviewer head"),
    "registration.dismiss_objection": _permission(
        "认定登记异议不成立", "registration_body", "reviewer head"
    ),
    "registration.assign_code": _permission(
        "赋予登记结果查询码", "registration_body", "handler reviewer head"
    ),
}

_OPERATION = {
    "plan.submit": _permission("报请审议实施方案", "implementing_body", "handler head"),
    "plan.record_decision": _permission("记录实施方案集体决策", "authorising_body", "handler head"),
    "plan.refuse": _permission("不予同意实施方案", "authorising_body", "handler head"),
    "plan.file_record": _permission(
        "实施方案备案", "implementing_body data_authority", "handler head"
    ),
    "plan.approve": _permission("批准实施方案", "authorising_body", "head"),
    "agreement.draft": _permission("起草授权运营协议", "implementing_body", "handler head"),
    "agreement.record_decision": _permission(
        "记录实施机构集体决策", "implementing_body", "handler head"
    ),
    "agreement.sign": _permission("签订授权运营协议", "implementing_body", "head"),
    "agreement.file_record": _permission(
        "授权运营协议备案", "implementing_body data_authority", "handler head"
    ),
    "agreement.activate": _permission("使协议生效", "implementing_body", "handler head"),
    "agreement.terminate": _permission("终止协议", "implementing_body", "head"),
    "agreement.expire": _permission("协议到期", "node", "system"),
    "scenario.submit": _permission("提出场景申请", "operator developer", "handler head developer"),
    "scenario.provider_opinion": _permission(
        "出具数据提供单位意见", "provider", "handler reviewer head"
    ),
    "scenario.approve": _permission("批准场景申请", "implementing_body", "reviewer head"),
    "scenario.refuse": _permission("不予批准场景申请", "implementing_body", "reviewer head"),
    "scenario.end": _permission(
        "结束场景", "implementing_body operator developer", "handler head developer"
    ),
    "grant.revoke": _permission(
        "收回用数许可", "implementing_body data_authority provider node", "handler head system"
    ),
}

_WORKSHOP = {
    "workshop.draft": _permission("起草加工任务和查询", "operator developer", "developer handler"),
    "workshop.run": _permission("运行加工任务", "operator developer", "developer handler"),
    "workshop.except_export": _permission(
        "说明理由准予再次出域", "implementing_body", "reviewer head"
    ),
    "release.submit": _permission("提交出域审核", "operator developer", "developer handler head"),
    "release.security_vote": _permission("安全审核投票", "security_reviewer", "reviewer"),
    "release.compliance_vote": _permission("业务规范性审核投票", "sector_authority", "reviewer"),
    # Nobody chooses the reviewers: the lots come from a checkpoint signed after the submission.
    "release.draw_reviewers": _permission("抽定审核单位", "node", "system"),
    # Neither reviewer opens the votes: the platform does, once both are in.
    "release.open_votes": _permission("开启双审核结果", "node", "system"),
    "release.sign_off": _permission("签批出域", "implementing_body", "head"),
    "release.release": _permission("办理出域", "implementing_body", "handler reviewer"),
    "release.withdraw": _permission("撤回出域申请", "operator developer", "developer handler head"),
}

_MARKET = {
    "product.build": _permission(
        "构建产品", "operator developer node", "developer handler head system"
    ),
    "product.file": _permission("产品入库", "operator", "handler head"),
    "product.list": _permission("产品上架", "operator", "handler head"),
    "product.delist": _permission(
        "产品下架", "operator implementing_body node", "handler head system"
    ),
    "price.state_necessity": _permission("说明收费必要性", "operator", "handler head"),
    "price.guide_trial_price": _permission(
        "指导制定试行收费标准", "authorising_body", "handler head"
    ),
    "price.fix_permitted_revenue": _permission(
        "核定最高准许收入", "price_authority", "handler head"
    ),
    "price.set_ceilings": _permission("制定上限收费标准", "authorising_body", "handler head"),
    "order.place": _permission("下单", _BUYERS, "handler head subject developer"),
    "order.accept": _permission("接受订单", "operator", "handler head"),
    "order.refuse": _permission("不接受订单", "operator", "handler head"),
    "order.activate": _permission("开通订单", "operator node", "handler head system"),
    "order.revoke": _permission(
        "收回订单", "operator implementing_body node", "handler head system"
    ),
    "order.complete": _permission("完成订单", "operator node", "handler head system"),
    "order.bill": _permission("出具账单", "operator node", "handler head system"),
    "authorisation.give": _permission("作出电子授权", _BUYERS, "subject head"),
}

_OVERSIGHT = {
    "objection.submit": _permission("提出数据异议", _ANYBODY, "subject handler head developer"),
    "objection.accept": _permission(
        "受理数据异议", "data_authority implementing_body provider", "handler reviewer head"
    ),
    "objection.suspend_record": _permission(
        "暂停使用争议记录",
        "node data_authority implementing_body provider",
        "system handler reviewer head",
    ),
    "objection.uphold": _permission("认定异议成立", "provider", "handler reviewer head"),
    "objection.correct_at_source": _permission("从源头更正", "provider", "handler head"),
    "objection.dismiss": _permission("认定异议不成立", "provider", "reviewer head"),
    "objection.close": _permission(
        "办结异议", "data_authority implementing_body provider", "handler reviewer head"
    ),
    "complaint.submit": _permission(
        "提出投诉举报", f"{_ANYBODY} node", "handler head reviewer developer auditor subject system"
    ),
    "complaint.handle": _permission("办理投诉举报", _COMPETENT, "handler reviewer head"),
    "complaint.decide": _permission("决定和答复投诉举报", _COMPETENT, "reviewer head"),
    "complaint.reveal": _permission("查看投诉举报人", _COMPETENT, "head"),
    "audit.apply": _permission("提出和结束审计查阅", "audit_office", "auditor"),
    "audit.acknowledge": _permission(
        "确认或退回审计查阅", "provider data_authority", "reviewer head"
    ),
    "audit.expire": _permission("审计查阅到期", "node", "system"),
    "disclosure.publish": _permission(
        "发布披露文件", "node implementing_body data_authority", "system handler head"
    ),
    "supervision.read": _permission(
        "查看监管总览", "data_authority audit_office", "handler head reviewer auditor"
    ),
    "alarm.close": _permission("核查关闭告警", "data_authority", "head"),
    "ledger.read": _permission(
        "查看存证日志", _ANYBODY, f"handler head reviewer auditor {_ADMINS}"
    ),
    "audit.read": _permission("审计查看", "audit_office", "auditor"),
}

_HOUSE = {
    "organisation.manage": _permission("管理机构", "data_authority node", "system_admin system"),
    "organisation.authorise": _permission("授权机构角色", "data_authority", "security_admin"),
    "admin.appoint": _permission("任命三员", "data_authority node", "head system"),
    "person.manage": _permission(
        "管理人员和岗位", f"{_ANYBODY} node", "handler head system_admin system"
    ),
    "login.manage": _permission("开通登录名", "data_authority node", "system_admin system"),
    "delegation.give": _permission("委托代办", _ANYBODY, "handler head reviewer developer auditor"),
    "key.issue": _permission(
        "发放凭证",
        f"{_ANYBODY} node",
        f"handler head developer reviewer auditor subject system {_ADMINS}",
    ),
    "substep.configure": _permission("设置内部环节", _ANYBODY, "handler head"),
    "case.add_document": _permission(
        "补充办件材料", f"{_ANYBODY} node", "handler head reviewer developer subject system"
    ),
    "case.urge": _permission("催办", _ANYBODY, "handler head reviewer developer subject"),
    "case.supervise": _permission("督办", "data_authority", "handler head"),
    "notice.read": _permission(
        "查收通知", _ANYBODY, f"handler head reviewer developer auditor subject {_ADMINS}"
    ),
    "profile.change": _permission(
        "修改个人设置", _ANYBODY, f"handler head reviewer developer auditor subject {_ADMINS}"
    ),
    "attachment.download": _permission(
        "下载办件附件", _ANYBODY, "handler head reviewer developer auditor subject"
    ),
    "attachment.erase": _permission("删除办件附件内容", _ANYBODY, "head subject"),
    "job.run": _permission("运行后台任务", "node", "system"),
    "node.read": _permission(
        "查看节点运行状况", "data_authority node", "system_admin security_admin system"
    ),
    "node.keep": _permission("备份、恢复和升级节点", "node", "system"),
}

# What a key may be narrowed to beside reading and everything: a group of permissions.
_GROUPS: Mapping[str, tuple[str, Mapping[str, Permission]]] = MappingProxyType(
    {
        "catalogue": ("目录和数据报送", _CATALOGUE),
        "opening": ("数据开放", _OPENING),
        "registration": ("登记", _REGISTRATION),
        "operation": ("授权运营", _OPERATION),
        "workshop": ("加工和出域", _WORKSHOP),
        "market": ("产品、价格和订单", _MARKET),
        "oversight": ("异议、披露和监督", _OVERSIGHT),
        "house": ("机构、人员、凭证和材料", _HOUSE),
    }
)
PERMISSIONS: Mapping[str, Permission] = MappingProxyType(
    {code: one for _, group in _GROUPS.values() for code, one in group.items()}
)

READ, EVERYTHING = "read", "all"
SCOPES: Mapping[str, str] = MappingProxyType(
    {READ: "查看", **{code: zh for code, (zh, _) in _GROUPS.items()}, EVERYTHING: "全部"}
)
_SCOPE_OF: Mapping[str, str] = MappingProxyType(
    {
        permission: READ if permission.endswith(".read") else code
        for code, (_, group) in _GROUPS.items()
        for permission in group
    }
)


def scope_of(permission: str) -> str:
    """Return the scope that a key needs for a permission; KeyError for an unknown one."""
    return _SCOPE_OF[permission]


OPERATING = ("operator", "developer")
SUPERVISING = (
    "data_authority",
    "security_reviewer",
    "sector_authority",
    "audit_office",
    "price_authority",
    "registration_body",
)

# Pairs (operating role, other role) that one control group may not hold together. The operator
# also never stands on the other side of its own agreement or plan (27号 第3条、第13条).
INCOMPATIBLE_ROLES: tuple[tuple[str, str], ...] = (
    *((operating, supervising) for operating in OPERATING for supervising in SUPERVISING),
    ("operator", "authorising_body"),
    ("operator", "implementing_body"),
)


def incompatible(roles: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return every pair among the roles that may not be held together (《意见》（十一）)."""
    held = frozenset(roles)
    return tuple(pair for pair in INCOMPATIBLE_ROLES if held.issuperset(pair))


def incompatible_duties(duties: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return every pair among the duties that one person may not hold (三员分立)."""
    held = sorted(frozenset(duties) - {"system"})
    return tuple(
        (admin, other)
        for admin in ADMIN_DUTIES
        if admin in held
        for other in held
        if other != admin and (other not in ADMIN_DUTIES or admin < other)
    )

"""The one door for writes on operation; the actions live beside what they change."""

from __future__ import annotations

from gongshu_server.operation.agreements import (
    activate_agreement,
    draft_agreement,
    expire_agreement,
    file_agreement,
    record_agreement_decision,
    sign_agreement,
    terminate_agreement,
)
from gongshu_server.operation.plans import (
    amend_plan,
    approve_plan,
    draft_plan,
    file_plan,
    record_plan_decision,
    refuse_plan,
    submit_plan,
)
from gongshu_server.operation.scenarios import (
    Application,
    approve_scenario,
    end_scenario,
    give_opinion,
    refuse_scenario,
    submit_scenario,
)
from gongshu_server.operation.scope import ScopeEntry
from gongshu_server.operation.terms import Terms

__all__ = [
    "Application",
    "ScopeEntry",
    "Terms",
    "activate_agreement",
    "amend_plan",
    "approve_plan",
    "approve_scenario",
    "draft_agreement",
    "draft_plan",
    "end_scenario",
    "expire_agreement",
    "file_agreement",
    "file_plan",
    "give_opinion",
    "record_agreement_decision",
    "record_plan_decision",
    "refuse_plan",
    "refuse_scenario",
    "sign_agreement",
    "submit_plan",
    "submit_scenario",
    "terminate_agreement",
]

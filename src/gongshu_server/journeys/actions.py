"""(procedure, transition) → action: each step of each procedure is performed by exactly one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("catalogue_entry", "file"): "catalogue.file_resource",
        ("catalogue_entry", "record_secrecy_review"): "catalogue.record_secrecy_review",
        ("catalogue_entry", "stop_as_secret"): "catalogue.stop_as_secret",
        ("catalogue_entry", "confirm_levels"): "catalogue.confirm_levels",
        ("catalogue_entry", "publish"): "catalogue.publish",
        ("catalogue_entry", "return_"): "catalogue.return_entry",
        ("catalogue_entry", "note_change"): "catalogue.note_change",
        ("catalogue_entry", "amend"): "catalogue.amend",
        ("catalogue_entry", "withdraw"): "catalogue.withdraw",
        ("opening_review", "apply"): "opening.apply",
        ("opening_review", "machine_check_pass"): "opening.apply",
        ("opening_review", "machine_check_refuse"): "opening.apply",
        ("opening_review", "approve"): "opening.approve",
        ("opening_review", "refuse"): "opening.refuse",
        ("registration", "submit"): "registration.submit",
        ("registration", "notify_incomplete"): "registration.notify_incomplete",
        ("registration", "resubmit"): "registration.resubmit",
        ("registration", "accept"): "registration.accept",
        ("registration", "reject"): "registration.reject",
        ("registration", "pass_review"): "registration.pass_review",
        ("registration", "explain_delay"): "registration.explain_delay",
        ("registration", "fail_review"): "registration.fail_review",
        ("registration", "publicise"): "registration.publicise",
        ("registration", "object"): "registration.object_to",
        ("registration", "terminate"): "registration.uphold_objection",
        ("registration", "dismiss_objection"): "registration.dismiss_objection",
        ("registration", "assign_code"): "registration.assign_code",
    }
)

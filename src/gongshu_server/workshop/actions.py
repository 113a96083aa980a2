"""The one door for writes on the workshop; the actions live beside what they change."""

from __future__ import annotations

from gongshu_server.workshop.drafting import draft, open_task
from gongshu_server.workshop.drawing import draw_reviewers, draw_waiting
from gongshu_server.workshop.releases import (
    record_export_exception,
    release,
    sign_off,
    submit_release,
    withdraw_release,
)
from gongshu_server.workshop.reviewing import view_release
from gongshu_server.workshop.runs import (
    Outcome,
    finish_run,
    give_up_abandoned,
    request_run,
    start_run,
)
from gongshu_server.workshop.voting import open_votes, vote_compliance, vote_security

__all__ = [
    "Outcome",
    "draft",
    "draw_reviewers",
    "draw_waiting",
    "finish_run",
    "give_up_abandoned",
    "open_task",
    "open_votes",
    "record_export_exception",
    "release",
    "request_run",
    "sign_off",
    "start_run",
    "submit_release",
    "view_release",
    "vote_compliance",
    "vote_security",
    "withdraw_release",
]

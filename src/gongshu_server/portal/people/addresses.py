"""Addresses of people and organisations."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.people import (
    identities,
    keys,
    organisations,
    own,
    posts,
    safety,
    substeps,
)

urlpatterns = [
    path("own/", own.profile, name="own"),
    path("safety/", safety.safety, name="safety"),
    path("safety/password/", safety.password, name="password"),
    path("safety/totp/", safety.totp, name="totp"),
    path("safety/passkey/", safety.passkey, name="passkey"),
    path("safety/recovery/", safety.recovery, name="recovery"),
    path("safety/factors/<int:factor_id>/remove/", safety.remove, name="remove_factor"),
    path("safety/sessions/<str:name>/end/", safety.end, name="end_session"),
    path("posts/", posts.listing, name="posts"),
    path("posts/appoint/", posts.appoint, name="appoint"),
    path("posts/<str:post_id>/leave/<str:person_id>/", posts.leave, name="leave"),
    path("posts/<str:post_id>/handover/<str:person_id>/", posts.hand_over, name="hand_over"),
    path("handovers/<str:handover_id>/<str:verb>/", posts.settle, name="settle"),
    path("delegations/give/", posts.delegate, name="delegate"),
    path("delegations/<str:delegation_id>/revoke/", posts.revoke, name="revoke"),
    path("substeps/", substeps.substeps, name="substeps"),
    path("logins/", posts.login, name="logins"),
    path("identities/", identities.listing, name="identities"),
    path("identities/link/", identities.link, name="link_identity"),
    path("identities/<str:identity_id>/unlink/", identities.unlink, name="unlink_identity"),
    path("safety/identity/<slug:code>/", identities.confirm, name="confirm_identity"),
    path("keys/", keys.listing, name="keys"),
    path("keys/issue/", keys.issue, name="issue_key"),
    path("keys/<str:key_id>/revoke/", keys.revoke, name="revoke_key"),
    path("organisations/", organisations.listing, name="organisations"),
    path("organisations/found/", organisations.found, name="found"),
    path("organisations/<str:organisation_id>/", organisations.one, name="organisation"),
    path(
        "organisations/<str:organisation_id>/authorise/", organisations.authorise, name="authorise"
    ),
    path("organisations/<str:organisation_id>/rename/", organisations.rename, name="rename"),
    path("organisations/<str:organisation_id>/succeed/", organisations.succeed, name="succeed"),
]

"""Addresses of the node's doors."""

from django.urls import URLPattern, URLResolver, path

from gongshu_server.api import pages as reference
from gongshu_server.api.api import api
from gongshu_server.portal import (
    assets,
    by_passkey,
    by_provider,
    cases,
    drafting,
    pages,
    sections,
    signing_in,
    times,
    uploads,
)
from gongshu_server.portal.gallery import pages as gallery
from gongshu_server.upkeep import doors

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", signing_in.SignIn.as_view(), name="sign_in"),
    # The names that the sign-in library asks for.
    path("sign-in/", signing_in.SignIn.as_view(), name="account_login"),
    path("sign-in/code/", signing_in.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey/", by_passkey.by_passkey, name="sign_in_passkey"),
    path("sign-in/at/<slug:code>/", by_provider.there, name="sign_in_there"),
    path("sign-in/at/<slug:code>/back/", by_provider.back, name="sign_in_back"),
    path("sign-in/again/", signing_in.Again.as_view(), name="account_reauthenticate"),
    path("sign-in/again/code/", signing_in.AgainByCode.as_view(), name="mfa_reauthenticate"),
    path("sign-in/first/<int:login_id>/<str:token>/", signing_in.open_link, name="open_link"),
    path("sign-in/first/", signing_in.first_password, name="first"),
    path("sign-in/as/", signing_in.sign_in_as, name="sign_in_as"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("posts/", signing_in.choose_post, name="posts"),
    path("hat/", signing_in.choose_hat, name="hat"),
    path("language/", signing_in.choose_language, name="language"),
    path("drafts/", drafting.save, name="draft"),
    path("time/", times.move, name="time"),
    path("work/", pages.work, name="work"),
    path("inbox/", cases.inbox, name="inbox"),
    path("cases/", cases.listing, name="cases"),
    path("cases/<str:case_id>/", cases.case, name="case"),
    path("cases/<str:case_id>/<str:kind>.docx", uploads.paper, name="paper"),
    path("cases/<str:case_id>/forms/<str:kind>/", cases.printed, name="printed"),
    path("cases/<str:case_id>/within/<str:transition>/", cases.substep, name="substep"),
    path("cases/<str:case_id>/<str:transition>/", cases.step, name="step"),
    path("uploads/", uploads.announce, name="uploads"),
    path("uploads/<str:upload_id>/", uploads.one, name="upload"),
    path("uploads/<str:upload_id>/finish/", uploads.finish, name="finish_upload"),
    path("attachments/<str:attachment_id>/", uploads.attachment, name="attachment"),
    path("clauses/<str:code>/", pages.clause, name="clause"),
    *sections.addresses(),
    path("", pages.front, name="front"),
    path("disclosure/", pages.disclosure, name="disclosure"),
    path("registrations/", pages.registration, name="registration"),
    path("components/", gallery.gallery, name="components"),
    path("healthz", doors.alive, name="healthz"),
    path("readyz", doors.ready, name="readyz"),
    path("metrics", doors.numbers, name="metrics"),
    path("static/<path:path>", assets.serve, name="asset"),
    path("ledger/<path:path>", pages.ledger_file, name="ledger"),
    path("api/v1/openapi.json", reference.openapi, name="openapi"),
    path("api/v1/docs", reference.index, name="api_docs"),
    path("api/v1/docs/schemas/<str:name>", reference.schema, name="api_schema"),
    path("api/v1/docs/<str:operation_id>", reference.one, name="api_operation"),
    path("api/v1/", api().urls),
]

# Django looks these up by name. What an API call is told instead: api/problems.py.
handler400 = "gongshu_server.portal.failures.bad_request"
handler403 = "gongshu_server.portal.failures.forbidden"
handler404 = "gongshu_server.portal.failures.not_found"
handler500 = "gongshu_server.portal.failures.server_error"

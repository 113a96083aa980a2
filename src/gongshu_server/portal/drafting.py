"""Keeping drafts of long forms while they are typed; a page asks for it with `data-autosave`."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from gongshu.vocabulary.errors import DomainError
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.portal import kept, refusals, sessions
from gongshu_server.portal.doing import perform, signed_in


@signed_in
@require_POST
def save(request: HttpRequest) -> JsonResponse:
    """Keep the draft of the form that the address names, and say when that was."""
    form = request.GET.get("form", "")
    if not url_has_allowed_host_and_scheme(form, allowed_hosts=None):
        return JsonResponse({}, status=400)
    try:
        perform(request, "accounts.save_draft", {"form": form, "fields": kept.fields_of(request)})
    except DomainError as error:
        return JsonResponse({"sentence": error.sentence}, status=refusals.status_of(error))
    return JsonResponse({"saved_at": sessions.now(request).astimezone(SHANGHAI).strftime("%H:%M")})

"""What somebody has typed when their session has ended: kept over the sign-in, and given back.

Nothing is stored for strangers: the fields travel in the sign-in page itself, without secrets and
up to a size. After the sign-in the form shows them again; nothing is done before it is sent anew.
"""

from __future__ import annotations

import json
from typing import Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from gongshu_server.accounts import demonstration, drafts, oidc
from gongshu_server.portal import sessions

FIELD: Final = "kept"
MOST: Final = 256 * 1024
# A form's own machinery, and whatever is a secret, is not kept.
LEFT_OUT: Final = ("csrfmiddlewaretoken", "once", FIELD)
SECRET: Final = ("password", "passwd", "token", "secret", "again")


def fields_of(request: HttpRequest) -> str:
    """Return the fields of a form as text; empty when there are none or too many."""
    kept = {
        name: values
        for name, values in request.POST.lists()
        if name not in LEFT_OUT and not any(part in name.lower() for part in SECRET)
    }
    text = json.dumps(kept, ensure_ascii=False)
    return text if kept and len(text.encode()) <= MOST else ""


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Answer a form whose sender's session is gone: sign in, everything typed is still there."""
    from gongshu_server.portal.entrance import SignInForm

    context = {
        "form": SignInForm(),
        "roles": demonstration.roles(at=sessions.now(request)),
        "providers": oidc.providers(),
        "next": request.get_full_path(),
        "kept": fields_of(request),
        "lost_files": bool(request.FILES),
        "interrupted": True,
    }
    return render(request, "portal/shell/sign_in.html", context, status=401)


def take_along(request: HttpRequest) -> None:
    """Put what the sign-in page carries into the session that is about to begin."""
    text = request.POST.get(FIELD, "")
    if text and len(text.encode()) <= MOST:
        request.session[FIELD] = {"at": request.POST.get("next", ""), "fields": text}


def give_back(request: HttpRequest) -> None:
    """Let the form that the request asks for show what was kept, or a draft that is asked for.

    The request stays a GET: the form is filled in and nothing is done.
    """
    if request.method != "GET":
        return
    kept = request.session.get(FIELD)
    if isinstance(kept, dict) and kept.get("at") == request.get_full_path():
        del request.session[FIELD]
        _fill(request, str(kept.get("fields", "")))
    elif request.GET.get("draft") == "1":
        _fill(request, drafts.draft(form=request.path, by=sessions.actor(request)))


def _fill(request: HttpRequest, text: str) -> None:
    try:
        said = json.loads(text or "{}")
        data = QueryDict(mutable=True)
        for name, values in said.items():
            data.setlist(str(name), [str(value) for value in values])
    except (ValueError, AttributeError, TypeError):
        return
    request.POST = data  # type: ignore[assignment] # the type is that of a sent form

"""The sub-steps 内部环节 that an organisation puts before its own statutory steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from gongshu.procedures import all_procedures, procedure
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.substeps import rules
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.fields import choices, lines
from gongshu_server.portal.speech import say


class SubStepsForm(forms.Form):
    """Before which statutory step, and the sub-steps in their order."""

    place = forms.ChoiceField(label=gettext_lazy("在哪个法定环节之前"))
    names = forms.CharField(
        label=gettext_lazy("内部环节，按先后每行一个"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("例如：科室负责人审核、分管领导审定。留空表示不设内部环节。"),
    )

    def __init__(self, *args: Any, by: Actor, **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "place", _places(by))

    def clean_names(self) -> list[tuple[str, str]]:
        """Return (code, name) of each sub-step; a name is its own code, so order may change."""
        said = list(lines(self.cleaned_data["names"], str, ""))
        if any(len(name) > 40 for name in said) or len(set(said)) != len(said):
            raise forms.ValidationError(_("名称不超过 40 个字，不能重复。"))
        return [(name, name) for name in said]

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `cases.configure_substeps`."""
        code, _sep, transition = self.cleaned_data["place"].partition("/")
        steps = self.cleaned_data["names"]
        return {"procedure_code": code, "transition": transition, "steps": steps}


def _places(by: Actor) -> list[tuple[str, str]]:
    """Return the statutory steps that the organisation's roles take."""
    return [
        (f"{table.code}/{step.name}", f"{say(table.zh)} · {say(step.zh)}")
        for table in all_procedures()
        for step in table.transitions
        if by.roles & set(PERMISSIONS[step.permission].organisation_roles)
    ]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def substeps(request: HttpRequest) -> HttpResponse:
    """Show the sub-steps that are set, and ask for those before one more step."""
    by = sessions.actor(request)
    form = SubStepsForm(request.POST or None, by=by)

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("内部环节已设置，从现在起生效。"), reverse("people:substeps"))

    page = {
        "title": _("内部环节"),
        "lead": _(
            "法定环节由机构作出；机构里先由谁看、再由谁定，在这里设。"
            "内部环节由不同的人依次办理，不延长法定时限。"
        ),
        "button": _("设置"),
        "back": reverse("people:posts"),
        "rules": [
            (
                procedure(one.procedure).zh,
                procedure(one.procedure).transition(one.transition).zh,
                one,
            )
            for one in rules(by.organisation)
        ],
    }
    return ask(
        request,
        "cases.configure_substeps",
        form,
        given={},
        then=then,
        page=page,
        template="portal/people/substeps.html",
    )

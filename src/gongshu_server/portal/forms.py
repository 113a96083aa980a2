"""Forms made from the signatures of actions, as the API's endpoints are (ADR 0007).

A step of a procedure that asks for identifiers, reasons, yes or no, numbers, dates and papers needs
no form of its own. Steps that ask for more bring a form class with `arguments()` (see `steps`).
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.cases.documents import Paper
from gongshu_server.journeys.naming import function
from gongshu_server.portal.attaching import attachment_field
from gongshu_server.portal.labels import label

PAPER = "paper"
PAPER_PARTS = ("title", "number", "issuer", "dated", "receipt", "text", "attachment")
LONG = frozenset({"reason", "opinion", "summary", "statement"})


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper that a step takes: its name, its basis, and whether the step needs it."""

    code: str
    zh: str
    clause: str
    required: bool
    present: bool = False
    identified: tuple[str, ...] = ()

    @property
    def wanted(self) -> bool:
        """Tell whether the step cannot be taken without this paper being handed in now."""
        return self.required and not self.present


class Papers:
    """The papers that a form asks for, beside its own fields."""

    def __init__(self, form: forms.Form, kinds: Sequence[PaperKind]) -> None:
        self.form, self.kinds = form, tuple(kinds)
        for kind in self.kinds:
            for part, field in _paper_fields(kind).items():
                form.fields[f"{PAPER}__{kind.code}__{part}"] = field

    def groups(self) -> Iterator[tuple[PaperKind | None, list[forms.BoundField]]]:
        """Yield the form's own fields under None, then the fields of each kind of paper."""
        yield None, [self.form[n] for n in self.form.fields if not n.startswith(f"{PAPER}__")]
        for kind in self.kinds:
            yield kind, [self.form[f"{PAPER}__{kind.code}__{part}"] for part in PAPER_PARTS]

    def filled(self) -> list[Paper]:
        """Return the papers of which anything was filled in; only for a valid form."""
        found = []
        for kind in self.kinds:
            said = {
                part: self.form.cleaned_data.get(f"{PAPER}__{kind.code}__{part}")
                for part in PAPER_PARTS
            }
            if any(said.values()):
                said["title"] = said["title"] or kind.zh
                found.append(Paper(kind=kind.code, **{k: v for k, v in said.items() if v}))
        return found


def papers_of(form: forms.Form, kinds: Sequence[PaperKind]) -> Papers:
    """Let the form ask for papers of these kinds as well."""
    return Papers(form, kinds)


class StepForm(forms.Form):
    """The form of one action on one subject; `arguments` are the action's keyword arguments."""

    def __init__(
        self,
        *args: Any,
        action: str,
        given: Mapping[str, Any],
        kinds: Sequence[PaperKind] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.action, self.given, self.kinds = action, dict(given), tuple(kinds)
        self._papers_as, self._single = "", False
        signature = inspect.unwrap(function(action))
        hints = typing.get_type_hints(signature)
        for parameter in inspect.signature(signature).parameters.values():
            if parameter.name not in {"by", "at", *self.given}:
                self._ask(parameter, hints[parameter.name])
        self._papers = papers_of(self, self.kinds if self._papers_as else ())

    def _ask(self, parameter: inspect.Parameter, kind: Any) -> None:
        if kind is Paper or kind == Sequence[Paper]:
            self._papers_as, self._single = parameter.name, kind is Paper
            return
        words = label(self.action, parameter.name)
        made = field_for(kind, parameter.name)
        made.label, made.help_text = words.zh, words.help
        if parameter.default is not inspect.Parameter.empty:
            made.required, made.initial = False, parameter.default
        self.fields[parameter.name] = made

    def groups(self) -> Iterator[tuple[PaperKind | None, list[forms.BoundField]]]:
        """Yield the plain fields under None, then the fields of each kind of paper."""
        return self._papers.groups()

    def arguments(self) -> dict[str, Any]:
        """Return the action's keyword arguments, but `by` and `at`; only for a valid form."""
        said = {k: v for k, v in self.cleaned_data.items() if not k.startswith(f"{PAPER}__")}
        if self._papers_as:
            papers = self._papers.filled()
            said[self._papers_as] = papers[0] if self._single else papers
        return {**said, **self.given}

    def clean(self) -> dict[str, Any]:
        """Ask for the one paper of an action that takes exactly one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self._single and not self._papers.filled():
            self.add_error(None, _("请填写材料的名称或内容。"))
        return cleaned


def _paper_fields(paper: PaperKind) -> dict[str, forms.Field]:
    made: dict[str, forms.Field] = {
        "title": forms.CharField(
            label=_("材料名称"),
            max_length=200,
            required=False,
            help_text=_("留空则用上面的名称。"),
        ),
        "number": forms.CharField(label=_("文号"), max_length=80, required=False),
        "issuer": forms.CharField(label=_("出具单位"), max_length=120, required=False),
        "dated": forms.DateField(
            label=_("成文日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
        ),
        "receipt": forms.CharField(label=_("回执号"), max_length=80, required=False),
        "text": forms.CharField(
            label=_("内容或摘要"),
            required=False,
            max_length=100_000,
            widget=forms.Textarea(attrs={"rows": 3}),
        ),
        "attachment": attachment_field(),
    }
    for part in paper.identified if paper.wanted else ():
        made[part].required = True
    return made


def field_for(kind: Any, name: str) -> forms.Field:
    """Return the form field for a parameter of the type; raises TypeError for a structured one."""
    makers: Mapping[Any, Callable[[], forms.Field]] = {
        bool: lambda: forms.TypedChoiceField(
            choices=[("yes", _("同意")), ("no", _("不同意"))],
            coerce=lambda said: said == "yes",
            widget=forms.RadioSelect,
        ),
        int: lambda: forms.IntegerField(min_value=0, max_value=10**12),
        Decimal: lambda: forms.DecimalField(min_value=0, max_digits=14, decimal_places=2),
        date: lambda: forms.DateField(widget=forms.DateInput(attrs={"type": "date"})),
        datetime: _moment,
        datetime | None: _moment,
        str: lambda: forms.CharField(
            max_length=20_000 if name in LONG else 200,
            widget=forms.Textarea(attrs={"rows": 4}) if name in LONG else forms.TextInput(),
        ),
    }
    if kind not in makers:
        raise TypeError(f"{name}: {kind} needs a form of its own")
    return makers[kind]()


def _moment() -> forms.Field:
    return forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )


def paper_kinds(
    table: Procedure, transition: Transition, present: set[str]
) -> tuple[PaperKind, ...]:
    """Return the kinds of paper of a procedure, those that the step needs and lacks first."""
    kinds = [
        PaperKind(
            code,
            kind.zh,
            kind.clause,
            required=code in transition.documents,
            present=code in present,
            identified=kind.identified,
        )
        for code, kind in table.documents.items()
    ]
    return tuple(sorted(kinds, key=lambda kind: (not kind.required, kind.present)))

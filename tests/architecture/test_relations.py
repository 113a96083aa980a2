"""String foreign keys escape the linter: here every model relation points down, protected."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from architecture import trees

RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}


def faults(field: models.Field[Any, Any]) -> Iterator[str]:
    """Yield what is wrong with one relation of a model of ours."""
    label = field.model._meta.app_label
    name = f"{label}.{field.model.__name__}.{field.name}"
    target = field.remote_field.model
    to = target.split(".")[0] if isinstance(target, str) else target._meta.app_label
    if to == "self":
        to = label
    if to != label and trees.depth(to) <= trees.depth(label):
        yield f"{name} points up or sideways to {to}"
    if field.remote_field.related_name != "+":
        yield f"{name} lets {to} see it: related_name is not '+'"
    if field.many_to_many or field.remote_field.on_delete is not models.PROTECT:
        yield f"{name} is not protected: nothing is deleted by a cascade"


def relations() -> Iterator[models.Field[Any, Any]]:
    """Yield every relation of the node's own models."""
    for model in apps.get_models(include_auto_created=True):
        if model.__module__.startswith("gongshu_server."):
            yield from (f for f in model._meta.get_fields() if f.is_relation and not f.auto_created)


def imported_targets(module: trees.Module) -> Iterator[str]:
    """Yield relations that name an imported class; a context is named by a string."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and trees.dotted(node.func).split(".")[-1] in RELATIONS:
            target = trees.dotted(node.args[0]).split(".")[0] if node.args else "nothing"
            if target in imported or not node.args:
                yield f"{module.place}:{node.lineno} names {target}"


def test_every_relation_points_down() -> None:
    """No relation points up or sideways, shows itself to its target, or cascades."""
    found = list(relations())
    assert len(found) > 40
    assert [fault for field in found for fault in faults(field)] == []


def test_contexts_are_named_by_strings() -> None:
    """A model never imports the model that it points to from another module."""
    models_of = [m for m in trees.modules(trees.NODE) if m.path.name == "models.py"]
    assert [fault for module in models_of for fault in imported_targets(module)] == []


@isolate_apps("gongshu_server.accounts")
def test_planted_relations_are_found() -> None:
    """Each of the three faults is seen, a sound relation is not."""

    class Planted(models.Model):
        up = models.ForeignKey("market.Product", on_delete=models.PROTECT, related_name="+")
        seen = models.ForeignKey("self", on_delete=models.PROTECT, related_name="planted")
        falling = models.ForeignKey("self", on_delete=models.CASCADE, related_name="+")
        many = models.ManyToManyField("self", related_name="+")
        sound = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "accounts"

    said = {name: list(faults(Planted._meta.get_field(name))) for name in ("up", "seen", "falling")}
    assert said["up"] == ["accounts.Planted.up points up or sideways to market"]
    assert len(said["seen"]) == 1
    assert "related_name" in said["seen"][0]
    assert len(said["falling"]) == 1
    assert "cascade" in said["falling"][0]
    assert any("cascade" in fault for fault in faults(Planted._meta.get_field("many")))
    assert list(faults(Planted._meta.get_field("sound"))) == []


@isolate_apps("gongshu_server.registration")
def test_a_sibling_is_not_below() -> None:
    """A relation between two contexts of one layer is a fault, too."""

    class Beside(models.Model):
        review = models.ForeignKey(
            "opening.OpeningReview", on_delete=models.PROTECT, related_name="+"
        )

        class Meta:
            app_label = "registration"

    assert len(list(faults(Beside._meta.get_field("review")))) == 1


def test_a_planted_import_is_found() -> None:
    """A relation to an imported class is seen; one to a class of its own module is not."""
    text = (
        "from gongshu_server.accounts.models import Person\n"
        "class Own: ...\n"
        "a = models.ForeignKey(Person, on_delete=models.PROTECT)\n"
        "b = models.ForeignKey(Own, on_delete=models.PROTECT)\n"
    )
    module = trees.Module(trees.NODE / "cases" / "models.py", text, ast.parse(text))
    assert list(imported_targets(module)) == ["gongshu_server/cases/models.py:3 names Person"]

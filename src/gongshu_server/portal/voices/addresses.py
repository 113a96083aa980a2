"""Addresses of objections and complaints."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.voices import pages

urlpatterns = [
    path("", pages.front, name="front"),
    path("own/", pages.own, name="own"),
    path("objections/new/", pages.raise_objection, name="raise"),
    path("objections/<str:objection_id>/", pages.objection, name="objection"),
]
STEPS = {"oversight.correct_at_source": pages.correct}
SUBJECTS = {"objection": "voices:objection"}

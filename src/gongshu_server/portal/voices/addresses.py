"""Addresses of objections and complaints."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.voices import complaints, pages

urlpatterns = [
    path("", pages.front, name="front"),
    path("own/", pages.own, name="own"),
    path("complaints/", complaints.listing, name="complaints"),
    path("complaints/new/", complaints.lodge, name="complain"),
    path("complaints/progress/", complaints.progress, name="progress"),
    path("complaints/<str:complaint_id>/", complaints.complaint, name="complaint"),
    path("complaints/<str:complaint_id>/reveal/", complaints.reveal, name="reveal"),
    path("objections/new/", pages.raise_objection, name="raise"),
    path("objections/<str:objection_id>/", pages.objection, name="objection"),
]
STEPS = {
    "oversight.correct_at_source": pages.correct,
    "oversight.transfer_complaint": complaints.transfer,
}
SUBJECTS = {"objection": "voices:objection", "complaint": "voices:complaint"}

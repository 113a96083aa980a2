"""Addresses of the pages of registration."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.registration import pages

urlpatterns = [
    path("", pages.own, name="own"),
    path("new/", pages.choose, name="choose"),
    path("new/<str:kind>/<str:subject_id>/", pages.apply, name="apply"),
    path("acceptance/", pages.acceptance, name="acceptance"),
    path("reviews/", pages.reviews, name="reviews"),
    path("publicity/", pages.publicity, name="publicity"),
    path("code.svg", pages.qr, name="qr"),
    path("<str:registration_id>/", pages.registration, name="registration"),
    path("<str:registration_id>/object/", pages.object_to, name="object"),
]
STEPS = {
    "registration.accept": pages.check,
    "registration.notify_incomplete": pages.check,
    "registration.resubmit": pages.check,
}
SUBJECTS = {"registration": "registration:registration"}

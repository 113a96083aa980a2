"""Addresses of the supervision pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.supervision import pages, regions

urlpatterns = [
    path("", pages.overview, name="overview"),
    path("clocks/", pages.clocks, name="clocks"),
    path("cases/<str:case_id>/supervise/", pages.supervise, name="supervise"),
    path("alarms/", pages.alarms, name="alarms"),
    path("alarms/<str:alarm_id>/close/", pages.close_alarm, name="close_alarm"),
    path("evaluation/", pages.evaluation, name="evaluation"),
    path("regions.json", regions.shapes, name="shapes"),
]

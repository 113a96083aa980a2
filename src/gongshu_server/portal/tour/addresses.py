"""Addresses of the tour."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.tour import pages

urlpatterns = [
    path("", pages.tour, name="tour"),
    path("<int:number>/", pages.go, name="go"),
]

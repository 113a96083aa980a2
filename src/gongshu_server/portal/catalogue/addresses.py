"""Addresses of the catalogue's pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.catalogue import finding

urlpatterns = [
    path("", finding.search, name="search"),
    path("<str:resource_id>/", finding.resource, name="resource"),
    path("<str:resource_id>/uses/", finding.uses, name="uses"),
    path("<str:resource_id>/preview/", finding.preview, name="preview"),
]
SUBJECTS = {"resource": "catalogue:resource"}

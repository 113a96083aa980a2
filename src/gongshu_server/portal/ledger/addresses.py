"""Addresses of the ledger's pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.ledger import pages

urlpatterns = [
    path("verify/", pages.verify, name="verify"),
    path("state/", pages.state, name="state"),
    path("key/", pages.public_key, name="key"),
]

"""Addresses of the node's doors."""

from django.urls import URLPattern, URLResolver, path

from gongshu_server.api.api import api
from gongshu_server.portal import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.front, name="front"),
    path("disclosure/", pages.disclosure, name="disclosure"),
    path("registrations/", pages.registration, name="registration"),
    path("static/site.css", pages.style, name="style"),
    path("ledger/<path:path>", pages.ledger_file, name="ledger"),
    path("api/v1/", api().urls),
]

"""Addresses of the node's doors."""

from django.urls import URLPattern, URLResolver, path

from gongshu_server.api.api import api
from gongshu_server.portal import assets, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.front, name="front"),
    path("disclosure/", pages.disclosure, name="disclosure"),
    path("registrations/", pages.registration, name="registration"),
    path("static/<path:path>", assets.serve, name="asset"),
    path("ledger/<path:path>", pages.ledger_file, name="ledger"),
    path("api/v1/", api().urls),
]

# Django looks these up by name. What an API call is told instead: api/problems.py.
handler400 = "gongshu_server.portal.failures.bad_request"
handler403 = "gongshu_server.portal.failures.forbidden"
handler404 = "gongshu_server.portal.failures.not_found"
handler500 = "gongshu_server.portal.failures.server_error"

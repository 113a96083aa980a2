"""Addresses of the audit pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.audit import access, entries, tracing

urlpatterns = [
    path("entries/", entries.listing, name="entries"),
    path("entries/export/", entries.export, name="export_file"),
    path("entries/<str:entry_id>/", entries.entry, name="entry"),
    path("entries/<str:entry_id>/receipt/", entries.receipt, name="receipt"),
    path("export/", entries.export_page, name="export"),
    path("trace/", tracing.trace, name="trace"),
    path("recompute/", tracing.recompute, name="recompute"),
    path("access/", access.listing, name="access"),
    path("access/new/", access.apply, name="apply"),
    path("access/<str:access_id>/", access.one, name="one_access"),
]
STEPS = {
    "oversight.reapply_for_audit_access": access.reapply,
}
SUBJECTS = {"audit_access": "audit:one_access"}

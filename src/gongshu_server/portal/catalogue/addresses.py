"""Addresses of the catalogue's pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.catalogue import duties, filing, finding, leveling, opening

urlpatterns = [
    path("", finding.search, name="search"),
    path("own/", filing.own, name="own"),
    path("all/", filing.everything, name="all"),
    path("file/", filing.file, name="file"),
    path("file/header/", filing.header, name="header"),
    path("corrections/", duties.corrections, name="corrections"),
    path("duties/", duties.duties, name="duties"),
    path("received/<str:file_id>/", filing.outcome, name="outcome"),
    path("received/<str:file_id>/rejects/", filing.rejects, name="rejects"),
    path("reviews/<str:review_id>/", opening.outcome, name="review"),
    path("<str:resource_id>/", finding.resource, name="resource"),
    path("<str:resource_id>/uses/", finding.uses, name="uses"),
    path("<str:resource_id>/preview/", finding.preview, name="preview"),
    path("<str:resource_id>/files/", filing.files, name="files"),
    path("<str:resource_id>/open/", opening.apply, name="open"),
]
STEPS = {
    "catalogue.confirm_levels": leveling.confirm_levels,
    "catalogue.amend": filing.amend,
    "opening.approve": opening.decide,
    "opening.refuse": opening.decide,
}
SUBJECTS = {"resource": "catalogue:resource"}

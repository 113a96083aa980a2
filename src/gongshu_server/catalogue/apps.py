"""The catalogue application."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Holds the catalogue and the versions of its data."""

    name = "gongshu_server.catalogue"
    label = "catalogue"
    verbose_name = "数据资源目录"

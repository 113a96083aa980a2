"""The workshop application."""

from django.apps import AppConfig


class WorkshopConfig(AppConfig):
    """Holds tasks, queries, runs and releases."""

    name = "gongshu_server.workshop"
    label = "workshop"
    verbose_name = "开发利用环境"

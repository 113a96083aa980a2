"""The cases application."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Holds cases of every procedure."""

    name = "gongshu_server.cases"
    label = "cases"
    verbose_name = "办件"

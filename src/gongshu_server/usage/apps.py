"""The usage application."""

from django.apps import AppConfig


class UsageConfig(AppConfig):
    """Holds grants, the epoch of their changes, and what was used."""

    name = "gongshu_server.usage"
    label = "usage"
    verbose_name = "用数许可"

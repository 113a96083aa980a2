"""The opening application."""

from django.apps import AppConfig


class OpeningConfig(AppConfig):
    """Holds opening reviews and their findings."""

    name = "gongshu_server.opening"
    label = "opening"
    verbose_name = "开放"

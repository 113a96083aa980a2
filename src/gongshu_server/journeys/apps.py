"""The journeys application."""

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    """Holds no data: two tables only."""

    name = "gongshu_server.journeys"
    label = "journeys"
    verbose_name = "办事链条"

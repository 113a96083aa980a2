"""The oversight application."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """Holds objections; disclosure is generated."""

    name = "gongshu_server.oversight"
    label = "oversight"
    verbose_name = "监管与披露"

"""The portal application."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Holds pages and no data."""

    name = "gongshu_server.portal"
    label = "portal"
    verbose_name = "门户"

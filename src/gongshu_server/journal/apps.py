"""The journal application."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Holds every entry of the node, and the one clock."""

    name = "gongshu_server.journal"
    label = "journal"
    verbose_name = "存证日志"

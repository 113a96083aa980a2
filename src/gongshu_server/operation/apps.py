"""The operation application."""

from django.apps import AppConfig


class OperationConfig(AppConfig):
    """Holds plans, agreements and scenario applications."""

    name = "gongshu_server.operation"
    label = "operation"
    verbose_name = "授权运营"

"""The market application."""

from django.apps import AppConfig


class MarketConfig(AppConfig):
    """Holds products and what is sold."""

    name = "gongshu_server.market"
    label = "market"
    verbose_name = "数据市场"

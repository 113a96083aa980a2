"""The accounts application."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Holds who may act; it grants nobody access to data."""

    name = "gongshu_server.accounts"
    label = "accounts"
    verbose_name = "机构与人员"

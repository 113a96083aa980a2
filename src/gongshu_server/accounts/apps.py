"""The accounts application."""

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Holds who may act; it grants nobody access to data."""

    name = "gongshu_server.accounts"
    label = "accounts"
    verbose_name = "机构与人员"

    def ready(self) -> None:
        """Let Django make no permissions of its own: who may do what is one table, not two."""
        post_migrate.disconnect(
            create_permissions, dispatch_uid="django.contrib.auth.management.create_permissions"
        )
        post_migrate.disconnect(create_contenttypes)

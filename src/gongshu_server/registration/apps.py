"""The registration application."""

from django.apps import AppConfig


class RegistrationConfig(AppConfig):
    """Holds registrations and their query codes."""

    name = "gongshu_server.registration"
    label = "registration"
    verbose_name = "登记"

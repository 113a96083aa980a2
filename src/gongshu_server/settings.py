"""Django's settings, derived from the table in `configuration.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gongshu_server import configuration
from gongshu_server.secrets_folder import secret

HOME = configuration.home()
SECRET_KEY = secret(HOME, "django.secret").hex()
DEBUG = False
ALLOWED_HOSTS = [h for h in configuration.value("GONGSHU_HOSTS").split(",") if h]
LEDGER_ORIGIN = configuration.value("GONGSHU_ORIGIN")
GONGSHU_REQUEST_DAYS = int(configuration.value("GONGSHU_REQUEST_DAYS"))

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.messages",
    "django_tasks",
    "django_tasks_db",
    "gongshu_server.journal",
    "gongshu_server.accounts",
    "gongshu_server.cases",
    "gongshu_server.catalogue",
    "gongshu_server.usage",
    "gongshu_server.registration",
    "gongshu_server.opening",
    "gongshu_server.operation",
    "gongshu_server.workshop",
    "gongshu_server.market",
    "gongshu_server.oversight",
    "gongshu_server.journeys",
    "gongshu_server.portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "gongshu_server.portal.security.strict_policy",
    "gongshu_server.api.problems.everywhere",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "gongshu_server.portal.language.chosen",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "gongshu_server.portal.sessions.attach",
    "gongshu_server.portal.refusals.everywhere",
]
ROOT_URLCONF = "gongshu_server.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "gongshu_server.portal.context.frame",
            ],
            "builtins": ["gongshu_server.portal.assets"],  # The tag {% asset %} in every page.
        },
    }
]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = sorted((Path(__file__).parent / "portal" / "locale").glob("*"))
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "gongshu_server.portal.failures.not_ours"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

ADDRESS = configuration.value("GONGSHU_ADDRESS").rstrip("/")
EMAIL_HOST = configuration.value("GONGSHU_EMAIL_HOST")
EMAIL_PORT = int(configuration.value("GONGSHU_EMAIL_PORT"))
EMAIL_USE_SSL = configuration.value("GONGSHU_EMAIL_SECURITY") == "tls"
EMAIL_USE_TLS = configuration.value("GONGSHU_EMAIL_SECURITY") == "starttls"
EMAIL_HOST_USER = configuration.value("GONGSHU_EMAIL_USER")
EMAIL_HOST_PASSWORD = configuration.value("GONGSHU_EMAIL_PASSWORD")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = configuration.value("GONGSHU_EMAIL_FROM")
# The right side of message ids, and the domains that may receive notices.
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2]
MAIL_DOMAINS = [d.lower() for d in configuration.value("GONGSHU_EMAIL_DOMAINS").split(",") if d]

# What follows an event in other contexts; a table, so that no context imports one above it.
GONGSHU_EFFECTS = "gongshu_server.journeys.effects.EFFECTS"
# The work that a task or the periodic table names by code.
GONGSHU_JOBS = "gongshu_server.commands.periodic.JOBS"
GONGSHU_PERIODIC = "gongshu_server.commands.periodic.PERIODIC"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"discreet": {"()": "gongshu_server.log_lines.DiscreetFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "discreet"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}


def _database(address: str) -> dict[str, Any]:
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "node.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                # A write transaction takes its lock at once; a read never waits for it (WAL).
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    parts = urlsplit(address)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


DATABASES = {"default": _database(configuration.value("GONGSHU_DATABASE"))}

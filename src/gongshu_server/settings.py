"""Django's settings, derived from the table in `configuration.py`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gongshu_server import configuration, identity_providers
from gongshu_server.log_lines import QUIET
from gongshu_server.secrets_folder import secret

HOME = configuration.home()
SECRET_KEY = secret(HOME, "django.secret").hex()
DEBUG = False
ALLOWED_HOSTS = [h for h in configuration.value("GONGSHU_HOSTS").split(",") if h]
LEDGER_ORIGIN = configuration.value("GONGSHU_ORIGIN")
GONGSHU_REQUEST_DAYS = int(configuration.value("GONGSHU_REQUEST_DAYS"))

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
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
    "gongshu_server.upkeep.requests.everywhere",
    "django.middleware.security.SecurityMiddleware",
    "gongshu_server.portal.compression.CompressedPages",
    "gongshu_server.portal.security.strict_policy",
    "gongshu_server.api.problems.everywhere",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "gongshu_server.portal.language.chosen",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "gongshu_server.portal.sessions.attach",
    "gongshu_server.portal.refusals.everywhere",
    "axes.middleware.AxesMiddleware",
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
SESSION_ENGINE = "gongshu_server.portal.session_store"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(configuration.value("GONGSHU_SESSION_HOURS")) * 3600
SESSION_IDLE = int(configuration.value("GONGSHU_SESSION_IDLE_MINUTES")) * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Behind TLS cookies travel over nothing else, and browsers ask for nothing else.
TLS = configuration.value("GONGSHU_TLS")
SECURE = TLS != "off" or configuration.value("GONGSHU_ADDRESS").startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = int(configuration.value("GONGSHU_HSTS_SECONDS")) if SECURE else 0
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "gongshu_server.portal.failures.not_ours"
if TLS == "proxy":
    # Only then: without a proxy that sets it, anybody could send this header.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The levels of a wide table are confirmed on one page: six fields for each of 2,000 items.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 15_000
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# Who signs in: a login of the node's own, with no permission of Django's at all.
AUTH_USER_MODEL = "accounts.Login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"gongshu_server.accounts.passwords.{name}"}
    for name in ("LongEnough", "NotCommon", "NotDigitsOnly", "NotTheName")
]
LOGIN_URL = "sign_in"
ACCOUNT_ADAPTER = "gongshu_server.portal.entrance.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Who else may say who somebody is; a pair of issuer and subject is linked to a login by hand.
OIDC_PROVIDERS = identity_providers.read(configuration.value("GONGSHU_OIDC"))
ACCOUNT_RATE_LIMITS = False  # One lock-out, django-axes: it counts over all server processes.
MFA_ADAPTER = "gongshu_server.accounts.second_factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # A telephone's clock may be half a minute off.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
# Failures count for the login wherever they come from: behind a proxy all addresses are one.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_USERNAME_CALLABLE = "gongshu_server.portal.entrance.axes_name"
AXES_LOCKOUT_CALLABLE = "gongshu_server.portal.entrance.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# What was typed is nobody's to read, least of all in the table of failures.
AXES_SENSITIVE_PARAMETERS = ["username", "login", "ip_address", "code", "kept"]
# Codes that were used already, known to every server process.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": HOME / "cache",
    }
}

LOG = configuration.value("GONGSHU_LOG")
METRICS = configuration.value("GONGSHU_METRICS")
LEAST_FREE_MIB = int(configuration.value("GONGSHU_LEAST_FREE_MIB"))

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
    "formatters": {
        "discreet": {
            "()": "gongshu_server.log_lines.DiscreetFormatter",
            "form": LOG,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "discreet"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # One line for every request and every job, unless only faults are wanted.
        **{
            name: {"level": "WARNING" if LOG == QUIET else "INFO"}
            for name in ("gongshu_server.upkeep.requests", "gongshu_server.jobs.tasks")
        },
        # It names logins and addresses; what happened is in the journal.
        "axes": {"level": "CRITICAL"},
    },
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

"""Settings, all of them, for development and production.

Everything that differs between machines comes from the environment or `.env`;
`.env.example` lists the names. With nothing set, development on SQLite works.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from config import environment

BASE_DIR = environment.PROJECT_ROOT

# Programs that import the settings themselves have not been through manage.py.
environment.read_file(BASE_DIR / ".env")

# Where

# Without a word from manage.py or wsgi.py, the careful choice is production.
D0010_ENV = environment.text("D0010_ENV", "production")
if D0010_ENV not in {"development", "production"}:
    raise ImproperlyConfigured("D0010_ENV must be development or production.")
IS_PRODUCTION = D0010_ENV == "production"

DEBUG = environment.boolean("DEBUG", default=not IS_PRODUCTION)

# Published with the source: it keeps development sessions alive across restarts.
DEVELOPMENT_SECRET_KEY = (
    "django-insecure-for-development-only-never-for-production-6f2a9c"
)
SECRET_KEY = environment.text(
    "SECRET_KEY", "" if IS_PRODUCTION else DEVELOPMENT_SECRET_KEY
)

LOCAL_HOSTS = "localhost,127.0.0.1,[::1]"
ALLOWED_HOSTS = [
    host.strip()
    for host in environment.text(
        "ALLOWED_HOSTS", "" if IS_PRODUCTION else LOCAL_HOSTS
    ).split(",")
    if host.strip()
]

# What

INSTALLED_APPS = [
    "meter_readings",
    "config.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database

# A relative path starts from the project, wherever a command is run.
SQLITE_PATH = BASE_DIR / environment.text("SQLITE_PATH", "db.sqlite3")

# WAL lets people read while a file is being imported, and NORMAL is safe with it.
# IMMEDIATE takes the write lock at the start: a transaction that asks for it later
# fails at once instead of waiting. The cache is 16 MB, the largest WAL file that is
# left behind 64 MB.
SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": SQLITE_PATH,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;"
            "PRAGMA synchronous=NORMAL;"
            "PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-16384;"
            "PRAGMA journal_size_limit=67108864"
        ),
    },
    # A file, because tests start processes that share it; its own name for each
    # run, because two runs at a time must not share it.
    "TEST": {"NAME": Path(tempfile.gettempdir(), f"test_d0010_{os.getpid()}.sqlite3")},
}

POSTGRESQL: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": environment.text("DB_NAME", "d0010"),
    "USER": environment.text("DB_USER", "d0010"),
    "PASSWORD": environment.text("DB_PASSWORD"),
    "HOST": environment.text("DB_HOST", "localhost"),
    "PORT": environment.integer("DB_PORT", 5432, minimum=1, maximum=65535),
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {"connect_timeout": 10},
}

USE_POSTGRESQL = environment.boolean("USE_POSTGRESQL", default=False)
DATABASES = {"default": POSTGRESQL if USE_POSTGRESQL else SQLITE}

# Language and time

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
USE_TZ = True

# The market

# Role and id (J0934, J0938) under which files of our own go out.
MARKET_PARTICIPANT = environment.text("MARKET_PARTICIPANT", "X:SELF")

# Files

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = BASE_DIR / environment.text("MEDIA_ROOT", "media")
# Received files name people's homes: nobody else on the machine may read them.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# People

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation."
        "UserAttributeSimilarityValidator"
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# Security everywhere

# Pages load their own files and nothing else: no CDN, no inline script or style.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Security in production

if IS_PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off in production: remove it.")
    if (
        len(SECRET_KEY) < 50
        or len(set(SECRET_KEY)) < 5
        or SECRET_KEY.startswith("django-insecure-")
    ):
        raise ImproperlyConfigured(
            "SECRET_KEY must be a random text of 50 characters or more in production. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )
    if not ALLOWED_HOSTS or any(
        "*" in host or host.startswith(".") for host in ALLOWED_HOSTS
    ):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS must list this site's exact names in production, "
            "separated by commas, without wildcards."
        )
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Preloading binds the whole domain for years: its owner decides, not a program.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
    # Anyone can send this header, so it counts only behind a proxy that sets it.
    if environment.boolean("BEHIND_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Logs and tests

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "private": {
            "()": "config.logs.PrivateFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "private"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Django's own handlers would print queries and mail tracebacks.
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "meter_readings": {"level": "INFO"},
    },
}

TEST_RUNNER = "config.test_runner.IsolatedRunner"

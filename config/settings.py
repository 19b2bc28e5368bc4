"""Settings for development and production.

Values that differ between machines come from environment variables or `.env`;
`.env.example` explains each. With nothing set, the project runs in development on
SQLite.
"""

from importlib.util import find_spec
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import api, databases, mail, openapi, security, storages, tasks
from config.caches import cache_settings
from config.environment import (
    PROJECT_ROOT,
    env_bool,
    env_choice,
    env_days,
    env_dict,
    env_int,
    env_list,
    env_networks,
    env_str,
    load_dotenv,
    manage_py,
)
from config.logging_config import logging_config
from config.production import validate_production_settings

# --- Environment ---

BASE_DIR = PROJECT_ROOT
# Programs that do not start with manage.py or wsgi.py have not read it yet.
load_dotenv(BASE_DIR / ".env")

# manage.py sets development; the default is the safe choice.
D0010_ENV = env_str("D0010_ENV", "production")
if D0010_ENV not in {"development", "test", "production"}:
    raise ImproperlyConfigured("D0010_ENV must be development, test or production.")
IS_PRODUCTION = D0010_ENV == "production"
# How a user runs a command, in remedies
MANAGE_PY = manage_py()

# Only production is hardened: without DEBUG, another site would merely look like it.
DEBUG = D0010_ENV == "development"
if env_bool("DEBUG", default=DEBUG) != DEBUG:
    raise ImproperlyConfigured(
        f"DEBUG must be {'on' if DEBUG else 'off'} in {D0010_ENV}: remove it."
        " A site for users needs D0010_ENV=production."
    )

# This key is published. It is fixed so that development sessions survive a restart.
DEVELOPMENT_SECRET_KEY = (
    "django-insecure-for-development-only-never-for-production-6f2a9c"
)
SECRET_KEY = env_str("SECRET_KEY", "" if IS_PRODUCTION else DEVELOPMENT_SECRET_KEY)

LOCAL_HOSTS = "localhost,127.0.0.1,[::1]"
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "" if IS_PRODUCTION else LOCAL_HOSTS)
if D0010_ENV == "test":
    ALLOWED_HOSTS = LOCAL_HOSTS.split(",")

# Whether all requests come through a proxy that ends HTTPS and names the client
BEHIND_PROXY = env_bool("BEHIND_PROXY", default=False)
# Proxies whose X-Forwarded-For is believed, besides one on this machine
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES")

# --- Applications ---

INSTALLED_APPS = [
    # First: meter_readings.apps connects a receiver before Django's own.
    "meter_readings",
    "config.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_tasks_db",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
]

# Without WhiteNoise the web server must serve STATIC_ROOT at /static/.
HAS_WHITENOISE = IS_PRODUCTION and find_spec("whitenoise") is not None

MIDDLEWARE = [
    "config.logging_config.RequestIdMiddleware",
    "meter_readings.ops.health_endpoints.HealthEndpointsMiddleware",
    "meter_readings.ops.http_metrics.HttpMetricsMiddleware",
    "meter_readings.ops.request_log.RequestLogMiddleware",
    "meter_readings.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    *(["whitenoise.middleware.WhiteNoiseMiddleware"] if HAS_WHITENOISE else []),
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "meter_readings.middleware.SecurityHeadersMiddleware",
    "meter_readings.middleware.ServiceUnavailableMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "meter_readings.middleware.MaxBodySizeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "meter_readings.audit.middleware.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEST_RUNNER = "meter_readings.tests.runner.IsolatedTestRunner"

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

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
USE_TZ = True

# Market participant role and ID (J0934, J0938) in the header of exported D0010 files
MARKET_PARTICIPANT = env_str("MARKET_PARTICIPANT", "X:SELF")

# Telephone numbers by market participant ID, for the pages of meter points
PARTICIPANT_TELEPHONES = env_dict("PARTICIPANT_TELEPHONES")

# --- Database ---

# A relative path starts from the project, not from the working directory.
SQLITE_PATH = BASE_DIR / env_str("SQLITE_PATH", "db.sqlite3")
# Some versions of SQLite can damage a database that two programs write to at once.
ACCEPT_SQLITE_RISK = env_bool("ACCEPT_SQLITE_RISK", default=False)

POSTGRESQL = databases.postgresql(
    NAME=env_str("DB_NAME", "d0010"),
    USER=env_str("DB_USER", "d0010"),
    PASSWORD=env_str("DB_PASSWORD"),
    HOST=env_str("DB_HOST", "localhost"),
    PORT=env_int("DB_PORT", 5432, minimum=1, maximum=65535),
)
USE_POSTGRESQL = env_bool("USE_POSTGRESQL", default=False)
DATABASES = {"default": POSTGRESQL if USE_POSTGRESQL else databases.sqlite(SQLITE_PATH)}

# A replica that answers the API's and the admin's reads of readings
DB_REPLICA_HOST = env_str("DB_REPLICA_HOST")
DB_REPLICA_PORT = env_int(
    "DB_REPLICA_PORT", POSTGRESQL["PORT"], minimum=1, maximum=65535
)
DATABASE_ROUTERS = []
if USE_POSTGRESQL and DB_REPLICA_HOST:
    DATABASES["replica"] = databases.replica(
        POSTGRESQL, HOST=DB_REPLICA_HOST, PORT=DB_REPLICA_PORT
    )
    DATABASE_ROUTERS = ["meter_readings.ops.db_router.ReplicaRouter"]
    MIDDLEWARE += ["meter_readings.ops.db_router.ReadYourWritesMiddleware"]

# --- Caches and sessions ---

# With Redis, all processes and machines share the counters.
REDIS_URL = env_str("REDIS_URL")
CACHES = cache_settings(REDIS_URL)

# SQLite allows one writer at a time and an import can take minutes: signing in must not
# wait for it, so on SQLite sessions are files.
SESSION_ENGINE = (
    "django.contrib.sessions.backends.db"
    if USE_POSTGRESQL
    else "django.contrib.sessions.backends.file"
)
SESSION_FILE_PATH = BASE_DIR / env_str("SESSION_FILE_PATH", "sessions")
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- Background tasks ---

# With immediate no worker runs: a user who uploads a file waits for its import.
TASKS_BACKEND = env_choice("TASKS_BACKEND", "immediate", choices=tasks.CHOICES)
# RabbitMQ, and the queue of this site there; for celery only
CELERY_BROKER_URL = env_str("CELERY_BROKER_URL")
CELERY_QUEUE = env_str("CELERY_QUEUE", "d0010")
TASKS = tasks.task_settings(TASKS_BACKEND, CELERY_BROKER_URL)

# --- Files ---

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / env_str("STATIC_ROOT", "staticfiles")
MEDIA_ROOT = BASE_DIR / env_str("MEDIA_ROOT", "media")
SAMPLE_DATA_DIR = BASE_DIR / "sample_data"
# Where backup.sh writes, and /metrics looks for the latest backup
BACKUP_ROOT = BASE_DIR / env_str("BACKUP_ROOT", "backups")
# Flow files hold personal data: other users of the machine must not read them.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 100
# The largest request body
UPLOAD_MAX_MEGABYTES = env_int(
    "UPLOAD_MAX_MEGABYTES", 1024, minimum=1, maximum=1_000_000
)
# The most that the files of one archive unpack to, together
ARCHIVE_MAX_MEGABYTES = env_int(
    "ARCHIVE_MAX_MEGABYTES", 1024, minimum=1, maximum=1_000_000
)

if IS_PRODUCTION:
    STORAGES = storages.production(has_whitenoise=HAS_WHITENOISE)

# --- Retention of personal data ---
# In days; 0 means for ever. `manage.py apply_retention` deletes what is older.

# Original files of imports, and their findings
RETENTION_ORIGINALS_DAYS = env_days("RETENTION_ORIGINALS_DAYS", 400, minimum=1)
# Rejected and undone files, and their findings
RETENTION_REJECTED_DAYS = env_days("RETENTION_REJECTED_DAYS", 90, minimum=1)
RETENTION_IMPORT_JOBS_DAYS = env_days("RETENTION_IMPORT_JOBS_DAYS", 730, minimum=1)
RETENTION_NOTIFICATIONS_DAYS = env_days("RETENTION_NOTIFICATIONS_DAYS", 90, minimum=1)
RETENTION_READINGS_DAYS = env_days("RETENTION_READINGS_DAYS", 0, minimum=30)
RETENTION_AUDIT_EVENTS_DAYS = env_days("RETENTION_AUDIT_EVENTS_DAYS", 2555, minimum=365)
# Exports that a worker made; the worker itself deletes them
RETENTION_EXPORTS_DAYS = env_days("RETENTION_EXPORTS_DAYS", 7, minimum=1)
# Whether the audit trail has the look-ups of meter points by the API
AUDIT_API_LOOKUPS = env_bool("AUDIT_API_LOOKUPS", True)
# The key of the pseudonyms by which erased MPANs are recognised
PSEUDONYM_KEY = env_str("PSEUDONYM_KEY", SECRET_KEY)

# --- Authentication ---

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = security.AUTH_PASSWORD_VALIDATORS

# --- Security ---

SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CSP = security.SECURE_CSP
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

if IS_PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # HSTS preloading binds the whole domain for years: its owner decides.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
    # Without a proxy that sets this header, any client could send it.
    if BEHIND_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- REST framework ---

# Requests per minute, per user and scope. Unauthenticated clients above
# API_RATE_ANONYMOUS get 429 instead of 401.
API_RATE_READ = env_int("API_RATE_READ", 1000, minimum=1, maximum=1_000_000)
API_RATE_IMPORT = env_int("API_RATE_IMPORT", 60, minimum=1, maximum=1_000_000)
API_RATE_ANONYMOUS = env_int("API_RATE_ANONYMOUS", 60, minimum=1, maximum=1_000_000)

REST_FRAMEWORK = api.rest_framework(
    requests_per_minute={
        "read": API_RATE_READ,
        "import": API_RATE_IMPORT,
        "anon": API_RATE_ANONYMOUS,
    },
    # A password with every request is for development only.
    accepts_passwords=not IS_PRODUCTION,
)
SPECTACULAR_SETTINGS = openapi.SPECTACULAR_SETTINGS

# Other sites whose pages may read the API, such as https://tools.example
CORS_ALLOWED_ORIGINS = env_list("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_METHODS = api.CORS_ALLOW_METHODS
CORS_ALLOW_HEADERS = api.CORS_ALLOW_HEADERS
CORS_EXPOSE_HEADERS = api.CORS_EXPOSE_HEADERS

# --- Notifications ---

MAILERS = mail.mailers(
    is_production=IS_PRODUCTION,
    host=env_str("EMAIL_HOST"),
    port=env_int("EMAIL_PORT", 25, minimum=1, maximum=65535),
    username=env_str("EMAIL_HOST_USER"),
    password=env_str("EMAIL_HOST_PASSWORD"),
    use_tls=env_bool("EMAIL_USE_TLS", default=False),
    use_ssl=env_bool("EMAIL_USE_SSL", default=False),
)
# The address of this site, for links in notifications
SITE_URL = env_str(
    "SITE_URL",
    (
        f"https://{ALLOWED_HOSTS[0]}"
        if IS_PRODUCTION and ALLOWED_HOSTS
        else "http://127.0.0.1:8001"
    ),
).rstrip("/")
DEFAULT_FROM_EMAIL = env_str(
    "DEFAULT_FROM_EMAIL", f"kraken-d0010@{urlsplit(SITE_URL).hostname}"
)
# Networks to which webhooks may be sent although their addresses are not public
WEBHOOK_NETWORKS = env_networks("WEBHOOK_NETWORKS")
# The hour of the day, UK local time, from which the daily digest is sent
NOTIFICATION_DIGEST_HOUR = env_int("NOTIFICATION_DIGEST_HOUR", 7, minimum=0, maximum=23)

# --- Quality rules ---
# The rules are in meter_readings.quality.rules.

# An advance is high above this many times the expected one, and daily use is a spike
# above this many times the usual one.
QUALITY_HIGH_FACTOR = env_int("QUALITY_HIGH_FACTOR", 2, minimum=2, maximum=100)
QUALITY_SPIKE_FACTOR = env_int("QUALITY_SPIKE_FACTOR", 5, minimum=2, maximum=1000)
# Shorter periods and smaller advances are not compared with others.
QUALITY_MIN_DAYS = env_int("QUALITY_MIN_DAYS", 7, minimum=1, maximum=366)
QUALITY_MIN_UNITS = env_int("QUALITY_MIN_UNITS", 50, minimum=0, maximum=1_000_000)
QUALITY_REPEATED_ZEROS = env_int("QUALITY_REPEATED_ZEROS", 3, minimum=2, maximum=100)
QUALITY_MAX_DIGITS = env_int("QUALITY_MAX_DIGITS", 7, minimum=4, maximum=9)
QUALITY_LONG_PERIOD_MONTHS = env_int(
    "QUALITY_LONG_PERIOD_MONTHS", 14, minimum=1, maximum=120
)
QUALITY_MAX_PERIOD_MONTHS = env_int(
    "QUALITY_MAX_PERIOD_MONTHS", 15, minimum=1, maximum=120
)
QUALITY_ESTIMATES_DAYS = env_int("QUALITY_ESTIMATES_DAYS", 365, minimum=1, maximum=3660)
QUALITY_SILENT_CYCLES = env_int("QUALITY_SILENT_CYCLES", 2, minimum=1, maximum=100)
QUALITY_SILENT_DAYS = env_int("QUALITY_SILENT_DAYS", 60, minimum=1, maximum=730)
QUALITY_NEW_POINT_DAYS = env_int("QUALITY_NEW_POINT_DAYS", 190, minimum=1, maximum=3660)

# --- Monitoring ---

# The bearer token of /metrics; without one there are no metrics.
METRICS_TOKEN = env_str("METRICS_TOKEN")
# With less free disk space the site is not ready, and production refuses files.
MIN_FREE_DISK_MB = env_int("MIN_FREE_DISK_MB", 1024, minimum=1, maximum=1_000_000)

# --- Logging ---

LOGGING = logging_config(is_production=IS_PRODUCTION)

# --- Validation ---

if IS_PRODUCTION:
    validate_production_settings(
        project=BASE_DIR,
        secret_key=SECRET_KEY,
        allowed_hosts=ALLOWED_HOSTS,
        metrics_token=METRICS_TOKEN,
        pseudonym_key=PSEUDONYM_KEY,
    )

"""Settings, all of them, for development and production.

Everything that differs between machines comes from the environment or `.env`;
`.env.example` lists the names. With nothing set, development on SQLite works.
"""

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from config import api, caches, databases, environment, logs, production

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
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "" if IS_PRODUCTION else LOCAL_HOSTS)

# A proxy that is the only way in ends HTTPS and says who asks.
BEHIND_PROXY = environment.boolean("BEHIND_PROXY", default=False)

# What

INSTALLED_APPS = [
    "meter_readings",
    "config.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
]

MIDDLEWARE = [
    "config.requests.RequestIdMiddleware",
    "meter_readings.ops.health_endpoints.HealthEndpointsMiddleware",
    "meter_readings.api.errors.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "meter_readings.middleware.SecurityHeadersMiddleware",
    "meter_readings.middleware.ServiceUnavailableMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "meter_readings.middleware.MaxBodySizeMiddleware",
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

POSTGRESQL = databases.postgresql(
    NAME=environment.text("DB_NAME", "d0010"),
    USER=environment.text("DB_USER", "d0010"),
    PASSWORD=environment.text("DB_PASSWORD"),
    HOST=environment.text("DB_HOST", "localhost"),
    PORT=environment.integer("DB_PORT", 5432, minimum=1, maximum=65535),
)
USE_POSTGRESQL = environment.boolean("USE_POSTGRESQL", default=False)
DATABASES = {"default": POSTGRESQL if USE_POSTGRESQL else databases.sqlite(SQLITE_PATH)}
# A replica that answers the API's reads of readings
DB_REPLICA_HOST = environment.text("DB_REPLICA_HOST")
DB_REPLICA_PORT = environment.integer(
    "DB_REPLICA_PORT", POSTGRESQL["PORT"], minimum=1, maximum=65535
)
DATABASE_ROUTERS = []
if USE_POSTGRESQL and DB_REPLICA_HOST:
    DATABASES["replica"] = databases.replica(
        POSTGRESQL, HOST=DB_REPLICA_HOST, PORT=DB_REPLICA_PORT
    )
    DATABASE_ROUTERS = ["meter_readings.ops.db_router.ReplicaRouter"]
# Some versions of SQLite can damage a database that two programs write to at once.
ACCEPT_SQLITE_RISK = environment.boolean("ACCEPT_SQLITE_RISK", default=False)

# Caches and sessions

# Redis lets all processes and machines count together.
REDIS_URL = environment.text("REDIS_URL")
CACHES = caches.cache_settings(REDIS_URL)
# SQLite allows one writer at a time and an import can take minutes: signing in must not
# wait for it, so on SQLite sessions are files.
SESSION_ENGINE = (
    "django.contrib.sessions.backends.db"
    if USE_POSTGRESQL
    else "django.contrib.sessions.backends.file"
)
SESSION_FILE_PATH = BASE_DIR / environment.text("SESSION_FILE_PATH", "sessions")

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
STATIC_ROOT = BASE_DIR / environment.text("STATIC_ROOT", "staticfiles")
MEDIA_ROOT = BASE_DIR / environment.text("MEDIA_ROOT", "media")
# Received files name people's homes: nobody else on the machine may read them.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# How much people and programs may send at once, as it is sent, in how many files
UPLOAD_MAX_MEGABYTES = environment.integer(
    "UPLOAD_MAX_MEGABYTES", 1024, minimum=1, maximum=1_000_000
)
DATA_UPLOAD_MAX_NUMBER_FILES = 100
SAMPLE_DATA = BASE_DIR / "sample_data"

# Personal data: how many days each kind is kept, 0 for ever

# The original bytes of imported files, and what was found in them
KEEP_ORIGINALS_DAYS = environment.days("KEEP_ORIGINALS_DAYS", 400, minimum=1)
# Files that were rejected or undone, with their reports
KEEP_REJECTED_DAYS = environment.days("KEEP_REJECTED_DAYS", 90, minimum=1)
KEEP_IMPORT_JOBS_DAYS = environment.days("KEEP_IMPORT_JOBS_DAYS", 730, minimum=1)
KEEP_READINGS_DAYS = environment.days("KEEP_READINGS_DAYS", 0, minimum=30)
# Makes the pseudonym by which an erased MPAN is known again.
PSEUDONYM_KEY = environment.text("PSEUDONYM_KEY", SECRET_KEY)

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

# The API

SPECTACULAR_SETTINGS = api.SPECTACULAR_SETTINGS
# Requests per minute, per user and scope. Unauthenticated clients above
# API_RATE_ANONYMOUS get 429 instead of 401.
API_RATE_READ = environment.integer("API_RATE_READ", 1000, minimum=1, maximum=1_000_000)
API_RATE_IMPORT = environment.integer(
    "API_RATE_IMPORT", 60, minimum=1, maximum=1_000_000
)
API_RATE_ANONYMOUS = environment.integer(
    "API_RATE_ANONYMOUS", 60, minimum=1, maximum=1_000_000
)
REST_FRAMEWORK = api.rest_framework(
    is_production=IS_PRODUCTION,
    rates={
        "read": API_RATE_READ,
        "import": API_RATE_IMPORT,
        "anon": API_RATE_ANONYMOUS,
    },
)
# The other sites whose pages may read it, such as https://tools.example.
CORS_ALLOWED_ORIGINS = environment.words("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = api.CORS_URLS_REGEX
CORS_ALLOW_METHODS = api.CORS_ALLOW_METHODS
CORS_ALLOW_HEADERS = api.CORS_ALLOW_HEADERS
CORS_EXPOSE_HEADERS = api.CORS_EXPOSE_HEADERS

# Seen from outside

# Without a token nobody is told any figures.
METRICS_TOKEN = environment.text("METRICS_TOKEN")
# Below this much free disk the site is not ready for more files.
MIN_FREE_MEGABYTES = environment.integer(
    "MIN_FREE_MEGABYTES", 1024, minimum=1, maximum=1_000_000
)

if IS_PRODUCTION:
    production.refuse(
        project=BASE_DIR,
        debug=DEBUG,
        secret_key=SECRET_KEY,
        hosts=ALLOWED_HOSTS,
        token=METRICS_TOKEN,
        pseudonym_key=PSEUDONYM_KEY,
    )
    globals().update(
        production.settings(
            hosts=ALLOWED_HOSTS, is_behind_proxy=BEHIND_PROXY, middleware=MIDDLEWARE
        )
    )

# Logs and tests

LOGGING = logs.settings(is_production=IS_PRODUCTION)
TEST_RUNNER = "meter_readings.tests.runner.IsolatedTestRunner"

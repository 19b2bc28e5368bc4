"""gunicorn configuration. GUNICORN_BIND and GUNICORN_WORKERS override two values."""

import os
import shutil
import tempfile

wsgi_app = "config.wsgi:application"
# Only a reverse proxy on the same machine reaches gunicorn.
bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")
forwarded_allow_ips = "127.0.0.1"

worker_class = "gthread"
workers = int(os.environ.get("GUNICORN_WORKERS", "2"))
# Each thread keeps a connection to PostgreSQL, whose default limit is 100. Further
# requests wait in the backlog (2048).
threads = 16
# Seconds without a heartbeat before a worker is killed. A slow request does not stop
# the heartbeat of a threaded worker.
timeout = 60
# Seconds that running requests have at a stop. A longer import is rolled back.
graceful_timeout = 30

# This is the limit of nginx and the maximum of gunicorn. A URL can hold 200 MPANs.
limit_request_line = 8190
limit_request_fields = 50

# nginx writes the access log, without query strings.
accesslog = None
errorlog = "-"
# Messages of gunicorn have the format of the site: one JSON object per line, with MPANs
# and query strings masked.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logging_config.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"gunicorn.error": {"handlers": ["console"], "propagate": False}},
}
# Files that the site writes are readable by its system user only.
umask = 0o077
# systemd controls gunicorn, so it needs no control socket.
control_socket_disable = True


def on_starting(server: object) -> None:
    """Give the workers a new folder for their metrics, which begin at zero."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="d0010-metrics-")


def on_exit(server: object) -> None:
    """Remove the folder. The files of a worker that ends stay until then."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)

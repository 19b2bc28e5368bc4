"""How gunicorn serves the site. GUNICORN_BIND and GUNICORN_WORKERS say otherwise."""

import os

wsgi_app = "config.wsgi:application"
# A proxy stands before it; nobody else reaches it.
bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")
forwarded_allow_ips = "127.0.0.1"

worker_class = "gthread"
workers = int(os.environ.get("GUNICORN_WORKERS", "2"))
# Each thread keeps a connection to PostgreSQL, which takes a hundred unless told
# otherwise. Who comes meanwhile waits; nobody is turned away (backlog, 2048).
threads = 16
# A worker that says nothing for so long is killed; a slow request alone does no harm.
timeout = 60
# What is under way at a stop may take so long; then an import is broken off, and
# nothing of its file is kept.
graceful_timeout = 30

# As much as nginx takes, and the most that gunicorn allows: room for 200 MPANs.
limit_request_line = 8190
limit_request_fields = 50

# The proxy writes who asked for what, without what was searched for.
accesslog = None
errorlog = "-"
# What it says of itself, of requests it cannot read among others, goes the same way as
# what the site says: one JSON object a line, with no MPAN and no query.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"gunicorn.error": {"handlers": ["console"], "propagate": False}},
}
# What the site writes is readable by its user alone.
umask = 0o077
# It is ruled by systemd, and by nobody else.
control_socket_disable = True

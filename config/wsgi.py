"""WSGI application, in production unless D0010_ENV has another value.

Django runs no system checks when a web server starts it. In production this module runs
the startup checks and raises ImproperlyConfigured with their remedies.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.db.backends.signals import connection_created

from config.databases import set_connection_timeouts
from config.environment import setup_environment

setup_environment(default_environment="production")

application = get_wsgi_application()

if settings.IS_PRODUCTION:
    from meter_readings.ops.diagnostics import startup_errors

    connection_created.connect(set_connection_timeouts)
    errors = startup_errors()
    # Connections belong to a thread, and no request is answered in this one.
    connections.close_all()
    if errors:
        raise ImproperlyConfigured(
            "The site cannot start in production.\n"
            + "\n".join(
                f"{error.name}: {error.message.rstrip('.')}. {error.remedy}"
                for error in errors
            )
        )

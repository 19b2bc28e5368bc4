"""What a web server loads: the application, in production unless told otherwise.

Django checks nothing when a web server starts it, so production is looked at here: it
does not start with a fault, and says what to do about it.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.db.backends.signals import connection_created

from config import databases, environment

environment.prepare(default_environment="production")

application = get_wsgi_application()

if settings.IS_PRODUCTION:
    from meter_readings.ops.diagnostics import startup_errors

    connection_created.connect(databases.limit)
    errors = startup_errors()
    # No request comes to this thread, so nobody would ever use it again.
    connections.close_all()
    if errors:
        raise ImproperlyConfigured(
            "Production does not start like this.\n"
            + "\n".join(
                f"{error.name}: {error.message.rstrip('.')}. {error.remedy}"
                for error in errors
            )
        )

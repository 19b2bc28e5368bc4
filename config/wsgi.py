"""What a web server loads: the application, in production unless told otherwise."""

from django.core.wsgi import get_wsgi_application

from config import environment

environment.prepare(default_environment="production")

application = get_wsgi_application()

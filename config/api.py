"""The API: settings of Django REST framework and of django-cors-headers."""

from collections.abc import Mapping
from typing import Any

CORS_ALLOW_METHODS = ["GET", "HEAD", "POST"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-disposition",
    "content-type",
    "if-none-match",
]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "X-Request-ID"]


def rest_framework(
    *, requests_per_minute: Mapping[str, int], accepts_passwords: bool
) -> dict[str, Any]:
    """Return Django REST framework's settings; the rates are by throttle scope."""
    authentication_classes = [
        "meter_readings.api.authentication.TokenAuthentication",
        "meter_readings.api.authentication.SessionAuthentication",
    ]
    if accepts_passwords:
        authentication_classes.append(
            "rest_framework.authentication.BasicAuthentication"
        )
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": authentication_classes,
        "DEFAULT_PERMISSION_CLASSES": [
            "meter_readings.api.permissions.HasRequiredPermissions"
        ],
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {
            scope: f"{rate}/min" for scope, rate in requests_per_minute.items()
        },
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_CONTENT_NEGOTIATION_CLASS": (
            "meter_readings.api.renderers.ContentNegotiation"
        ),
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "EXCEPTION_HANDLER": "meter_readings.api.exceptions.exception_handler",
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
    }

"""Settings of the REST API."""

from typing import Any

# What other sites' pages may do. Which sites is said by the environment.
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-disposition",
    "content-type",
    "if-none-match",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Location",
    "Retry-After",
    "X-Request-ID",
]


def rest_framework(*, is_production: bool, rates: dict[str, int]) -> dict[str, Any]:
    """Return the settings of Django REST framework.

    A password with every request is for development alone.
    """
    authentication = [
        "meter_readings.api.authentication.ByToken",
        "meter_readings.api.authentication.BySession",
    ]
    if not is_production:
        authentication.append("rest_framework.authentication.BasicAuthentication")
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": authentication,
        "DEFAULT_PERMISSION_CLASSES": ["meter_readings.api.permissions.MayDoIt"],
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {
            scope: f"{rate}/min" for scope, rate in rates.items()
        },
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_CONTENT_NEGOTIATION_CLASS": "meter_readings.api.renderers.Negotiation",
        "DEFAULT_SCHEMA_CLASS": "meter_readings.api.schema.ApiSchema",
        "EXCEPTION_HANDLER": "meter_readings.api.errors.exception_handler",
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
    }


SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Kraken D0010",
    "VERSION": "1",
    "DESCRIPTION": (
        "Every reading of every D0010 flow file that was imported. The guide to it is "
        "documentation/API_GUIDE.md."
    ),
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PUBLIC": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["meter_readings.api.permissions.MayDoIt"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "meter_readings.api.schema.add_refusals",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        # Its address would be asked what it thinks of the schema.
        "validatorUrl": None,
    },
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

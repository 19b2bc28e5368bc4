"""REST API: everything that was imported, as JSON, CSV and D0010, and uploads.

`views` has one viewset per resource. Serializers, filter sets and the OpenAPI schema
are in packages of those names. Pagination, permissions, throttling, authentication,
parsers, renderers and exceptions are the parts of Django REST framework that differ
from its defaults.
"""

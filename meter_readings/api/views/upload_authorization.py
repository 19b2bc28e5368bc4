"""The answer to a proxy that asks whether to receive an upload."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.api.permissions import Requirement
from meter_readings.models import ApiToken

from .base import ApiView


class UploadAuthorizationView(ApiView):
    """204 if the user may upload files, else the problem that the upload would have.

    nginx asks before it receives a body. It discards the body of this response, so the
    header X-Problem repeats it.
    """

    # The upload itself is counted.
    throttle_classes = []

    def get_requirement(self) -> Requirement:
        return Requirement(ApiToken.Scope.IMPORT, ("import_flowfile",))

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(status=204)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code >= 400:
            response.headers["X-Problem"] = response.content.decode()
        return response

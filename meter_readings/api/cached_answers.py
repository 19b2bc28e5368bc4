"""Answers about one meter point, kept as they were sent until readings change."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.ops.answer_cache import AnswerSlot

from .renderers import is_export

# Query parameters that name a meter point
_METER_POINT_PARAMETERS = {"mpan", "meter_point"}

type Handler = Callable[..., Any]


def caches_answers(handler: Handler) -> Handler:
    """Cache the JSON of an action below a meter point, or of a list filtered by one.

    Authentication, permissions, rates and the names of parameters are checked before,
    for every request.
    """

    @wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        names_meter_point = "mpan" in kwargs or not _METER_POINT_PARAMETERS.isdisjoint(
            request.query_params
        )
        if not names_meter_point or is_export(request):
            return handler(view, request, *args, **kwargs)
        slot = AnswerSlot(
            request.user,
            # The answer has URLs, whose scheme and host are those of the request.
            request.build_absolute_uri(request.path),
            sorted(request.query_params.lists()),
            request.accepted_media_type,
        )
        if slot.content is not None:
            media_type = request.accepted_renderer.media_type
            return HttpResponse(slot.content, content_type=media_type)
        response: Response = handler(view, request, *args, **kwargs)
        response.add_post_render_callback(lambda sent: slot.store(sent.content))
        return response

    return answer

"""Whether a request is one too many."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from . import rates
from .permissions import needs_of


class ByUserAndScope(BaseThrottle):
    """Counts who is known; who is not is counted where he is refused (`errors`)."""

    rate: rates.Rate

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether it is not too much."""
        if not request.user.is_authenticated:
            return True
        scope = needs_of(view, request.method).scope
        self.rate = rates.of_user(request.user, scope)
        request.rate = self.rate  # type: ignore[attr-defined]
        return not self.rate.is_exceeded

    def wait(self) -> float:
        """Return after how many seconds it is worth to ask again."""
        return self.rate.seconds

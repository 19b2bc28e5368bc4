"""The attention tag: the files that need attention, on the home and admin pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import RequestContext
from django.utils import timezone

from meter_readings.queries import attention as queries

register = template.Library()


@register.inclusion_tag(
    "meter_readings/includes/attention_items.html", takes_context=True
)
def attention(context: RequestContext) -> dict[str, Any]:
    """Show the items to users with permission to view flow files."""
    user = context["user"]
    may_view = user.has_perm("meter_readings.view_flowfile")
    return {
        "user": user,
        "may_view": may_view,
        "days": queries.ATTENTION_DAYS,
        "attention_items": (
            queries.attention_items(now=timezone.now()) if may_view else []
        ),
    }

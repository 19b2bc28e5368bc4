"""The attention tag: what needs attention, on the home and admin pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import RequestContext
from django.utils import timezone

from meter_readings.queries import attention as queries
from meter_readings.queries import expected_files, watched_folders

register = template.Library()


@register.inclusion_tag(
    "meter_readings/includes/attention_items.html", takes_context=True
)
def attention(context: RequestContext) -> dict[str, Any]:
    """Show what needs attention to users with permission to view flow files."""
    user = context["user"]
    if not user.has_perm("meter_readings.view_flowfile"):
        return {"may_view": False}
    now = timezone.now()
    return {
        "user": user,
        "may_view": True,
        "days": queries.ATTENTION_DAYS,
        "attention_items": queries.attention_items(now=now),
        "overdue": expected_files.overdue_counts(now=now),
        "folders": watched_folders.folder_problems(now=now),
    }

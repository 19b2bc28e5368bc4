"""A row of small bars: how a number has gone from day to day, without axes."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_HEIGHT = 48
_BAR = 16
_STEP = 20
# A day with little is seen, and is told from one with nothing.
_LOWEST = 3
_NOTHING = 1


@register.simple_tag
def sparkline(numbers: Sequence[int], title: str) -> SafeString:
    """Return the numbers as bars, the highest as high as the picture, the last marked.

    `title` says what a person would see.
    """
    most = max(numbers, default=0)
    bars = []
    for index, number in enumerate(numbers):
        height = max(_LOWEST, round(_HEIGHT * number / most)) if number else _NOTHING
        is_last = index == len(numbers) - 1
        name = "spark-last" if is_last else "spark-bar"
        bars.append((name, _STEP * index, _HEIGHT - height, _BAR, height))
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        max(_STEP * len(numbers) - (_STEP - _BAR), _BAR),
        _HEIGHT,
        title,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
            bars,
        ),
    )

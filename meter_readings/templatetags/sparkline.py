"""The sparkline tag: numbers as a row of small SVG bars without axes."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_HEIGHT = 48
_BAR_WIDTH = 16
_STEP = 20
# Heights of a small number's bar and of a zero's, which must look different.
_MIN_HEIGHT = 3
_ZERO_HEIGHT = 1


@register.simple_tag
def sparkline(numbers: Sequence[int], title: str) -> SafeString:
    """Return numbers as bars scaled to the greatest; the last one is highlighted.

    `title` is the accessible label.
    """
    highest = max(numbers, default=0)
    bars = []
    for index, number in enumerate(numbers):
        height = (
            max(_MIN_HEIGHT, round(_HEIGHT * number / highest))
            if number
            else _ZERO_HEIGHT
        )
        is_last = index == len(numbers) - 1
        css_class = "sparkline-latest" if is_last else "sparkline-bar"
        bars.append((css_class, _STEP * index, _HEIGHT - height, _BAR_WIDTH, height))
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" role="img"'
        ' aria-label="{}">{}</svg>',
        max(_STEP * len(numbers) - (_STEP - _BAR_WIDTH), _BAR_WIDTH),
        _HEIGHT,
        title,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
            bars,
        ),
    )

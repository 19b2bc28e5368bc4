"""Template tags about the product itself."""

from django import template

from meter_readings import __version__

register = template.Library()


@register.simple_tag
def product_version() -> str:
    """Return the version, such as 1.0.0."""
    return __version__

"""E-mail: how Django reaches the mail server."""

from typing import Any

_BACKENDS = "django.core.mail.backends"


def mailers(*, host: str, is_production: bool, **options: Any) -> dict[str, Any]:
    """Return Django's MAILERS; in development e-mails are printed without a server."""
    if not host and not is_production:
        return {"default": {"BACKEND": f"{_BACKENDS}.console.EmailBackend"}}
    # The timeout is for each step, in seconds.
    options |= {"host": host or "localhost", "timeout": 10}
    return {
        "default": {"BACKEND": f"{_BACKENDS}.smtp.EmailBackend", "OPTIONS": options}
    }

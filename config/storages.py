"""Storages: where uploaded and static files are kept in production."""

from typing import Any


def production(*, has_whitenoise: bool) -> dict[str, dict[str, Any]]:
    """Return Django's STORAGES, in which the names of static files have hashes."""
    static_files = (
        "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if has_whitenoise
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    )
    return {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {
            "BACKEND": static_files,
            # Static files are public, and the web server may be another user.
            "OPTIONS": {
                "file_permissions_mode": 0o644,
                "directory_permissions_mode": 0o755,
            },
        },
    }

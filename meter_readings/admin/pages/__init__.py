"""Pages of the admin that are deeds, not lists of rows: uploads, and trying it out."""

from .testing_dashboard import testing_clear, testing_dashboard, testing_import
from .upload import upload, upload_sample

__all__ = [
    "testing_clear",
    "testing_dashboard",
    "testing_import",
    "upload",
    "upload_sample",
]

"""Pages of the admin without a model: upload, what is late, testing dashboard."""

from .late import expected_files, not_read
from .testing_dashboard import testing_clear, testing_dashboard, testing_import
from .upload import upload, upload_sample

__all__ = [
    "expected_files",
    "not_read",
    "testing_clear",
    "testing_dashboard",
    "testing_import",
    "upload",
    "upload_sample",
]

"""Pages of the admin without a model: the upload page and the testing dashboard."""

from .testing_dashboard import testing_clear, testing_dashboard, testing_import
from .upload import upload, upload_sample

__all__ = [
    "testing_clear",
    "testing_dashboard",
    "testing_import",
    "upload",
    "upload_sample",
]

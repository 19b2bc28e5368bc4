"""URLs of the pages outside the admin and the API."""

from django.conf import settings
from django.urls import path

from meter_readings import views
from meter_readings.admin import pages
from meter_readings.format_docs import views as documentation

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("documentation/", documentation.document_list, name="document-list"),
    path(
        "documentation/<path:page>/",
        documentation.document_detail,
        name="document-detail",
    ),
    path("admin/upload/", pages.upload, name="upload"),
    path("admin/upload/sample/", pages.upload_sample, name="upload-sample"),
    path("admin/expected-files/", pages.expected_files, name="expected-files"),
    path("admin/not-read/", pages.not_read, name="not-read"),
]

# The testing dashboard can clear the database, so production does not have it.
if not settings.IS_PRODUCTION:
    urlpatterns += [
        path("admin/testing/", pages.testing_dashboard, name="testing-dashboard"),
        path(
            "admin/testing/import/",
            pages.testing_import,
            name="testing-import",
        ),
        path("admin/testing/clear/", pages.testing_clear, name="testing-clear"),
    ]

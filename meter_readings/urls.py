"""Addresses of the meter-reading pages."""

from django.conf import settings
from django.urls import path

from meter_readings import admin_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("find/", views.find, name="find"),
    path("admin/upload/", admin_views.upload, name="upload"),
    path("admin/upload/sample/", admin_views.upload_sample, name="upload-sample"),
]

# Where readings are real there is no such place.
if not settings.IS_PRODUCTION:
    urlpatterns += [
        path("admin/testing/", admin_views.testing_dashboard, name="testing-dashboard"),
        path(
            "admin/testing/import/",
            admin_views.testing_import,
            name="testing-import",
        ),
        path("admin/testing/clear/", admin_views.testing_clear, name="testing-clear"),
    ]

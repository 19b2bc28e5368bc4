"""URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path

# These come first: the admin has a catch-all pattern for its own prefix.
urlpatterns = [
    path("", include("meter_readings.urls")),
    path("api/", include("meter_readings.api.urls")),
    path("admin/", admin.site.urls),
]

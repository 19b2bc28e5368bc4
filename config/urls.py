"""Addresses of the whole site."""

from django.contrib import admin
from django.urls import include, path

# Ours come first: the admin answers for every address beneath its own.
urlpatterns = [
    path("", include("meter_readings.urls")),
    path("api/", include("meter_readings.api.urls")),
    path("admin/", admin.site.urls),
]

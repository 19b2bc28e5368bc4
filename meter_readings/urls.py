"""Addresses of the meter-reading pages."""

from django.urls import path

from meter_readings import views

urlpatterns = [
    path("", views.home, name="home"),
    path("find/", views.find, name="find"),
]

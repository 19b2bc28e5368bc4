"""Admin of sender schedules."""

from __future__ import annotations

from django.contrib import admin

from meter_readings.models import SenderSchedule


@admin.register(SenderSchedule)
class SenderScheduleAdmin(admin.ModelAdmin):
    """Schedules that people set by hand."""

    list_display = (
        "participant",
        "is_expected",
        "interval_days",
        "reading_interval_days",
    )
    list_filter = ("is_expected",)
    search_fields = ("participant__iexact",)
    ordering = ("participant",)

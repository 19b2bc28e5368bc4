"""Registration of the model admins."""

from django.contrib import admin

from meter_readings.accounts.login import ThrottledLoginForm

from . import (
    accounts,
    api_tokens,
    audit_events,
    notifications,
    overdue_readings,
    sender_schedules,
    subject_requests,
)
from .flow_files import admin as flow_files
from .flow_files import import_jobs
from .meter_points import admin as meter_points
from .readings import admin as readings

__all__ = [
    "accounts",
    "api_tokens",
    "audit_events",
    "flow_files",
    "import_jobs",
    "meter_points",
    "notifications",
    "overdue_readings",
    "readings",
    "sender_schedules",
    "subject_requests",
]

admin.site.site_header = admin.site.site_title = "Kraken D0010"
admin.site.index_title = "Administration"
admin.site.login_form = ThrottledLoginForm

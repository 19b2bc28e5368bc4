"""Admin of late and missing readings."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString

from meter_readings.models import OVERDUE_READING_ORDER, OverdueReading
from meter_readings.templatetags import formatting

from .base import display, filters
from .base.changelist import AccessPath, BoundedChangeList
from .base.read_only import ReadOnlyAdmin


class LevelFilter(filters.QFilter):
    title = "level"
    parameter_name = "level"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> filters.Choices:
        return list(OverdueReading.Level.choices)

    def get_q(self) -> Q:
        match self.value():
            case OverdueReading.Level.METER_POINT:
                return Q(register_id="")
            case OverdueReading.Level.REGISTER:
                return ~Q(register_id="")
        return Q()


@admin.display(description="MPAN")
def mpan(row: OverdueReading) -> SafeString:
    return display.meter_mpan(row.meter)


@admin.display(description="MPAN, serial number")
def mpan_and_meter(row: OverdueReading) -> SafeString:
    meter = display.link(row.meter, row.meter.serial_number)
    return display.two_lines(mpan(row), meter)


@admin.display(description="level, register")
def level_and_register(row: OverdueReading) -> SafeString:
    register = row.register_id and formatting.register_label(row.register_id)
    return display.two_lines(row.get_level_display(), register)


@admin.register(OverdueReading)
class OverdueReadingAdmin(ReadOnlyAdmin):
    """What was late or missing in the latest night, in the order of the meters."""

    allow_stale = True
    list_display = (
        mpan_and_meter,
        level_and_register,
        display.badge_column("state", label="state"),
        "latest_date",
        "due_date",
        "interval_days",
        "from_participant",
        "as_of_date",
    )
    list_display_links = ("as_of_date",)
    list_select_related = ("meter__meter_point",)
    list_filter = ("state", LevelFilter, filters.SenderFilter, filters.ContinueFilter)
    ordering = OVERDUE_READING_ORDER
    # Any other order would sort the whole table.
    sortable_by = ()
    fields = (  # type: ignore[assignment]
        *(mpan, "meter", level_and_register, "state", "latest_date", "due_date"),
        *("interval_days", "from_participant", "as_of_date"),
    )
    readonly_fields = (mpan, level_and_register)  # type: ignore[assignment]

    def access_paths(
        self, request: HttpRequest, changelist: BoundedChangeList
    ) -> Sequence[AccessPath]:
        """Return the path by meter, and that of the sender."""
        paths = [AccessPath(Q(), OVERDUE_READING_ORDER, frozenset())]
        name = filters.SenderFilter.parameter_name
        if sender := filters.active_filters(changelist).get(name):
            paths.append(AccessPath(sender.get_q(), OVERDUE_READING_ORDER, {name}))
        return paths

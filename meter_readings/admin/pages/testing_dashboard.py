"""The testing dashboard: stored data, sample files, clearing the database.

`urls` leaves it out in production.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from meter_readings import demo, importer, jobs
from meter_readings.admin.base.queued_jobs import redirect_to_jobs
from meter_readings.demo import SampleFile
from meter_readings.forms import ClearDatabaseForm, UploadForm
from meter_readings.importer import ImportOptions, InputFile, result_messages
from meter_readings.models import ImportJob
from meter_readings.queries import totals

from .base import render_admin, staff_permission_required
from .import_results import LOCK_TIMEOUT, DisplayedResults, import_files

_JOBS_SHOWN = 10
_RECENT = timedelta(days=30)

logger = logging.getLogger(__name__)


@staff_permission_required("use_testing_dashboard")
@require_safe
def testing_dashboard(request: HttpRequest) -> HttpResponse:
    """Show stored data, sample files and recent imports."""
    return _page(request, ClearDatabaseForm())


@staff_permission_required("use_testing_dashboard", "import_flowfile")
@require_POST
def testing_import(request: HttpRequest) -> HttpResponse:
    """Import the named sample file, or all."""
    samples = demo.sample_files()
    if "all" not in request.POST:
        name = request.POST.get("sample", "")
        samples = [sample for sample in samples if sample.filename == name]
    if samples:
        _add_messages(request, _import_samples(samples, cast(User, request.user)))
    else:
        messages.error(request, "There is no sample file of that name.")
    return redirect("testing-dashboard")


@staff_permission_required("use_testing_dashboard", "clear_database")
@require_POST
def testing_clear(request: HttpRequest) -> HttpResponse:
    """Clear the database if the confirmation was typed, or queue that."""
    form = ClearDatabaseForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    if not jobs.is_immediate():
        job = jobs.enqueue_clear(
            channel=ImportJob.Channel.ADMIN, requested_by=cast(User, request.user)
        )
        return redirect_to_jobs(request, [job], "testing-dashboard")
    try:
        result = importer.clear_database(now=timezone.now())
    except importer.ImportRunning as error:
        messages.error(
            request, f"Nothing was deleted. {error} Try again when it has finished."
        )
    else:
        removed = result_messages.clear_message(result)
        logger.warning("User %s cleared the database: %s.", request.user.pk, removed)
        messages.success(request, f"Database cleared: {removed}.")
    return redirect("testing-dashboard")


def _import_samples(samples: list[SampleFile], user: User) -> DisplayedResults:
    options = ImportOptions(
        channel=ImportJob.Channel.ADMIN, requested_by=user, lock_timeout=LOCK_TIMEOUT
    )
    return import_files(
        (
            InputFile(sample.filename, sample.filename, sample.path)
            for sample in samples
        ),
        options,
    )


def _add_messages(request: HttpRequest, results: DisplayedResults) -> None:
    """Add a message about one file, or a summary of several."""
    if len(results.files) > 1:
        messages.info(request, results.summary)
        return
    (file,) = results.files
    level = (
        messages.SUCCESS
        if file.outcome == ImportJob.Outcome.IMPORTED
        else messages.WARNING
    )
    messages.add_message(request, level, f"{file.name}: {file.message}")


def _page(request: HttpRequest, form: ClearDatabaseForm) -> HttpResponse:
    recent = ImportJob.objects.select_related("flow_file", "requested_by")
    return render_admin(
        request,
        "testing_dashboard.html",
        title="Testing dashboard",
        totals=totals.row_totals(),
        count_tables=_count_tables(),
        samples=demo.sample_files(),
        jobs=recent.order_by("-started_at", "-pk")[:_JOBS_SHOWN],
        upload_form=UploadForm(),
        clear_form=form,
    )


class LabelledCount(NamedTuple):
    """A row of a table; `value` is the status it counts, or ""."""

    value: str
    label: str
    number: int


class CountTable(NamedTuple):
    caption: str
    kind: str
    counts: list[LabelledCount]


def _count_tables() -> list[CountTable]:
    """Return the statistics; each query reads a limited number of rows."""
    files, findings = totals.flow_file_totals()
    results: dict[str, str] = dict(ImportJob.Outcome.choices) | dict(
        ImportJob.State.choices
    )
    outcomes = totals.import_outcome_counts(since=timezone.now() - _RECENT)
    bases = totals.latest_readings_by_basis()
    return [
        CountTable("Files by status", "Status", _counts(files)),
        CountTable("Findings by severity", "Severity", _counts(findings)),
        CountTable(
            f"Imports, last {_RECENT.days} days",
            "Outcome",
            [
                LabelledCount(key, results.get(key, key), n)
                for key, n in outcomes.items()
            ],
        ),
        CountTable(
            f"Read types (latest {totals.LATEST_READINGS:,})",
            "Basis",
            [LabelledCount("", str(basis.label), n) for basis, n in bases.items()],
        ),
    ]


def _counts(numbers: Mapping[Any, int]) -> list[LabelledCount]:
    return [
        LabelledCount(choice, str(choice.label), n) for choice, n in numbers.items()
    ]

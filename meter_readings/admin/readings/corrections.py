"""Pages that add, correct and withdraw single readings, and undo that.

Each shows every number that will change before it saves. A save has the digest of what
was shown, and is refused if it would change anything else.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Protocol, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from meter_readings import importer
from meter_readings.admin.base import display
from meter_readings.admin.base.read_only import ObjectTool, ReadOnlyAdmin
from meter_readings.models import MeterPoint, Reading
from meter_readings.queries import history

from .correction_forms import AddForm, CorrectForm, FindMeterPointForm, WithdrawForm

_PERMISSIONS = ("meter_readings.view_reading", "meter_readings.correct_reading")
_ADD = "admin:meter_readings_reading_add"
_CHANGE = "admin:meter_readings_reading_change"
_METHODS = ("GET", "HEAD", "POST")
_PK = re.compile("[0-9]{1,18}")

_NEIGHBOURS = 2


class _Act(Protocol):
    """An act of the importer on a reading."""

    def __call__(
        self, *, dry_run: bool, expected: str | None
    ) -> importer.CorrectionResult: ...


class _Page(NamedTuple):
    """What the page of an act says."""

    title: str
    button: str
    done: str
    cancel_url: str
    context: dict[str, Any]


class CorrectionMixin(ReadOnlyAdmin):
    """Adds the pages of corrections to the admin of readings."""

    def has_correct_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(_PERMISSIONS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_correct_permission(request)

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        columns = tuple(super().get_list_display(request))
        if self.has_correct_permission(request):
            links: dict[Any, Any] = {display.value: display.value_and_links}
            return tuple(links.get(column, column) for column in columns)
        return columns

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        tools = super().get_object_tools(request)
        if self.has_correct_permission(request):
            tools.insert(0, ObjectTool("Add reading", reverse(_ADD)))
        return tools

    def get_urls(self) -> list[URLPattern]:
        views = {
            "correct": self.correct_view,
            "withdraw": self.withdraw_view,
            "undo_correction": self.undo_correction_view,
        }
        return [
            *(
                path(
                    f"<int:object_id>/{name.replace('_', '-')}/",
                    self.admin_site.admin_view(require_http_methods(_METHODS)(view)),
                    name=f"meter_readings_reading_{name}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        given = self._reading(request, object_id)
        reading = _current_version(given)
        if reading is None:
            return _redirect_without_current(request, given)
        form = CorrectForm.of(reading, request.POST or None)

        def act(**options: Any) -> importer.CorrectionResult:
            return importer.correct_reading(
                reading=reading,
                values=form.values,
                **_stated_by(request, form),
                **options,
            )

        page = _page_of(reading, "Correct reading", "Reading corrected.")
        return self._act_page(request, form, act, page)

    def withdraw_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        given = self._reading(request, object_id)
        reading = _current_version(given)
        if reading is None:
            return _redirect_without_current(request, given)
        form = WithdrawForm(request.POST or None)

        def act(**options: Any) -> importer.CorrectionResult:
            return importer.withdraw_reading(
                reading=reading, **_stated_by(request, form), **options
            )

        page = _page_of(reading, "Withdraw reading", "Reading withdrawn.")
        return self._act_page(request, form, act, page)

    def undo_correction_view(
        self, request: HttpRequest, object_id: int
    ) -> HttpResponse:
        """Show what an undo changes at once: nothing is to be entered."""
        reading = self._reading(request, object_id)
        correction = reading.correction
        if correction is None or correction.is_undone:
            text = (
                "This correction is already undone."
                if correction
                else "This version is from a file: there is no correction to undo."
            )
            messages.warning(request, text)
            return redirect(_CHANGE, reading.pk)

        def act(**options: Any) -> importer.CorrectionResult:
            return importer.undo_correction(
                correction=correction,
                user=cast(User, request.user),
                now=timezone.now(),
                **options,
            )

        page = _page_of(reading, "Undo correction", "Correction undone.")
        return self._act_page(request, forms.Form({}), act, page)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add a reading to the meter point in the query; without one ask for it."""
        if not self.has_correct_permission(request):
            raise PermissionDenied
        point = _meter_point(request)
        if point is None:
            return self._find_meter_point(request)
        meters = point.meters.order_by("-pk")
        initial = {"meter": request.GET.get("meter"), "validity": "valid"}
        form = AddForm.of_meters(meters, initial, request.POST or None)

        def act(**options: Any) -> importer.CorrectionResult:
            return importer.add_reading(
                meter=form.cleaned_data["meter"],
                values=form.values,
                reading_type=form.cleaned_data["reading_type"],
                **_stated_by(request, form),
                **options,
            )

        page = _Page(
            "Add reading",
            "Add reading",
            "Reading added.",
            point.get_absolute_url(),
            {"meter_point": point},
        )
        return self._act_page(request, form, act, page)

    def _find_meter_point(self, request: HttpRequest) -> HttpResponse:
        form = FindMeterPointForm(request.POST or None)
        if form.is_valid():
            point = form.cleaned_data["mpan"]
            return redirect(f"{reverse(_ADD)}?meter_point={point.pk}")
        cancel_url = reverse("admin:meter_readings_reading_changelist")
        page = _Page("Add reading", "", "", cancel_url, {"is_search": True})
        return self._render(request, form, page)

    def _reading(self, request: HttpRequest, object_id: int) -> Reading:
        """Return the reading; raise PermissionDenied or Http404."""
        if not self.has_correct_permission(request):
            raise PermissionDenied
        related = "meter__meter_point", "flow_file", "correction__created_by"
        return get_object_or_404(Reading.objects.select_related(*related), pk=object_id)

    def _act_page(
        self, request: HttpRequest, form: forms.Form, act: _Act, page: _Page
    ) -> HttpResponse:
        """Ask for what is needed, show the effects, save."""
        step = request.POST.get("step")
        if step == "edit" or not form.is_valid():
            return self._render(request, form, page)
        try:
            if step == "save":
                expected = request.POST.get("digest", "")
                try:
                    result = act(dry_run=False, expected=expected)
                except importer.ChangedSincePreview:
                    page.context["is_changed"] = True
                else:
                    messages.success(request, page.done)
                    row = result.correction.readings.latest("line_number")
                    return redirect(_CHANGE, row.pk)
            page.context["effects"] = act(dry_run=True, expected=None).effects
        except importer.InvalidCorrection as error:
            field = error.field if error.field in form.fields else None
            form.add_error(field, str(error))
        except importer.ImportLockTimeout as error:
            reason = capfirst(error.reason)
            form.add_error(
                None, f"{reason}. Nothing was changed. Try again in a minute."
            )
        return self._render(request, form, page)

    def _render(
        self, request: HttpRequest, form: forms.Form, page: _Page
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "form": form,
            "title": page.title,
            "button": page.button,
            "cancel_url": page.cancel_url,
            **page.context,
        }
        template = "admin/meter_readings/reading/correct.html"
        return TemplateResponse(request, template, context)


def _meter_point(request: HttpRequest) -> MeterPoint | None:
    key = request.GET.get("meter_point", "")
    return MeterPoint.objects.filter(pk=key).first() if _PK.fullmatch(key) else None


def _current_version(reading: Reading) -> Reading | None:
    """Return the current version of a reading; None if all are withdrawn.

    So what became current after a preview is corrected, once the user has seen that.
    """
    key = history.reading_key(reading)
    related = "meter__meter_point", "flow_file", "correction__created_by"
    current = Reading.objects.current().filter(**key._asdict())
    return current.select_related(*related).first()


def _redirect_without_current(request: HttpRequest, reading: Reading) -> HttpResponse:
    messages.warning(
        request,
        "All versions of this reading are withdrawn. Undo the withdrawal, or add the"
        " reading.",
    )
    return redirect(_CHANGE, reading.pk)


def _stated_by(request: HttpRequest, form: forms.Form) -> dict[str, Any]:
    return {
        "reason": form.cleaned_data["reason"],
        "user": request.user,
        "now": timezone.now(),
    }


def _page_of(reading: Reading, title: str, done: str) -> _Page:
    context = {"reading": reading, "neighbours": _neighbours(reading)}
    return _Page(title, title, done, reverse(_CHANGE, args=(reading.pk,)), context)


def _neighbours(reading: Reading) -> list[Reading]:
    """Return the reading between the current readings around it, latest first."""
    register = {"meter": reading.meter_id, "register_id": reading.register_id}
    current = Reading.objects.current().filter(**register)
    later = current.filter(read_at__gt=reading.read_at).order_by("read_at")
    earlier = current.filter(read_at__lt=reading.read_at).order_by("-read_at")
    return [*reversed(later[:_NEIGHBOURS]), reading, *earlier[:_NEIGHBOURS]]

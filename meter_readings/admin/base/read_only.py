"""Read-only model admin with bounded change lists, the base of the admin's pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from meter_readings.ops import db_router
from meter_readings.queries import mpan_text, part_search

from .changelist import AccessPath, BoundedChangeList

# Lookups in the address of a list besides the filters. A regular expression or a
# substring search could keep the database busy for long.
_ALLOWED_LOOKUPS = {"exact", "gte", "lt", "isnull"}

_PK = re.compile("[0-9]{1,18}")

# The most rows that a search for a part lists
_MAX_PARTS = 500

# Raised for values that a column cannot store.
_IMPOSSIBLE_VALUE = (ValueError, OverflowError, DataError)


class ObjectTool(NamedTuple):
    """A link at the top of a change list."""

    label: str
    url: str


class BoundedPaginator(Paginator):
    """Paginator that counts up to a limit and has no pages beyond it."""

    LIMIT = 2_000

    @cached_property
    def count(self) -> int:
        """The number of rows, or the limit if there are more."""
        return min(self._counted, self.LIMIT)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than the pages show."""
        return self._counted > self.LIMIT

    @cached_property
    def _counted(self) -> int:
        # The rows keep their ordering: without one, a planner may scan the table
        # itself, which takes long if few rows match.
        rows = cast(QuerySet, self.object_list)
        return rows[: self.LIMIT + 1].count()


class ReadOnlyAdmin(admin.ModelAdmin):
    """Base class without permission to add, change or delete, even for superusers.

    Data is stored by an import and deleted by undoing it.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 20
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False
    # Whether a search that finds nothing by its beginning looks for a part.
    finds_parts = False
    # Whether a replica, which may be seconds behind, may answer.
    allow_stale = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # Change lists

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow a few lookups on the model's own columns."""
        _, *lookups = lookup.split("__")
        return not lookups or (len(lookups) == 1 and lookups[0] in _ALLOWED_LOOKUPS)

    def get_search_q(self, text: str) -> Q:
        """Return the condition of a search text; subclasses with a search override it.

        The text has no spaces around it and is not empty.
        """
        return Q()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Search for the text as a whole, with no row twice."""
        text = search_term.strip()
        if not text:
            return queryset, False
        condition = self.get_search_q(text)
        if self.finds_parts and not self.model.objects.filter(condition).exists():
            condition = self._part_q(request, text)
        return queryset.filter(condition), False

    def _part_q(self, request: HttpRequest, text: str) -> Q:
        """Match rows that have the text as a part; warn if rows were left out."""
        found = part_search.part_matches(text, model=self.model, limit=_MAX_PARTS)
        if not found.is_complete:
            self.message_user(request, part_search.INCOMPLETE, messages.WARNING)
        return Q(pk__in=found.pks)

    def access_paths(
        self, request: HttpRequest, changelist: BoundedChangeList
    ) -> Sequence[AccessPath]:
        """Return the paths that answer the list; none if the table is small."""
        return ()

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[BoundedChangeList]:
        return BoundedChangeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the change list; raise IncorrectLookupParameters for bad values."""
        try:
            return super().get_changelist_instance(request)
        except _IMPOSSIBLE_VALUE as error:
            raise IncorrectLookupParameters from error

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add the title, the object tools and wrong MPANs in the search."""
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            "object_tools": self.get_object_tools(request),
            "wrong_mpans": mpan_text.wrong_mpans(request.GET.get(SEARCH_VAR, "")),
        }
        context |= extra_context or {}
        return self._page(request, partial(super().changelist_view, request, context))

    def response_action(
        self, request: HttpRequest, *args: Any, **options: Any
    ) -> HttpResponse | None:
        """Run an action; raise BadRequest for a selected row that is no number."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(_PK.fullmatch(key) for key in selected):
            raise BadRequest("Rows are selected by their numbers.")
        return super().response_action(request, *args, **options)

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        """Return the links at the top of the change list that the user may follow."""
        return []

    # Object pages

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **options: Any
    ) -> HttpResponse:
        view = partial(super().change_view, request, object_id, *args, **options)
        return self._page(request, view)

    def _page(
        self, request: HttpRequest, view: Callable[[], HttpResponse]
    ) -> HttpResponse:
        if self.may_be_stale(request):
            return db_router.stale_page(request, view)
        return view()

    def may_be_stale(self, request: HttpRequest) -> bool:
        return self.allow_stale

    def get_page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return the template context of an object's page, besides Django's own."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        context |= {"title": f"{capfirst(self.opts.verbose_name)} {obj}"}
        context |= {"subtitle": None} | self.get_page_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

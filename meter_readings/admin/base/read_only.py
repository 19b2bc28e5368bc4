"""The admin of received facts: quick to look through, and nothing to change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from .changelist import BoundedChangeList, Way

# What a list may be asked for in its address, besides its filters' own words. A
# regular expression or a search inside texts could keep the database busy for long.
_LOOKUPS = {"exact", "gte", "lt", "isnull"}

_KEY = re.compile("[0-9]{1,18}")

# What comes of values that no column can hold.
_IMPOSSIBLE_VALUE = (ValueError, OverflowError, DataError)


class Tool(NamedTuple):
    """What can be done with a list, and where."""

    words: str
    address: str


class BoundedPaginator(Paginator):
    """Counts rows up to a limit and no further: nobody turns to pages beyond it."""

    LIMIT = 2_000

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or the limit where there are more."""
        return min(self._counted, self.LIMIT)

    @property
    def has_more(self) -> bool:
        """Return whether there are more rows than the pages show."""
        return self._counted > self.LIMIT

    @cached_property
    def _counted(self) -> int:
        # In their order: without one a planner may read the table itself, which may
        # be long before it comes upon such rows.
        rows = cast(QuerySet, self.object_list)
        return rows[: self.LIMIT + 1].count()


class ReadOnlyAdmin(admin.ModelAdmin):
    """Base of all: nobody adds, changes or deletes here, whatever they are.

    Files come in by an import and go out by its undoing.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 20
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    # Lists

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow plain questions about the rows' own columns."""
        _, *ways = lookup.split("__")
        return not ways or (len(ways) == 1 and ways[0] in _LOOKUPS)

    def found_by(self, text: str) -> Q:
        """Return which rows a person means by a text: all, where there is no search."""
        return Q()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Look for the text as a whole; no row is found twice."""
        text = search_term.strip()
        return (queryset.filter(self.found_by(text)) if text else queryset), False

    def ways(self, request: HttpRequest, changes: BoundedChangeList) -> Sequence[Way]:
        """Return the ways through a long table; none where it is short."""
        return ()

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[BoundedChangeList]:
        """Return the list that looks through no more than it can in a moment."""
        return BoundedChangeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list; answer values that cannot be as other wrong ones."""
        try:
            return super().get_changelist_instance(request)
        except _IMPOSSIBLE_VALUE as error:
            raise IncorrectLookupParameters from error

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Call the list by what it lists, and offer what can be done with it."""
        title = capfirst(self.opts.verbose_name_plural)
        context = {"title": title, "tools": self.tools(request)}
        return super().changelist_view(request, context | (extra_context or {}))

    def response_action(
        self, request: HttpRequest, *args: Any, **options: Any
    ) -> HttpResponse | None:
        """Do what was asked for with the rows chosen; refuse what names no row."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(_KEY.fullmatch(key) for key in chosen):
            raise BadRequest("A row is chosen by its number.")
        return super().response_action(request, *args, **options)

    def tools(self, request: HttpRequest) -> list[Tool]:
        """Return what this person can do with the list."""
        return []

    # Pages

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the page of an object shows beside its own columns."""
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
        """Call the page by its object."""
        context |= {"title": f"{capfirst(self.opts.verbose_name)} {obj}"}
        context |= {"subtitle": None} | self.page_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

"""The admin of API tokens: made and shown once, listed, and revoked."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from meter_readings import tokens, words
from meter_readings.forms import ApiTokenForm
from meter_readings.models import ApiToken

from . import columns
from .read_only import ReadOnlyAdmin, Tool

# Where tokens go because their user does
_WITH_THEIR_USER = {"auth_user_delete", "auth_user_changelist"}


@admin.action(description="Revoke selected tokens", permissions=["make"])
def revoke(
    model_admin: ApiTokenAdmin, request: HttpRequest, chosen: QuerySet[ApiToken]
) -> HttpResponse | None:
    """Ask whether to revoke these tokens, each by its name; then revoke them."""
    found = chosen.filter(revoked_at__isnull=True).order_by("user__username", "name")
    if request.POST.get("step") != "revoke" and found:
        return model_admin.token_page(
            request,
            "revoke",
            title=f"Revoke {words.counted(len(found), 'token')}?",
            chosen=found,
            checkbox_name=ACTION_CHECKBOX_NAME,
        )
    names = ", ".join(map(str, found))
    if tokens.revoke(tokens=found, now=timezone.now()):
        messages.success(request, f"Revoked, and good for nothing any more: {names}.")
    else:
        messages.warning(request, "Nothing was left to revoke.")
    return None


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens of one's own; a superuser sees and makes those of everybody."""

    list_display = (
        "name",
        columns.user_of_token,
        columns.token_state,
        "scope",
        columns.expires_at,
        columns.last_used_at,
        columns.token_beginning,
    )
    search_fields = ("name", "user__username", "beginning")
    search_help_text = "A name, a user, or how the token begins."
    ordering = ("user__username", "-pk")
    actions = (revoke,)
    exclude = ("sha256",)

    # Who may

    def has_make_permission(self, request: HttpRequest) -> bool:
        """Return whether who asks may make tokens, if only for themselves."""
        return bool(request.user.has_perm("meter_readings.make_apitoken"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether who asks may make tokens; `get_queryset` says which."""
        return self.has_make_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether who asks may make tokens."""
        return self.has_make_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a user is deleted; tokens that ended are kept on record."""
        place = request.resolver_match.url_name if request.resolver_match else None
        return request.user.is_superuser and place in _WITH_THEIR_USER

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return the tokens that who asks may see."""
        ordering = self.get_ordering(request)
        return tokens.tokens_of(cast(User, request.user)).order_by(*ordering)

    # Pages

    def found_by(self, text: str) -> Q:
        """Return the tokens that a person means; a whole one that was found, too."""
        beginning = text[: ApiToken.BEGINNING]
        return (
            Q(name__icontains=text)
            | Q(user__username__icontains=text)
            | Q(beginning=beginning)
        )

    def tools(self, request: HttpRequest) -> list[Tool]:
        """Return what leads to making one."""
        return [Tool("Make a token", reverse("admin:meter_readings_apitoken_add"))]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Ask what for; make the token, and show it this once, in the answer itself."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else None
        form = ApiTokenForm(data, maker=cast(User, request.user))
        if form.is_valid():
            try:
                token, secret = tokens.make_token(
                    **form.cleaned_data, now=timezone.now()
                )
            except tokens.NameTaken:
                form.say_that_the_name_is_taken()
            else:
                self.log_addition(request, token, [{"added": {}}])
                return self.token_page(
                    request, "made", title="The token", original=token, secret=secret
                )
        return self.token_page(request, "make", title="Make an API token", form=form)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Refuse who may not before it is looked up, as other pages do."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def page_context(self, request: HttpRequest, obj: ApiToken) -> dict[str, Any]:
        """Return how the token stands."""
        return {
            "state": obj.state_at(timezone.now()),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }

    def token_page(
        self, request: HttpRequest, template: str, *, title: str, **context: Any
    ) -> HttpResponse:
        """Return a page about tokens, in the frame of the admin."""
        shown = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": title,
        }
        return TemplateResponse(
            request, f"admin/meter_readings/apitoken/{template}.html", shown | context
        )

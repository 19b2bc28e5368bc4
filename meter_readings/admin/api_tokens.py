"""Admin of API tokens: create (shown once), list, revoke."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from meter_readings.accounts import api_tokens
from meter_readings.forms import ApiTokenForm
from meter_readings.importer.formatting import pluralise
from meter_readings.models import ApiToken
from meter_readings.templatetags import formatting

from .base.read_only import ObjectTool, ReadOnlyAdmin

# Deleting a user in the admin requires permission to delete the user's tokens.
_USER_DELETE_VIEWS = {"auth_user_delete", "auth_user_changelist"}


@admin.display(description="state")
def state(token: ApiToken) -> SafeString:
    current = token.state_at(timezone.now())
    return formatting.badge(current, current.label)


@admin.display(description="expires", ordering="expires_at")
def expires_at(token: ApiToken) -> SafeString | str:
    return formatting.local_time(token.expires_at)


@admin.display(description="last used (updated hourly)", ordering="last_used_at")
def last_used_at(token: ApiToken) -> SafeString | str:
    return formatting.local_time(token.last_used_at) if token.last_used_at else "Never"


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Users with `add_apitoken` manage their own tokens; superusers manage all."""

    form = ApiTokenForm
    radio_fields = {"scope": admin.VERTICAL}
    list_display = (
        "name",
        "user",
        "scope",
        "prefix",
        last_used_at,
        expires_at,
        state,
    )
    search_fields = ("name", "user__username", "prefix")
    search_help_text = "Name, user or beginning of the token"
    ordering = ("user__username", "-pk")
    actions = ("revoke_selected",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("meter_readings.add_apitoken"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it only together with the user: revoked tokens are kept on record."""
        match = request.resolver_match
        view_name = match.url_name if match else None
        return request.user.is_superuser and view_name in _USER_DELETE_VIEWS

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        tokens = api_tokens.visible_tokens(cast(User, request.user))
        return tokens.order_by(*self.get_ordering(request))

    def get_search_q(self, text: str) -> Q:
        """Match parts of names, a prefix, or a whole secret by its prefix."""
        return (
            Q(name__icontains=text)
            | Q(user__username__icontains=text)
            | Q(prefix=text[: ApiToken.PREFIX_LENGTH])
        )

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        return [
            ObjectTool("Create token", reverse("admin:meter_readings_apitoken_add"))
        ]

    # Pages

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        if obj is None:
            return ("name", "user", "scope", "days")
        times = ("created_at", expires_at, last_used_at, "revoked_at")
        return ("name", "user", "scope", "prefix", state, *times)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> tuple[Any, ...]:
        return () if obj is None else self.get_fields(request, obj)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> Any:
        """Offer active users to superusers, and themselves to others."""
        users = User.objects.filter(is_active=True).order_by("username")
        if not request.user.is_superuser:
            users = users.filter(username=request.user.get_username())
            options["empty_label"] = None
        return super().formfield_for_foreignkey(
            db_field, request, **options | {"queryset": users}
        )

    def get_page_context(
        self, request: HttpRequest, obj: ApiToken | None
    ) -> dict[str, Any]:
        return {} if obj else {"title": "Create token"}

    def add_view(
        self, request: HttpRequest, *args: Any, **options: Any
    ) -> HttpResponse:
        """Create a token; a simultaneous request may take the name after the check."""
        try:
            return super().add_view(request, *args, **options)
        except api_tokens.NameTaken:
            messages.error(request, ApiTokenForm.NAME_TAKEN)
            return redirect(request.path)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        days = form.cleaned_data["days"]
        obj.secret = api_tokens.issue_token(obj, days=days, now=timezone.now())

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in the answer to the POST, which is stored nowhere."""
        return self._render(request, "created", "Token created", original=obj)

    def history_view(
        self, request: HttpRequest, object_id: str, *args: Any, **options: Any
    ) -> HttpResponse:
        """Check the permission first: Django looks the token up before that."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, *args, **options)

    @admin.action(description="Revoke selected tokens", permissions=["add"])
    def revoke_selected(
        self, request: HttpRequest, selected: QuerySet[ApiToken]
    ) -> HttpResponse | None:
        """Ask for confirmation as Django's `delete_selected` does, then revoke."""
        tokens = selected.filter(revoked_at__isnull=True)
        if tokens and "post" not in request.POST:
            return self._render(
                request,
                "revoke_selected",
                "Revoke tokens",
                tokens=tokens,
                action_checkbox_name=ACTION_CHECKBOX_NAME,
            )
        count = api_tokens.revoke_tokens(tokens=tokens, now=timezone.now())
        level = messages.SUCCESS if count else messages.WARNING
        messages.add_message(request, level, f"{pluralise(count, 'token')} revoked.")
        return None

    def _render(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> HttpResponse:
        context |= self.admin_site.each_context(request)
        context |= {"opts": self.opts, "title": title}
        return TemplateResponse(
            request, f"admin/meter_readings/apitoken/{template}.html", context
        )

"""Admin of notifications: the rules, and the log of what was sent and is waiting."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from meter_readings import notifications
from meter_readings.forms import NotificationRuleForm
from meter_readings.importer.formatting import pluralise
from meter_readings.models import Notification, NotificationRule
from meter_readings.templatetags import formatting

from .base.display import badge_column, time_column, two_lines
from .base.read_only import ObjectTool, ReadOnlyAdmin

_SECRET_SHOWN = len("whsec_") + 4


@admin.display(description="stored secret")
def stored_secret(rule: NotificationRule) -> str:
    secret = rule.webhook_secret
    return f"{secret[:_SECRET_SHOWN]}…" if secret else formatting.EMPTY_VALUE


@admin.register(NotificationRule)
class NotificationRuleAdmin(ReadOnlyAdmin):
    """Rules are added, changed and deleted by whom Django's permissions allow it."""

    has_add_permission = admin.ModelAdmin.has_add_permission
    has_change_permission = admin.ModelAdmin.has_change_permission
    has_delete_permission = admin.ModelAdmin.has_delete_permission

    form = NotificationRuleForm
    fields = (  # type: ignore[assignment]
        *("name", "is_active", "event", "threshold", "delay", "repeat_days"),
        *("channel", "users", "groups", "webhook_url", stored_secret, "new_secret"),
    )
    readonly_fields = (stored_secret,)  # type: ignore[assignment]
    list_display = ("name", "event", "channel", "is_active")
    ordering = ("name",)
    actions = None

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Save the rule, with another secret if the form says so."""
        obj.is_secret_new = form.generates_secret
        if obj.is_secret_new:
            obj.change_secret(notifications.generate_secret(), now=timezone.now())
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._secret_page(request, obj) or super().response_add(
            request, obj, post_url_continue
        )

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._secret_page(request, obj) or super().response_change(request, obj)

    def _secret_page(self, request: HttpRequest, rule: Any) -> HttpResponse | None:
        """Show a new secret in the answer to the POST: it is not shown again."""
        if not rule.is_secret_new:
            return None
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": rule,
            "title": "Webhook secret",
        }
        template = "admin/meter_readings/notificationrule/secret.html"
        return TemplateResponse(request, template, context)

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        if not self.has_add_permission(request):
            return []
        url = reverse("admin:meter_readings_notificationrule_add")
        return [ObjectTool("Add notification rule", url)]

    def get_page_context(
        self, request: HttpRequest, obj: NotificationRule | None
    ) -> dict[str, Any]:
        return {} if obj else {"title": "Add notification rule"}


_status = badge_column("status", label="status", ordering="status")
created_at = time_column("created_at", label="created", ordering="created_at")


@admin.display(description="event, rule")
def event_and_rule(notification: Notification) -> SafeString:
    rule = notification.rule.name if notification.rule else "deleted rule"
    repeat = f", repeat {notification.reminder}" if notification.reminder else ""
    return two_lines(notification.get_event_display() + repeat, rule)


@admin.display(description="about")
def about(notification: Notification) -> SafeString | str:
    data = notification.data
    name = data.get("filename") or data.get("sender")
    return formatting.breakable(name) if name else formatting.EMPTY_VALUE


@admin.display(description="status, reason")
def status_and_reason(notification: Notification) -> SafeString:
    return two_lines(_status(notification), notification.message)


@admin.display(description="sent, or next attempt")
def sent_or_next(notification: Notification) -> SafeString | str:
    if notification.status == Notification.Status.WAITING:
        return formatting.local_time(notification.next_attempt_at)
    return formatting.local_time(notification.sent_at)


@admin.display(description="message")
def message_data(notification: Notification) -> SafeString:
    rows = notification.data.items()
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", rows))


@admin.display(description="delivery log")
def delivery_log(notification: Notification) -> SafeString | str:
    deliveries = notification.deliveries.order_by("-pk")
    lines = [
        (formatting.local_time(each.attempted_at), each.result) for each in deliveries
    ]
    if not lines:
        return "No attempt"
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", lines))


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Read-only; those who may can send notifications again."""

    list_display = (
        created_at,
        event_and_rule,
        about,
        status_and_reason,
        "attempts",
        sent_or_next,
    )
    list_display_links = (created_at,)
    list_filter = ("status", "event")
    list_select_related = ("rule",)
    ordering = ("-created_at", "-pk")
    actions = ("resend_selected",)
    fields = (  # type: ignore[assignment]
        *("event", "rule", "reminder", message_data, "status", "message"),
        *("created_at", "due_at", "next_attempt_at", "sent_at", "attempts"),
        *("uuid", delivery_log),
    )
    readonly_fields = (  # type: ignore[assignment]
        message_data,
        delivery_log,
        "uuid",
    )

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("meter_readings.resend_notification"))

    @admin.action(
        description="Send selected notifications again", permissions=["resend"]
    )
    def resend_selected(
        self, request: HttpRequest, selected: QuerySet[Notification]
    ) -> None:
        """Make them due now: the sender takes them within a minute."""
        pks = selected.values_list("pk", flat=True)
        rows = Notification.objects.filter(pk__in=list(pks))
        count = notifications.resend(rows, now=timezone.now())
        level = messages.SUCCESS if count else messages.WARNING
        text = f"{pluralise(count, 'notification')} due to be sent again."
        messages.add_message(request, level, text)

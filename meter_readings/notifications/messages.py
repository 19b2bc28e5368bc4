"""The messages: subject, text and HTML of an e-mail, body of a webhook's request.

Neither contains an MPAN: the outbox stores masked names. Links lead to pages that ask
to sign in.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import Notification, NotificationRule

_Event = NotificationRule.Event

# Names of pages in the admin, and the types of a webhook's messages
_PAGES = {
    _Event.FILE_REJECTED: "flowfile",
    _Event.FINDINGS: "flowfile",
    _Event.JOB_FAILED: "importjob",
}


class Message(NamedTuple):
    subject: str
    text: str
    html: str


def url_of(notification: Notification) -> str:
    """Return the address of the page about an object, or of the home page."""
    if notification.event == _Event.FILE_LATE:
        return settings.SITE_URL + reverse("expected-files")
    page = _PAGES.get(_Event(notification.event))
    if page is None:
        return f"{settings.SITE_URL}/"
    name = f"admin:meter_readings_{page}_change"
    return settings.SITE_URL + reverse(name, args=(notification.object_key,))


def render_email(notification: Notification) -> Message:
    """Return the e-mail; raises what Django raises for a template with an error."""
    event = _Event(notification.event)
    data = notification.data
    about = str(data.get("filename") or data.get("sender", ""))
    repeat = "Still open: " if notification.reminder else ""
    subject = f"[Kraken D0010] {repeat}{event.label}"
    if about:
        subject += f": {about}"
    context = {
        "data": data,
        "notification": notification,
        "rule": notification.rule,
        "url": url_of(notification),
        "site_url": settings.SITE_URL,
    }
    template = f"meter_readings/notifications/{event}.txt"
    text = mask_mpans(render_to_string(template, context))
    # A header is one line.
    subject = mask_mpans(" ".join(subject.split()))
    context = {
        "subject": subject,
        "lines": [(line, _link(line)) for line in text.splitlines()],
    }
    html = render_to_string("meter_readings/notifications/email.html", context)
    return Message(subject, text, html)


def _link(line: str) -> str:
    """Return the address that a line is, or "".

    A file name can look like the address of another site, which must not be a link.
    """
    address = line.strip()
    return address if address.startswith(f"{settings.SITE_URL}/") else ""


def render_webhook(notification: Notification) -> bytes:
    """Return the JSON of a webhook's request."""
    payload: dict[str, Any] = {
        "type": notification.event,
        "timestamp": notification.created_at.isoformat(),
        "data": {
            "id": notification.object_key,
            "url": url_of(notification),
            "repeat": notification.reminder,
            **notification.data,
        },
    }
    return json.dumps(payload, separators=(",", ":")).encode()

"""E-mail: one message to all recipients of a rule, over one connection."""

from __future__ import annotations

import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives, mailers
from django.db.models import Q

from meter_readings.models import Notification, NotificationRule

from .errors import DeliveryFailed, Unreachable
from .messages import render_email

# An error by which the connection, or the server, is of no further use
_LOST = (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError)


class EmailSender:
    """Sends e-mails; opens the connection with the first."""

    def __init__(self) -> None:
        self._mailer = mailers.default
        self._recipients: dict[int, list[str]] = {}

    def target(self, notification: Notification) -> str:
        """Return what is unreachable for all if it is for one: the mail server."""
        return "mail server"

    def send(self, notification: Notification, rule: NotificationRule) -> str:
        """Send an e-mail and return what is logged.

        Raises Unreachable if there is no mail server, and DeliveryFailed if it does not
        accept this e-mail.
        """
        recipients = self._recipients_of(rule)
        if not recipients:
            raise DeliveryFailed("No recipient is active and has an e-mail address.")
        content = render_email(notification)
        domain = urlsplit(settings.SITE_URL).hostname
        message = EmailMultiAlternatives(
            content.subject,
            content.text,
            to=recipients,
            headers={
                "Message-ID": f"<{notification.uuid}@{domain}>",
                # RFC 3834: no automatic answers
                "Auto-Submitted": "auto-generated",
            },
        )
        message.attach_alternative(content.html, "text/html")
        try:
            self._mailer.open()
        except OSError as error:  # SMTPException is one
            raise Unreachable(_describe(error)) from error
        try:
            self._mailer.send_messages([message])
        except OSError as error:
            is_answer = isinstance(error, smtplib.SMTPException)
            if is_answer and not isinstance(error, _LOST):
                raise DeliveryFailed(_describe(error)) from error
            self.close()
            raise Unreachable(_describe(error)) from error
        return f"Accepted for {len(recipients)} recipients"

    def close(self) -> None:
        """Close the connection, which may be lost."""
        try:
            self._mailer.close()
        except OSError:
            # It is forgotten; the next e-mail opens another.
            self._mailer = mailers.default

    def _recipients_of(self, rule: NotificationRule) -> list[str]:
        """Return the addresses of a rule, read once in a run."""
        if rule.pk not in self._recipients:
            users = User.objects.filter(
                Q(notificationrule=rule) | Q(groups__notificationrule=rule),
                is_active=True,
            ).exclude(email="")
            emails = users.order_by("email").values_list("email", flat=True)
            self._recipients[rule.pk] = list(emails.distinct())
        return self._recipients[rule.pk]


def _describe(error: Exception) -> str:
    """Return the kind of error and the reply code; a reply may quote an address."""
    code = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
    name = type(error).__name__
    if code is not None:
        return f"{name}: the mail server answered {code}"
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{name}: {reason}" if reason else name

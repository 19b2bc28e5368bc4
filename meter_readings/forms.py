"""Forms: import options, upload, notes, API token, clearing, erasure, rules."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from meter_readings import notifications
from meter_readings.accounts import api_tokens
from meter_readings.d0010 import mpan
from meter_readings.models import (
    ApiToken,
    FlowFile,
    NotificationRule,
    Policy,
    SubjectRequest,
)

_POLICIES = {
    Policy.STANDARD: "Any unusable reading rejects the file. "
    "The trailer may be missing.",
    Policy.STRICT: "The full rules of the Data Transfer Catalogue. A missing trailer, "
    "wrong counts, a wrong check digit, an unknown code or a test file reject the file "
    "too.",
    Policy.PARTIAL: "As standard, but loads the valid readings and leaves out the "
    "invalid ones.",
}


class _MultipleFileInput(forms.FileInput):
    allow_multiple_selected = True


class _MultipleFileField(forms.FileField):
    """One file or more; their content is not looked at."""

    widget = _MultipleFileInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        if not data:
            raise ValidationError(self.error_messages["required"], "required")
        return data


class ImportOptionsForm(forms.Form):
    """How files are imported: `policy` is cleaned to a Policy."""

    policy = forms.TypedChoiceField(
        label="Import policy",
        choices=[
            (policy, format_html("<strong>{}.</strong> {}", policy.label, sentence))
            for policy, sentence in _POLICIES.items()
        ],
        coerce=Policy,
        initial=Policy.STANDARD,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose an import policy."
        ),
    )
    allow_same_name = forms.BooleanField(
        required=False,
        label="Allow a repeated file name",
        help_text="Without this, a file is refused if other content has been imported "
        "under its name.",
    )


class UploadForm(ImportOptionsForm):
    """Files to import: `flow_files` is cleaned to a list of uploaded files."""

    flow_files = _MultipleFileField(
        label="Flow files", error_messages={"required": "Choose one file or more."}
    )


class AcknowledgementForm(forms.Form):
    """The note with which files that need attention are acknowledged."""

    note = forms.CharField(
        max_length=FlowFile._meta.get_field("acknowledgement_note").max_length,
        help_text="What was done, or why nothing is needed, for example “Sender asked "
        "for a corrected file”.",
        widget=forms.TextInput(attrs={"size": 60}),
        error_messages={"required": "Enter a note."},
    )


class MeterPointNoteForm(forms.Form):
    """A note about a meter point."""

    text = forms.CharField(
        label="Note",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Enter a note."},
    )


class ApiTokenForm(forms.ModelForm):
    """A new API token; the admin chooses which users are offered."""

    NAME_TAKEN = "Token names must be unique per user."

    days = forms.IntegerField(
        label="Valid for (days)",
        min_value=1,
        max_value=api_tokens.MAX_DAYS,
        initial=api_tokens.DEFAULT_DAYS,
        help_text=f"1 to {api_tokens.MAX_DAYS} days from today",
    )

    def clean(self) -> dict[str, Any]:
        """Check the name: Django skips a constraint over fields not in the form."""
        names = ("user", "name")
        identity = {name: self.cleaned_data.get(name) for name in names}
        if ApiToken.objects.filter(**identity, revoked_at__isnull=True).exists():
            self.add_error("name", self.NAME_TAKEN)
        return self.cleaned_data


class ClearDatabaseForm(forms.Form):
    """A word that confirms clearing the database."""

    WORD = "CLEAR"

    confirmation = forms.CharField(
        label=f"Type {WORD} to confirm",
        strip=False,
        error_messages={"required": f"Type {WORD}: nothing was deleted."},
    )

    def clean_confirmation(self) -> str:
        word: str = self.cleaned_data["confirmation"]
        if word != self.WORD:
            raise ValidationError(
                f"Type {self.WORD}, in capitals and nothing else: nothing was deleted."
            )
        return word


class MpanToEraseForm(forms.Form):
    """An MPAN to erase and the reason; `mpan` is cleaned to 13 digits."""

    mpan = forms.CharField(
        label="MPAN",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "Enter the MPAN."},
    )
    reason = forms.CharField(
        max_length=SubjectRequest._meta.get_field("reason").max_length,
        help_text="The number of the request, for example “Request 17”. It is stored, "
        "so no names.",
        widget=forms.TextInput(attrs={"size": 40, "autocomplete": "off"}),
        error_messages={"required": "Enter the reason."},
    )

    def clean_mpan(self) -> str:
        typed = mpan.normalise_mpan(self.cleaned_data["mpan"])
        if not re.fullmatch("[0-9]{13}", typed):
            raise ValidationError("An MPAN has 13 digits.")
        return typed


class ErasureForm(forms.Form):
    """A word that confirms the erasure."""

    WORD = "ERASE"

    confirmation = forms.CharField(
        label=f"Type {WORD} to confirm",
        error_messages={"required": f"Type {WORD}: nothing was erased."},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters"}
        ),
    )

    def clean_confirmation(self) -> str:
        word: str = self.cleaned_data["confirmation"]
        if word != self.WORD:
            raise ValidationError(
                f"Type {self.WORD}, in capitals and nothing else: nothing was erased."
            )
        return word


class NotReadForm(forms.Form):
    """For how long a meter point or register was not read, and where to continue."""

    defaults = {"days": 100, "after": ""}

    days = forms.IntegerField(
        label="Days without a reading", min_value=1, max_value=3660, initial=100
    )
    after = forms.RegexField(r"^[0-9]{13}\Z", required=False, widget=forms.HiddenInput)


class NotificationRuleForm(forms.ModelForm):
    """A notification rule. The secret of a webhook is generated and never typed."""

    new_secret = forms.BooleanField(
        required=False,
        label="New webhook secret",
        help_text="Generates another secret, which is shown once. Requests are signed "
        "with the present one too for 24 hours. A new webhook needs no tick.",
    )

    class Meta:
        model = NotificationRule
        fields = (
            *("name", "is_active", "event", "threshold", "delay", "repeat_days"),
            *("channel", "users", "groups", "webhook_url"),
        )

    def clean(self) -> dict[str, Any]:
        """Require whom to send to."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("channel") == NotificationRule.Channel.WEBHOOK:
            self._clean_webhook(cleaned)
        elif not cleaned.get("users") and not cleaned.get("groups"):
            self.add_error("users", "Choose users or groups to send e-mail to.")
        return cleaned

    @property
    def generates_secret(self) -> bool:
        """Whether a valid form gives the webhook another secret."""
        is_webhook = self.cleaned_data["channel"] == NotificationRule.Channel.WEBHOOK
        is_missing = not self.instance.webhook_secret
        return is_webhook and (is_missing or self.cleaned_data["new_secret"])

    def _clean_webhook(self, cleaned: dict[str, Any]) -> None:
        problem = notifications.url_problem(cleaned.get("webhook_url", ""))
        if problem and "webhook_url" not in self.errors:
            self.add_error("webhook_url", problem)

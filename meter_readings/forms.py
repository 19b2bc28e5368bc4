"""What people fill in: files, how to judge them, an API token, a word that clears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.html import format_html

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken, Policy

_POLICIES = {
    Policy.STANDARD: "What makes a reading unusable rejects the file. "
    "The trailer may be missing.",
    Policy.STRICT: "As the catalogue says. A missing trailer, wrong counts, a wrong "
    "check digit, an unknown code or a test file reject the file too.",
    Policy.SALVAGE: "As standard, but what is bad is left out where it can be, "
    "and the rest is imported.",
}


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Any number of files but none; what is in them, if anything, is not looked at."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the files."""
        if not data:
            raise ValidationError(self.error_messages["required"], "required")
        return data


class JudgingForm(forms.Form):
    """How files are to be judged."""

    policy = forms.ChoiceField(
        choices=[
            (policy, format_html("<strong>{}.</strong> {}", policy.label, sentence))
            for policy, sentence in _POLICIES.items()
        ],
        initial=Policy.STANDARD,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose a policy."
        ),
    )
    allow_same_name = forms.BooleanField(
        required=False,
        label="Allow the same name",
        help_text="Without this, a file is refused if other content has been imported "
        "under its name.",
    )

    @property
    def chosen_policy(self) -> Policy:
        """Return the policy of a form that is valid."""
        return Policy(self.cleaned_data["policy"])

    @property
    def allows_same_name(self) -> bool:
        """Return whether a name may come again, by a form that is valid."""
        return cast(bool, self.cleaned_data["allow_same_name"])


class UploadForm(JudgingForm):
    """Which files to import, and how to judge them."""

    flow_files = _FilesField(
        label="Flow files", error_messages={"required": "Choose one file or more."}
    )

    @property
    def chosen_files(self) -> Sequence[UploadedFile]:
        """Return the files of a form that is valid."""
        return cast(Sequence[UploadedFile], self.cleaned_data["flow_files"])


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


class ClearForm(forms.Form):
    """The word that makes sure that clearing the database is meant."""

    WORD = "CLEAR"

    confirmation = forms.CharField(
        label=f"Type {WORD} to confirm",
        strip=False,
        error_messages={"required": f"Type {WORD}: nothing was removed."},
    )

    def clean_confirmation(self) -> str:
        """Refuse any other word."""
        word: str = self.cleaned_data["confirmation"]
        if word != self.WORD:
            raise ValidationError(
                f"Type {self.WORD}, in capitals and nothing else: nothing was removed."
            )
        return word

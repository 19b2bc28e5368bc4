"""What people fill in: files, how to judge them, the word that clears the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.html import format_html

from meter_readings.models import Policy

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

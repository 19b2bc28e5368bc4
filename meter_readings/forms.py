"""What people fill in: files, how to judge them, an API token, a word that clears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.html import format_html

from meter_readings import tokens
from meter_readings.models import ApiToken, Policy

_POLICIES = {
    Policy.STANDARD: "What makes a reading unusable rejects the file. "
    "The trailer may be missing.",
    Policy.STRICT: "As the catalogue says. A missing trailer, wrong counts, a wrong "
    "check digit, an unknown code or a test file reject the file too.",
    Policy.SALVAGE: "As standard, but what is bad is left out where it can be, "
    "and the rest is imported.",
}


_SCOPES = {
    ApiToken.Scope.READ: "It looks: at readings, meters, files and what else its user "
    "may see.",
    ApiToken.Scope.IMPORT: "It brings flow files in, and looks at nothing.",
    ApiToken.Scope.BOTH: "It brings files in, and sees what came of them.",
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


class ApiTokenForm(forms.Form):
    """For whom a token is, what for, what it opens and for how long.

    Superusers choose the user; anybody else makes tokens for himself, `maker`.
    """

    name = forms.CharField(
        max_length=ApiToken.LONGEST_NAME,
        help_text="What it is for, such as “nightly export”. "
        "A user has no two tokens of a name.",
        error_messages={"required": "Say what it is for."},
    )
    user = forms.ModelChoiceField(
        queryset=User.objects.filter(is_active=True).order_by("username"),
        help_text="The token opens no more than this user may do. "
        "The role Integration is meant for the users of programs.",
        error_messages={"required": "Choose the user it belongs to."},
    )
    scope = forms.ChoiceField(
        choices=[
            (scope, format_html("<strong>{}.</strong> {}", scope.label, sentence))
            for scope, sentence in _SCOPES.items()
        ],
        initial=ApiToken.Scope.READ,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what it opens."},
    )
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=tokens.MOST_DAYS,
        initial=tokens.USUAL_DAYS,
        help_text=f"How long it is good, from today: 1 to {tokens.MOST_DAYS} days.",
        error_messages={"required": "Say for how many days it is good."},
    )

    def __init__(self, data: Any = None, *, maker: User) -> None:
        super().__init__(data)
        self._maker = maker
        if not maker.is_superuser:
            del self.fields["user"]

    def clean(self) -> dict[str, Any]:
        """Return what was filled in, with the user."""
        return {"user": self._maker, **self.cleaned_data}

    def say_that_the_name_is_taken(self) -> None:
        """Complain of the name."""
        self.add_error(
            "name",
            "The user has a token of this name. Choose another, or revoke that one.",
        )


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

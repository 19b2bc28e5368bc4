"""Validation of query parameters that applies to all endpoints.

Errors name the parameter and never repeat its value, which may be an MPAN.
"""

from __future__ import annotations

from collections.abc import Collection

from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError

# The largest primary key of the database.
MAX_ID = 2**63 - 1


def parameter_error(name: str, message: str, code: str = "invalid") -> ValidationError:
    """Return the error 400 for one parameter."""
    return ValidationError({name: [ErrorDetail(message, code)]})


# The spellings of a boolean in programming languages
BOOLEANS = {
    "true": True,
    "True": True,
    "1": True,
    "false": False,
    "False": False,
    "0": False,
}


def reject_invalid_parameters(
    given: QueryDict, known: Collection[str], lists: Collection[str] = ()
) -> None:
    """Raise ValidationError for parameters that are unknown, repeated or blank.

    A misspelled filter would otherwise select all rows. Only `lists` may be repeated.
    """
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in given.lists():
        if name not in known:
            detail = ErrorDetail("This parameter does not exist here.", "unknown")
            # A client may have sent an MPAN as the name.
            errors[name if name.isidentifier() else "?"] = [detail]
        elif len(values) > 1 and name not in lists:
            errors[name] = [ErrorDetail("Give this parameter once.", "repeated")]
        elif not all(value.strip() for value in values):
            errors[name] = [ErrorDetail("Give a value, or leave it out.", "blank")]
    if errors:
        raise ValidationError(errors)


def positive_integer(given: QueryDict, name: str, *, default: int, maximum: int) -> int:
    """Return a parameter as a number from 1 to the maximum; raises ValidationError."""
    text = given.get(name)
    if text is None:
        return default
    # Python is slow at converting long digit strings, so the length is checked first.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(maximum))
    if not is_number or not 1 <= int(text) <= maximum:
        raise parameter_error(name, f"Give a whole number from 1 to {maximum}.")
    return int(text)

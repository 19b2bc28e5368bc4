"""MPANs in typed and pasted text."""

from __future__ import annotations

import re

from meter_readings.d0010 import mpan

# More MPANs than this are not searched for at once.
MAX_MPANS = 200

_LENGTH = 13
# The supply number on a bill: profile class, meter timeswitch class and line loss
# factor class (eight digits), then the MPAN core.
_SUPPLY_NUMBER_LENGTH = 8 + _LENGTH

_LABEL = re.compile(
    r"((meter )?serial( number| no)?|mpan( core)?|msid|supply number|meter point"
    r"|meter( id)?|msn|s/n|(flow )?file( ?name| identifier)?|sha-?256)"
    r"(\s*[:=#]\s*|\.\s+|\s+)",
    re.IGNORECASE,
)
_AROUND = " \t\r\n.,;:'\"\u2018\u2019\u201c\u201d"
_BETWEEN_DIGITS = re.compile("[\\s./|\u2010-\u2013-]+")
_BETWEEN_NUMBERS = re.compile(r"[,;\n\t]+")


def variants(text: str) -> list[str]:
    """Return the text as typed, and without label and punctuation around it.

    Both, because a name may begin with a word that is also a label. None is empty.
    """
    bare = _without_label(text)
    found = dict.fromkeys((text.strip(), text.strip(_AROUND), bare))
    return [variant for variant in found if variant]


def _without_label(text: str) -> str:
    return _LABEL.sub("", text.strip(_AROUND), count=1).strip(_AROUND)


def mpan_digits(text: str) -> str:
    """Return the digits of an MPAN or its beginning; of a supply number the last 13.

    What is no number is returned with its letters.
    """
    digits = _BETWEEN_DIGITS.sub("", _without_label(text))
    is_supply_number = len(digits) == _SUPPLY_NUMBER_LENGTH and _is_number(digits)
    return digits[-_LENGTH:] if is_supply_number else digits


def is_mpan(text: str) -> bool:
    """Return whether the text is a whole MPAN, or a supply number."""
    return _is_mpan(mpan_digits(text))


def mpan_range(text: str) -> tuple[str, str] | None:
    """Return the lowest and the highest MPAN that begin so; None if none does."""
    digits = mpan_digits(text)
    if not _is_number(digits) or len(digits) > _LENGTH:
        return None
    return digits.ljust(_LENGTH, "0"), digits.ljust(_LENGTH, "9")


def mpans_in(text: str) -> list[str]:
    """Return the MPANs of a list of two or more; an empty list for any other text.

    Browsers remove the line ends of a pasted list, so that its digits may run together.
    """
    found: list[str] = []
    for part in _BETWEEN_NUMBERS.split(text):
        if part.strip():
            mpans = _mpans_of(_without_label(part))
            if not mpans:
                return []
            found += mpans
    mpans = list(dict.fromkeys(found))
    return mpans[:MAX_MPANS] if len(mpans) > 1 else []


def _mpans_of(text: str) -> list[str]:
    words = text.split()
    if all(_is_mpan(word) for word in words):
        return words
    digits = _BETWEEN_DIGITS.sub("", text)
    for length in (_LENGTH, _SUPPLY_NUMBER_LENGTH):
        if _is_number(digits) and len(digits) % length == 0:
            ends = range(length, len(digits) + 1, length)
            mpans = [digits[end - _LENGTH : end] for end in ends]
            if len(mpans) == 1 or all(map(mpan.has_valid_check_digit, mpans)):
                return mpans
    return []


def wrong_mpans(text: str) -> list[tuple[str, str]]:
    """Return MPANs with a wrong check digit, each with the right MPAN."""
    mpans = mpans_in(text) or [mpan_digits(text)]
    return [
        (each, each[:-1] + mpan.check_digit(each[:-1]))
        for each in mpans
        if _is_mpan(each) and not mpan.has_valid_check_digit(each)
    ]


def similar_mpans(wrong: str) -> set[str]:
    """Return the valid MPANs with one other digit, or with two neighbours swapped."""
    changed = {
        wrong[:place] + digit + wrong[place + 1 :]
        for place in range(_LENGTH)
        for digit in "0123456789"
    }
    swapped = {
        wrong[:place] + wrong[place + 1] + wrong[place] + wrong[place + 2 :]
        for place in range(_LENGTH - 1)
    }
    return set(filter(mpan.has_valid_check_digit, changed | swapped))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_mpan(text: str) -> bool:
    return len(text) == _LENGTH and _is_number(text)

"""Read settings from the environment, and from `.env` where it says nothing.

A blank value counts as absent. A value that makes no sense stops the program
with a sentence that says what to write instead.
"""

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    """Return a value without its outer spaces, or the default where it is blank."""
    return os.environ.get(name, "").strip() or default


def words(name: str, default: str = "") -> list[str]:
    """Return the words that commas separate, without those that are blank."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def boolean(name: str, default: bool) -> bool:
    """Return a yes or no, refusing any word that is neither."""
    word = text(name).lower()
    if not word:
        return default
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise _refusal(f"{name} must be one of 1, true, yes, on, 0, false, no or off.")


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """Return a whole number that lies within its limits."""
    digits = text(name)
    if not digits:
        return default
    # isdecimal alone would let through digits of other scripts.
    if digits.isascii() and digits.isdecimal() and minimum <= int(digits) <= maximum:
        return int(digits)
    raise _refusal(f"{name} must be a whole number from {minimum} to {maximum}.")


def days(name: str, default: int, *, minimum: int) -> int:
    """Return how many days something is kept; 0 is for ever."""
    number = integer(name, default, minimum=0, maximum=36_500)
    if 0 < number < minimum:
        raise _refusal(
            f"{name} must be 0, to keep for ever, or {minimum} days or more."
        )
    return number


def prepare(*, default_environment: str) -> None:
    """Make the environment complete before Django reads its settings.

    `.env` is read before the default applies, so that it may choose D0010_ENV.
    """
    read_file(PROJECT_ROOT / ".env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not text("D0010_ENV"):
        os.environ["D0010_ENV"] = default_environment
    if text("D0010_ENV") == "production":
        # What is written names people's homes: nobody else on the machine reads it.
        os.umask(0o077)


def read_file(path: Path) -> None:
    """Add a file's NAME=value lines to the environment, never replacing any."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(f"{path} cannot be read as UTF-8 text: {error}") from error
    for line_number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            # The line itself may hold a secret, so only its place is told.
            raise _refusal(f"{path}, line {line_number}: write NAME=value.")
        os.environ.setdefault(name.strip(), _unquoted(value.strip()))


def _unquoted(value: str) -> str:
    """Return what stands between a pair of quotes, or the value without them."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _refusal(message: str) -> Exception:
    """Return Django's configuration error; manage.py runs before Django is known."""
    from django.core.exceptions import ImproperlyConfigured

    return ImproperlyConfigured(message)

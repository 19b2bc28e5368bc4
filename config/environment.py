"""Environment variables, read from the process and from `.env`.

A blank value counts as unset. A value that is not valid raises ImproperlyConfigured
with a sentence that says what to write instead.
"""

import os
import shutil
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_RUN_AS_SITE_USER = (
    "Run commands as the user of the site: sudo d0010ctl COMMAND, or sudo -u USER … if "
    "d0010ctl is not installed."
)
_COMMANDS_OF_EVERY_USER = {"check", "help", "version", "--help", "-h", "--version"}

TRUE_VALUES = frozenset({"1", "true", "yes", "on"})
FALSE_VALUES = frozenset({"0", "false", "no", "off"})


def env_str(name: str, default: str = "") -> str:
    """Return a value stripped of spaces."""
    return os.environ.get(name, "").strip() or default


def env_choice(name: str, default: str, *, choices: Sequence[str]) -> str:
    """Return one of a few values."""
    value = env_str(name, default)
    if value not in choices:
        raise _configuration_error(f"{name} must be one of {', '.join(choices)}.")
    return value


def env_list(name: str, default: str = "") -> list[str]:
    """Return the values that commas separate, without blank ones."""
    values = env_str(name, default).split(",")
    return [value.strip() for value in values if value.strip()]


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return networks, such as 10.0.0.0/24, and addresses, separated by commas."""
    try:
        return [ip_network(value) for value in env_list(name)]
    except ValueError as error:
        raise _configuration_error(
            f"{name}: {error}. Write addresses or networks such as 10.0.0.0/24, with "
            "commas between several."
        ) from error


def env_dict(name: str) -> dict[str, str]:
    """Return values by key, written as KEY:value and separated by commas."""
    items = {}
    for item in env_list(name):
        key, _, value = (part.strip() for part in item.partition(":"))
        if not key or not value:
            raise _configuration_error(
                f"{name}: write KEY:value, with commas between several."
            )
        items[key] = value
    return items


def env_bool(name: str, default: bool) -> bool:
    """Return whether a value is true; raise if it is neither true nor false."""
    value = env_str(name).lower()
    if not value:
        return default
    if value in TRUE_VALUES:
        return True
    if value in FALSE_VALUES:
        return False
    raise _configuration_error(
        f"{name} must be one of 1, true, yes, on, 0, false, no or off."
    )


def env_int(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """Return a whole number between two limits, both included."""
    digits = env_str(name)
    if not digits:
        return default
    # isdecimal() accepts the digits of every script.
    if digits.isascii() and digits.isdecimal() and minimum <= int(digits) <= maximum:
        return int(digits)
    raise _configuration_error(
        f"{name} must be a whole number from {minimum} to {maximum}."
    )


def env_days(name: str, default: int, *, minimum: int) -> int:
    """Return a retention period in days; 0 means for ever."""
    number = env_int(name, default, minimum=0, maximum=36_500)
    if 0 < number < minimum:
        raise _configuration_error(
            f"{name} must be 0, to keep for ever, or {minimum} days or more."
        )
    return number


def setup_environment(*, default_environment: str) -> None:
    """Complete the environment before Django reads its settings.

    `.env` is read before the default is applied, so it can set D0010_ENV.
    """
    load_dotenv(PROJECT_ROOT / ".env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not env_str("D0010_ENV"):
        os.environ["D0010_ENV"] = default_environment
    # Files hold personal data: other users of the machine must not read them.
    os.umask(0o077)


def require_site_user(arguments: Sequence[str]) -> None:
    """Refuse a production command of a user other than the owner of MEDIA_ROOT.

    The site could not read the files that such a command writes.
    """
    media = PROJECT_ROOT / env_str("MEDIA_ROOT", "media")
    if (
        env_str("D0010_ENV") != "production"
        or not arguments
        or arguments[0] in _COMMANDS_OF_EVERY_USER
        or not media.exists()
    ):
        return
    # Windows has no user ids: st_uid is 0 there.
    if media.stat().st_uid != getattr(os, "geteuid", lambda: 0)():
        raise _configuration_error(
            f"{media} belongs to another user. {_RUN_AS_SITE_USER}"
        )


def manage_py() -> str:
    """Return how a user runs manage.py on this machine."""
    if env_str("D0010_ENV") == "production" and shutil.which("d0010ctl"):
        return "sudo d0010ctl"
    return "python manage.py"


def load_dotenv(path: Path) -> None:
    """Add the NAME=value lines of a file to the environment, replacing none."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return
    except PermissionError as error:
        raise _configuration_error(
            f"{path} is readable by the user of the site only. {_RUN_AS_SITE_USER}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _configuration_error(
            f"{path} cannot be read as UTF-8 text: {error}"
        ) from error
    for line_number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            # The line itself can hold a secret, so it is not shown.
            raise _configuration_error(f"{path}, line {line_number}: write NAME=value.")
        os.environ.setdefault(name.strip(), _unquoted(value.strip()))


def _unquoted(value: str) -> str:
    """Return a value without the pair of quotes around it."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _configuration_error(message: str) -> Exception:
    """Return ImproperlyConfigured; manage.py imports this module without Django."""
    from django.core.exceptions import ImproperlyConfigured

    return ImproperlyConfigured(message)

#!/usr/bin/env python
"""Run the project's commands, in development unless D0010_ENV is production."""

import sys

from config import environment
from meter_readings import __version__


def main() -> None:
    """Set up the environment, then run the command."""
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed for this Python "
            f"({sys.executable}). Activate the virtual environment "
            "(source .venv/bin/activate) or run: pip install -r requirements.txt"
        ) from error
    try:
        environment.setup_environment(default_environment="development")
        environment.require_site_user(sys.argv[1:])
        if sys.argv[1:] in (["version"], ["--version"]):
            # Django prints its own version after it.
            print(f"Kraken D0010 {__version__}", end=", Django ", flush=True)
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        raise SystemExit(f"Configuration error: {error}") from error


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# Check an installation and name a remedy for each problem.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/validate_deployment.sh [--url URL [--host NAME]]

Checks the Python environment, the settings, the database and its migrations, the clock,
the static files, the free disk space, the file permissions and owners, the original files,
the services and whether a flow file can be imported (the import is rolled back). With
--url it also checks the running site: its certificate, its readiness, the security headers
and the static files of a page, and whether its proxy accepts large files.

    --url URL     address of the site, such as https://readings.example.org or
                  http://127.0.0.1:8000
    --host NAME   host name to request, if URL is the address of gunicorn

Each problem is printed with its remedy. The exit code is 1 if there is a problem,
else 0.
TEXT
}

options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --url | --host)
        require_value "$@"
        options+=("$1" "$2")
        shift
        ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    shift
done

# stop_checks NAME TEXT REMEDY: prints a failed check that prevents all others, and exits.
stop_checks() {
    error_row "$@"
    printf '%s0 ok, 1 failed. The other checks could not run.%s\n' "$RED" "$PLAIN"
    exit 1
}

step "Checking $PROJECT_ROOT"
remedy="Run: deployment_scripts/setup_python_environment.sh production"
is_supported_python "$PYTHON" ||
    stop_checks "environment" "$VENV_DIR has no working Python" "$remedy"
output="$(as_site_user "$PYTHON" -m pip check 2>&1)" ||
    stop_checks "environment" "${output%%$'\n'*}" "$remedy"
output="$(project_python '
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

text = Path("requirements.txt").read_text(encoding="utf-8")
for name, needed in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE):
    try:
        installed = version(name)
    except PackageNotFoundError:
        raise SystemExit(f"the package {name} is not installed")
    if installed != needed:
        raise SystemExit(f"the package {name} is {installed}; needed is {needed}")
' 2>&1)" || stop_checks "environment" "$(tail -n 1 <<<"$output")" "$remedy"
output="$(project_python '
from config import environment
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

try:
    environment.setup_environment(default_environment="development")
    settings.DEBUG
except ImproperlyConfigured as error:
    raise SystemExit(str(error))
' 2>&1)" || {
    message="$(tail -n 1 <<<"$output")"
    # Some messages have a remedy of their own.
    case "$message" in
    *" Run: "*) stop_checks "settings" "${message%% Run: *}" "Run: ${message##* Run: }" ;;
    esac
    stop_checks "settings" "$message" "Change it in $ENV_FILE."
}
ok_row "settings" "they are complete"
# Bash 3.2 treats an empty "${array[@]}" as an error.
manage check_installation ${options[@]+"${options[@]}"}

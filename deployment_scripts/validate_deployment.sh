#!/usr/bin/env bash
# Look at an installation, and say of each thing whether it is good, and what to do.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/validate_deployment.sh [--url URL [--host NAME]]

Looks at the Python environment, the settings, the database and its migrations, the
static files, the disk, who can read and write what, and whether a flow file would be
taken (nothing is kept of it). With --url it asks the running site as well: whether it
answers, whether a page comes with its safeguards, and whether its style sheet comes.

    --url URL     the site, as https://readings.example.org or http://127.0.0.1:8000
    --host NAME   the name it is asked for, where URL is its inner address

Every fault comes with what to do. It ends with 1 where there is one, else with 0.
TEXT
}

options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --url | --host)
        require_value "$1" "${2:-}"
        options+=("$1" "$2")
        shift
        ;;
    *) usage_error "\"$1\" is not known." ;;
    esac
    shift
done

step "Looking at $PROJECT_ROOT"
# give_up NAME FOUND REMEDY: where nothing more can be looked at.
give_up() {
    error_row "$@"
    printf '%s0 good, 1 bad; the rest could not be looked at.%s\n' "$RED" "$PLAIN"
    exit 1
}

is_supported_python "$PYTHON" || give_up "environment" "$VENV_DIR has no Python that runs" \
    "Run: deployment_scripts/setup_python_environment.sh production"
said="$("$PYTHON" -m pip check 2>&1)" || give_up "environment" "${said%%$'\n'*}" \
    "Run: deployment_scripts/setup_python_environment.sh production"
# The first thing that reads the settings says what is wrong with them.
said="$(project_python '
from config import environment
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

try:
    environment.prepare(default_environment="development")
    settings.DEBUG
except ImproperlyConfigured as error:
    raise SystemExit(str(error))
' 2>&1)" || give_up "settings" "$(tail -n 1 <<<"$said")" "Change it in $ENV_FILE."
ok_row "settings" "they are complete"
# "${options[@]}" alone is an error of Bash 3.2 where it is empty.
manage check_installation ${options[@]+"${options[@]}"}

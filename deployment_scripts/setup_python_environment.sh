#!/usr/bin/env bash
# Make the Python environment, and install what the project needs into it.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/setup_python_environment.sh [KIND]

Makes the Python environment in .venv if there is none, and installs, each with its
exact version:

    development   what runs and tests the project (this is what no KIND means)
    production    that, and the web server: gunicorn and whitenoise
    tools         that of development, and what reads the code and complains

What is there already is left as it is: the second run takes a second.

D0010_PYTHON=/path/to/python3.13 chooses the Python that makes it.
D0010_VENV=DIR uses an environment that is kept by other means.
TEXT
}

case "${1:-development}" in
-h | --help)
    usage
    exit 0
    ;;
development) requirements=requirements.txt ;;
production | tools) requirements="deployment_scripts/requirements-$1.txt" ;;
*) usage_error "\"$1\" is no kind of environment." ;;
esac
[ $# -le 1 ] || usage_error "One kind at a time."

ensure_environment "$requirements"
ok "The environment in $VENV_DIR is ready: $("$PYTHON" --version)."

#!/usr/bin/env bash
# Create the virtual environment and install the packages of the project.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/setup_python_environment.sh [KIND]

Creates the virtual environment in .venv if there is none, and installs the exact
versions of the packages for one of these kinds:

    development   packages that run and test the project (default)
    production    these and the web server: gunicorn, whitenoise and redis
    tools         these and the linters, the type checker and the browser driver

A second run without changes takes a second.

D0010_PYTHON=/path/to/python3.13 chooses the Python that creates the environment.
D0010_VENV=DIR uses an existing environment and does not change it.
TEXT
}

case "${1:-development}" in
-h | --help) usage && exit 0 ;;
development) requirements=requirements.txt ;;
production | tools) requirements="deployment_scripts/requirements-$1.txt" ;;
*) usage_error "Unknown kind of environment: $1" ;;
esac
[ $# -le 1 ] || usage_error "Give one kind of environment."

ensure_environment "$requirements"
ok "The environment in $VENV_DIR is ready: $("$PYTHON" --version)."

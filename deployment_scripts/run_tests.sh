#!/usr/bin/env bash
# Run every test that needs no service, and demand that they cover every line.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/run_tests.sh [ARGUMENTS OF manage.py test]

Makes the Python environment if there is none, runs the tests on SQLite, and
reports which lines they did not reach. It fails if a test fails, or if any line
or branch was not reached.

With arguments, for example the name of a test module, coverage is shown and
nothing is demanded of it, because a part cannot reach everything.

On PostgreSQL (the user must be allowed to create databases):

    USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010 DB_PASSWORD=secret \
    DB_HOST=localhost DB_PORT=5432 deployment_scripts/run_tests.sh

D0010_SLOWEST=20 lists the tests that took the longest.

COVERAGE_FILE=PATH keeps the coverage data there; else it is .coverage in the
project, for "coverage html" and the like.
TEXT
}

case "${1:-}" in
-h | --help)
    usage
    exit 0
    ;;
esac

ensure_environment requirements.txt
# For the tests that look at pages in a browser and try the API as production serves it.
ensure_environment deployment_scripts/requirements-tools.txt
cd "$PROJECT_ROOT"

# Each run has a folder of its own for its data, so that two at a time do not mix.
scratch="$(mktemp -d "${TMPDIR:-/tmp}/d0010-tests.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
kept_data="${COVERAGE_FILE:-$PROJECT_ROOT/.coverage}"
export COVERAGE_FILE="$scratch/coverage"

# The project itself says which database it would use, .env included.
database="$(manage shell --no-imports --command \
    'from django.db import connection; print(connection.vendor)')" ||
    die "The settings are not complete; the message above says what is missing."
case "$database" in
postgresql) export COVERAGE_WITHOUT=sqlite ;;
*) export COVERAGE_WITHOUT=postgresql ;;
esac

step "Running the tests on $database"
outcome=0
# One process: clones of a database for several would share what it has not yet
# written to its file.
"$PYTHON" -m coverage run manage.py test --noinput \
    ${D0010_SLOWEST:+"--durations=$D0010_SLOWEST"} "$@" || outcome=$?

"$PYTHON" -m coverage combine --quiet || true
if [ -e "$COVERAGE_FILE" ]; then
    cp "$COVERAGE_FILE" "$kept_data"
    step "Lines and branches that no test reached"
    if [ $# -gt 0 ]; then
        "$PYTHON" -m coverage report --fail-under=0 || true
    elif ! "$PYTHON" -m coverage report; then
        outcome=1
    fi
fi

if [ "$outcome" -eq 0 ]; then
    ok "All is well on $database."
else
    printf '%sFailed on %s.%s\n' "$RED" "$database" "$PLAIN" >&2
fi
exit "$outcome"

#!/usr/bin/env bash
# Run the tests on one database. They must reach every line and branch.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/run_tests.sh [ARGUMENTS OF manage.py test]

Creates the Python environment if there is none (a download of about 20 MB), runs
the tests on SQLite (about 15 minutes of processor time), and reports the lines that
they did not reach. It fails if a test fails, or if a line or branch was not reached.

It needs Python 3.13 only. Tests of a browser, nginx, Redis, PostgreSQL's programs or
a tool are skipped where that is missing; the end of the output counts them. .ci/run
installs everything and runs all tests.

With arguments, for example the name of a test module, coverage is shown but not
required, because a part of the tests cannot reach everything.

On PostgreSQL (the role needs the right to create databases):

    USE_POSTGRESQL=1 DB_NAME=d0010 DB_USER=d0010 DB_PASSWORD=secret \
    DB_HOST=localhost DB_PORT=5432 deployment_scripts/run_tests.sh

D0010_SLOWEST=20 lists the 20 slowest tests.

COVERAGE_FILE=PATH writes the coverage data there. Without it they are in .coverage
in the project, for "coverage html" and other reports.
TEXT
}

case "${1:-}" in
-h | --help) usage && exit 0 ;;
esac

ensure_environment requirements.txt
cd "$PROJECT_ROOT"

# Each run has its own folder for coverage data, so that two can run at once.
scratch="$(mktemp -d "${TMPDIR:-/tmp}/d0010-tests.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
coverage_data="${COVERAGE_FILE:-$PROJECT_ROOT/.coverage}"
export COVERAGE_FILE="$scratch/coverage"

# The settings, .env included, say which database is used.
database="$(manage shell --no-imports --command \
    'from django.db import connection; print(connection.vendor)')" ||
    die "The settings are not valid. The message above names the cause."
case "$database" in
postgresql) export COVERAGE_WITHOUT=sqlite ;;
*) export COVERAGE_WITHOUT=postgresql ;;
esac

step "Running the tests on $database (about 15 minutes of processor time)"
outcome=0
# One process, because Django's --parallel copies SQLite's file without its
# write-ahead log. .ci/run runs parts of the suite side by side instead (--part).
"$PYTHON" -m coverage run manage.py test --noinput \
    ${D0010_SLOWEST:+"--durations=$D0010_SLOWEST"} "$@" || outcome=$?

"$PYTHON" -m coverage combine --quiet || true
if [ -e "$COVERAGE_FILE" ]; then
    cp "$COVERAGE_FILE" "$coverage_data"
    step "Lines and branches without coverage"
    if [ $# -gt 0 ]; then
        "$PYTHON" -m coverage report --fail-under=0 || true
    elif ! "$PYTHON" -m coverage report; then
        outcome=1
    fi
fi

if [ "$outcome" -eq 0 ]; then
    ok "All tests passed on $database."
else
    printf '%sFailed on %s.%s\n' "$RED" "$database" "$PLAIN" >&2
fi
exit "$outcome"

#!/usr/bin/env bash
# Serve the demonstration: install, prepare the database, load the samples, run a worker
# and the site.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=deployment_scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/deployment_scripts/common.sh"

usage() {
    cat <<'TEXT'
Usage: ./run_demo_server.sh

Creates the virtual environment, writes .env if there is none, prepares the database
(SQLite, unless .env or the environment chooses PostgreSQL), creates the demo user,
loads the sample files that are not stored yet, and runs the site with a worker, which
imports large uploads (TASKS_BACKEND=database, unless .env or the environment chooses
another).

SERVER_PORT sets the port (default: 8001). Ctrl-C stops both; no process remains.
TEXT
}

case "${1:-}" in
'') ;;
-h | --help) usage && exit 0 ;;
*) usage_error "Unknown option: $1" ;;
esac

cd "$PROJECT_ROOT"
port="${SERVER_PORT:-8001}"

# require_free_port: exits with an error, before any work is done, if the site could not
# be served on the port.
require_free_port() {
    case "$port" in
    *[!0-9]*) die "SERVER_PORT must be a number, not \"$port\"." ;;
    esac
    { [ "$port" -ge 1 ] && [ "$port" -le 65535 ]; } 2>/dev/null ||
        die "SERVER_PORT must be from 1 to 65535, not $port."
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null ||
        die "Port $port is in use." \
            "Stop the program that uses it, or choose another port: SERVER_PORT=8002 $0"
}

# require_not_production: exits with an error on a production site, because the
# demonstration has a published password and invented data.
require_not_production() {
    local environment
    environment="$(get_setting D0010_ENV)" || die "The settings in $ENV_FILE could not be read."
    [ "$environment" != production ] ||
        die "This is a production site. The demonstration has a published password." \
            "Remove D0010_ENV=production from .env or the environment, or serve the" \
            "demonstration from another folder."
}

# write_env_file: writes a .env with a secret key of its own, readable by its owner only.
write_env_file() {
    local key
    [ ! -e .env ] || return 0
    step "Writing .env"
    key="$(random_secret)"
    (
        umask 077
        echo "# Settings of a demonstration. .env.example explains all settings."
        echo "D0010_ENV=development"
        echo "SECRET_KEY=$key"
    ) >.env.new
    # mv is atomic, so an interrupted run leaves no incomplete .env.
    mv .env.new .env
}

# new_samples: prints the names of the sample files that are not stored.
new_samples() {
    manage shell --no-imports --command '
from meter_readings.demo import sample_files

for sample in sample_files():
    if not sample.flow_file:
        print(sample.filename)
'
}

# import_files EXIT_CODE NAME...: imports sample files and prints a line for each. The
# site shows the findings; they are printed if the exit code is another.
import_files() {
    local expected="$1" status=0 messages
    shift
    [ $# -gt 0 ] || return 0
    { messages="$(NO_COLOR=1 manage import_d0010 "${@/#/sample_data/}" 2>&1 >&3)" ||
        status=$?; } 3>&1
    [ "$status" -ne "$expected" ] || return 0
    printf '%s\n' "$messages" >&2
    warn "The import ended with exit code $status. The site is served without these files."
}

# load_samples: imports the sample files that are not stored yet, among them files that
# must be rejected.
load_samples() {
    local names name valid=() invalid=()
    names="$(new_samples)" || die "The sample files could not be compared with the database." \
        "If the database was made by an old version, move db.sqlite3 away and try again."
    for name in $names; do
        case "$name" in
        *rejected*) invalid+=("$name") ;;
        *) valid+=("$name") ;;
        esac
    done
    step "Loading the sample files: ${#valid[@]} new"
    import_files 0 ${valid[@]+"${valid[@]}"}
    [ ${#invalid[@]} -gt 0 ] || return 0
    step "Importing invalid sample files to show how files are rejected"
    import_files 1 ${invalid[@]+"${invalid[@]}"}
}

# The worker is found by its setting, as are the pages that hand jobs to it.
grep -qs '^TASKS_BACKEND=' .env || export TASKS_BACKEND="${TASKS_BACKEND:-database}"

ensure_environment requirements.txt
require_not_production
require_free_port
write_env_file

step "Preparing the database"
manage migrate --verbosity 0 ||
    die "The database could not be prepared. The message above names the cause." \
        "SQLite needs write access to this folder. PostgreSQL must be running, and the" \
        "DB_ settings must be set."
ok "Ready."

step "Creating the demo user"
demo_user="$(manage create_demo_user)"

load_samples
step "Finding late and missing readings"
manage find_overdue_readings || warn "The list of late and missing readings is not up to date."

step "Serving the site. Ctrl-C stops it."
info "Home               http://127.0.0.1:$port/"
info "Admin              http://127.0.0.1:$port/admin/"
info "Testing dashboard  http://127.0.0.1:$port/admin/testing/"
info "$demo_user"

# stop_all: stops the site and the worker, which gives its job back to the queue.
stop_all() {
    trap - INT TERM EXIT
    # shellcheck disable=SC2086  # there may be no worker
    kill $server $worker 2>/dev/null || true
    wait || true
}

worker="" server=""
# A background process of a script ignores Ctrl-C, so the script passes it on.
trap 'stop_all; exit 0' INT TERM
trap stop_all EXIT
if [ "$(get_setting TASKS_BACKEND)" != immediate ]; then
    "$PYTHON" manage.py run_worker &
    worker=$!
fi
"$PYTHON" manage.py runserver --noreload "127.0.0.1:$port" &
server=$!
wait "$server"

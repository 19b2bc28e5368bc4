#!/usr/bin/env bash
# Show the project: install, prepare the database, load the samples, serve.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=deployment_scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/deployment_scripts/common.sh"

usage() {
    cat <<'TEXT'
Usage: ./run_demo_server.sh

Makes the Python environment, writes .env if there is none, prepares the database
(SQLite, unless .env or the environment chooses PostgreSQL), creates the demo user,
loads the sample files, and serves the site. What is done already is not done again.

SERVER_PORT=8001 is the port. Stop the server with Ctrl-C: nothing is left running.
TEXT
}

case "${1:-}" in
'') ;;
-h | --help)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

cd "$PROJECT_ROOT"
port="${SERVER_PORT:-8001}"

# check_port: refuses a port that cannot be served before the work is done.
check_port() {
    case "$port" in
    '' | *[!0-9]*) die "SERVER_PORT must be a number, not \"$port\"." ;;
    esac
    "$PYTHON" - "$port" <<'PYTHON_CODE' ||
import socket, sys

server = socket.socket()
# As the server itself does: a port closed a moment ago is free.
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except (OSError, OverflowError) as error:
    sys.exit(f"    {error}")
PYTHON_CODE
        die "Port $port cannot be used." \
            "Stop what uses it, or choose another one: SERVER_PORT=8002 $0"
}

# check_place: refuses to show made-up data, and a published password, in production.
check_place() {
    "$PYTHON" - <<'PYTHON_CODE' ||
import os, sys
from config import environment

environment.prepare(default_environment="development")
sys.exit(os.environ["D0010_ENV"] == "production")
PYTHON_CODE
        die "This is a production site, and the demonstration has a published password." \
            "Remove D0010_ENV=production from .env or the environment, or show the" \
            "demonstration from another folder."
}

# write_env_file: gives this machine a key of its own, readable by its user alone.
write_env_file() {
    if [ -e .env ]; then
        return
    fi
    step "Writing .env"
    (
        umask 077
        "$PYTHON" - >.env.new <<'PYTHON_CODE'
import secrets

print("# Written for a demonstration; .env.example explains every name.")
print("D0010_ENV=development")
print(f"SECRET_KEY={secrets.token_urlsafe(50)}")
PYTHON_CODE
    )
    # Moved into place whole, so that an interruption leaves no half of it.
    mv .env.new .env
}

# load_samples: imports every sample file. Some are there to be rejected.
load_samples() {
    local path status=0
    local good_samples=() rejected_samples=()
    for path in sample_data/*.uff; do
        [ -e "$path" ] || continue
        case "$(basename "$path")" in
        *rejected*) rejected_samples+=("$path") ;;
        *) good_samples+=("$path") ;;
        esac
    done

    step "Loading the sample files"
    if [ ${#good_samples[@]} -eq 0 ]; then
        warn "There are no sample files in sample_data."
        return
    fi
    manage import_d0010 "${good_samples[@]}" || status=$?
    case "$status" in
    0) ;;
    1) warn "Not every sample file could be loaded; the site is served all the same." ;;
    *) die "The sample files could not be loaded (exit code $status)." \
        "If the database is an old one, move db.sqlite3 away and run this again." ;;
    esac

    if [ ${#rejected_samples[@]} -gt 0 ]; then
        step "Showing how a faulty file is rejected"
        status=0
        manage import_d0010 "${rejected_samples[@]}" || status=$?
        case "$status" in
        0) warn "It was loaded, although it is there to be rejected." ;;
        1) ok "Rejected, as it should be: nothing of it was stored." ;;
        *) warn "The import stopped with exit code $status." ;;
        esac
    fi
}

ensure_environment requirements.txt
check_place
check_port
write_env_file

step "Preparing the database"
manage migrate --verbosity 0 ||
    die "The database could not be prepared." \
        "The message above says why. SQLite needs to write to this folder;" \
        "PostgreSQL needs to be running, with the DB_ names set."
ok "Ready."

step "Creating the demo user"
manage create_demo_user

load_samples

step "Serving the site; Ctrl-C stops it"
info "Home       http://127.0.0.1:$port/"
info "Admin      http://127.0.0.1:$port/admin/"
info "Sign in as demo_admin with the password KrakenDemo123!"

# exec and --noreload make the server this very process: stopping it stops everything.
exec "$PYTHON" manage.py runserver --noreload "127.0.0.1:$port"

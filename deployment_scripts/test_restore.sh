#!/usr/bin/env bash
# Test that a backup can be restored, in a temporary database.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/test_restore.sh [BACKUP]

Restores a backup (by default a new one) into a temporary database and directory, and
deletes both. The data of the site is only read.

On PostgreSQL the administrator creates the database, as in setup_databases.sh.
TEXT
}

case "${1:-}" in
-h | --help) usage && exit 0 ;;
-*) usage_error "Unknown option: $1" ;;
esac
[ $# -le 1 ] || usage_error "Name one backup only."

umask 077
scratch="$(as_site_user mktemp -d "${TMPDIR:-/tmp}/d0010-restore-test.XXXXXX")"
test_database=''
clean_up() {
    [ -z "$test_database" ] ||
        psql_as_admin postgres <<<"DROP DATABASE IF EXISTS $test_database" || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

if [ $# -eq 1 ]; then
    backup="$1"
else
    step "Backing up"
    backup="$(manage backup --output "$scratch/backups")" ||
        die "There is no complete new backup." "The message above says why."
fi

if uses_postgresql; then
    DB_HOST="$(get_setting DB_HOST)" DB_PORT="$(get_setting DB_PORT)" DB_USER="$(get_setting DB_USER)"
    DB_HOST="${DB_HOST:-localhost}" DB_PORT="${DB_PORT:-5432}" DB_USER="${DB_USER:-d0010}"
    test_database="d0010_restore_test_$$"
    psql_as_admin postgres <<<"CREATE DATABASE $test_database OWNER \"$DB_USER\" TEMPLATE template0 ENCODING 'UTF8'" ||
        die "The temporary database could not be created." "The message above says why."
    psql_as_admin postgres <<<"REVOKE ALL ON DATABASE $test_database FROM PUBLIC"
    export DB_NAME="$test_database"
else
    export SQLITE_PATH="$scratch/restored.sqlite3"
fi
export MEDIA_ROOT="$scratch/media" SESSION_FILE_PATH="$scratch/sessions"

step "Restoring $backup into a temporary database"
manage restore "$backup" || die "The backup cannot be restored completely." \
    "The message above says why. Make another backup, and check the disk of this one."
ok "The backup can be restored."

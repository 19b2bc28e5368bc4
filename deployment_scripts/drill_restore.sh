#!/usr/bin/env bash
# Prove that a backup can be restored, in a place of its own.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/drill_restore.sh [BACKUP]

Restores a backup (without one: makes one now) into a database and a folder made for the
purpose, compares every table and file with what the backup says of them, and throws both
away. What the site holds is only read.

On PostgreSQL the database is made by the administrator, as setup_databases.sh makes one.
TEXT
}

case "${1:-}" in
-h | --help)
    usage
    exit 0
    ;;
-*) usage_error "\"$1\" is not known." ;;
esac
[ $# -le 1 ] || usage_error "One backup at a time."

umask 077
scratch="$(mktemp -d "${TMPDIR:-/tmp}/d0010-drill.XXXXXX")"
drill_database=''
clean_up() {
    [ -z "$drill_database" ] ||
        psql_as_admin postgres <<<"DROP DATABASE IF EXISTS $drill_database" || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

if [ $# -eq 1 ]; then
    backup="$1"
else
    step "Backing up"
    backup="$(manage back_up --output "$scratch/backups")" ||
        die "There is no backup to try." "The message above says why."
fi

case "$(get_setting USE_POSTGRESQL | tr '[:upper:]' '[:lower:]')" in
1 | true | yes | on)
    DB_HOST="$(get_setting DB_HOST)" DB_PORT="$(get_setting DB_PORT)" DB_USER="$(get_setting DB_USER)"
    DB_HOST="${DB_HOST:-localhost}" DB_PORT="${DB_PORT:-5432}" DB_USER="${DB_USER:-d0010}"
    drill_database="d0010_drill_$$"
    psql_as_admin postgres <<<"CREATE DATABASE $drill_database OWNER \"$DB_USER\" TEMPLATE template0 ENCODING 'UTF8'" ||
        die "The database of the drill could not be made." "The message above says why."
    psql_as_admin postgres <<<"REVOKE ALL ON DATABASE $drill_database FROM PUBLIC"
    export DB_NAME="$drill_database"
    ;;
*) export SQLITE_PATH="$scratch/drill.sqlite3" ;;
esac
export MEDIA_ROOT="$scratch/media" SESSION_FILE_PATH="$scratch/sessions"

step "Restoring $backup in a place of its own"
manage restore "$backup" || die "The backup could not be restored as it was." \
    "The message above says why. Make another one, and look at the disk it is on."
ok "The backup can be relied on."

#!/usr/bin/env bash
# Put a backup back, and prove that all of it is there.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/restore.sh BACKUP [--force]

Looks at every byte of a backup (a folder that backup.sh made), puts its database and its
files back, and compares every table and file with what the backup says of them. It
refuses to overwrite anything:

    --force   overwrite what is there. Stop the site first, and back it up.

Everybody has to sign in again. A backup of an older version is brought to this one
by: python manage.py migrate
TEXT
}

backup='' options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --force) options+=(--force) ;;
    -*) usage_error "\"$1\" is not known." ;;
    *)
        [ -z "$backup" ] || usage_error "One backup at a time."
        backup="$1"
        ;;
    esac
    shift
done
[ -n "$backup" ] || usage_error "Say which backup: a folder that backup.sh made."

umask 077
step "Restoring $backup"
manage restore "$backup" ${options[@]+"${options[@]}"} ||
    die "It was not restored." "The message above says why."
if ! manage migrate --check --skip-checks >/dev/null 2>&1; then
    warn "The backup is of an older version. Run: python manage.py migrate"
fi
ok "All of it is back."

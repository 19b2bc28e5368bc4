#!/usr/bin/env bash
# Back up the database and all received files.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/backup.sh [--output DIR] [--keep N]

Copies the database as it is at one moment (SQLite's online backup, or pg_dump) and all
received files into a folder of their own within DIR (backups in the project), with a
manifest of what each table and the files come to; then looks at every byte of it. The
site may go on meanwhile. A backup that breaks off leaves nothing.

    --output DIR   where the backups are
    --keep N       after this one is good, remove all but the latest N

A backup holds personal data: its files can be read by their user alone. Keep a copy on
another machine, encrypted. restore.sh puts one back; drill_restore.sh proves that it can.
TEXT
}

output="$PROJECT_ROOT/backups" options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --output)
        require_value "$1" "${2:-}"
        output="$2"
        shift
        ;;
    --keep)
        require_value "$1" "${2:-}"
        options+=(--keep "$2")
        shift
        ;;
    *) usage_error "\"$1\" is not known." ;;
    esac
    shift
done

umask 077
step "Backing up to $output"
manage back_up --output "$output" ${options[@]+"${options[@]}"} ||
    die "There is no backup." "The message above says why."
ok "The backup is complete."

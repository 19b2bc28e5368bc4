#!/usr/bin/env bash
# Back up the database and all original files.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/backup.sh [--output DIR] [--keep N]

Writes a .tar.gz file in DIR with the database (SQLite's backup API, or pg_dump), all
original files and a manifest with the SHA-256 of each, and verifies it. The site can stay
in use meanwhile. A backup that fails leaves no file. If original files are lost or damaged,
the backup has all others, the script names the lost ones, deletes no older backup and fails.

    --output DIR   directory of the backups (default: BACKUP_ROOT, or backups in the project)
    --keep N       delete all but the latest N after the new one has been verified

A backup contains personal data, and only its owner can read it. Keep an encrypted copy on
another machine. restore.sh restores a backup; test_restore.sh tests that it can be
restored.
TEXT
}

output='' options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
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
    *) usage_error "Unknown option: $1" ;;
    esac
    shift
done

umask 077
output="${output:-$(backups_folder)}"
step "Backing up to $output"
manage backup --output "$output" ${options[@]+"${options[@]}"} ||
    die "There is no complete new backup." "The message above says why."
ok "The backup is complete."

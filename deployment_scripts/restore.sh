#!/usr/bin/env bash
# Restore the database and all original files from a backup.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/restore.sh BACKUP [--force]

Verifies a backup (a .tar.gz file that backup.sh wrote), and restores its database and its
original files. It refuses to overwrite existing data:

    --force   overwrite existing data; stop the site first, and back it up

If original files are not in the backup, the script restores all others, names the missing
ones and fails. All users have to sign in again. If the backup was made by an older version, run this
afterwards: sudo d0010ctl migrate (or python manage.py migrate)
TEXT
}

backup='' options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --force) options+=(--force) ;;
    -*) usage_error "Unknown option: $1" ;;
    *)
        [ -z "$backup" ] || usage_error "Name one backup only."
        backup="$1"
        ;;
    esac
    shift
done
[ -n "$backup" ] || usage_error "Name a backup: a .tar.gz file that backup.sh wrote."

umask 077
step "Restoring $backup"
manage restore "$backup" ${options[@]+"${options[@]}"} ||
    die "The restore failed, or is not complete." "The message above says why."
if ! manage migrate --check --skip-checks >/dev/null 2>&1; then
    warn "The backup was made by an older version. Run: sudo d0010ctl migrate"
fi
ok "The restore is complete."

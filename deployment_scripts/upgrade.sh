#!/usr/bin/env bash
# Upgrade the production site to another version, after a backup.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/upgrade.sh ARCHIVE
       deployment_scripts/upgrade.sh --from FOLDER [OPTIONS OF quick_deploy.sh production]

The first form unpacks ARCHIVE (create_deployment_tarball.sh packs one) beside the folder
of this version, and runs the second form of the new version. A checksum in
ARCHIVE.sha256 is compared.

The second form upgrades the site of FOLDER to the version of this script:

    1. back up the database and all original files, while the site is in use
    2. copy .env and install the Python packages
    3. run quick_deploy.sh production with the options of the last deployment. If the
       upgrade changes tables, it stops the site until they are changed; else the site
       restarts, and no request fails.

FOLDER stays as it is. rollback.sh of the new version returns to it. Options are needed
only if FOLDER has no file .deploy_options.
TEXT
}

# unpack_and_run ARCHIVE: unpacks another version and runs its upgrade.sh.
unpack_and_run() {
    local archive="$1" name parent folder
    [ -f "$archive" ] || die "There is no archive $archive." "$0 --help shows the usage."
    if [ -e "$archive.sha256" ]; then
        (cd "$(dirname "$archive")" && sha256sum --check --quiet "$(basename "$archive").sha256") ||
            die "$archive is damaged." "Copy it to this machine again."
    fi
    name="$(tar tzf "$archive" | sed -n '1s|/.*||p')"
    parent="$(dirname "$PROJECT_ROOT")" folder="$parent/$name"
    [ "$folder" != "$PROJECT_ROOT" ] || die "$archive has the version that is deployed."
    step "Unpacking $archive to $folder"
    tar xzf "$archive" -C "$parent"
    exec "$folder/deployment_scripts/upgrade.sh" --from "$PROJECT_ROOT"
}

case "${1:-}" in
-h | --help) usage && exit 0 ;;
'') usage_error "Name an archive." ;;
--from) require_value "$1" "${2:-}" ;;
-*) usage_error "Unknown option: $1" ;;
*)
    [ $# -eq 1 ] || usage_error "Name one archive only."
    unpack_and_run "$1"
    ;;
esac

[ -e "$2/.env" ] || die "$2 is not the folder of a deployed site." "It has no .env."
old="$(cd "$2" && pwd)"
shift 2
[ "$old" != "$PROJECT_ROOT" ] || die "$old has the version that is deployed."
if [ $# -eq 0 ]; then
    [ -e "$old/.deploy_options" ] || usage_error "Give the options of quick_deploy.sh, such as --domain."
    while IFS= read -r option; do set -- "$@" "$option"; done <"$old/.deploy_options"
fi

cp -p "$old/.env" "$ENV_FILE"
"$PROJECT_ROOT/deployment_scripts/setup_python_environment.sh" production
step "Backing up"
# An older site has no BACKUP_ROOT.
backups="$(get_setting BACKUP_ROOT)"
backups="${backups:-$(dirname "$(get_setting MEDIA_ROOT)")/backups}"
backup="$(as_site_user "$old/deployment_scripts/backup.sh" --output "$backups" |
    tee /dev/stderr | grep '^/')" ||
    die "There is no complete backup, so nothing was upgraded." "The message above says why."
changes_tables=no
manage migrate --check --skip-checks >/dev/null 2>&1 || changes_tables=yes
printf '%s\n' "$old" "$backup" "$changes_tables" >"$UPGRADED_FROM"
"$PROJECT_ROOT/deployment_scripts/quick_deploy.sh" production "$@" ||
    die "The upgrade failed." \
        "Return to the previous version: $PROJECT_ROOT/deployment_scripts/rollback.sh"
ok "Upgraded from $old to $PROJECT_ROOT."
info "Return to the previous version: $PROJECT_ROOT/deployment_scripts/rollback.sh"

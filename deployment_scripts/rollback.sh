#!/usr/bin/env bash
# Return to the version from which upgrade.sh has upgraded this site.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/rollback.sh [--yes]

Returns to the version from which upgrade.sh has upgraded this site, and runs its
quick_deploy.sh. The site is stopped meanwhile.

If the upgrade changed tables, the backup made before it is restored. What was imported,
changed or signed in to since then is lost, so this needs

    --yes   lose the data since the upgrade

A backup of the present state is made first. Files that were imported since can be
imported again.
TEXT
}

yes=''
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --yes) yes=yes ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    shift
done
[ -e "$UPGRADED_FROM" ] || die "upgrade.sh has not upgraded to $PROJECT_ROOT." \
    "Run rollback.sh in the folder of the version that is deployed."
{ read -r old && read -r backup && read -r changes_tables; } <"$UPGRADED_FROM"

if [ "$changes_tables" = yes ]; then
    [ -n "$yes" ] || die "All data since the upgrade would be lost, and nothing was changed." \
        "The upgrade changed tables, so this restores $backup." \
        "Run it with --yes to lose what was imported and changed since."
    step "Backing up the present state"
    as_site_user "$PROJECT_ROOT/deployment_scripts/backup.sh" || true
fi
if has_services "$PROJECT_ROOT" || has_services "$old"; then
    step "Stopping the site"
    remove_services
fi
if [ "$changes_tables" = yes ]; then
    # The restore of this version drops the tables that the upgrade has added; that of an
    # older version may not.
    manage restore "$backup" --force || die "The restore failed, or is not complete." \
        "The message above says why. The site is stopped, and its data are unchanged or restored."
    warn "What was imported and changed after $(basename "$backup" .tar.gz) is lost."
fi
# The old version may not know options that were given to this one.
options=() options_file="$old/.deploy_options"
[ -e "$options_file" ] || options_file="$OPTIONS_FILE"
while IFS= read -r option; do options+=("$option"); done <"$options_file"
# Older versions do not collect static files that are older than those of the upgrade.
find "$old/meter_readings" -path '*/static/*' -type f -exec touch {} +
"$old/deployment_scripts/quick_deploy.sh" production "${options[@]}"
rm "$UPGRADED_FROM"
ok "Returned to $old."

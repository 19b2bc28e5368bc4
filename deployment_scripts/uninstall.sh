#!/usr/bin/env bash
# Remove the services of the production site from this machine.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/uninstall.sh [--data]

Stops the site, and removes its systemd units, its nginx configuration and d0010ctl. The
data stay, so that quick_deploy.sh can set the site up again.

    --data   delete the data too: the database and its role, original files, sessions,
             static files and .env. Backups stay.

System packages, the system user and the project folder stay.
TEXT
}

with_data=''
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --data) with_data=yes ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    shift
done

if has_services "$PROJECT_ROOT"; then
    step "Stopping the site and removing its services"
    remove_services
    rm -f "$NGINX_FILE"
    ! systemctl is-active --quiet nginx || systemctl reload nginx
else
    warn "systemd runs no site from $PROJECT_ROOT, so there is nothing to stop."
fi
[ -x "$PYTHON" ] || die "There is no Python environment, so the data are unknown." \
    "Run: deployment_scripts/setup_python_environment.sh production"
if [ -z "$with_data" ]; then
    ok "The services are removed. The data stay."
    exit 0
fi

step "Deleting the data"
if uses_postgresql; then
    DB_HOST="$(get_setting DB_HOST)" DB_PORT="$(get_setting DB_PORT)"
    psql_as_admin postgres <<SQL
DROP DATABASE IF EXISTS "$(get_setting DB_NAME)" WITH (FORCE);
DROP ROLE IF EXISTS "$(get_setting DB_USER)";
SQL
fi
for name in MEDIA_ROOT SESSION_FILE_PATH STATIC_ROOT SQLITE_PATH; do
    path="$(get_setting "$name")"
    [ -z "$path" ] || rm -rf "$path" "$path-wal" "$path-shm"
done
backups="$(backups_folder)"
rm -f "$ENV_FILE"
ok "The data are deleted. Backups, if there are any, stay in $backups."

#!/usr/bin/env bash
# Install the system packages that the project needs: Python, PostgreSQL, nginx.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/setup_system_dependencies.sh [OPTIONS]

Installs missing programs with apt-get (Debian, Ubuntu) or brew (macOS, Linux):

    Python 3.13 or newer   always
    PostgreSQL, pg_dump    with --postgresql
    nginx                  with --nginx

    --dry-run   print the commands and run none of them

Installed programs are not changed. apt-get needs root or sudo.
TEXT
}

dry_run='' with_postgresql='' with_nginx=''
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --dry-run) dry_run=yes ;;
    --postgresql) with_postgresql=yes ;;
    --nginx) with_nginx=yes ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    shift
done

# packages_of python|postgresql|nginx: prints the names of the system packages.
if has_command apt-get; then
    manager=apt-get
    packages_of() {
        case "$1" in
        python) echo python3 python3-venv ;;
        postgresql) echo postgresql postgresql-client ;;
        nginx) echo nginx-light ;;
        esac
    }
elif has_command brew; then
    manager=brew
    packages_of() {
        case "$1" in
        python) echo python@3.13 ;;
        postgresql) echo postgresql@17 ;;
        nginx) echo nginx ;;
        esac
    }
else
    die "Neither apt-get nor brew is installed." \
        "Install Python 3.13 or newer with the package manager of this system, and for" \
        "production PostgreSQL 15 or newer and nginx. Then run the other scripts."
fi

has_python() {
    (find_python) >/dev/null 2>&1
}

has_postgresql() {
    # psql alone is only the client.
    has_command pg_dump && { has_command postgres || has_command pg_lsclusters || has_command pg_ctl; }
}

has_nginx() {
    has_command nginx
}

# run COMMAND...: runs a command, with sudo if it needs root. A dry run prints it.
run() {
    if [ "$manager" = apt-get ] && [ "$(id -u)" -ne 0 ]; then
        if [ -z "$dry_run" ] && ! has_command sudo; then
            die "apt-get needs root, and sudo is not installed." "Run as root: $*"
        fi
        set -- sudo "$@"
    fi
    if [ -n "$dry_run" ]; then
        info "Would run: $*"
    else
        # Package managers print errors to standard error.
        "$@" >/dev/null
    fi
}

missing=()
# require NAME: adds the packages of a program to the list if it is not installed.
require() {
    if "has_$1"; then
        ok "$1 is installed."
    else
        info "$1 is missing."
        # shellcheck disable=SC2207 # Names of packages contain no spaces.
        missing+=($(packages_of "$1"))
    fi
}

# start_postgresql: starts the PostgreSQL clusters of Debian where systemd has not.
start_postgresql() {
    local version cluster port status _
    has_command pg_lsclusters || return 0
    ! pg_lsclusters --no-header | grep -qw online || return 0
    while read -r version cluster port status _; do
        [ "$status" = down ] || continue
        step "Starting PostgreSQL $version on port $port"
        run pg_ctlcluster "$version" "$cluster" start
    done < <(pg_lsclusters --no-header)
}

step "Looking for missing programs"
require python
[ -z "$with_postgresql" ] || require postgresql
[ -z "$with_nginx" ] || require nginx

if [ ${#missing[@]} -eq 0 ]; then
    ok "All programs are installed."
    [ -z "$with_postgresql" ] || start_postgresql
    exit 0
fi

step "Installing ${missing[*]}"
case "$manager" in
apt-get)
    run apt-get update -qq
    run env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 \
        --no-install-recommends "${missing[@]}" || die "The packages could not be installed." \
        "The messages above name the cause."
    ;;
brew) run brew install "${missing[@]}" ;;
esac
[ -z "$dry_run" ] || exit 0
[ -z "$with_postgresql" ] || start_postgresql

# find_python exits with remedies if the installed Python is too old.
has_python || find_python
ok "All programs are installed."

#!/usr/bin/env bash
# Install what the project needs of the system: Python, PostgreSQL, nginx.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/setup_system_dependencies.sh [OPTIONS]

Installs, by apt-get (Debian, Ubuntu) or brew (macOS, Linux), what is missing of:

    Python 3.13 or newer   always
    PostgreSQL, pg_dump    with --postgresql
    nginx                  with --nginx

    --dry-run   say what would be done, and do nothing

What is there already is left as it is. apt-get needs root, or sudo.
TEXT
}

is_dry='' wants_postgresql='' wants_nginx=''
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --dry-run) is_dry=yes ;;
    --postgresql) wants_postgresql=yes ;;
    --nginx) wants_nginx=yes ;;
    *) usage_error "\"$1\" is not known." ;;
    esac
    shift
done

# has_python: whether there is a Python that the project can run on.
has_python() {
    (find_python) >/dev/null 2>&1
}

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
    die "Neither apt-get nor brew is here." \
        "Install Python 3.13 or newer by what this system has, and for production" \
        "PostgreSQL 15 or newer and nginx; then run the other scripts."
fi

# run COMMAND...: runs it, by sudo where that is needed, or says that it would.
run() {
    if [ "$manager" = apt-get ] && [ "$(id -u)" -ne 0 ]; then
        if [ -z "$is_dry" ] && ! has_command sudo; then
            die "apt-get needs root, and there is no sudo." "Run this as root: $*"
        fi
        set -- sudo "$@"
    fi
    if [ -n "$is_dry" ]; then
        info "Would run: $*"
    else
        # What is installed is known; what goes wrong is said on standard error.
        "$@" >/dev/null
    fi
}

missing=()
# want THING PROGRAM: notes the packages of a thing whose program is not here.
want() {
    # psql alone is only a client: a server has its own programs elsewhere.
    if "$2" >/dev/null 2>&1; then
        ok "$1 is here."
    else
        info "$1 is missing."
        # shellcheck disable=SC2207 # names of packages have no spaces
        missing+=($(packages_of "$1"))
    fi
}

has_postgresql() {
    has_command pg_dump && { has_command postgres || has_command pg_lsclusters || has_command pg_ctl; }
}

has_nginx() {
    has_command nginx
}

step "Looking for what is needed"
want python has_python
[ -z "$wants_postgresql" ] || want postgresql has_postgresql
[ -z "$wants_nginx" ] || want nginx has_nginx

# start_postgresql: starts what was installed, where no system of services has done so.
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

if [ ${#missing[@]} -eq 0 ]; then
    ok "Nothing is missing."
    [ -z "$wants_postgresql" ] || start_postgresql
    exit 0
fi

step "Installing ${missing[*]}"
case "$manager" in
apt-get)
    run apt-get update -qq
    run env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 \
        --no-install-recommends "${missing[@]}" || die "The packages could not be installed." \
        "The messages above say why."
    ;;
brew) run brew install "${missing[@]}" ;;
esac
[ -z "$is_dry" ] || exit 0
[ -z "$wants_postgresql" ] || start_postgresql

has_python || find_python # which says what else can be done
ok "All of it is here."

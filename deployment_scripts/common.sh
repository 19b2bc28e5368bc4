# Functions that the scripts of this project share: messages, Python, settings.
# Other scripts source this file. It works with Bash 3.2, the version on macOS.
# shellcheck shell=bash
# shellcheck disable=SC2034 # Other scripts use the variables.

PROJECT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# D0010_VENV names an existing virtual environment, which the scripts use but never
# change. It is not VIRTUAL_ENV: a virtual environment of another project that happens
# to be active must not become the environment of this site.
VENV_DIR="${D0010_VENV:-$PROJECT_ROOT/.venv}"
# This interpreter exists once ensure_environment has returned.
PYTHON="$VENV_DIR/bin/python3"
ENV_FILE="$PROJECT_ROOT/.env"
MIN_PYTHON_MINOR=13

# The systemd units of a production site. Their templates have the same names.
SYSTEMD=/etc/systemd/system
D0010CTL=/usr/local/bin/d0010ctl
NGINX_FILE=/etc/nginx/conf.d/d0010.conf
# The options of the latest deployment, one word a line; what rollback.sh returns to.
OPTIONS_FILE="$PROJECT_ROOT/.deploy_options"
UPGRADED_FROM="$PROJECT_ROOT/.upgraded_from"
TIMERS=(d0010-backup.timer d0010-retention.timer d0010-overdue-readings.timer
    d0010-notifications.timer)
# It is installed with --watch-folder only.
WATCH_UNIT=d0010-watch.service
UNITS=(d0010.target d0010-web.socket d0010-web.service d0010-worker.service
    d0010-backup.service d0010-retention.service d0010-overdue-readings.service
    d0010-notifications.service
    "${TIMERS[@]}")

# Output has colours only on a terminal. https://no-color.org turns them off.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    BOLD=$'\033[1m' RED=$'\033[31m' GREEN=$'\033[32m' YELLOW=$'\033[33m' PLAIN=$'\033[0m'
else
    BOLD='' RED='' GREEN='' YELLOW='' PLAIN=''
fi

# step TEXT: prints the heading of the next step.
step() {
    printf '%s==> %s%s\n' "$BOLD" "$1" "$PLAIN"
}

# info TEXT: prints one line within a step.
info() {
    printf '    %s\n' "$1"
}

# ok TEXT: prints one line about a success, in green.
ok() {
    printf '    %s%s%s\n' "$GREEN" "$1" "$PLAIN"
}

# warn TEXT: prints a warning to standard error.
warn() {
    printf '    %sWarning: %s%s\n' "$YELLOW" "$1" "$PLAIN" >&2
}

# die TEXT [REMEDY...]: prints an error and its remedies, and exits with status 1.
die() {
    printf '%sError: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    shift
    while [ $# -gt 0 ]; do
        printf '  %s\n' "$1" >&2
        shift
    done
    exit 1
}

# usage_error TEXT: prints an error and the usage, and exits with status 2.
usage_error() {
    printf '%sError: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    usage >&2
    exit 2
}

# require_value OPTION VALUE: exits with a usage error if the value is empty.
require_value() {
    [ -n "${2:-}" ] || usage_error "$1 needs a value."
}

# ok_row NAME TEXT: prints one passed check as a row of a table.
ok_row() {
    printf '    %s✓ ok%s      %-14s  %s\n' "$GREEN" "$PLAIN" "$1" "$2"
}

# error_row NAME TEXT REMEDY: prints one failed check as a row of a table.
error_row() {
    printf '    %s✕ FAILED%s  %-14s  %s\n' "$RED" "$PLAIN" "$1" "$2"
    printf '                              What to do: %s\n' "$3"
}

# has_command PROGRAM: succeeds if the program is installed.
has_command() {
    command -v "$1" >/dev/null 2>&1
}

# is_supported_python PROGRAM: succeeds if the program is a supported Python.
is_supported_python() {
    "$1" -c "import sys; sys.exit(sys.version_info < (3, $MIN_PYTHON_MINOR))" \
        >/dev/null 2>&1
}

# can_create_venv PROGRAM: succeeds if Python has the modules that some systems ship in
# separate packages.
can_create_venv() {
    "$1" -c 'import ensurepip, sqlite3, ssl, venv' >/dev/null 2>&1
}

# find_python: sets FOUND_PYTHON to a supported and complete Python, or exits with an
# error. D0010_PYTHON overrides the search.
find_python() {
    local candidate incomplete=''
    FOUND_PYTHON=''
    if [ -n "${D0010_PYTHON:-}" ]; then
        is_supported_python "$D0010_PYTHON" ||
            die "D0010_PYTHON ($D0010_PYTHON) is not Python 3.$MIN_PYTHON_MINOR or newer." \
                "Set it to another Python, or unset it to search for one."
        FOUND_PYTHON="$D0010_PYTHON"
        return
    fi
    # Programs on PATH come first, then the folders of installers that do not change
    # PATH. A pattern without a match stays as it is and fails "command -v".
    for candidate in \
        python3.13 python3.14 python3.15 python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-9]*/bin/python3 \
        "$HOME"/.local/share/uv/python/cpython-3.1[3-9]*/bin/python3 \
        "$HOME"/.local/share/mise/installs/python/3.1[3-9]*/bin/python3 \
        "$HOME"/.asdf/installs/python/3.1[3-9]*/bin/python3 \
        /opt/homebrew/bin/python3.1[3-9] \
        /usr/local/bin/python3.1[3-9] \
        /usr/bin/python3.1[3-9] \
        /opt/local/bin/python3.1[3-9] \
        /Library/Frameworks/Python.framework/Versions/3.1[3-9]/bin/python3; do
        candidate="$(command -v "$candidate" 2>/dev/null)" || continue
        is_supported_python "$candidate" || continue
        if can_create_venv "$candidate"; then
            FOUND_PYTHON="$candidate"
            return
        fi
        incomplete="${incomplete:-$candidate}"
    done
    if [ -n "$incomplete" ]; then
        die "$incomplete lacks one of its modules: ensurepip, sqlite3, ssl or venv." \
            "Debian and Ubuntu: sudo apt-get install python3-venv (or python3.13-venv)" \
            "pyenv: install the SQLite and OpenSSL headers, then build Python again."
    fi
    die "Python 3.$MIN_PYTHON_MINOR or newer was not found." \
        "macOS with Homebrew: brew install python@3.13" \
        "Debian 13, Ubuntu 25.04 and later: sudo apt-get install python3 python3-venv" \
        "Any system with pyenv: pyenv install 3.13" \
        "Python in another folder: D0010_PYTHON=/path/to/python3.13 $0"
}

# fingerprint FILE...: prints a text that differs whenever Python or a file differs.
fingerprint() {
    "$PYTHON" --version
    cat "$@"
}

# ensure_environment REQUIREMENTS: creates the virtual environment if there is none, and
# installs the packages if the requirements have changed since the last installation.
ensure_environment() {
    local requirements="$PROJECT_ROOT/$1"
    local stamp wanted list
    if [ -n "${D0010_VENV:-}" ]; then
        is_supported_python "$PYTHON" ||
            die "D0010_VENV ($D0010_VENV) has no Python 3.$MIN_PYTHON_MINOR or newer." \
                "Set it to another environment, or unset it to create one in .venv."
        return
    fi
    # A virtual environment stops working when it is moved or its Python is removed.
    if [ -e "$VENV_DIR" ] && ! is_supported_python "$PYTHON"; then
        warn "The virtual environment in $VENV_DIR does not work and is created again."
        rm -rf "$VENV_DIR"
    fi
    if [ ! -e "$VENV_DIR" ]; then
        find_python
        step "Creating the virtual environment with $FOUND_PYTHON"
        if ! "$FOUND_PYTHON" -m venv "$VENV_DIR"; then
            rm -rf "$VENV_DIR"
            die "The virtual environment could not be created in $VENV_DIR." \
                "The message above names the cause, such as a full or read-only disk."
        fi
    fi
    stamp="$VENV_DIR/.installed-$(basename "$requirements")"
    wanted="$(fingerprint "$PROJECT_ROOT/requirements.txt" "$requirements")"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    step "Installing the packages in $(basename "$requirements")"
    # pip installs no file whose hash is not in a list that has hashes.
    list="${requirements%.txt}.lock"
    [ -e "$list" ] || list="$requirements"
    "$PYTHON" -m pip install --quiet --quiet --disable-pip-version-check -r "$list" ||
        die "The packages could not be installed." \
            "The message above names the cause. Without a network, pip needs a package" \
            "index or a folder of packages (PIP_INDEX_URL, PIP_FIND_LINKS)."
    # The stamp is written last, so that an interrupted installation is repeated.
    printf '%s\n' "$wanted" >"$stamp"
}

# as_site_user COMMAND...: runs a command as the user of the site, which is the owner of
# .env. Files that root wrote would be closed to the site.
as_site_user() {
    (exec_as_site_user "$@")
}

# exec_as_site_user COMMAND...: replaces this shell by a command as the user of the site.
exec_as_site_user() {
    local owner=root
    if [ "$(id -u)" -eq 0 ] && [ -e "$ENV_FILE" ] && has_command runuser; then
        owner="$(stat -c %U "$ENV_FILE")"
    fi
    [ "$owner" != root ] || exec "$@"
    # runuser keeps HOME, where libpq looks for files.
    exec runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
}

# manage ARGUMENTS: runs manage.py in the virtual environment, as the user of the site.
manage() {
    as_site_user "$PYTHON" "$PROJECT_ROOT/manage.py" "$@"
}

# project_python CODE [ARGUMENTS]: runs Python code that can import the project.
project_python() {
    (cd "$PROJECT_ROOT" && "$PYTHON" -c "$@")
}

# get_setting NAME: prints the value in the environment, else the value in .env, else
# nothing.
get_setting() {
    project_python '
import sys
from config import environment

environment.load_dotenv(environment.PROJECT_ROOT / ".env")
print(environment.env_str(sys.argv[1]))
' "$1"
}

can_install_services() {
    [ "$(id -u)" -eq 0 ] && [ -d /run/systemd/system ]
}

# has_services FOLDER: succeeds if systemd runs the site from this project folder.
has_services() {
    can_install_services && grep -qsxF "WorkingDirectory=$1" "$SYSTEMD/d0010-web.service"
}

# remove_services: stops the site, and removes its systemd units and d0010ctl.
remove_services() {
    local unit
    for unit in "${UNITS[@]}" "$WATCH_UNIT"; do
        [ ! -e "$SYSTEMD/$unit" ] || systemctl disable --quiet --now "$unit"
        rm -f "$SYSTEMD/$unit"
    done
    systemctl daemon-reload
    rm -f "$D0010CTL"
}

# backups_folder: prints the folder of the backups.
backups_folder() {
    local folder
    folder="$(get_setting BACKUP_ROOT)"
    folder="${folder:-backups}"
    # A relative path starts at the project folder, as in the settings.
    [ "${folder#/}" != "$folder" ] || folder="$PROJECT_ROOT/$folder"
    printf '%s\n' "$folder"
}

# uses_postgresql: succeeds if the settings choose PostgreSQL.
uses_postgresql() {
    case "$(get_setting USE_POSTGRESQL | tr '[:upper:]' '[:lower:]')" in
    1 | true | yes | on) return 0 ;;
    esac
    return 1
}

# write_settings: reads NAME=value lines from standard input and adds them to .env, each
# in place of an earlier line with the same name. Secrets are not passed as arguments,
# because other users can read the arguments of a process.
write_settings() {
    "$PYTHON" -c '
import os, pathlib, sys, tempfile

path = pathlib.Path(sys.argv[1])
new = dict(line.rstrip("\n").split("=", 1) for line in sys.stdin if line.strip())
lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
merged = []
for line in lines:
    name = line.strip().removeprefix("export ").partition("=")[0].strip()
    if name in new:
        line = f"{name}={new.pop(name)}"
    merged.append(line)
merged += [f"{name}={value}" for name, value in new.items()]
# mkstemp creates a file that only its owner can read; os.replace is atomic.
handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env.")
with os.fdopen(handle, "w", encoding="utf-8") as file:
    file.write("\n".join(merged) + "\n")
if path.exists():
    owner = path.stat()
    if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
        os.chown(temporary, owner.st_uid, owner.st_gid)
os.replace(temporary, path)
' "$ENV_FILE"
}

# random_secret: prints a random text of 67 characters.
random_secret() {
    "$PYTHON" -c 'import secrets; print(secrets.token_urlsafe(50))'
}

# psql_as_admin DATABASE: runs the SQL on standard input as a PostgreSQL superuser. As
# root on the database server that is the system user postgres; else it is the role
# PG_ADMIN (postgres), with the password from PGPASSWORD or ~/.pgpass.
psql_as_admin() {
    local options=(-X -q -A -t -v ON_ERROR_STOP=1 --dbname="$1")
    if [ -z "${PG_ADMIN:-}" ] && [ "$(id -u)" -eq 0 ] && id postgres >/dev/null 2>&1 &&
        is_local "$DB_HOST" && has_command runuser; then
        (cd / && runuser -u postgres -- psql --port="$DB_PORT" "${options[@]}")
    else
        psql -w --host="$DB_HOST" --port="$DB_PORT" --username="${PG_ADMIN:-postgres}" "${options[@]}"
    fi
}

# is_local HOST: succeeds if the host name means this machine.
is_local() {
    case "$1" in
    localhost | 127.0.0.1 | ::1) return 0 ;;
    esac
    return 1
}

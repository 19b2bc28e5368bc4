# Shared by the scripts of this project: colours, messages, Python, environment.
# Sourced, not run. It keeps to Bash 3.2, which is what macOS has.
# shellcheck shell=bash
# shellcheck disable=SC2034 # Names set here are used by the scripts that source it.

PROJECT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# PYTHON_ENVIRONMENT names one that is kept by other means; it is used as it is.
ENVIRONMENT_DIR="${PYTHON_ENVIRONMENT:-$PROJECT_ROOT/.venv}"
# The Python of the environment, there once ensure_environment has returned.
PYTHON="$ENVIRONMENT_DIR/bin/python3"
ENV_FILE="$PROJECT_ROOT/.env"
LOWEST_MINOR_VERSION=13

# Colours are for people at a terminal who have not refused them.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    BOLD=$'\033[1m' RED=$'\033[31m' GREEN=$'\033[32m' YELLOW=$'\033[33m' PLAIN=$'\033[0m'
else
    BOLD='' RED='' GREEN='' YELLOW='' PLAIN=''
fi

# step TEXT: says what is being done now.
step() {
    printf '%s==> %s%s\n' "$BOLD" "$1" "$PLAIN"
}

# say TEXT: says something about it.
say() {
    printf '    %s\n' "$1"
}

# good TEXT: says that something is as it should be.
good() {
    printf '    %s%s%s\n' "$GREEN" "$1" "$PLAIN"
}

# warn TEXT: says what is not as it should be, and goes on.
warn() {
    printf '    %sWarning: %s%s\n' "$YELLOW" "$1" "$PLAIN" >&2
}

# die TEXT [REMEDY...]: says what is wrong and what to do about it, and stops.
die() {
    printf '%sError: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    shift
    while [ $# -gt 0 ]; do
        printf '  %s\n' "$1" >&2
        shift
    done
    exit 1
}

# is_new_enough PROGRAM: whether it is a Python that the project can run on.
is_new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < (3, $LOWEST_MINOR_VERSION))" \
        >/dev/null 2>&1
}

# can_make_environments PROGRAM: whether it has what some systems package apart.
can_make_environments() {
    "$1" -c 'import ensurepip, sqlite3, ssl, venv' >/dev/null 2>&1
}

# find_python: sets FOUND_PYTHON to a Python that is new enough and complete.
# PYTHON_PROGRAM chooses one by hand.
find_python() {
    local candidate incomplete=''
    FOUND_PYTHON=''
    if [ -n "${PYTHON_PROGRAM:-}" ]; then
        is_new_enough "$PYTHON_PROGRAM" ||
            die "PYTHON_PROGRAM ($PYTHON_PROGRAM) is not Python 3.$LOWEST_MINOR_VERSION or newer." \
                "Name another one, or unset it to let this script look for itself."
        FOUND_PYTHON="$PYTHON_PROGRAM"
        return
    fi
    # Names on PATH come first; then the places where installers put Python without
    # PATH knowing. A pattern that matches nothing stays as it is and is passed over.
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
        is_new_enough "$candidate" || continue
        if can_make_environments "$candidate"; then
            FOUND_PYTHON="$candidate"
            return
        fi
        incomplete="${incomplete:-$candidate}"
    done
    if [ -n "$incomplete" ]; then
        die "$incomplete lacks one of its own modules: ensurepip, sqlite3, ssl or venv." \
            "On Debian and Ubuntu: sudo apt-get install python3-venv (or python3.13-venv)." \
            "A Python built by pyenv needs the SQLite and OpenSSL headers when it is built."
    fi
    die "Python 3.$LOWEST_MINOR_VERSION or newer was not found." \
        "macOS with Homebrew: brew install python@3.13" \
        "Debian 13, Ubuntu 25.04 and later: sudo apt-get install python3 python3-venv" \
        "Any system with pyenv: pyenv install 3.13" \
        "If you have one elsewhere: PYTHON_PROGRAM=/path/to/python3.13 $0"
}

# fingerprint FILE: a text that changes with the requirements or with Python.
fingerprint() {
    "$PYTHON" - "$@" <<'PYTHON_CODE'
import hashlib, pathlib, sys

digest = hashlib.sha256(sys.version.encode())
for name in sys.argv[1:]:
    digest.update(pathlib.Path(name).read_bytes())
print(digest.hexdigest())
PYTHON_CODE
}

# ensure_environment REQUIREMENTS: makes the environment where there is none, and
# installs where the requirements have changed since the last time.
ensure_environment() {
    local requirements="$PROJECT_ROOT/$1"
    local stamp wanted
    if [ -n "${PYTHON_ENVIRONMENT:-}" ]; then
        is_new_enough "$PYTHON" ||
            die "PYTHON_ENVIRONMENT ($PYTHON_ENVIRONMENT) has no Python 3.$LOWEST_MINOR_VERSION or newer." \
                "Name another one, or unset it to let this script make one itself."
        return
    fi
    # An environment that was moved, or whose Python is gone, is made again.
    if [ -e "$ENVIRONMENT_DIR" ] && ! is_new_enough "$PYTHON"; then
        warn "The environment in $ENVIRONMENT_DIR does not run; making it again."
        rm -rf "$ENVIRONMENT_DIR"
    fi
    if [ ! -e "$ENVIRONMENT_DIR" ]; then
        find_python
        step "Making the Python environment with $FOUND_PYTHON"
        if ! "$FOUND_PYTHON" -m venv "$ENVIRONMENT_DIR"; then
            rm -rf "$ENVIRONMENT_DIR"
            die "The environment could not be made in $ENVIRONMENT_DIR." \
                "Look at the message above; is the disk full, or the folder read-only?"
        fi
    fi
    stamp="$ENVIRONMENT_DIR/.installed-$(basename "$requirements")"
    wanted="$(fingerprint "$PROJECT_ROOT/requirements.txt" "$requirements")"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    step "Installing what $(basename "$requirements") lists"
    "$PYTHON" -m pip install --quiet --quiet --disable-pip-version-check -r "$requirements" ||
        die "The packages could not be installed." \
            "Look at the message above. Without a network, pip needs a package index" \
            "or a folder of packages it can reach (PIP_INDEX_URL, PIP_FIND_LINKS)."
    # Written last: an installation that was interrupted is done again.
    printf '%s\n' "$wanted" >"$stamp"
}

# manage ARGUMENTS: runs manage.py in the environment.
manage() {
    "$PYTHON" "$PROJECT_ROOT/manage.py" "$@"
}

# wrong_usage TEXT: says how the script is used, and stops.
wrong_usage() {
    printf '%sError: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    usage >&2
    exit 2
}

# value_of OPTION VALUE: refuses an option without its value.
value_of() {
    [ -n "${2:-}" ] || wrong_usage "$1 needs a value."
}

# good_row NAME FOUND, bad_row NAME FOUND REMEDY: one line of a table of results.
good_row() {
    printf '    %s✓ good%s  %-14s  %s\n' "$GREEN" "$PLAIN" "$1" "$2"
}

bad_row() {
    printf '    %s✕ BAD%s   %-14s  %s\n' "$RED" "$PLAIN" "$1" "$2"
    printf '                            What to do: %s\n' "$3"
}

# in_project CODE: runs Python code that may import the project's own modules.
in_project() {
    (cd "$PROJECT_ROOT" && "$PYTHON" -c "$@")
}

# setting NAME: what the environment says, or else .env; nothing where both are silent.
setting() {
    in_project '
import os, sys
from config import environment

environment.read_file(environment.PROJECT_ROOT / ".env")
print(environment.text(sys.argv[1]))
' "$1"
}

# write_settings: puts the NAME=value lines of its input into .env, each in the place
# of an earlier one. Values come by the input, because others can see arguments.
write_settings() {
    "$PYTHON" -c '
import os, pathlib, sys, tempfile

path = pathlib.Path(sys.argv[1])
new = dict(line.rstrip("\n").split("=", 1) for line in sys.stdin if line.strip())
lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
kept = []
for line in lines:
    name = line.strip().removeprefix("export ").partition("=")[0].strip()
    if name in new:
        line = f"{name}={new.pop(name)}"
    kept.append(line)
kept += [f"{name}={value}" for name, value in new.items()]
# Only its user may read it, from the first moment on; and it appears whole.
handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env.")
with os.fdopen(handle, "w", encoding="utf-8") as file:
    file.write("\n".join(kept) + "\n")
if path.exists():
    owner = path.stat()
    if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
        os.chown(temporary, owner.st_uid, owner.st_gid)
os.replace(temporary, path)
' "$ENV_FILE"
}

# random_text: a secret of 67 characters.
random_text() {
    "$PYTHON" -c 'import secrets; print(secrets.token_urlsafe(50))'
}

# ask_postgresql DATABASE: gives the SQL on its input to PostgreSQL by a superuser:
# the system's own where there is one to become, else PG_ADMIN (postgres), whose
# password, if it needs one, is in PGPASSWORD or ~/.pgpass.
ask_postgresql() {
    local options=(-X -q -A -t -v ON_ERROR_STOP=1 --dbname="$1")
    if [ -z "${PG_ADMIN:-}" ] && [ "$(id -u)" -eq 0 ] && id postgres >/dev/null 2>&1 &&
        is_local "$DB_HOST" && have runuser; then
        (cd / && runuser -u postgres -- psql --port="$DB_PORT" "${options[@]}")
    else
        psql -w --host="$DB_HOST" --port="$DB_PORT" --username="${PG_ADMIN:-postgres}" "${options[@]}"
    fi
}

# is_local HOST: whether it is this machine.
is_local() {
    case "$1" in
    localhost | 127.0.0.1 | ::1) return 0 ;;
    esac
    return 1
}

# have PROGRAM: whether it is there to be run.
have() {
    command -v "$1" >/dev/null 2>&1
}

#!/usr/bin/env bash
# Make the database ready: on SQLite, or on PostgreSQL with a role that may do no more
# than it needs.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/setup_databases.sh sqlite
       deployment_scripts/setup_databases.sh postgresql [OPTIONS]

sqlite       makes the tables in SQLITE_PATH (db.sqlite3 in the project)

postgresql   creates a role and a database, and makes the tables:
    --name NAME       the database (d0010)
    --user NAME       the role (d0010)
    --host HOST       where PostgreSQL is (localhost)
    --port PORT       its port (5432)
    --new-password    gives the role another password than it has

The role is no superuser, creates neither databases nor roles, and owns its own
database only, which nobody else may use. Its password is made here and written to
.env, which only its user can read; it is shown nowhere. What exists is left as it is.

Role and database are created by PostgreSQL's administrator: as root on the same
machine that is the system's user postgres, else the role PG_ADMIN (postgres).
TEXT
}

kind="${1:-}"
case "$kind" in
-h | --help)
    usage
    exit 0
    ;;
sqlite | postgresql) shift ;;
'') usage_error "Say which database: sqlite or postgresql." ;;
*) usage_error "\"$kind\" is no database that is known." ;;
esac

name='' user='' host='' port='' is_new_password=''
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --name | --user | --host | --port)
        require_value "$1" "${2:-}"
        printf -v "${1#--}" '%s' "$2"
        shift
        ;;
    --new-password) is_new_password=yes ;;
    *) usage_error "\"$1\" is not known." ;;
    esac
    shift
done

[ -x "$PYTHON" ] || die "There is no Python environment yet." \
    "Run first: deployment_scripts/setup_python_environment.sh"

# make_tables: brings the tables to this version.
make_tables() {
    step "Making the tables"
    (umask 077 && manage migrate --verbosity 0) || die "The tables could not be made." \
        "The message above says why."
    ok "Ready."
}

if [ "$kind" = sqlite ]; then
    [ -z "$name$user$host$port$is_new_password" ] || usage_error "SQLite needs no options."
    step "Choosing SQLite"
    printf 'USE_POSTGRESQL=0\n' | write_settings
    make_tables
    exit 0
fi

has_command psql || die "psql is not here." \
    "Run first: deployment_scripts/setup_system_dependencies.sh --postgresql"

# What is not said now is as it was said before.
name="${name:-$(get_setting DB_NAME)}" user="${user:-$(get_setting DB_USER)}"
host="${host:-$(get_setting DB_HOST)}" port="${port:-$(get_setting DB_PORT)}"
DB_NAME="${name:-d0010}" DB_USER="${user:-d0010}"
DB_HOST="${host:-localhost}" DB_PORT="${port:-5432}"
for word in "$DB_NAME" "$DB_USER"; do
    case "$word" in
    [!a-z_]* | *[!a-z0-9_]*) usage_error "\"$word\" must be of small letters, digits and _." ;;
    esac
done
case "$DB_PORT" in
*[!0-9]*) usage_error "--port must be a number, not \"$DB_PORT\"." ;;
esac

# ask SQL: one answer from the administrator's own database.
ask() {
    psql_as_admin postgres <<<"$1"
}

# can_sign_in: whether the role gets into its database by what .env says.
can_sign_in() {
    PGPASSWORD="$(get_setting DB_PASSWORD)" psql -X -q -w --host="$DB_HOST" --port="$DB_PORT" \
        --username="$DB_USER" --dbname="$DB_NAME" --command='SELECT 1' >/dev/null 2>&1
}

# verifier: what PostgreSQL keeps of the password in .env, so that the password itself
# is never sent, nor written to the server's log.
verifier() {
    project_python '
import base64, hashlib, hmac, os
from config import environment

environment.read_file(environment.PROJECT_ROOT / ".env")
salt, rounds = os.urandom(16), 4096
password = environment.text("DB_PASSWORD").encode()
salted = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
client = hmac.digest(salted, b"Client Key", "sha256")
stored = hashlib.sha256(client).digest()
server = hmac.digest(salted, b"Server Key", "sha256")
text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
print("SCRAM-SHA-256$%d:%s$%s:%s" % (rounds, *text))
'
}

step "Asking PostgreSQL at $DB_HOST:$DB_PORT"
role_exists="$(ask "SELECT 1 FROM pg_roles WHERE rolname = '$DB_USER'")" ||
    die "PostgreSQL's administrator could not be reached." \
        "The message above says why. Is it running? As another user than root, or on another" \
        "machine, name a superuser: PG_ADMIN=postgres PGPASSWORD=… $0 postgresql"
owner="$(ask "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '$DB_NAME'")"
if [ -n "$owner" ] && [ "$owner" != "$DB_USER" ]; then
    die "The database $DB_NAME belongs to $owner, not to $DB_USER." \
        "Choose another one with --name, or another role with --user."
fi

if [ -n "$is_new_password" ] || [ -z "$(get_setting DB_PASSWORD)" ]; then
    if [ -n "$role_exists" ] && [ -z "$is_new_password" ]; then
        die "The role $DB_USER exists, and .env does not say its password." \
            "Write it there as DB_PASSWORD, or give it another one with --new-password:" \
            "whatever else uses the role then has to be told."
    fi
    is_new_password=yes
    printf 'DB_PASSWORD=%s\n' "$(random_secret)" | write_settings
fi
write_settings <<SETTINGS
USE_POSTGRESQL=1
DB_NAME=$DB_NAME
DB_USER=$DB_USER
DB_HOST=$DB_HOST
DB_PORT=$DB_PORT
SETTINGS

rights='LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
if [ -z "$role_exists" ]; then
    step "Creating the role $DB_USER"
    ask "CREATE ROLE $DB_USER $rights PASSWORD '$(verifier)'"
elif [ -n "$is_new_password" ]; then
    step "Giving the role $DB_USER another password"
    ask "ALTER ROLE $DB_USER PASSWORD '$(verifier)'"
fi
if [ -z "$owner" ]; then
    step "Creating the database $DB_NAME"
    ask "CREATE DATABASE $DB_NAME OWNER $DB_USER ENCODING 'UTF8' TEMPLATE template0"
fi

step "Closing the database to everybody else"
psql_as_admin "$DB_NAME" <<SQL
REVOKE ALL ON DATABASE $DB_NAME FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO $DB_USER;
SQL

can_sign_in || die "The role $DB_USER cannot sign in to $DB_NAME by the password in .env." \
    "Give it another one: $0 postgresql --new-password"
ok "$DB_USER owns $DB_NAME, and nothing else."
make_tables

#!/usr/bin/env bash
# Create the database: on SQLite, or on PostgreSQL with a role of its own.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/setup_databases.sh [sqlite]
       deployment_scripts/setup_databases.sh postgresql [OPTIONS]

Without an argument the script uses the database that .env names, else SQLite.

sqlite       creates the tables in SQLITE_PATH (default: db.sqlite3 in the project)

postgresql   creates a role, a database and the tables
    --name NAME       database (default: d0010)
    --user NAME       role (default: d0010)
    --host HOST       host name of PostgreSQL (default: localhost)
    --port PORT       port of PostgreSQL (default: 5432)
    --new-password    replace the password of an existing role

The role is no superuser and cannot create databases or roles. It owns its database,
to which no other role has access. The script generates the password, writes it to .env,
which only its owner can read, and never prints it. An existing role or database is not
changed, apart from the access of others and from logging: statements of the role and their
values, which are personal data, are kept out of the log of PostgreSQL.

A PostgreSQL superuser creates the role and the database. As root on the database server
that is the system user postgres; else it is the role PG_ADMIN (default: postgres).
TEXT
}

kind="${1:-}"
case "$kind" in
-h | --help) usage && exit 0 ;;
sqlite | postgresql) shift ;;
'') ;;
*) usage_error "Unknown database: $kind" ;;
esac

name='' user='' host='' port='' new_password=''
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --new-password) new_password=yes && shift && continue ;;
    --name) name="${2:-}" ;;
    --user) user="${2:-}" ;;
    --host) host="${2:-}" ;;
    --port) port="${2:-}" ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    require_value "$@"
    shift 2
done

[ -x "$PYTHON" ] || die "There is no Python environment." \
    "Run: deployment_scripts/setup_python_environment.sh"

if [ -z "$kind" ]; then
    kind=sqlite
    if uses_postgresql; then kind=postgresql; fi
    step "Using $kind, because no database was named"
    info "To choose one: $0 sqlite, or $0 postgresql"
fi

# migrate_database: creates the tables or upgrades them to this version.
migrate_database() {
    step "Creating the tables"
    manage migrate --verbosity 0 || die "The tables could not be created." \
        "The message above names the cause."
    ok "Ready."
}

if [ "$kind" = sqlite ]; then
    [ -z "$name$user$host$port$new_password" ] || usage_error "sqlite takes no options."
    step "Configuring SQLite"
    printf 'USE_POSTGRESQL=0\n' | write_settings
    migrate_database
    exit 0
fi

has_command psql || die "psql is not installed." \
    "Run: deployment_scripts/setup_system_dependencies.sh --postgresql"

# Options override the settings of an earlier run.
name="${name:-$(get_setting DB_NAME)}" user="${user:-$(get_setting DB_USER)}"
host="${host:-$(get_setting DB_HOST)}" port="${port:-$(get_setting DB_PORT)}"
DB_NAME="${name:-d0010}" DB_USER="${user:-d0010}"
DB_HOST="${host:-localhost}" DB_PORT="${port:-5432}"
for word in "$DB_NAME" "$DB_USER"; do
    case "$word" in
    [!a-z_]* | *[!a-z0-9_]*) usage_error "\"$word\" must consist of a-z, 0-9 and _." ;;
    esac
done
case "$DB_PORT" in
*[!0-9]*) usage_error "--port must be a number, not \"$DB_PORT\"." ;;
esac

# query SQL: prints the result of one statement that a superuser runs.
query() {
    psql_as_admin postgres <<<"$1"
}

# can_log_in: succeeds if the role can log in to its database with the password in .env.
can_log_in() {
    PGPASSWORD="$(get_setting DB_PASSWORD)" psql -X -q -w --host="$DB_HOST" --port="$DB_PORT" \
        --username="$DB_USER" --dbname="$DB_NAME" --command='SELECT 1' >/dev/null 2>&1
}

# password_hash: prints the SCRAM-SHA-256 hash of the password in .env. PostgreSQL stores
# the hash, so the password is neither sent nor written to the log of the server.
password_hash() {
    project_python '
import base64, hashlib, hmac, os
from config import environment

environment.load_dotenv(environment.PROJECT_ROOT / ".env")
salt, rounds = os.urandom(16), 4096
password = environment.env_str("DB_PASSWORD").encode()
salted = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
client = hmac.digest(salted, b"Client Key", "sha256")
stored = hashlib.sha256(client).digest()
server = hmac.digest(salted, b"Server Key", "sha256")
text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
print("SCRAM-SHA-256$%d:%s$%s:%s" % (rounds, *text))
'
}

step "Connecting to PostgreSQL at $DB_HOST:$DB_PORT"
role_exists="$(query "SELECT 1 FROM pg_roles WHERE rolname = '$DB_USER'")" ||
    die "A PostgreSQL superuser could not connect." \
        "The message above names the cause. PostgreSQL must be running. If you are not root, or" \
        "PostgreSQL is on another machine: PG_ADMIN=postgres PGPASSWORD=… $0 postgresql"
owner="$(query "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '$DB_NAME'")"
if [ -n "$owner" ] && [ "$owner" != "$DB_USER" ]; then
    die "The database $DB_NAME belongs to $owner, not to $DB_USER." \
        "Choose another database with --name or another role with --user."
fi

if [ -n "$new_password" ] || [ -z "$(get_setting DB_PASSWORD)" ]; then
    if [ -n "$role_exists" ] && [ -z "$new_password" ]; then
        die "The role $DB_USER exists, and .env does not contain its password." \
            "Add it to .env as DB_PASSWORD, or replace it with --new-password. Other programs" \
            "that use the role then need the new password too."
    fi
    new_password=yes
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
    query "CREATE ROLE $DB_USER $rights PASSWORD '$(password_hash)'"
elif [ -n "$new_password" ]; then
    step "Replacing the password of the role $DB_USER"
    query "ALTER ROLE $DB_USER PASSWORD '$(password_hash)'"
fi
if [ -z "$owner" ]; then
    step "Creating the database $DB_NAME"
    query "CREATE DATABASE $DB_NAME OWNER $DB_USER ENCODING 'UTF8' TEMPLATE template0"
fi

step "Revoking the access of all other roles"
psql_as_admin "$DB_NAME" <<SQL
REVOKE ALL ON DATABASE $DB_NAME FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO $DB_USER;
SQL

step "Keeping personal data out of the log of PostgreSQL"
while read -r parameter value; do
    query "ALTER ROLE $DB_USER IN DATABASE $DB_NAME SET $parameter = $value" ||
        warn "$parameter could not be set to $value: ask the administrator of PostgreSQL."
done <<'PARAMETERS'
log_statement none
log_min_messages fatal
log_min_error_statement panic
log_min_duration_statement -1
log_min_duration_sample -1
log_transaction_sample_rate 0
log_parameter_max_length 0
log_parameter_max_length_on_error 0
log_error_verbosity terse
PARAMETERS

can_log_in || die "The role $DB_USER cannot log in to $DB_NAME with the password in .env." \
    "Replace the password: $0 postgresql --new-password"
ok "The role $DB_USER owns the database $DB_NAME."
migrate_database

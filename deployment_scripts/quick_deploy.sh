#!/usr/bin/env bash
# Deploy the demonstration or a production site with one command.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/quick_deploy.sh [demo]
       deployment_scripts/quick_deploy.sh production --domain NAME [OPTIONS]

demo         (default) installs Python if it is missing and runs ./run_demo_server.sh, which
             serves the demonstration on SQLite

production   installs Python, the database and nginx, writes .env, creates the database
             tables, collects the static files, writes the nginx and systemd files,
             starts the site and validates it. A second run repeats only what has
             changed.

Options:
    --domain NAME         host name of the site, such as readings.example.org
    --database KIND       postgresql (default) or sqlite
    --accept-sqlite-risk  accept an SQLite version that has a known data corruption bug
    --db-name NAME, --db-user NAME, --db-host HOST, --db-port PORT
                          database options of setup_databases.sh
                          (defaults: d0010, d0010, localhost, 5432)
    --data DIR            absolute path of the folder for received files, sessions and
                          static files (default: /var/lib/d0010 if services are
                          installed, else the project folder)
    --user NAME           system user that runs the site; created if it does not exist
                          (default: d0010 if services are installed, else you)
    --watch-folder DIR    absolute path of a folder: each file that arrives there is imported
                          and moved (manage.py watch_folder); created if it does not exist
    --watch-options TEXT  options of watch_folder, such as "--subfolders --policy strict"
    --port PORT           port on which gunicorn listens behind nginx (default: 8000)
    --certificate FILE, --certificate-key FILE
                          TLS certificate and key (default: fullchain.pem and
                          privkey.pem in /etc/letsencrypt/live/NAME)
    --output DIR          write the nginx and systemd files to DIR and install no
                          services (default without root or systemd: deployment_files)
    --skip-system         install no system packages
    --dry-run             print the plan and the files and change nothing

The script generates the secrets and writes them to .env. It never prints them.
TEXT
}

TEMPLATES="$PROJECT_ROOT/deployment_scripts/templates"

read_options() {
    domain='' database=postgresql data='' service_user='' port=8000
    certificate='' certificate_key='' output=''
    watch_folder='' watch_options=''
    accept_sqlite_risk='' skip_system='' dry_run=''
    database_options=()
    while [ $# -gt 0 ]; do
        case "$1" in
        -h | --help) usage && exit 0 ;;
        --accept-sqlite-risk) accept_sqlite_risk=yes ;;
        --skip-system) skip_system=yes ;;
        --dry-run) dry_run=yes ;;
        *)
            read_value "$@"
            shift
            ;;
        esac
        shift
    done
    check_options
    set_defaults
}

# read_value OPTION VALUE: stores the value of an option that takes one.
read_value() {
    case "$1" in
    --domain) domain="${2:-}" ;;
    --database) database="${2:-}" ;;
    --data) data="${2:-}" ;;
    --user) service_user="${2:-}" ;;
    --port) port="${2:-}" ;;
    --watch-folder) watch_folder="${2:-}" ;;
    --watch-options) watch_options="${2:-}" ;;
    --certificate) certificate="${2:-}" ;;
    --certificate-key) certificate_key="${2:-}" ;;
    --output) output="${2:-}" ;;
    --db-name | --db-user | --db-host | --db-port)
        database_options+=("--${1#--db-}" "${2:-}")
        ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    require_value "$@"
}

check_options() {
    case "$domain" in
    '') usage_error "--domain is required." ;;
    *[!A-Za-z0-9.-]* | [.-]* | *[.-]) usage_error "\"$domain\" is not a host name." ;;
    esac
    case "$database" in
    postgresql | sqlite) ;;
    *) usage_error "--database must be postgresql or sqlite, not \"$database\"." ;;
    esac
    case "$port" in
    *[!0-9]*) usage_error "--port must be a number, not \"$port\"." ;;
    esac
    case "$watch_folder" in
    [!/]* | *[!A-Za-z0-9/._-]*)
        usage_error "--watch-folder must be an absolute path without spaces, such as /srv/d0010."
        ;;
    esac
    case "$watch_options" in
    *[!A-Za-z0-9\ ._=-]*) usage_error "--watch-options must be options of watch_folder." ;;
    esac
    case "$data" in
    '' | /*) ;;
    *) usage_error "--data must be an absolute path, such as /var/lib/d0010." ;;
    esac
}

set_defaults() {
    certificate="${certificate:-/etc/letsencrypt/live/$domain/fullchain.pem}"
    certificate_key="${certificate_key:-/etc/letsencrypt/live/$domain/privkey.pem}"
    if [ -z "$output" ] && ! can_install_services; then
        output="$PROJECT_ROOT/deployment_files"
    fi
    if [ -z "$output" ]; then
        data="${data:-/var/lib/d0010}"
        service_user="${service_user:-d0010}"
    fi
    data="${data:-$PROJECT_ROOT}"
    service_user="${service_user:-$(id -un)}"
}

# render TEMPLATE: prints a template with each @name@ replaced by its value.
render() {
    local text pair values=(
        # The sandbox has a placeholder itself, so it comes first.
        "sandbox=$(cat "$TEMPLATES/sandbox.conf")"
        "domain=$domain" "port=$port" "user=$service_user" "data=$data"
        "project=$PROJECT_ROOT" "venv=$VENV_DIR"
        "venv_variable=${D0010_VENV:+ D0010_VENV=$D0010_VENV}"
        "watch_folder=$watch_folder" "watch_options=$watch_options"
        "certificate=$certificate" "certificate_key=$certificate_key"
        "upload_megabytes=${upload_megabytes:-1024}"
        "set_real_ip_from=${set_real_ip_from:-}"
    )
    text="$(cat "$TEMPLATES/$1")"
    # Bash 5.2 would replace "&" in a value by the placeholder.
    shopt -u patsub_replacement 2>/dev/null || true
    for pair in "${values[@]}"; do
        text=${text//"@${pair%%=*}@"/${pair#*=}}
    done
    printf '%s\n' "$text"
}

# write_output NAME TEMPLATE: renders a template to a file of the output folder, or to
# the terminal in a dry run.
write_output() {
    if [ -n "$dry_run" ]; then
        step "$1"
        render "$2"
    else
        render "$2" >"$output/$1"
        info "$output/$1"
    fi
}

# write_files: writes the systemd units and the nginx configuration.
write_files() {
    local upload_megabytes unit network set_real_ip_from=''
    upload_megabytes="$(get_setting UPLOAD_MAX_MEGABYTES 2>/dev/null || true)"
    for network in $(get_setting TRUSTED_PROXIES 2>/dev/null | tr , ' ' || true); do
        set_real_ip_from+="    set_real_ip_from $network;"$'\n'
    done
    for unit in "${UNITS[@]}"; do
        write_output "$unit" "$unit"
    done
    [ -z "$watch_folder" ] || write_output "$WATCH_UNIT" "$WATCH_UNIT"
    write_output d0010.nginx.conf nginx.conf
    write_output d0010ctl d0010ctl
}

# production_settings: prints the settings of a production site, and a new value for
# each secret that is not set.
production_settings() {
    local name
    render production.env.template
    [ -z "$accept_sqlite_risk" ] || echo ACCEPT_SQLITE_RISK=1
    [ -n "$(get_setting TASKS_BACKEND)" ] || echo TASKS_BACKEND=database
    for name in SECRET_KEY PSEUDONYM_KEY METRICS_TOKEN; do
        [ -n "$(get_setting "$name")" ] || printf '%s=%s\n' "$name" "$(random_secret)"
    done
}

# require_not_demo: exits with an error in a folder with the published demo password.
require_not_demo() {
    [ "$(get_setting D0010_ENV)" != development ] ||
        die "This folder is set up for development or a demonstration." \
            "Deploy from another folder (create_deployment_tarball.sh packs one), or remove" \
            "D0010_ENV=development from $ENV_FILE to keep the data of this folder."
}

create_user() {
    if ! id "$service_user" >/dev/null 2>&1; then
        step "Creating the system user $service_user"
        useradd --system --home-dir "$data" --shell /usr/sbin/nologin "$service_user"
    fi
    has_command runuser || return 0
    (cd "$PROJECT_ROOT" && runuser -u "$service_user" -- "$PYTHON" -c 'import config, django') \
        >/dev/null 2>&1 ||
        die "The user $service_user cannot read $PROJECT_ROOT or its Python." \
            "Move the project to a folder that other users can read, such as /opt/d0010."
}

# chown_data: makes the system user the owner of .env and the data. The code keeps its
# owner, because the site does not write it. What comes later runs as that user.
chown_data() {
    local path
    (umask 077 && mkdir -p "$data/media" "$data/sessions")
    [ "$(id -un)" != "$service_user" ] || return 0
    chown "$service_user" "$ENV_FILE"
    for path in "$data" "$data"/{media,sessions,staticfiles} "$data"/db.sqlite3*; do
        [ ! -e "$path" ] || [ "$path" = "$PROJECT_ROOT" ] || chown -R "$service_user" "$path"
    done
}

# create_watch_folder: creates the watched folder. One that exists keeps its owner, who
# lets its senders write to it; the site must be able to move files in it.
create_watch_folder() {
    [ -n "$watch_folder" ] || return 0
    if [ ! -e "$watch_folder" ]; then
        mkdir -p "$watch_folder"
        chmod 770 "$watch_folder"
        [ "$(id -un)" = "$service_user" ] || chown "$service_user" "$watch_folder"
    fi
    as_site_user test -w "$watch_folder" ||
        die "The user $service_user cannot write to $watch_folder." \
            "Make it the owner, or give its group the right to write: chown $service_user $watch_folder"
}

# stop_before_migrations: stops the site if its tables are about to change, because the
# version that runs does not know the new ones.
stop_before_migrations() {
    stopped_at=''
    systemctl is-active --quiet d0010-web.service || return 0
    ! manage migrate --check --skip-checks >/dev/null 2>&1 || return 0
    step "Stopping the site while its tables change"
    stopped_at=$SECONDS
    systemctl stop d0010.target d0010-web.service d0010-worker.service
    [ ! -e "$SYSTEMD/$WATCH_UNIT" ] || systemctl stop "$WATCH_UNIT"
}

# install_services: installs the written files and starts the services.
install_services() {
    local unit socket_is_ready=''
    step "Installing and starting the services"
    if cmp -s "$output/d0010-web.socket" "$SYSTEMD/d0010-web.socket" &&
        systemctl is-active --quiet d0010-web.socket; then
        socket_is_ready=yes
    fi
    for unit in "${UNITS[@]}"; do
        install -m 644 "$output/$unit" "$SYSTEMD/$unit"
    done
    # Without a folder, that of an earlier deployment is no longer watched.
    if [ -e "$SYSTEMD/$WATCH_UNIT" ] && [ -z "$watch_folder" ]; then
        systemctl disable --quiet --now "$WATCH_UNIT"
        rm -f "$SYSTEMD/$WATCH_UNIT"
    fi
    [ -z "$watch_folder" ] || install -m 644 "$output/$WATCH_UNIT" "$SYSTEMD/$WATCH_UNIT"
    install -m 755 "$output/d0010ctl" "$D0010CTL"
    systemctl daemon-reload
    systemctl enable --quiet d0010.target d0010-web.socket d0010-web.service \
        d0010-worker.service "${TIMERS[@]}"
    # A socket that is new or has another port cannot replace one that is in use.
    if [ -z "$socket_is_ready" ]; then
        systemctl stop d0010.target d0010-web.service
        systemctl restart d0010-web.socket
    fi
    systemctl restart d0010-web.service d0010-worker.service
    if [ -n "$watch_folder" ]; then
        systemctl enable --quiet "$WATCH_UNIT"
        systemctl restart "$WATCH_UNIT"
    fi
    systemctl start d0010.target "${TIMERS[@]}"
    if [ ! -e "$certificate" ]; then
        warn "There is no certificate at $certificate."
        info "Request one (certbot certonly --nginx -d $domain), then run this script again."
        return
    fi
    install -m 644 "$output/d0010.nginx.conf" "$NGINX_FILE"
    rm -f /etc/nginx/sites-enabled/default
    nginx -t -q && systemctl reload-or-restart nginx
}

# is_site_up: succeeds if the site answers its health check.
is_site_up() {
    local status
    {
        exec 3<>"/dev/tcp/127.0.0.1/$port" &&
            printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3 &&
            read -r -t 5 status <&3
    } 2>/dev/null && [[ $status == *" 200 "* ]]
}

validate_site() {
    local attempts=60
    until (is_site_up); do
        [ $((attempts -= 1)) -gt 0 ] ||
            die "The site does not answer on 127.0.0.1:$port." \
                "The messages above, or journalctl -u d0010-web, name the cause."
        sleep 0.5
    done
    [ -z "${stopped_at:-}" ] || info "The site did not answer for $((SECONDS - stopped_at)) s."
    "$PROJECT_ROOT/deployment_scripts/validate_deployment.sh" \
        --url "http://127.0.0.1:$port" --host "$domain"
}

# smoke_test: serves the site, validates it and stops it.
smoke_test() {
    step "Serving the site on 127.0.0.1:$port to validate it"
    (
        cd "$PROJECT_ROOT"
        GUNICORN_BIND="127.0.0.1:$port" exec_as_site_user "$VENV_DIR/bin/gunicorn" \
            --config deployment_scripts/gunicorn.conf.py --log-level warning
    ) &
    server=$!
    trap 'kill "$server" 2>/dev/null || true' EXIT
    validate_site
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    trap - EXIT
}

show_plan() {
    step "Plan for $domain"
    info "Install Python, $database and nginx if they are missing."
    info "Create the virtual environment in $VENV_DIR."
    info "Write the production settings and new secrets to $ENV_FILE."
    info "Create the $database database and its tables, and collect the static files."
    info "Store data in $data, owned by the user $service_user."
    if [ -n "$output" ]; then
        info "Write these files to $output:"
    else
        info "Install these files and start the services:"
    fi
    write_files
}

deploy() {
    local scripts="$PROJECT_ROOT/deployment_scripts" installs_services=''
    if [ -z "$skip_system" ]; then
        local packages=(--nginx)
        [ "$database" = sqlite ] || packages+=(--postgresql)
        "$scripts/setup_system_dependencies.sh" "${packages[@]}"
    fi
    "$scripts/setup_python_environment.sh" production
    require_not_demo
    # This comes before .env exists, which only its owner can read.
    [ "$(id -u)" -ne 0 ] || create_user
    step "Writing the settings"
    production_settings | write_settings
    chown_data
    create_watch_folder
    step "Collecting the static files"
    # collectstatic skips files that are older than those of an earlier deployment, and an
    # archive has the time of its commit.
    find "$PROJECT_ROOT/meter_readings" -path '*/static/*' -type f -exec touch {} +
    manage collectstatic --noinput --verbosity 0

    step "Writing the nginx and systemd files"
    if [ -z "$output" ]; then
        installs_services=yes
        output="$(mktemp -d "${TMPDIR:-/tmp}/d0010-deploy.XXXXXX")"
        trap 'rm -rf "$output"' EXIT
    fi
    mkdir -p "$output"
    write_files
    [ -z "$installs_services" ] || stop_before_migrations
    # Bash 3.2 treats an empty "${array[@]}" as an error.
    "$scripts/setup_databases.sh" "$database" ${database_options[@]+"${database_options[@]}"}
    if [ -n "$installs_services" ]; then
        install_services
        validate_site
    else
        smoke_test
        info "systemd: copy $output/d0010*.{target,socket,service,timer} to /etc/systemd/system, then run"
        info "         systemctl daemon-reload && systemctl enable --now d0010.target d0010-web.{socket,service} d0010-worker.service ${TIMERS[*]}"
        info "nginx:   copy $output/d0010.nginx.conf to $NGINX_FILE"
        info "command: install -m 755 $output/d0010ctl $D0010CTL"
    fi
    ok "https://$domain is set up."
    info "Create the first superuser: sudo d0010ctl createsuperuser"
}

if [ $# -eq 0 ]; then
    step "Deploying the demonstration on SQLite, because no deployment was named"
    info "A production site: $0 production --domain NAME"
    set -- demo
fi
case "$1" in
-h | --help) usage ;;
demo)
    [ $# -eq 1 ] || usage_error "demo takes no options."
    (find_python) >/dev/null 2>&1 || "$PROJECT_ROOT/deployment_scripts/setup_system_dependencies.sh"
    exec "$PROJECT_ROOT/run_demo_server.sh"
    ;;
production)
    shift
    read_options "$@"
    if [ -n "$dry_run" ]; then
        show_plan
    else
        printf '%s\n' "$@" >"$OPTIONS_FILE"
        deploy
    fi
    ;;
*) usage_error "Unknown deployment: $1" ;;
esac

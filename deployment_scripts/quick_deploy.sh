#!/usr/bin/env bash
# Deploy with one command: the demonstration, or a production site.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/quick_deploy.sh demo
       deployment_scripts/quick_deploy.sh production --domain NAME [OPTIONS]

demo         the demonstration on SQLite, as ./run_demo_server.sh serves it; Python is
             installed where it is missing

production   installs what is needed, writes .env, makes the database, the tables and
             the static files, writes the files of nginx and systemd, starts the site,
             and looks at it. What is done already is not done again.

    --domain NAME         the site's name, as readings.example.org
    --database KIND       postgresql (this is what nothing said means) or sqlite
    --accept-sqlite-risk  use SQLite although this version of it can damage a database
    --db-name NAME, --db-user NAME, --db-host HOST, --db-port PORT
                          as setup_databases.sh takes them (d0010, d0010, localhost, 5432)
    --data DIR            where files, sessions and static files are kept
                          (/var/lib/d0010 where services are installed, else the project)
    --user NAME           the system's user that the site runs as, made if there is none
                          (d0010 where services are installed, else you)
    --port PORT           where gunicorn listens behind nginx (8000)
    --certificate FILE, --certificate-key FILE
                          for HTTPS (/etc/letsencrypt/live/NAME/fullchain.pem, privkey.pem)
    --output DIR          write the files of nginx and systemd there, and leave the
                          system alone; without root or systemd that is deployment_files
    --skip-system         install no packages of the system
    --dry-run             say what would be done, show the files, and do nothing

Secrets are made here, written to .env, and shown nowhere.
TEXT
}

# read_options ARGUMENTS: takes what was asked for.
read_options() {
    domain='' database=postgresql data='' service_user='' port=8000
    certificate='' certificate_key='' output='' skips_system='' is_dry=''
    accepts_sqlite=''
    database_options=()
    while [ $# -gt 0 ]; do
        case "$1" in
        -h | --help)
            usage
            exit 0
            ;;
        --domain | --database | --data | --port | --certificate | --output)
            require_value "$1" "${2:-}"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        --user)
            require_value "$1" "${2:-}"
            service_user="$2"
            shift
            ;;
        --certificate-key)
            require_value "$1" "${2:-}"
            certificate_key="$2"
            shift
            ;;
        --db-name | --db-user | --db-host | --db-port)
            require_value "$1" "${2:-}"
            database_options+=("--${1#--db-}" "$2")
            shift
            ;;
        --skip-system) skips_system=yes ;;
        --accept-sqlite-risk) accepts_sqlite=yes ;;
        --dry-run) is_dry=yes ;;
        *) usage_error "\"$1\" is not known." ;;
        esac
        shift
    done
    check_options
}

check_options() {
    case "$domain" in
    '') usage_error "--domain says the name of the site." ;;
    *[!A-Za-z0-9.-]* | [.-]* | *[.-]) usage_error "\"$domain\" is no name of a site." ;;
    esac
    case "$database" in
    postgresql | sqlite) ;;
    *) usage_error "--database is postgresql or sqlite, not \"$database\"." ;;
    esac
    case "$port" in
    *[!0-9]*) usage_error "--port must be a number, not \"$port\"." ;;
    esac
    case "$data" in
    '' | /*) ;;
    *) usage_error "--data must begin at the root: /var/lib/d0010." ;;
    esac
    certificate="${certificate:-/etc/letsencrypt/live/$domain/fullchain.pem}"
    certificate_key="${certificate_key:-/etc/letsencrypt/live/$domain/privkey.pem}"
    if [ -z "$output" ] && ! is_systemd_ours; then
        output="$PROJECT_ROOT/deployment_files"
    fi
    if [ -z "$output" ]; then
        data="${data:-/var/lib/d0010}"
        service_user="${service_user:-d0010}"
    fi
    data="${data:-$PROJECT_ROOT}"
    service_user="${service_user:-$(id -un)}"
}

# is_systemd_ours: whether services can be installed here and now.
is_systemd_ours() {
    [ "$(id -u)" -eq 0 ] && [ -d /run/systemd/system ]
}

# settings_to_write: the lines of .env that make a production, and the secrets that
# are not there yet.
settings_to_write() {
    local name
    cat <<SETTINGS
D0010_ENV=production
ALLOWED_HOSTS=$domain
BEHIND_PROXY=1
MEDIA_ROOT=$data/media
SESSION_FILE_PATH=$data/sessions
STATIC_ROOT=$data/staticfiles
SQLITE_PATH=$data/db.sqlite3
SETTINGS
    [ -z "$accepts_sqlite" ] || echo ACCEPT_SQLITE_RISK=1
    for name in SECRET_KEY PSEUDONYM_KEY METRICS_TOKEN; do
        [ -n "$(get_setting "$name")" ] || printf '%s=%s\n' "$name" "$(random_secret)"
    done
}

# check_place: keeps a demonstration, with its published password, a demonstration.
check_place() {
    if [ "$(get_setting D0010_ENV)" = development ]; then
        die "This folder is set up for development or a demonstration." \
            "Deploy from another folder (create_deployment_tarball.sh makes one), or" \
            "remove D0010_ENV=development from $ENV_FILE if its data may go on."
    fi
}

# make_user: makes the user of the system that the site runs as.
make_user() {
    if ! id "$service_user" >/dev/null 2>&1; then
        step "Making the user $service_user"
        useradd --system --home-dir "$data" --shell /usr/sbin/nologin "$service_user"
    fi
    has_command runuser || return 0
    runuser -u "$service_user" -- "$PYTHON" "$PROJECT_ROOT/manage.py" --version >/dev/null 2>&1 ||
        die "The user $service_user cannot read $PROJECT_ROOT, or its Python." \
            "Unpack the project where others may read it, as in /opt/d0010."
}

# hand_over: gives the site's user what it writes, and to nobody else.
hand_over() {
    mkdir -p "$data"
    if [ "$(id -un)" != "$service_user" ]; then
        chown "$service_user" "$ENV_FILE"
        # The project itself stays as it is: the site need not write its own code.
        local path
        for path in "$data" "$data"/{media,sessions,staticfiles} "$data"/db.sqlite3*; do
            [ ! -e "$path" ] || [ "$path" = "$PROJECT_ROOT" ] || chown -R "$service_user" "$path"
        done
    fi
}

# put NAME: writes its input to a file of the output, or shows it.
put() {
    if [ -n "$is_dry" ]; then
        step "$1"
        cat
    else
        cat >"$output/$1"
        info "$output/$1"
    fi
}

# web_unit: the service that serves pages.
web_unit() {
    cat <<UNIT
[Unit]
Description=Kraken D0010, web
After=network.target postgresql.service
PartOf=d0010.target
StartLimitIntervalSec=0

[Service]
User=$service_user
WorkingDirectory=$PROJECT_ROOT
Environment=D0010_ENV=production GUNICORN_BIND=127.0.0.1:$port
ExecStart=$VENV_DIR/bin/gunicorn --config $PROJECT_ROOT/deployment_scripts/gunicorn.conf.py
ExecReload=/bin/kill -HUP \$MAINPID
Restart=on-failure
RestartSec=5
TimeoutStopSec=40
$(hardening)

[Install]
WantedBy=d0010.target
UNIT
}

# hardening: what no service of ours needs to be allowed.
hardening() {
    cat <<UNIT
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=
ReadWritePaths=$data
UNIT
}

timers=(d0010-backup.timer d0010-retention.timer)

# write_units: the services of systemd. A worker and a watcher of a folder are two more
# units of the same kind, PartOf and WantedBy d0010.target.
write_units() {
    put d0010.target <<UNIT
[Unit]
Description=Kraken D0010, all of it

[Install]
WantedBy=multi-user.target
UNIT
    web_unit | put d0010-web.service
    put d0010-backup.service <<UNIT
[Unit]
Description=Kraken D0010, backup
After=postgresql.service

[Service]
Type=oneshot
User=$service_user
WorkingDirectory=$PROJECT_ROOT
Environment=D0010_ENV=production${D0010_VENV:+ D0010_VENV=$D0010_VENV}
ExecStart=$PROJECT_ROOT/deployment_scripts/backup.sh --output $data/backups --keep 14
$(hardening)
UNIT
    put d0010-retention.service <<UNIT
[Unit]
Description=Kraken D0010, removal of what is older than it is kept
After=postgresql.service d0010-backup.service
# It is refused while a file is imported: then it tries again, for some hours.
StartLimitIntervalSec=6h
StartLimitBurst=12

[Service]
Type=oneshot
User=$service_user
WorkingDirectory=$PROJECT_ROOT
Environment=D0010_ENV=production
ExecStart=$VENV_DIR/bin/python3 $PROJECT_ROOT/manage.py apply_retention --yes
Restart=on-failure
RestartSec=15min
$(hardening)
UNIT
    put d0010-retention.timer <<UNIT
[Unit]
Description=Kraken D0010, removal of what is older than it is kept, every night

[Timer]
OnCalendar=*-*-* 03:30
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
UNIT
    put d0010-backup.timer <<UNIT
[Unit]
Description=Kraken D0010, backup every night

[Timer]
OnCalendar=*-*-* 02:30
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
UNIT
}

# write_nginx: the site as the world sees it.
write_nginx() {
    local megabytes
    megabytes="$(get_setting UPLOAD_MAX_MEGABYTES 2>/dev/null || true)"
    put d0010.nginx.conf <<NGINX
# Paths only: what people search for is not written down. The log of errors would have
# whole requests; that something failed is in the other's status.
log_format d0010 '\$remote_addr \$time_iso8601 "\$request_method \$uri" \$status '
                 '\$body_bytes_sent \$request_time \$upstream_http_x_request_id';
limit_req_zone \$binary_remote_addr zone=d0010_sign_in:10m rate=1r/s;
limit_req_status 429;

upstream d0010 {
    server 127.0.0.1:$port;
}

# Whoever asks for another name is at the wrong place.
server {
    listen 80 default_server;
    listen 443 ssl default_server;
    server_name _;
    access_log /var/log/nginx/d0010.log d0010;
    error_log /var/log/nginx/d0010-errors.log alert;
    ssl_reject_handshake on;
    return 444;
}

server {
    listen 80;
    server_name $domain;
    access_log /var/log/nginx/d0010.log d0010;
    error_log /var/log/nginx/d0010-errors.log alert;
    # A program that sends its token without HTTPS must notice.
    location /api/ {
        return 403;
    }
    location / {
        return 301 https://$domain\$request_uri;
    }
}

server {
    listen 443 ssl;
    server_name $domain;
    ssl_certificate $certificate;
    ssl_certificate_key $certificate_key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:d0010:5m;
    ssl_session_tickets off;
    server_tokens off;
    access_log /var/log/nginx/d0010.log d0010;
    error_log /var/log/nginx/d0010-errors.log alert;

    client_max_body_size 1m;
    client_header_timeout 15s;
    client_body_timeout 15s;
    proxy_read_timeout 300s;
    proxy_request_buffering on;
    # What a client says of itself is overwritten: the site believes these.
    proxy_set_header Host \$host;
    proxy_set_header X-Forwarded-For \$remote_addr;
    proxy_set_header X-Forwarded-Proto \$scheme;
    proxy_hide_header Server;

    location / {
        proxy_pass http://d0010;
    }
    # The doors by which files come in.
    location ~ ^/(admin/upload/|admin/testing/|api/v1/flow-files/(upload/)?\$) {
        client_max_body_size ${megabytes:-1024}m;
        proxy_pass http://d0010;
    }
    location = /admin/login/ {
        limit_req zone=d0010_sign_in burst=10 nodelay;
        proxy_pass http://d0010;
    }
    # For those who watch from this machine.
    location ~ ^/(readyz|metrics)\$ {
        allow 127.0.0.1;
        allow ::1;
        deny all;
        proxy_pass http://d0010;
    }
}
NGINX
}

# install_files: puts the files where nginx and systemd look for them, and starts.
install_files() {
    step "Installing and starting the services"
    install -m 644 "$output"/d0010* /etc/systemd/system/
    rm -f /etc/systemd/system/d0010.nginx.conf
    systemctl daemon-reload
    systemctl enable --quiet d0010.target d0010-web.service "${timers[@]}"
    systemctl restart d0010-web.service
    systemctl start d0010.target "${timers[@]}"
    if [ ! -e "$certificate" ]; then
        warn "There is no certificate at $certificate yet."
        info "Get one (certbot certonly --nginx -d $domain), then run this again."
        return
    fi
    install -m 644 "$output/d0010.nginx.conf" /etc/nginx/conf.d/d0010.conf
    rm -f /etc/nginx/sites-enabled/default
    nginx -t -q && systemctl reload-or-restart nginx
}

# wait_for_site: until it answers, but not for ever.
wait_for_site() {
    "$PYTHON" - "$port" <<'PYTHON_CODE'
import sys, time, urllib.request

for attempt in range(60):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=2)
        sys.exit(0)
    except OSError:
        time.sleep(0.5)
sys.exit(1)
PYTHON_CODE
}

# try_out: serves the site for as long as it is looked at.
try_out() {
    step "Serving it on 127.0.0.1:$port for a moment"
    (
        cd "$PROJECT_ROOT"
        GUNICORN_BIND="127.0.0.1:$port" exec "$VENV_DIR/bin/gunicorn" \
            --config deployment_scripts/gunicorn.conf.py --log-level warning
    ) &
    served=$!
    trap 'kill "$served" 2>/dev/null || true' EXIT
    look_at_site
    kill "$served" 2>/dev/null || true
    wait "$served" 2>/dev/null || true
    trap - EXIT
}

look_at_site() {
    wait_for_site || die "The site does not answer on 127.0.0.1:$port." \
        "Look above, or at its log: journalctl -u d0010-web"
    "$PROJECT_ROOT/deployment_scripts/validate_deployment.sh" \
        --url "http://127.0.0.1:$port" --host "$domain"
}

# show_plan: says what would be done.
show_plan() {
    step "Would do this for $domain"
    info "Install Python, $database and nginx where they are missing."
    info "Make the environment in $VENV_DIR."
    info "Write D0010_ENV, ALLOWED_HOSTS and the like, and secrets, to $ENV_FILE."
    info "Make the database ($database), its tables, and the static files."
    info "Keep data in $data, as the user $service_user."
    if [ -n "$output" ]; then
        info "Write these files to $output:"
    else
        info "Install these files, and start the services:"
    fi
    write_units
    write_nginx
}

deploy() {
    local here="$PROJECT_ROOT/deployment_scripts"
    if [ -z "$skips_system" ]; then
        local wanted=(--nginx)
        [ "$database" = sqlite ] || wanted+=(--postgresql)
        "$here/setup_system_dependencies.sh" "${wanted[@]}"
    fi
    "$here/setup_python_environment.sh" production
    check_place
    # Before there are settings: they are nobody else's to read until they are handed over.
    [ "$(id -u)" -ne 0 ] || make_user
    step "Writing the settings"
    settings_to_write | write_settings
    (umask 077 && mkdir -p "$data/media" "$data/sessions")
    # An empty "${a[@]}" is an error of Bash 3.2.
    "$here/setup_databases.sh" "$database" ${database_options[@]+"${database_options[@]}"}
    step "Collecting the static files"
    manage collectstatic --noinput --verbosity 0
    hand_over
    step "Writing the files of nginx and systemd"
    local is_installed=''
    if [ -z "$output" ]; then
        is_installed=yes
        output="$(mktemp -d "${TMPDIR:-/tmp}/d0010-deploy.XXXXXX")"
        trap 'rm -rf "$output"' EXIT
    fi
    mkdir -p "$output"
    write_units
    write_nginx
    if [ -n "$is_installed" ]; then
        install_files
        look_at_site
    else
        try_out
        info "systemd: copy $output/d0010* (not the file of nginx) to /etc/systemd/system, then"
        info "         systemctl daemon-reload && systemctl enable --now d0010.target d0010-web ${timers[*]}"
        info "nginx:   copy $output/d0010.nginx.conf to /etc/nginx/conf.d/d0010.conf"
    fi
    ok "https://$domain is set up."
    info "The first superuser: $PYTHON manage.py createsuperuser"
}

case "${1:-}" in
-h | --help)
    usage
    exit 0
    ;;
demo)
    [ $# -eq 1 ] || usage_error "The demonstration takes no options."
    (find_python) >/dev/null 2>&1 || "$PROJECT_ROOT/deployment_scripts/setup_system_dependencies.sh"
    exec "$PROJECT_ROOT/run_demo_server.sh"
    ;;
production)
    shift
    read_options "$@"
    if [ -n "$is_dry" ]; then
        show_plan
    else
        deploy
    fi
    ;;
'') usage_error "Say what to deploy: demo or production." ;;
*) usage_error "\"$1\" is not known." ;;
esac

#!/usr/bin/env bash
# Test that one command deploys a site on a fresh Debian system, and another upgrades it.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/test_deployment.sh [demo] [OPTIONS]

Installs a minimal Debian with debootstrap in a temporary folder, starts systemd there,
unpacks the current commit, runs quick_deploy.sh production twice, imports a file after
each, and restarts the site. A client requests the home page over HTTPS meanwhile; the
test prints its failures and all times. With "demo" it runs quick_deploy.sh demo. The
test has its own processes, mounts and network, so it does not affect the services and
ports of this machine.

    --database KIND   postgresql (default) or sqlite
    --suite NAME      Debian release (default: trixie, the first with Python 3.13)
    --mirror URL      Debian mirror (default: that of debootstrap)
    --share PATH      folder or file that pip or apt needs inside, such as a package
                      index or a certificate, under the same path; can be repeated
    --upgrade-from COMMIT
                      deploy this commit, upgrade it to the current one, and roll back
    --keep DIR        keep the minimal Debian in DIR and use it again in the next run
                      (delete DIR if its installation was interrupted)

It needs Linux with cgroup 2, root, debootstrap, slirp4netns, git, openssl, one gigabyte in TMPDIR and
a network. PIP_* variables are passed on. It takes a few minutes.
TEXT
}

kind=production database=postgresql suite=trixie mirror='' bare='' old='' shared=()
domain=readings.example
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    demo) kind=demo && shift && continue ;;
    --database) database="${2:-}" ;;
    --suite) suite="${2:-}" ;;
    --mirror) mirror="${2:-}" ;;
    --keep) bare="${2:-}" ;;
    --upgrade-from) old="${2:-}" ;;
    --share) shared+=("${2:-}") ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    require_value "$@"
    shift 2
done
for path in ${shared[@]+"${shared[@]}"}; do
    [ -e "$path" ] || usage_error "--share: $path does not exist."
done
if [ -n "$bare" ] && [ -e "$bare/bin/bash" ] && [ ! -e "$bare/lib/systemd/systemd" ]; then
    die "$bare has a Debian without systemd, perhaps of an interrupted installation." \
        "Delete the folder, and this script installs a new one there; or name another with --keep."
fi
case "$database" in
postgresql | sqlite) ;;
*) usage_error "--database must be postgresql or sqlite, not \"$database\"." ;;
esac

[ "$(id -u)" -eq 0 ] || die "This test needs root." "Run it as root."
for program in debootstrap slirp4netns unshare git openssl; do
    has_command "$program" || die "$program is not installed." \
        "On Debian and Ubuntu: apt-get install debootstrap slirp4netns util-linux git openssl"
done

scratch="$(mktemp -d "${TMPDIR:-/tmp}/d0010-debian.XXXXXX")"
namespace='' network=''
# clean_up: ends the processes of the test, and then removes its files.
clean_up() {
    [ -z "$namespace" ] || kill -KILL "$namespace" 2>/dev/null || true
    [ -z "$network" ] || kill "$network" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

step "Installing a minimal Debian ($suite)"
bare="${bare:-$scratch/bare}"
if [ ! -e "$bare/bin/bash" ]; then
    debootstrap --variant=minbase --include=systemd-sysv "$suite" "$bare" ${mirror:+"$mirror"} >"$scratch/log" 2>&1 || {
        tail -n 5 "$scratch/log" >&2
        die "debootstrap failed." "Its last messages are above. The mirror must be reachable."
    }
fi
root="$scratch/root"
cp -a "$bare" "$root"

# unpack COMMIT: packs a commit, unpacks it in the minimal Debian, and prints the folder.
unpack() {
    local packed
    packed="$(mktemp -d "$scratch/packed.XXXXXX")"
    "$PROJECT_ROOT/deployment_scripts/create_deployment_tarball.sh" --output "$packed" "$1" >&2
    cp "$packed"/* "$root/opt/"
    tar xzf "$packed"/d0010-*.tar.gz -C "$root/opt"
    printf '/opt/%s\n' "$(basename "$packed"/*.tar.gz .tar.gz)"
}

step "Unpacking the current commit and creating a certificate for $domain"
new="$(unpack HEAD)"
[ -z "$old" ] || old="$(unpack "$old")"
mkdir -p "$root/etc/ssl"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$domain" \
    -addext "subjectAltName=DNS:$domain" -keyout "$root/etc/ssl/test.key" \
    -out "$root/etc/ssl/test.pem" 2>/dev/null
for path in ${shared[@]+"${shared[@]}"}; do
    if [ -d "$path" ]; then
        mkdir -p "$root$path"
    else
        mkdir -p "$root$(dirname "$path")"
        cp -L "$path" "$root$path"
    fi
done
# This is the address of the name server of slirp4netns.
printf 'nameserver 10.0.2.3\n' >"$root/etc/resolv.conf"
printf '127.0.0.1 localhost %s\n' "$domain" >"$root/etc/hosts"

# This script runs inside, where systemd runs: it deploys, imports and requests pages.
cat >"$root/opt/test.sh" <<'INSIDE'
set -euo pipefail
kind="$1" database="$2" domain="$3" old="$4" new="$5"
started=$SECONDS

# log TEXT: prints what has happened and when.
log() {
    printf '%4s s  %s\n' "$((SECONDS - started))" "$1"
}

# client SECONDS: requests the page until the file /tmp/stop exists, or for as many
# seconds until it is shown, and prints the failures and the longest wait.
client() {
    python3 - "https://$domain/" "$1" <<'PYTHON_CODE'
import pathlib, ssl, sys, time, urllib.request

url, limit = sys.argv[1], float(sys.argv[2])
trusted = ssl.create_default_context(cafile="/etc/ssl/test.pem")
stop = pathlib.Path("/tmp/stop")
answered = failed = 0
since = time.monotonic()
longest = 0.0
while True:
    try:
        with urllib.request.urlopen(url, context=trusted, timeout=60) as page:
            assert "Kraken D0010" in page.read().decode()
        answered += 1
        longest = max(longest, time.monotonic() - since)
        since = time.monotonic()
        if limit or stop.exists():
            break
    except OSError as error:
        failed += 1
        if limit and time.monotonic() - since > limit:
            sys.exit(f"{url} does not answer: {error}")
    time.sleep(0.05)
print(f"        client: {answered} answers, {failed} failures, {longest:.1f} s without an answer at most")
PYTHON_CODE
}

# while_requesting TEXT COMMAND...: runs a command while a client requests pages.
while_requesting() {
    local text="$1" began=$SECONDS
    shift
    rm -f /tmp/stop
    client 0 &
    "$@" >/tmp/log 2>&1 || {
        cat /tmp/log
        exit 1
    }
    sleep 1
    touch /tmp/stop
    wait $!
    log "$text: $((SECONDS - began)) s"
}

# import_file NAME: imports a sample file as the user of the site.
import_file() {
    local command=(d0010ctl)
    [ -e /usr/local/bin/d0010ctl ] ||
        command=(runuser -u d0010 -- "$current/.venv/bin/python3" "$current/manage.py")
    "${command[@]}" import_d0010 "$new/sample_data/$1" | tee /tmp/log
    grep -q 'imported as' /tmp/log
    log "$1 was imported."
}

cd /opt
if [ "$kind" = demo ]; then
    "$new/deployment_scripts/quick_deploy.sh" demo 2>&1 | tee /tmp/demo.log &
    until grep -q 'Ctrl-C stops it' /tmp/demo.log 2>/dev/null; do
        sleep 0.5
        [ -n "$(jobs -r)" ] || exit 1
    done
    python3 -c 'import urllib.request as r; assert b"Kraken D0010" in r.urlopen("http://127.0.0.1:8001/").read()'
    log "The demonstration was served."
    exit 0
fi

# quick_deploy.sh takes an existing certificate and does not request one.
options=(--domain "$domain" --database "$database"
    --certificate /etc/ssl/test.pem --certificate-key /etc/ssl/test.key)
[ "$database" = postgresql ] || options+=(--accept-sqlite-risk)
current="${old:-$new}"
"$current/deployment_scripts/quick_deploy.sh" production "${options[@]}"
log "Deployed."
# Versions of November 2026 left files of root.
[ -z "$old" ] || chown -R d0010 /var/lib/d0010
client 60
import_file economy7_meters.uff
while_requesting "Deployed again" "$current/deployment_scripts/quick_deploy.sh" production "${options[@]}"
import_file march_readings.uff
while_requesting "Restarted" systemctl restart d0010-web
if [ -n "$old" ]; then
    chown -R d0010 /var/lib/d0010
    if [ -e "$old/deployment_scripts/upgrade.sh" ]; then
        upgrade=("$old/deployment_scripts/upgrade.sh" "$new.tar.gz")
    else
        upgrade=("$new/deployment_scripts/upgrade.sh" --from "$old" "${options[@]}")
    fi
    while_requesting "Upgraded" "${upgrade[@]}"
    grep 'did not answer' /tmp/log || true
    current="$new"
    import_file small_business.uff
    while_requesting "Returned to the previous version" "$new/deployment_scripts/rollback.sh" --yes
    current="$old"
    import_file test.uff
    while_requesting "Upgraded again" "$new/deployment_scripts/upgrade.sh" --from "$old" "${options[@]}"
    current="$new"
    import_file prepayment_meters.uff
fi

# assert_nothing TEXT COMMAND...: fails if a command prints something.
assert_nothing() {
    local output
    output="$("${@:2}")"
    [ -z "$output" ] || {
        printf '%s:\n%s\n' "$1" "$output"
        exit 1
    }
}
assert_nothing "Data of another user than d0010" find /var/lib/d0010 ! -user d0010
if "$new/.venv/bin/python3" "$new/manage.py" import_d0010 "$new/sample_data/test.uff"; then
    echo "manage.py ran as root."
    exit 1
fi
install -m 600 "$new/sample_data/residential_smart_meters.uff" /root/closed.uff
! d0010ctl import_d0010 /root/closed.uff || exit 1
d0010ctl import_d0010 - --name closed.uff </root/closed.uff

"$new/deployment_scripts/uninstall.sh"
assert_nothing "Files of systemd and nginx" find /etc/systemd /etc/nginx /usr/local/bin -name '*d0010*'
[ -e /var/lib/d0010/media/flow_files ]
"$new/deployment_scripts/uninstall.sh" --data
[ ! -e /var/lib/d0010/media ]
log "Uninstalled."
INSIDE

step "Deploying on it"
started=$SECONDS
# With --kill-child, all processes inside end when unshare ends. systemd is process 1.
unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child -- \
    bash -s -- "$root" ${shared[@]+"${shared[@]}"} >"$scratch/systemd.log" 2>&1 <<'NAMESPACE' &
set -euo pipefail
root="$1"
shift
hostname debian
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
for path in "$@"; do
    [ ! -d "$path" ] || mount --bind -o ro "$path" "$root$path"
done
cd "$root"
mkdir -p previous
pivot_root . previous
exec chroot . sh -c 'umount -l /previous
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    /lib/systemd/systemd --unit=multi-user.target' </dev/null
NAMESPACE
namespace=$!
for _ in $(seq 50); do
    child="$(cat "/proc/$namespace/task/$namespace/children" 2>/dev/null || true)"
    [ -z "$child" ] || break
    sleep 0.1
done
slirp4netns --configure --disable-host-loopback "${child%% *}" tap0 >"$scratch/network.log" 2>&1 &
network=$!
# inside COMMAND...: runs a command in the minimal Debian.
inside() {
    nsenter --target "${child%% *}" --mount --pid --net --uts --ipc --cgroup --root --wd -- \
        env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        ${for_pip[@]+"${for_pip[@]}"} "$@" </dev/null
}
mapfile -t for_pip < <(env | grep '^PIP_' || true)
for _ in $(seq 100); do
    ! inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' || break
    sleep 0.2
done
inside bash /opt/test.sh "$kind" "$database" "$domain" "$old" "$new" ||
    die "The deployment failed." "The messages above name the cause."
ok "The deployment on a minimal Debian took $((SECONDS - started)) s."

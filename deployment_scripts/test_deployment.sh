#!/usr/bin/env bash
# Test that one command deploys a site on a fresh Debian system.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/test_deployment.sh [demo] [OPTIONS]

Installs a minimal Debian with debootstrap in a temporary folder, unpacks the current
commit there, runs quick_deploy.sh production twice, starts gunicorn and nginx from the
written files, requests the home page over HTTPS, imports a sample file and prints the
times. With "demo" it runs quick_deploy.sh demo. The test has its own processes, mounts
and network, so it does not affect the services and ports of this machine.

    --database KIND   postgresql (default) or sqlite
    --suite NAME      Debian release (default: trixie, the first with Python 3.13)
    --mirror URL      Debian mirror (default: that of debootstrap)
    --share PATH      folder or file that pip or apt needs inside, such as a package
                      index or a certificate, under the same path; can be repeated
    --keep DIR        keep the minimal Debian in DIR and use it again in the next run

It needs Linux, root, debootstrap, slirp4netns, git, openssl, one gigabyte in TMPDIR and
a network. PIP_* variables are passed on. It takes a few minutes.
TEXT
}

kind=production database=postgresql suite=trixie mirror='' bare='' shared=()
domain=readings.example
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    demo) kind=demo && shift && continue ;;
    --database) database="${2:-}" ;;
    --suite) suite="${2:-}" ;;
    --mirror) mirror="${2:-}" ;;
    --keep) bare="${2:-}" ;;
    --share) shared+=("${2:-}") ;;
    *) usage_error "Unknown option: $1" ;;
    esac
    require_value "$@"
    shift 2
done
for path in ${shared[@]+"${shared[@]}"}; do
    [ -e "$path" ] || usage_error "--share: $path does not exist."
done
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
    debootstrap --variant=minbase "$suite" "$bare" ${mirror:+"$mirror"} >"$scratch/log" 2>&1 || {
        tail -n 5 "$scratch/log" >&2
        die "debootstrap failed." "Its last messages are above. The mirror must be reachable."
    }
fi
root="$scratch/root"
cp -a "$bare" "$root"

step "Unpacking the current commit and creating a certificate for $domain"
"$PROJECT_ROOT/deployment_scripts/create_deployment_tarball.sh" --output "$scratch" >/dev/null
mkdir -p "$root/opt/d0010" "$root/etc/ssl"
tar xzf "$scratch"/d0010-*.tar.gz --strip-components=1 -C "$root/opt/d0010"
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

# This script runs inside: it deploys, starts the services and requests a page.
cat >"$root/opt/test.sh" <<'INSIDE'
set -euo pipefail
kind="$1" database="$2" domain="$3"
cd /opt/d0010
started=$SECONDS

# wait_for_page URL: waits until the home page is served.
wait_for_page() {
    .venv/bin/python3 - "$1" <<'PYTHON_CODE'
import ssl, sys, time, urllib.request

trusted = ssl.create_default_context(cafile="/etc/ssl/test.pem")
for attempt in range(120):
    try:
        with urllib.request.urlopen(sys.argv[1], context=trusted) as page:
            text = page.read().decode()
        break
    except OSError as error:
        problem = error
        time.sleep(0.5)
else:
    sys.exit(f"{sys.argv[1]} does not answer: {problem}")
assert "Kraken D0010" in text, text
print(f"{sys.argv[1]} shows the home page.")
PYTHON_CODE
}

if [ "$kind" = demo ]; then
    deployment_scripts/quick_deploy.sh demo 2>&1 | tee /tmp/demo.log &
    until grep -q 'Ctrl-C stops it' /tmp/demo.log 2>/dev/null; do
        sleep 0.5
        [ -n "$(jobs -r)" ] || exit 1
    done
    wait_for_page http://127.0.0.1:8001/
    printf 'The demonstration was served after %s s.\n' "$((SECONDS - started))"
    exit 0
fi

# quick_deploy.sh takes an existing certificate and does not request one.
options=(--domain "$domain" --database "$database" --user d0010 --data /var/lib/d0010
    --certificate /etc/ssl/test.pem --certificate-key /etc/ssl/test.key)
[ "$database" = postgresql ] || options+=(--accept-sqlite-risk)
deployment_scripts/quick_deploy.sh production "${options[@]}"
printf 'Deployed after %s s.\n' "$((SECONDS - started))"
deployment_scripts/quick_deploy.sh production "${options[@]}" >/dev/null
printf 'The second run ended after %s s.\n' "$((SECONDS - started))"

# systemd does not run here, so gunicorn is started as its unit says.
unit=deployment_files/d0010-web.service
start="$(sed -n 's/^ExecStart=//p' "$unit")"
read -ra variables < <(sed -n 's/^Environment=//p' "$unit")
umask 077
# shellcheck disable=SC2086 # ExecStart is split into words.
runuser -u d0010 -- env "${variables[@]}" $start >/tmp/web.log 2>&1 &
cp deployment_files/d0010.nginx.conf /etc/nginx/conf.d/d0010.conf
rm -f /etc/nginx/sites-enabled/default
nginx -t -q
nginx
deployment_scripts/validate_deployment.sh
wait_for_page "https://$domain/" || {
    cat /tmp/web.log
    exit 1
}
runuser -u d0010 -- env D0010_ENV=production .venv/bin/python3 manage.py \
    import_d0010 sample_data/economy7_meters.uff
printf 'The home page was served and a file imported after %s s.\n' "$((SECONDS - started))"
INSIDE

step "Deploying on it"
started=$SECONDS
# With --kill-child, all processes inside end when unshare ends.
unshare --mount --pid --net --uts --ipc --fork --kill-child -- \
    bash -s -- "$root" "$kind" "$database" "$domain" ${shared[@]+"${shared[@]}"} <<'NAMESPACE' &
set -euo pipefail
root="$1" kind="$2" database="$3" domain="$4"
shift 4
hostname debian
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for path in "$@"; do
    [ ! -d "$path" ] || mount --bind -o ro "$path" "$root$path"
done
for _ in $(seq 100); do
    ! grep -q tap0 /proc/net/dev || break
    sleep 0.1
done
mapfile -t for_pip < <(env | grep '^PIP_' || true)
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    "${for_pip[@]}" bash /opt/test.sh "$kind" "$database" "$domain" </dev/null
NAMESPACE
namespace=$!
for _ in $(seq 50); do
    child="$(cat "/proc/$namespace/task/$namespace/children" 2>/dev/null || true)"
    [ -z "$child" ] || break
    sleep 0.1
done
slirp4netns --configure --disable-host-loopback "${child%% *}" tap0 >"$scratch/network.log" 2>&1 &
network=$!
status=0
wait "$namespace" || status=$?
namespace=''
[ "$status" -eq 0 ] || die "The deployment failed." "The messages above name the cause."
ok "The deployment on a minimal Debian took $((SECONDS - started)) s."

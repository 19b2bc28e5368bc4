#!/usr/bin/env bash
# Prove that a bare Debian becomes a site by one command, in a place of its own.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/drill_deployment.sh [demo] [OPTIONS]

Makes a bare Debian with debootstrap in a folder of its own, unpacks there what is
committed, runs quick_deploy.sh, starts the services as their files say, asks nginx for
pages by HTTPS, says how long it took, and throws all of it away. This machine's own
system, services and ports are not touched: processes, mounts and network are apart.
With "demo" it is the demonstration that is served there.

    --database KIND   postgresql (this is what nothing said means) or sqlite
    --suite NAME      which Debian (trixie, the first with Python 3.13)
    --mirror URL      where from (debootstrap's own choice where nothing is said)
    --share PATH      a folder or file that pip or apt needs here, as a package index or
                      a certificate; it is there under the same name. May be repeated.
    --keep DIR        keep the bare Debian there, and begin with it the next time

Needs Linux, root, debootstrap, slirp4netns, git, openssl, a gigabyte in TMPDIR, and a
network. PIP_… variables hold inside as well. It takes a few minutes.
TEXT
}

kind=production database=postgresql suite=trixie mirror='' bare='' shared=()
domain=readings.example
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --database | --suite | --mirror)
        require_value "$1" "${2:-}"
        printf -v "${1#--}" '%s' "$2"
        shift
        ;;
    --share)
        require_value "$1" "${2:-}"
        [ -e "$2" ] || usage_error "There is no $2 to share."
        shared+=("$2")
        shift
        ;;
    --keep)
        require_value "$1" "${2:-}"
        bare="$2"
        shift
        ;;
    demo) kind=demo ;;
    *) usage_error "\"$1\" is not known." ;;
    esac
    shift
done
case "$database" in
postgresql | sqlite) ;;
*) usage_error "--database is postgresql or sqlite, not \"$database\"." ;;
esac

[ "$(id -u)" -eq 0 ] || die "A system of its own can be made by root alone." \
    "Run this as root."
for program in debootstrap slirp4netns unshare git openssl; do
    has_command "$program" || die "$program is not here." \
        "On Debian and Ubuntu: apt-get install debootstrap slirp4netns util-linux git openssl"
done

scratch="$(mktemp -d "${TMPDIR:-/tmp}/d0010-bare.XXXXXX")"
apart='' network=''
# clean_up: ends what runs in the drill, and only then takes its files away.
clean_up() {
    [ -z "$apart" ] || kill -KILL "$apart" 2>/dev/null || true
    [ -z "$network" ] || kill "$network" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

step "A bare Debian ($suite)"
bare="${bare:-$scratch/bare}"
if [ ! -e "$bare/bin/bash" ]; then
    debootstrap --variant=minbase "$suite" "$bare" ${mirror:+"$mirror"} >"$scratch/log" 2>&1 || {
        tail -n 5 "$scratch/log" >&2
        die "debootstrap failed." "Its last words are above. Is its mirror reached from here?"
    }
fi
root="$scratch/root"
cp -a "$bare" "$root"

step "What is committed, and a certificate for $domain"
"$PROJECT_ROOT/deployment_scripts/create_deployment_tarball.sh" --output "$scratch" >/dev/null
mkdir -p "$root/opt/d0010" "$root/etc/ssl"
tar xzf "$scratch"/d0010-*.tar.gz --strip-components=1 -C "$root/opt/d0010"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$domain" \
    -addext "subjectAltName=DNS:$domain" -keyout "$root/etc/ssl/drill.key" \
    -out "$root/etc/ssl/drill.pem" 2>/dev/null
for path in ${shared[@]+"${shared[@]}"}; do
    if [ -d "$path" ]; then
        mkdir -p "$root$path"
    else
        mkdir -p "$root$(dirname "$path")"
        cp -L "$path" "$root$path"
    fi
done
# What slirp4netns answers to as a name server
printf 'nameserver 10.0.2.3\n' >"$root/etc/resolv.conf"
printf '127.0.0.1 localhost %s\n' "$domain" >"$root/etc/hosts"

# What is done inside: deploy, start the services by their own files, ask for pages.
cat >"$root/opt/drill.sh" <<'INSIDE'
set -euo pipefail
kind="$1" database="$2" domain="$3"
cd /opt/d0010
started=$SECONDS

# see URL: waits until there is a page of ours.
see() {
    .venv/bin/python3 - "$1" <<'PYTHON_CODE'
import ssl, sys, time, urllib.request

trusted = ssl.create_default_context(cafile="/etc/ssl/drill.pem")
for attempt in range(120):
    try:
        with urllib.request.urlopen(sys.argv[1], context=trusted) as page:
            text = page.read().decode()
        break
    except OSError as error:
        said = error
        time.sleep(0.5)
else:
    sys.exit(f"{sys.argv[1]} does not answer: {said}")
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
    see http://127.0.0.1:8001/
    printf 'The demonstration was served after %s s.\n' "$((SECONDS - started))"
    exit 0
fi

# A certificate is named, not made: that is for the owner of the domain to do.
options=(--domain "$domain" --database "$database" --user d0010 --data /var/lib/d0010
    --certificate /etc/ssl/drill.pem --certificate-key /etc/ssl/drill.key)
[ "$database" = postgresql ] || options+=(--accept-sqlite-risk)
deployment_scripts/quick_deploy.sh production "${options[@]}"
printf 'Deployed after %s s.\n' "$((SECONDS - started))"
deployment_scripts/quick_deploy.sh production "${options[@]}" >/dev/null
printf 'Once more: nothing was left to do. %s s.\n' "$((SECONDS - started))"

# As systemd would by the unit
unit=deployment_files/d0010-web.service
start="$(sed -n 's/^ExecStart=//p' "$unit")"
read -ra variables < <(sed -n 's/^Environment=//p' "$unit")
umask 077
# shellcheck disable=SC2086 # the words of a command
runuser -u d0010 -- env "${variables[@]}" $start >/tmp/web.log 2>&1 &
cp deployment_files/d0010.nginx.conf /etc/nginx/conf.d/d0010.conf
rm -f /etc/nginx/sites-enabled/default
nginx -t -q
nginx
deployment_scripts/validate_deployment.sh
see "https://$domain/" || {
    cat /tmp/web.log
    exit 1
}
runuser -u d0010 -- env D0010_ENV=production .venv/bin/python3 manage.py \
    import_d0010 sample_data/economy_7.uff
printf 'A page was served, and a file imported, after %s s.\n' "$((SECONDS - started))"
INSIDE

step "Deploying there"
began=$SECONDS
# Everything in it ends with its first process.
unshare --mount --pid --net --uts --ipc --fork --kill-child -- \
    bash -s -- "$root" "$kind" "$database" "$domain" ${shared[@]+"${shared[@]}"} <<'APART' &
set -euo pipefail
root="$1" kind="$2" database="$3" domain="$4"
shift 4
hostname bare
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
    "${for_pip[@]}" bash /opt/drill.sh "$kind" "$database" "$domain" </dev/null
APART
apart=$!
for _ in $(seq 50); do
    child="$(cat "/proc/$apart/task/$apart/children" 2>/dev/null || true)"
    [ -z "$child" ] || break
    sleep 0.1
done
slirp4netns --configure --disable-host-loopback "${child%% *}" tap0 >"$scratch/network.log" 2>&1 &
network=$!
status=0
wait "$apart" || status=$?
apart=''
[ "$status" -eq 0 ] || die "The bare Debian did not become a site." "The messages above say why."
ok "A bare Debian became a site in $((SECONDS - began)) s."

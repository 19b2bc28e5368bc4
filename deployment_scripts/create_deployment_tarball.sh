#!/usr/bin/env bash
# Pack a commit for a server. The same commit always gives the same bytes.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/create_deployment_tarball.sh [--output DIR] [COMMIT]

Packs the files of a commit (default: HEAD) into DIR/d0010-COMMIT.tar.gz (default: dist)
and writes the SHA-256 of the archive to a second file. The same commit gives the same
bytes on every machine.

The archive contains committed files only, so neither .env nor data. The script refuses
a commit with a file that looks like a secret.

On the server:

    sha256sum --check d0010-COMMIT.tar.gz.sha256
    tar xzf d0010-COMMIT.tar.gz
    d0010-COMMIT/deployment_scripts/quick_deploy.sh production --domain NAME
TEXT
}

output="$PROJECT_ROOT/dist" commit=HEAD
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage && exit 0 ;;
    --output)
        require_value "$@"
        output="$2"
        shift
        ;;
    -*) usage_error "Unknown option: $1" ;;
    *) commit="$1" ;;
    esac
    shift
done

has_command git || die "git is not installed." "The archive is made from a git commit."
mkdir -p "$output"
output="$(cd "$output" && pwd)"
cd "$PROJECT_ROOT"
id="$(git rev-parse --verify --quiet "$commit^{commit}")" ||
    die "\"$commit\" is not a commit of this project." \
        "Give a commit that git log lists, or none to pack HEAD."
name="d0010-$(printf '%.12s' "$id")"

# Secrets are found by file name, and private keys by their first line.
secrets="$(
    {
        git ls-tree -r --name-only "$id" | grep -Ev '(^|/)\.env\.example$' |
            grep -E '(^|/)(.*\.env|\.env\..*|\.pgpass|id_[a-z0-9]+|.*\.(pem|key|p12|pfx|sqlite3.*|dump))$' || true
        git grep -lE -e '-----BEGIN [A-Z ]*PRIVATE KEY' "$id" | sed 's/^[^:]*://' || true
    } | sort -u
)"
[ -z "$secrets" ] || die "The commit contains files that look like secrets or data:" \
    "$secrets" "Remove them, and replace each secret that was committed."
if ! git diff --quiet HEAD -- 2>/dev/null; then
    warn "The archive does not contain the uncommitted changes of this folder."
fi

step "Packing $(git log -1 --format='%h %s' "$id")"
archive="$output/$name.tar.gz"
# The umask of git archive is a user setting. gzip -n writes neither name nor time.
git -c tar.umask=0022 archive --format=tar --prefix="$name/" "$id" | gzip -9 -n >"$archive.new"
mv "$archive.new" "$archive"
(cd "$output" && "$(command -v python3 || echo "$PYTHON")" -c '
import hashlib, pathlib, sys

name = sys.argv[1]
digest = hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest()
pathlib.Path(f"{name}.sha256").write_text(f"{digest}  {name}\n")
print(f"    {digest}")
' "$name.tar.gz")
ok "$archive"

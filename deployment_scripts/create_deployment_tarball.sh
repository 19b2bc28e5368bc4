#!/usr/bin/env bash
# Pack what a server needs, from what is committed: the same commit gives the same bytes.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/create_deployment_tarball.sh [--output DIR] [COMMIT]

Packs the files of a commit (HEAD) into DIR/d0010-COMMIT.tar.gz (DIR is dist), with its
SHA-256 beside it. The same commit gives the same bytes, on any day, by anybody.

Only committed files are packed: neither .env nor data nor what is not committed. It
refuses to pack a commit that has something in it that looks like a secret.

On the server:

    sha256sum --check d0010-COMMIT.tar.gz.sha256
    tar xzf d0010-COMMIT.tar.gz
    d0010-COMMIT/deployment_scripts/quick_deploy.sh production --domain NAME
TEXT
}

output="$PROJECT_ROOT/dist" commit=HEAD
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit 0
        ;;
    --output)
        require_value "$1" "${2:-}"
        output="$2"
        shift
        ;;
    -*) usage_error "\"$1\" is not known." ;;
    *) commit="$1" ;;
    esac
    shift
done

has_command git || die "git is not here." "The package is made from what is committed to it."
mkdir -p "$output"
output="$(cd "$output" && pwd)"
cd "$PROJECT_ROOT"
id="$(git rev-parse --verify --quiet "$commit^{commit}")" ||
    die "\"$commit\" is no commit of this project." \
        "Give one that git log shows, or none for the latest."
name="d0010-$(printf '%.12s' "$id")"

# What a secret's file is called is known; of the texts, only how a private key begins.
secrets="$(
    {
        git ls-tree -r --name-only "$id" | grep -Ev '(^|/)\.env\.example$' |
            grep -E '(^|/)(.*\.env|\.env\..*|\.pgpass|id_[a-z0-9]+|.*\.(pem|key|p12|pfx|sqlite3.*|dump))$' || true
        git grep -lE -e '-----BEGIN [A-Z ]*PRIVATE KEY' "$id" | sed 's/^[^:]*://' || true
    } | sort -u
)"
[ -z "$secrets" ] || die "The commit has something that looks like a secret or data:" \
    "$secrets" "Remove it, and whatever it opens must be changed."
if ! git diff --quiet HEAD -- 2>/dev/null; then
    warn "There are changes that are not committed; they are not in the package."
fi

step "Packing $(git log -1 --format='%h %s' "$id")"
package="$output/$name.tar.gz"
# Its umask is git's own business, which may differ from user to user; gzip -n writes
# neither name nor time.
git -c tar.umask=0022 archive --format=tar --prefix="$name/" "$id" | gzip -9 -n >"$package.new"
mv "$package.new" "$package"
(cd "$output" && "$(command -v python3 || echo "$PYTHON")" -c '
import hashlib, pathlib, sys

name = sys.argv[1]
digest = hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest()
pathlib.Path(f"{name}.sha256").write_text(f"{digest}  {name}\n")
print(f"    {digest}")
' "$name.tar.gz")
ok "$package"

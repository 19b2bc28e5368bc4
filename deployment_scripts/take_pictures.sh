#!/usr/bin/env bash
# Take the pictures of the documentation anew, from the pages as they are now.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/take_pictures.sh

Serves a site with the sample files in a database that is thrown away, opens its pages
in Chromium, and writes what it shows to documentation/images. CHROMIUM names the
browser, where it is not found by itself.
TEXT
}

case "${1:-}" in
'') ;;
-h | --help)
    usage
    exit 0
    ;;
*) usage_error "\"$1\" is not known." ;;
esac

ensure_environment deployment_scripts/requirements-tools.txt
export PICTURES="$PROJECT_ROOT/documentation/images" D0010_BROWSER_REQUIRED=1
mkdir -p "$PICTURES"
cd "$PROJECT_ROOT"
manage test --noinput meter_readings.tests.browser.screenshots
for picture in "$PICTURES"/*.png; do
    size="$(wc -c <"$picture")"
    [ "$size" -le 150000 ] || die "$picture has $size bytes, more than 150,000."
done
ok "The pictures are in $PICTURES."

#!/usr/bin/env bash
# Take the screenshots of the documentation again.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/update_screenshots.sh

Serves a site with the sample files in a temporary database, opens its pages in Chromium
and writes screenshots to documentation/images. CHROMIUM=PATH names the browser if it is
not found.
TEXT
}

case "${1:-}" in
'') ;;
-h | --help) usage && exit 0 ;;
*) usage_error "Unknown option: $1" ;;
esac

ensure_environment deployment_scripts/requirements-tools.txt
export SCREENSHOTS="$PROJECT_ROOT/documentation/images" D0010_BROWSER_REQUIRED=1
mkdir -p "$SCREENSHOTS"
cd "$PROJECT_ROOT"
manage test --noinput meter_readings.tests.browser.screenshots
for screenshot in "$SCREENSHOTS"/*.png; do
    size="$(wc -c <"$screenshot")"
    [ "$size" -le 150000 ] || die "$screenshot has $size bytes. The limit is 150,000."
done
ok "The screenshots are in $SCREENSHOTS."

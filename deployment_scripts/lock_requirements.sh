#!/usr/bin/env bash
# Write the hashes and the SBOM of the packages of a production server.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'TEXT'
Usage: deployment_scripts/lock_requirements.sh

Run it after a change of requirements.txt, requirements-production.txt or the version.
From requirements-production.txt it writes in deployment_scripts/

    requirements-production.lock    every package with the SHA-256 of all files of its
                                    release, so that pip installs no other file
    sbom.cdx.json                   the software bill of materials (CycloneDX)

It installs its tools, pip-tools and cyclonedx-bom, in a temporary folder and needs a
package index. A second run without changes writes the same bytes.
TEXT
}

case "${1:-}" in
-h | --help) usage && exit 0 ;;
'') ;;
*) usage_error "Unknown option: $1" ;;
esac

cd "$PROJECT_ROOT/deployment_scripts"
scratch="$(mktemp -d "${TMPDIR:-/tmp}/d0010-lock.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
find_python
step "Installing pip-tools and cyclonedx-bom"
"$FOUND_PYTHON" -m venv "$scratch/tools"
"$scratch/tools/bin/pip" install --quiet pip-tools==7.6.2 cyclonedx-bom==7.5.0

step "Writing requirements-production.lock"
# The header names this script, and no index or folder of this machine.
CUSTOM_COMPILE_COMMAND=deployment_scripts/lock_requirements.sh \
    "$scratch/tools/bin/pip-compile" --quiet --generate-hashes --strip-extras \
    --no-annotate --no-emit-options --no-emit-index-url --no-emit-find-links \
    --no-emit-trusted-host --output-file requirements-production.lock \
    requirements-production.txt

step "Writing sbom.cdx.json"
# The hashes are in the lock file already: three quarters of its lines.
sed -E 's/ \\$//; /^ *--hash/d' requirements-production.lock >"$scratch/requirements.txt"
PYTHONWARNINGS=ignore "$scratch/tools/bin/cyclonedx-py" requirements --output-reproducible \
    --pyproject ../pyproject.toml --output-file "$scratch/sbom.json" \
    "$scratch/requirements.txt"
"$scratch/tools/bin/python" - "$scratch/sbom.json" >"$scratch/sbom.cdx.json" <<'PYTHON'
import json
import re
import sys
from pathlib import Path

bom = json.loads(Path(sys.argv[1]).read_text("utf-8"))
package = Path("../meter_readings/__init__.py").read_text("utf-8")
bom["metadata"]["component"]["version"] = re.search('__version__ = "(.+)"', package)[1]
# These depend on the tool and on the index of this machine.
del bom["metadata"]["tools"]
for component in bom["components"]:
    del component["externalReferences"], component["description"]
print(json.dumps(bom, indent=2, sort_keys=True))
PYTHON
mv "$scratch/sbom.cdx.json" sbom.cdx.json
ok "requirements-production.lock and sbom.cdx.json in deployment_scripts/"

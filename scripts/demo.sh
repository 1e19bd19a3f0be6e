#!/usr/bin/env bash
# Installs what is missing, builds, and runs `pollway demo`, right after a clone. Arguments go to the demo: scripts/demo.sh --json
set -euo pipefail
cd "$(dirname "$0")/.."

# The demo's answer alone goes to stdout.
scripts/setup.sh demo >&2
exec cargo run --release --package pollway -- demo "$@"

#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests, right after a clone. Arguments go to `cargo test`:
#
#   scripts/test.sh                          everything
#   scripts/test.sh --test container         one whole-program test
#   scripts/test.sh plan::                   the tests whose name holds this
#
# The last line is the sum, alone: `N passed, N failed, N skipped`. Exit 1 on a failure, and where no test ran.
#
# A test that cannot run on this machine (no root, no peer installed) says so: it writes why to stderr, appends one line
# `NAME: REASON`, its own name first, to the file that the environment variable POLLWAY_SKIPPED names (where it is set),
# and returns. cargo counts such a test as passed; the sum here takes it out and counts it as skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test

# Without hugepages the tests that need them would skip; root can have some.
if [[ $EUID -eq 0 && $(awk '$1 == "HugePages_Total:" { print $2 }' /proc/meminfo) == 0 ]]; then
    echo "test: no hugepages are reserved: reserving 512 (give them back with: scripts/hugepages.sh release)"
    scripts/hugepages.sh reserve 512 || echo "test: going on with what there is"
    scripts/hugepages.sh mount || echo "test: going on without a mount"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log
export POLLWAY_SKIPPED=$work/skipped
touch "$POLLWAY_SKIPPED"

# With the checks of a debug build (overflow, assertions): speed is the benchmark's business.
code=0
CARGO_TERM_COLOR=never cargo test --workspace --no-fail-fast "$@" 2>&1 | tee "$log" || code=$?

# sum WORD: over cargo's lines `test result: ok. 5 passed; 0 failed; 1 ignored; …`, one a test program.
sum() { sed -n "s/^test result: .* \([0-9]*\) $1;.*/\1/p" "$log" | awk '{ sum += $1 } END { print sum + 0 }'; }
ignored=$(sum ignored)
skipped=$(cut -d : -f 1 "$POLLWAY_SKIPPED" | sort -u | wc -l)
passed=$(($(sum passed) - skipped))
failed=$(sum failed)

echo
while IFS= read -r line; do
    echo "SKIPPED $line"
done < <(sort -u "$POLLWAY_SKIPPED")
[[ $ignored -eq 0 ]] || echo "SKIPPED $ignored tests marked #[ignore]"
if [[ $code -ne 0 && $failed -eq 0 ]]; then
    echo "FAILED before or beside the tests: a build error, or a test program that died (cargo's words stand above)"
    failed=1
elif [[ $((passed + failed)) -eq 0 ]]; then
    echo "FAILED: no test ran"
    code=1
fi
echo "$passed passed, $failed failed, $((skipped + ignored)) skipped"
[[ $code -eq 0 ]]

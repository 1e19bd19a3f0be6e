#!/usr/bin/env bash
# Measures how true the figures of `pollway gen` are, and writes the tables and the pictures of docs/accuracy.md:
#
#   how late packets leave that are sent at a constant rate, over a ring in memory
#   delays that are known: `pollway fwd` adds them, another program at the other end of a memif
#   faults that are known, made there in a million packets
#
#   scripts/accuracy.sh [--rate RATE] [--size BYTES] [--seconds S] [--binary FILE] [--out FOLDER]
#
#   --rate      1M; --size of a frame, 96; --seconds of each trial, 10
#   --binary    the program; without it the release program is built first
#   --out       where results go; without it docs/accuracy.md is rewritten and the pictures go to docs/accuracy/
#
# Needs two processors and hugepages. Run it on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh
# shellcheck source=scripts/lib/page.sh
. scripts/lib/page.sh

rate=1M size=96 seconds=10 binary='' out=''
take_options 'rate size seconds binary out' '' "$@"
need_processors
need_hugepages 512
find_program

work=$(mktemp -d)
forwarder=''
clean_up() {
    [[ -z $forwarder ]] || kill "$forwarder" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

# generate NAME EAL-FLAGS -- FLAGS: a trial.
generate() {
    local name=$1
    shift
    echo "accuracy: $name" >&2
    "$binary" gen --no-pci --no-telemetry --file-prefix "pwacc$$" "$@" --rate "$rate" --size "$size" --json "$work/$name.json" >&2
}

# through NAME GENERATOR-FLAGS -- FORWARDER-FLAGS: a trial through a forwarder that lives as long. Its side of the memif comes when
# the socket is there. What it counted is in NAME.record.
through() {
    local name=$1 socket=$work/$1.sock own=()
    shift
    while [[ $1 != -- ]]; do
        own+=("$1")
        shift
    done
    shift
    generate "$name" --lcores 0@0,1@0 -- --port "memif:$socket,role=server" -m 1.0 --calibrate "${own[@]}" &
    local generator=$!
    until [[ -S $socket ]]; do
        kill -0 "$generator" 2>/dev/null || fail "the generator ended before its socket was there"
        sleep 0.1
    done
    "$binary" fwd --no-pci --no-telemetry --file-prefix "pwaccf$$" --lcores 0@0,1@1 --port "memif:$socket,rsize=12" \
        --port-topology=loop --duration 600 "$@" >"$work/$name.log" &
    forwarder=$!
    wait "$generator"
    kill -INT "$forwarder"
    wait "$forwarder" || true
    forwarder=''
    # What its mode counted, if it does: the table has it once for the port and once for all.
    { grep -oE ' ((late|waited)_ns_[a-z0-9]+|dropped|duplicated|swapped): [0-9]+' "$work/$name.log" || true; } |
        sort -u | paste -sd , | sed 's/^ //' >"$work/$name.record"
}

generate departures --lcores 0@0,1@1 -- --port ring:own -m 1.0 --duration "$seconds"
through passed --duration "$seconds" -- --forward-mode=io
through held50 --duration "$seconds" -- --forward-mode=delay --delay-us=50
through held500 --duration "$seconds" -- --forward-mode=delay --delay-us=500
through impaired --count 1000000 -- --forward-mode=impair --impair-drop=1/1000 --impair-duplicate=1/777 --impair-swap=1/500

# report FOLDER NAME=FILE…: the table, and the pictures in a folder.
report() {
    "$binary" gen report "${@:2}" --pictures "$work/$1" --html "$work/$1.html" --markdown
}
{
    printf '### Departures\n\n'
    report departures "over a ring=$work/departures.json"
    printf '\n![How late packets left](accuracy/departure-error.svg)\n\n### Delays that are known\n\n'
    report delays "as it is=$work/passed.json" "50 µs added=$work/held50.json" "500 µs added=$work/held500.json"
    printf "\nThe forwarder's own record of how late it let packets go, and how long they may have waited for its poll: %s with 50 µs; %s with 500 µs.\n" \
        "$(<"$work/held50.record")" "$(<"$work/held500.record")"
    printf '\n![Round trips through delays that are known](accuracy/percentiles.svg)\n\n### Faults that are known\n\n'
    report faults "through impair=$work/impaired.json"
    printf "\nThe forwarder's own record: %s.\n\n" "$(<"$work/impaired.record")"
} >"$work/tables.md"

if [[ $out ]]; then
    mkdir -p "$out"
    cp -r "$work"/{departures,delays,faults}{,.html} "$work"/*.json "$out"
    cat "$work/tables.md"
    exit
fi
mkdir -p docs/accuracy
cp "$work/departures/departure-error.svg" "$work/delays/percentiles.svg" docs/accuracy/
fill_in docs/accuracy.md "$work/tables.md"

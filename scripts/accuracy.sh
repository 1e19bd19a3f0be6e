#!/usr/bin/env bash
# Measures how true the figures of `pollway gen` are, and writes the tables and the pictures of docs/accuracy.md:
#
#   how late packets leave that are sent at a constant rate, over a ring in memory
#   delays that are known: a forwarder adds them, in the same process and poll loop
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
trap 'rm -rf "$work"' EXIT

# generate NAME EAL-FLAGS -- FLAGS: a trial.
generate() {
    local name=$1
    shift
    echo "accuracy: $name" >&2
    "$binary" gen --no-pci --no-telemetry --file-prefix "pwacc$$" "$@" --rate "$rate" --size "$size" --json "$work/$name.json" >&2
}

# through NAME FLAGS: a trial through a forwarder. What its mode counted is in NAME.record.
through() {
    # One poll loop, which leaves a processor to whatever else the system has to do: with two, one of them is away for milliseconds
    # again and again.
    generate "$1" --lcores 0@0,1@1 -- -m 1.0 --calibrate "${@:2}"
    # `io` counts nothing.
    { grep -oE '"name":"((late|waited)_ns_[a-z0-9]+|dropped|duplicated|swapped)","count":[0-9]+' "$work/$1.json" || true; } |
        sed -E 's/"name":"([^"]+)","count":/\1: /' | paste -sd , | sed 's/,/, /g' >"$work/$1.record"
}

generate departures --lcores 0@0,1@1 -- --port ring:own -m 1.0 --duration "$seconds"
through passed --duration "$seconds" --forwarder io
through held50 --duration "$seconds" --forwarder delay --delay-us 50
through held500 --duration "$seconds" --forwarder delay --delay-us 500
through impaired --count 1000000 --forwarder impair --impair-drop 1/1000 --impair-duplicate 1/777 --impair-swap 1/500

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

#!/usr/bin/env bash
# Measures how fast `pollway gen` sends and receives against the modes of dpdk-testpmd that make packets: same devices, same burst and
# frames, one core, in turns of half a second (scripts/lib/turns.sh). Every packet of ours has a sequence number and its time, those of testpmd have neither. Prints medians,
# their spread and the ratio, and the commands.
#
#   scripts/bench-gen.sh [--runs N] [--turns N] [--seconds S] [--warm-up S] [--rows LIST] [--binary FILE] [--json | --markdown]
#
#   --runs      how often both programs are started, 5 unless told otherwise
#   --turns     turns of each in a run, 5
#   --seconds   measuring time of a turn, 0.5
#   --warm-up   before the first turn, 1
#   --rows      of those in the table below; default: all
#   --binary    the program to measure; without it the release program is built first
#   --json, --markdown   one object, or the table of docs/performance.md, in place of the plain table
#
# Packets sent, by the processor time that the poll loop got meanwhile, as in scripts/bench.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh
# shellcheck source=scripts/lib/turns.sh
. scripts/lib/turns.sh

# What is measured: a name, the device, the frame's size, and what testpmd does. `send` only sends, to a device that forgets;
# `loop` receives what it sends, and accounts for it.
known='send-64 null 64 --forward-mode=txonly --txonly-multi-flow --txpkts=60
send-96 null 96 --forward-mode=txonly --txonly-multi-flow --txpkts=92
loop-64 ring 64 --forward-mode=flowgen --txpkts=60
loop-96 ring 96 --forward-mode=flowgen --txpkts=92'

# column_of ROW N: of the table.
column_of() { awk -v row="$1" -v at="$2" '$1 == row { print $at }' <<<"$known"; }

runs=5 turns=5 seconds=0.5 warm_up=1 rows=all binary='' json='' markdown=''
take_options 'runs turns seconds warm-up rows binary' 'json markdown' "$@"
rows_all=$(awk '{ print $1 }' <<<"$known" | paste -sd ,)
[[ $rows != all ]] || rows=$rows_all
only_of --rows "$rows" "$rows_all"
prepare 256

# Sixteen flows, as many as make no difference to what they cost.
recipe() { echo "set 0 size $(column_of "$1" 3); range 0 src port 1024 1024 1039 1; enable 0 range; start 0"; }

# command_of PROGRAM DEVICE ROW
command_of() {
    local vdev=net_ring0 eal own='--rxd=1024 --txd=1024 --total-num-mbufs=16383 --burst=32'
    # A null device would have the receiver find packets of which none was sent.
    [[ $2 != null ]] || vdev=net_null0,no-rx=1
    eal="-l 0,1 --no-pci --no-telemetry --file-prefix=bench-$1 --vdev=$vdev"
    case $1 in
        pollway) echo "pollway gen $eal -- -m 1.0 $own" ;;
        testpmd) echo "dpdk-testpmd $eal -- -i --nb-cores=1 $own $(awk -v row="$3" '$1 == row { print $4, $5, $6 }' <<<"$known")" ;;
    esac
}

# The hooks of scripts/lib/turns.sh.
begin() {
    open "$@"
    if [[ $1 == pollway ]]; then tell "$1" "$(recipe "$3")"; else tell "$1" start; fi
}

ask() { if [[ $1 == pollway ]]; then tell "$1" 'page stats'; else tell "$1" 'show port stats all'; fi; }

counts_of() { awk '/TX-packets:|packets sent/ { match($0, /[0-9]+/); print substr($0, RSTART, RLENGTH) }' "$1.log"; }

end() { close "$1" "$(if [[ $1 == pollway ]]; then echo stp; else echo stop; fi)"; }

rows=$(for row in ${rows//,/ }; do echo "$(column_of "$row" 2) $row testpmd"; done)
columns='device row'
take_turns
report

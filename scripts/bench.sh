#!/usr/bin/env bash
# Measures `pollway fwd` against DPDK's own dpdk-testpmd: same devices, same burst and descriptors, one forwarding core,
# in turns of half a second (scripts/lib/turns.sh). Prints medians, their spread and the ratio, and the commands.
#
#   scripts/bench.sh [--runs N] [--turns N] [--seconds S] [--warm-up S] [--devices LIST] [--modes LIST] [--binary FILE] [--json | --markdown]
#
#   --runs      how often both programs are started, 5 unless told otherwise
#   --turns     turns of each in a run, 5
#   --seconds   measuring time of a turn, 0.5
#   --warm-up   before the first turn, 1
#   --devices   of null (two net_null ports), udp (two net_pcap ports that replay a packet of UDP) and vhost (two vhost-user
#               ports whose guests are the virtio-user ports of a further dpdk-testpmd on another core, whose flowgen fills
#               them and empties them); default: null,vhost
#   --modes     of those in scripts/lib/modes.sh, or `all`; default: io,mac,macswap
#   --binary    the program to measure; without it the release program is built first
#   --json, --markdown   one object, or the table of docs/performance.md, in place of the plain table
#
# Both programs are steered through their shells and read in the same way: packets sent between two `show port stats
# all` (those received, where the mode sends none), by the processor time that the forwarding thread got in between (the
# kernel's schedstat). On an idle machine that is the time on the clock; on a busy one it takes out the time that other
# programs had the core.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh
# shellcheck source=scripts/lib/turns.sh
. scripts/lib/turns.sh
# shellcheck source=scripts/lib/modes.sh
. scripts/lib/modes.sh

runs=5 turns=5 seconds=0.5 warm_up=1 devices=null,vhost modes=io,mac,macswap binary='' json='' markdown=''
take_options 'runs turns seconds warm-up devices modes binary' 'json markdown' "$@"
[[ $modes != all ]] || modes=$(modes_all)
only_of --devices "$devices" null,udp,vhost
only_of --modes "$modes" "$(modes_all)"

# For 16383 packets of 2176 bytes and what EAL takes besides, in each of two programs, and of two more that are loads.
prepare 384
write_udp

# The commands. Socket paths are relative to the folder where they run, so that they can be typed elsewhere.
both='-i --nb-cores=1 --burst=32 --rxd=1024 --txd=1024 --total-num-mbufs=16383'
# command_of PROGRAM DEVICE MODE
command_of() {
    local program='pollway fwd' host=${1%-load} side guests=''
    if [[ $1 == *-load ]]; then
        for side in 0 1; do guests+="--vdev=net_virtio_user$side,path=$host$side.sock,queue_size=1024 "; done
        [[ $2 != vhost ]] || echo "dpdk-testpmd --lcores=0@0,1@0 --no-pci --no-telemetry --file-prefix=bench-$1" \
            "--single-file-segments $guests-- $both --forward-mode=flowgen"
        return
    fi
    [[ $1 != testpmd ]] || program=dpdk-testpmd
    echo "$program -l 0,1 --no-pci --no-telemetry --file-prefix=bench-$1 $(vdevs "$2" "$1") -- $both $(flags_of "$3")"
}

# The hooks of scripts/lib/turns.sh.
begin() {
    open "$@"
    if [[ $2 == vhost ]]; then
        open "$1-load" "$2" "$3"
        tell "$1-load" start
    fi
    tell "$1" start
}

ask() { tell "$1" 'show port stats all'; }

# An answer has a table for each of the two ports.
counts_of() {
    awk -v count="$(side_of "$3")-packets:" '
        $1 == count && /-errors:|-missed:/ { packets += $2; if (++tables % 2 == 0) { printf "%.0f\n", packets; packets = 0 } }
    ' "$1.log"
}

end() {
    # The guests first: a virtio-user port whose host has gone does not close in order.
    [[ $2 != vhost ]] || close "$1-load" stop
    close "$1" stop
}

rows=$(for device in ${devices//,/ }; do for mode in ${modes//,/ }; do echo "$device $mode testpmd"; done; done)
columns='device mode'
take_turns
report

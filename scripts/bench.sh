#!/usr/bin/env bash
# Measures `pollway fwd` against DPDK's own dpdk-testpmd: same devices, same burst and descriptors, one forwarding core,
# in turns, each going first every other time (A B, B A, …). Prints medians, their spread and the ratio, and the commands.
#
#   scripts/bench.sh [--runs N] [--seconds S] [--warm-up S] [--devices LIST] [--modes LIST] [--binary FILE] [--json | --markdown]
#
#   --runs      runs of each program, 5 unless told otherwise
#   --seconds   measuring time of a run, 3; --warm-up before it, 1
#   --devices   of null (two net_null ports), udp (two net_pcap ports that replay a packet of UDP) and vhost (two vhost-user
#               ports whose guests are the virtio-user ports of a second dpdk-testpmd on another core, whose flowgen fills
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

runs=5 seconds=3 warm_up=1 devices=null,vhost modes=io,mac,macswap binary='' json='' markdown=''
take_options 'runs seconds warm-up devices modes binary' 'json markdown' "$@"
[[ $modes != all ]] || modes=$(modes_all)
only_of --devices "$devices" null,udp,vhost
only_of --modes "$modes" "$(modes_all)"

# For 16383 packets of 2176 bytes and what EAL takes besides, in each of two programs.
prepare 256
write_udp

# The commands. Socket paths are relative to the folder where they run, so that they can be typed elsewhere.
both='-i --nb-cores=1 --burst=32 --rxd=1024 --txd=1024 --total-num-mbufs=16383'
# command_of PROGRAM DEVICE MODE
command_of() {
    local program='pollway fwd'
    case $1 in
        load)
            [[ $2 != vhost ]] || echo "dpdk-testpmd --lcores=0@0,1@0 --no-pci --no-telemetry --file-prefix=bench-load --single-file-segments" \
                "--vdev=net_virtio_user0,path=vhost0.sock,queue_size=1024 --vdev=net_virtio_user1,path=vhost1.sock,queue_size=1024" \
                "-- $both --forward-mode=flowgen"
            return
            ;;
        testpmd) program=dpdk-testpmd ;;
    esac
    echo "$program -l 0,1 --no-pci --no-telemetry --file-prefix=bench $(vdevs "$2") -- $both $(flags_of "$3")"
}

# measure PROGRAM DEVICE MODE: one run; adds the line `DEVICE MODE PROGRAM MPPS` to the file `results`.
measure() {
    local dut_pid dut load_pid='' guest='' words ns
    read -ra words <<<"$(command_of "$1" "$2" "$3")"
    [[ $1 != pollway ]] || words[0]=$binary
    open dut "${words[@]}"
    dut_pid=$pid dut=$shell
    if [[ $2 == vhost ]]; then
        read -ra words <<<"$(command_of load "$2" "$3")"
        open load "${words[@]}"
        load_pid=$pid guest=$shell
        echo start >&"$guest"
    fi
    echo start >&"$dut"
    sleep "$warm_up"
    observe "$dut_pid" "$dut" 'show port stats all'
    # The guests first: a virtio-user port whose host has gone does not close in order.
    [[ -z $load_pid ]] || close load "$load_pid" "$guest" stop
    close dut "$dut_pid" "$dut" stop
    # Four tables: both ports, twice.
    awk -v run="$2 $3 $1" -v ns="$ns" -v count="$(side_of "$3")-packets:" '
        $1 == count && /-errors:|-missed:/ { packets[tables++ >= 2] += $2 }
        END {
            if (tables != 4 || packets[1] <= packets[0] || ns <= 0) exit 1
            printf "%s %.3f\n", run, (packets[1] - packets[0]) * 1000 / ns
        }' dut.log >>results || {
        cat dut.log >&2
        fail "nothing was forwarded by: $(command_of "$1" "$2" "$3")"
    }
}

rows=$(for device in ${devices//,/ }; do for mode in ${modes//,/ }; do echo "$device $mode testpmd"; done; done)
columns='device mode'
take_turns
report

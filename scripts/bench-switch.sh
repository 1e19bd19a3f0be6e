#!/usr/bin/env bash
# Measures `pollway switch` between two vhost-user ports against OVS-DPDK with the same rules, and against the plain io of
# dpdk-testpmd: one switching core, in turns of a fifth of a second (scripts/lib/turns.sh). Prints medians, their spread and the ratio, and the
# commands.
#
#   scripts/bench-switch.sh [--runs N] [--turns N] [--seconds S] [--warm-up S] [--cases LIST] [--rings LIST] [--binary FILE] [--json | --markdown]
#
#   --runs      how often both programs are started, 5 unless told otherwise
#   --turns     turns of each in a run, 12: many short ones, as a shared machine changes its speed from one half second to the next
#   --seconds   measuring time of a turn, 0.2
#   --warm-up   before the first turn, 2
#   --cases     of io (two ports joined by a rule each way, against dpdk-testpmd's io), rules (the same, against OVS), mac (MAC learning
#               with 500 addresses behind each port, each of which sends to 20 of the other's, against OVS's NORMAL) and masks (10000
#               rules over 10 masks, each of which gets packets, against OVS); default: all
#   --rings     of split and packed; default: both
#   --binary    the program to measure; without it the release program is built first
#   --json, --markdown   one object, or the table of docs/performance.md, in place of the plain table
#
# Each has a load, a dpdk-testpmd on the other core, whose two virtio-user ports are the guests. It sends what they take and counts what
# comes to them: by flowgen for io and rules, and for the others from captures, which net_pcap plays for ever out of memory. What came to
# the guests between two `show fwd stats all` is divided by the processor time that the switching thread got in between.
# `refused` is what part of its packets the load could not get rid of, as the ring was full: where that is much the switch is the
# limit, and where it is nothing the load.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh
# shellcheck source=scripts/lib/turns.sh
. scripts/lib/turns.sh
# shellcheck source=scripts/lib/ovs.sh
. scripts/lib/ovs.sh

runs=5 turns=12 seconds=0.2 warm_up=2 cases=io,rules,mac,masks rings=split,packed binary='' json='' markdown=''
take_options 'runs turns seconds warm-up cases rings binary' 'json markdown' "$@"
only_of --cases "$cases" io,rules,mac,masks
only_of --rings "$rings" split,packed
need_programs text2pcap
need_ovs
prepare 1536

# from_captures CASE: whether the load plays captures.
from_captures() { [[ $1 == mac || $1 == masks ]]; }

# rules_of CASE FIRST: the rules between ports FIRST and FIRST + 1, one a line. Rule N of masks is of mask N % 10: the network 10 to 19,
# with a prefix of 32 to 23 bits.
rules_of() {
    local first=$2 second=$(($2 + 1))
    case $1 in
        io | rules) printf 'in_port=%s,actions=output:%s\n' "$first" "$second" "$second" "$first" ;;
        mac) echo actions=normal ;;
        masks)
            awk -v first="$first" 'BEGIN {
                for (n = 0; n < 10000; n++) {
                    side = int(n / 10) % 2; host = int(n / 10) * 2 ^ (n % 10)
                    printf "in_port=%d,ip,nw_dst=%d.%d.%d.%d/%d,actions=output:%d\n", first + side, 10 + n % 10, \
                        int(host / 65536), int(host / 256) % 256, host % 256, 32 - n % 10, first + 1 - side
                }
            }'
            ;;
    esac
}

# capture CASE SIDE: a capture of the packets that the load sends from that side.
capture() {
    # UDP in IPv4 of 64 bytes with the FCS, no checksums: nobody looks at them.
    awk -v name="$1" -v side="$2" '
        function packet(dst, src, ip) {
            printf "000000 02 00 00 %02x %02x %02x 02 00 00 %02x %02x %02x 08 00 45 00 00 2e 00 00 00 00 40 11 00 00 ", \
                1 - side, int(dst / 256), dst % 256, side, int(src / 256), src % 256
            printf "c0 00 02 01 %s 03 e8 03 e9 00 1a 00 00", ip
            for (n = 0; n < 18; n++) printf " 00"
            print ""
        }
        BEGIN {
            # Each station has twenty others that it talks to.
            if (name == "mac") for (i = 0; i < 10000; i++) packet((i * 7 + int(i / 500) * 11) % 500, i % 500, "c0 00 02 02")
            else
                for (rule = 0; rule < 10000; rule++) {
                    if (int(rule / 10) % 2 != side) continue
                    host = int(rule / 10) * 2 ^ (rule % 10)
                    packet(1, 1, sprintf("%02x %02x %02x %02x", 10 + rule % 10, int(host / 65536), int(host / 256) % 256, host % 256))
                }
        }' >packets.txt
    text2pcap -q packets.txt "$1$2.pcap" 2>text2pcap.log || {
        cat text2pcap.log >&2
        fail "text2pcap made no capture"
    }
}

# The files of each case: the switch's configuration, the rules of OVS, whose ports are numbered from 1, and captures.
for case in ${cases//,/ }; do
    {
        echo '[switch]'
        echo 'flows = ['
        rules_of "$case" 0 | sed 's/.*/    "&",/'
        echo ']'
    } >"$case.toml"
    rules_of "$case" 1 >"$case.rules"
    ! from_captures "$case" || for side in 0 1; do capture "$case" "$side"; done
done

both='-i --nb-cores=1 --burst=32 --rxd=1024 --txd=1024 --total-num-mbufs=32767'
# command_of PROGRAM CASE RINGS
command_of() {
    local side packed=0 mode=flowgen guests=() host
    host="-l 0,1 --no-pci --no-telemetry --file-prefix=bench-$1 --vdev=net_vhost0,iface=${1}0.sock --vdev=net_vhost1,iface=${1}1.sock"
    case $1 in
        pollway) echo "pollway switch $host --config $2.toml -- $both" ;;
        testpmd) echo "dpdk-testpmd $host -- $both --forward-mode=io" ;;
        ovs) echo "ovs-vswitchd-dpdk with ${ovs_settings[*]} and the ports of type=dpdkvhostuser, and ovs-ofctl add-flows br0 $2.rules" ;;
        *-load)
            [[ $3 == split ]] || packed=1
            ! from_captures "$2" || mode=io
            for side in 0 1; do
                guests+=("--vdev=net_virtio_user$side,path=${1%-load}$side.sock,queue_size=1024,packed_vq=$packed")
                ! from_captures "$2" || guests+=("--vdev=net_pcap$side,rx_pcap=$2$side.pcap,infinite_rx=1")
            done
            echo "dpdk-testpmd --lcores=0@0,1@0 --no-pci --no-telemetry --file-prefix=bench-$1 --single-file-segments" \
                "${guests[*]} -- $both --forward-mode=$mode"
            ;;
    esac
}

# The hooks of scripts/lib/turns.sh.
begin() {
    if [[ $1 == ovs ]]; then
        open_ovs "$2.rules" ovs0.sock ovs1.sock
    else
        open "$@"
        tell "$1" start
    fi
    open "$1-load" "$2" "$3"
    tell "$1-load" start
}

ask() { tell "$1-load" 'show fwd stats all'; }

# What came to the guests, and what the load could not get rid of, of what it had to send. The guests are ports 0 and 1, or with a
# capture's port between them 0 and 2; at the end of each answer are the sums over all ports.
counts_of() {
    local second=1
    ! from_captures "$2" || second=2
    awk -v second="$second" '
        / Forward statistics for port / { guest = $6 == 0 || $6 == second }
        / Accumulated forward statistics / { guest = 0; all = 1 }
        $1 == "RX-packets:" && guest { packets += $2 }
        $1 == "TX-packets:" && all { printf "%.0f %.0f %.0f\n", packets, $4, $6; packets = all = 0 }
    ' "$1-load.log"
}

end() {
    # The guests first: a virtio-user port whose host has gone does not close in order.
    close "$1-load" stop
    if [[ $1 == ovs ]]; then close_ovs; else close "$1" stop; fi
}

# peer_of CASE
peer_of() { if [[ $1 == io ]]; then echo testpmd; else echo ovs; fi; }

rows=$(for case in ${cases//,/ }; do for ring in ${rings//,/ }; do echo "$case $ring $(peer_of "$case")"; done; done)
columns='case rings' share=refused
take_turns
report

#!/usr/bin/env bash
# Measures `pollway switch` between two vhost-user ports against OVS-DPDK with the same rules, and against the plain io of
# dpdk-testpmd: one switching core, in turns (A B, B A, …). Prints medians, their spread and the ratio, and the commands.
#
#   scripts/bench-switch.sh [--runs N] [--seconds S] [--warm-up S] [--cases LIST] [--rings LIST] [--binary FILE] [--json | --markdown]
#
#   --runs      runs of each program, 5 unless told otherwise
#   --seconds   measuring time of a run, 3; --warm-up before it, 2
#   --cases     of io (two ports joined by a rule each way, against dpdk-testpmd's io), rules (the same, against OVS), mac (MAC learning
#               with 500 addresses behind each port, each of which sends to 20 of the other's, against OVS's NORMAL) and masks (10000
#               rules over 10 masks, each of which gets packets, against OVS); default: all
#   --rings     of split and packed; default: both
#   --binary    the program to measure; without it the release program is built first
#   --json, --markdown   one object, or the table of docs/performance.md, in place of the plain table
#
# The load is a second dpdk-testpmd on the other core, whose two virtio-user ports are the guests. It sends what they take and counts
# what comes to them: by flowgen for io and rules, and for the others from captures, which net_pcap plays for ever out of memory. What
# came to the guests between two `show port stats` is divided by the processor time that the switching thread got in between.
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

runs=5 seconds=3 warm_up=2 cases=io,rules,mac,masks rings=split,packed binary='' json='' markdown=''
take_options 'runs seconds warm-up cases rings binary' 'json markdown' "$@"
only_of --cases "$cases" io,rules,mac,masks
only_of --rings "$rings" split,packed
need_programs text2pcap
need_ovs
prepare 768

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
host='-l 0,1 --no-pci --no-telemetry --file-prefix=bench --vdev=net_vhost0,iface=vhost0.sock --vdev=net_vhost1,iface=vhost1.sock'
# command_of PROGRAM CASE RINGS
command_of() {
    local side packed=0 mode=flowgen guests=()
    case $1 in
        pollway) echo "pollway switch $host --config $2.toml -- $both" ;;
        testpmd) echo "dpdk-testpmd $host -- $both --forward-mode=io" ;;
        ovs) echo "ovs-vswitchd-dpdk with ${ovs_settings[*]} and the ports of type=dpdkvhostuser, and ovs-ofctl add-flows br0 $2.rules" ;;
        load)
            [[ $3 == split ]] || packed=1
            ! from_captures "$2" || mode=io
            for side in 0 1; do
                guests+=("--vdev=net_virtio_user$side,path=vhost$side.sock,queue_size=1024,packed_vq=$packed")
                ! from_captures "$2" || guests+=("--vdev=net_pcap$side,rx_pcap=$2$side.pcap,infinite_rx=1")
            done
            echo "dpdk-testpmd --lcores=0@0,1@0 --no-pci --no-telemetry --file-prefix=bench-load --single-file-segments" \
                "${guests[*]} -- $both --forward-mode=$mode"
            ;;
    esac
}

# measure PROGRAM CASE RINGS: one run; adds the line `CASE RINGS PROGRAM MPPS REFUSED` to the file `results`.
measure() {
    local dut_pid dut='' guest load_pid words ns second=1
    if [[ $1 == ovs ]]; then
        open_ovs "$2.rules" vhost0.sock vhost1.sock
        dut_pid=$pid
    else
        read -ra words <<<"$(command_of "$@")"
        [[ $1 != pollway ]] || words[0]=$binary
        open dut "${words[@]}"
        dut_pid=$pid dut=$shell
    fi
    read -ra words <<<"$(command_of load "$2" "$3")"
    open load "${words[@]}"
    load_pid=$pid guest=$shell
    # A capture's port is between the guests.
    ! from_captures "$2" || second=2
    [[ -z $dut ]] || echo start >&"$dut"
    echo start >&"$guest"
    sleep "$warm_up"
    observe "$dut_pid" "$guest" "show port stats 0"$'\n'"show port stats $second"
    # The guests first: a virtio-user port whose host has gone does not close in order.
    close load "$load_pid" "$guest" stop
    if [[ $1 == ovs ]]; then close_ovs "$dut_pid"; else close dut "$dut_pid" "$dut" stop; fi
    # Four tables: both guests, twice. At the end the forwarding statistics, of each port and then of all.
    awk -v run="$2 $3 $1" -v ns="$ns" '
        $1 == "RX-packets:" && /RX-missed:/ { packets[tables++ >= 2] += $2 }
        /Accumulated forward statistics for all ports/ { all = 1 }
        all && $1 == "TX-packets:" { sent = $2; refused = $4 }
        END {
            if (tables != 4 || packets[1] <= packets[0] || ns <= 0) exit 1
            printf "%s %.3f %.2f\n", run, (packets[1] - packets[0]) * 1000 / ns, refused / (sent + refused)
        }' load.log >>results || {
        cat load.log >&2
        fail "nothing came to the guests from: $(command_of "$@")"
    }
}

# peer_of CASE
peer_of() { if [[ $1 == io ]]; then echo testpmd; else echo ovs; fi; }

rows=$(for case in ${cases//,/ }; do for ring in ${rings//,/ }; do echo "$case $ring $(peer_of "$case")"; done; done)
columns='case rings' share=refused
take_turns
report

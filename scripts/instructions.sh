#!/usr/bin/env bash
# Counts the instructions that forwarding a packet takes, by mode: `pollway fwd` and dpdk-testpmd between two ports
# under valgrind's callgrind. Unlike a speed the count hardly changes from run to run, on any machine.
#
#   scripts/instructions.sh [--modes LIST] [--devices LIST] [--binary FILE] [--functions]
#
#   --modes      of those in scripts/lib/modes.sh, or `all`; default: io,mac,macswap
#   --devices    of null (two net_null ports) and udp (two net_pcap ports that replay a packet of UDP); default: null
#   --binary     the program to measure; without it the release program is built first
#   --functions  not the table, but the functions that take a tenth of an instruction a packet or more
#
# Each program runs twice, for different times. The difference of the counts by the difference of the packets leaves out
# what start and end take.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh
# shellcheck source=scripts/lib/modes.sh
. scripts/lib/modes.sh

modes=io,mac,macswap devices=null binary='' functions=''
take_options 'modes devices binary' 'functions' "$@"
[[ $modes != all ]] || modes=$(modes_all)
only_of --devices "$devices" null,udp
only_of --modes "$modes" "$(modes_all)"
need_programs valgrind dpdk-testpmd
find_program

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
write_udp

# run SECONDS DEVICE MODE PROGRAM…: forwards for so long under callgrind. Prints a line `INSTRUCTIONS TAB OBJECT TAB FUNCTION`
# for every function, and `PACKETS TAB packets`.
run() {
    local seconds=$1 device=$2 mode=$3 ports flags
    shift 3
    read -ra ports <<<"$(vdevs "$device")"
    read -ra flags <<<"$(flags_of "$mode")"
    : >log
    # shellcheck disable=SC2094 # The left side waits for what the right side writes.
    # Enter ends either program. Valgrind lets one thread run at a time: in turns, or the poll loop would keep the others
    # from ever ending it.
    {
        for _ in {1..600}; do
            if grep -q "Press enter" log; then break; fi
            sleep 0.1
        done
        sleep "$seconds"
        echo
    } | stdbuf -oL valgrind --tool=callgrind --callgrind-out-file=callgrind --compress-strings=no --fair-sched=yes \
        "$@" -l 0,1 --no-huge -m 256 --no-shconf --no-pci --no-telemetry "${ports[@]}" -- \
        --nb-cores=1 --burst=32 --total-num-mbufs=8191 "${flags[@]}" >log 2>&1 || {
        cat log >&2
        fail "this does not run under valgrind: $*"
    }
    # In callgrind's format costs follow the object and the function that they belong to; the line after `calls=` is the
    # callee's.
    awk '
        sub(/^ob=/, "") { sub(/.*\//, ""); object = $0; next }
        sub(/^fn=/, "") { name = $0; next }
        /^calls=/ { getline; next }
        /^[0-9+*-]/ { sum[object "\t" name] += $2 }
        END { for (key in sum) printf "%.0f\t%s\n", sum[key], key }' callgrind
    # The last table is the sum over all ports.
    awk -v count="$(side_of "$mode")-packets:" '
        { for (i = 1; i < NF; i++) if ($i == count) packets = $(i + 1) }
        END { print packets "\tpackets" }' log
}

# count DEVICE MODE PROGRAM…: prints `INSTRUCTIONS-A-PACKET TAB OBJECT TAB FUNCTION` for every function.
count() {
    run 1 "$@" >short
    run 6 "$@" >long
    awk -F '\t' -v OFS='\t' '
        FILENAME ~ /short$/ { before[$2, $3] = $1; next }
        $2 == "packets" { packets = $1 - before[$2, $3]; next }
        { more[$2 OFS $3] = $1 - before[$2, $3] }
        END {
            if (packets < 100000) {
                print "instructions: " packets + 0 " packets in five seconds are too few to count by" >"/dev/stderr"
                exit 1
            }
            for (key in more) print more[key] / packets, key
        }' short long
}

# rows DEVICE MODE: prints what both programs take.
rows() {
    local program words
    for program in pollway dpdk-testpmd; do
        words=(dpdk-testpmd)
        [[ $program != pollway ]] || words=("$binary" fwd)
        count "$1" "$2" "${words[@]}" >counts
        if [[ $functions ]]; then
            echo "$1, $2, $program:"
            awk -F '\t' '$1 >= 0.1 { printf "%7.1f  %s: %s\n", $1, $2, $3 }' counts | sort -rn
        else
            awk -F '\t' -v row="| $1 | $2 | $program |" -v own="$(basename "${words[0]}")" '
                $2 == own { ours += $1 }
                $2 ~ /net_(null|pcap)/ { device += $1 }
                { all += $1 }
                END { printf "%s %.1f | %.1f | %.1f | %.1f |\n", row, ours, device, all - ours - device, all }' counts
        fi
    done
}

[[ $functions ]] ||
    printf '| device | mode | program | its own code | driver | other libraries | together |\n|---|---|---|---|---|---|---|\n'
for device in ${devices//,/ }; do
    for mode in ${modes//,/ }; do
        rows "$device" "$mode"
    done
done

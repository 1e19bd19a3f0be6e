#!/usr/bin/env bash
# Counts the instructions that forwarding a packet takes, by mode: `pollway fwd` and dpdk-testpmd between two net_null
# ports under valgrind's callgrind. Unlike a speed the count hardly changes from run to run, on any machine.
#
#   scripts/instructions.sh [--modes LIST] [--binary FILE] [--functions]
#
#   --modes      default: io,mac,macswap
#   --binary     the program to measure; without it the release program is built first
#   --functions  not the table, but the functions that take a tenth of an instruction a packet or more
#
# Each program runs twice, for different times. The difference of the counts by the difference of the packets leaves out
# what start and end take.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh

modes=io,mac,macswap binary='' functions=''
take_options 'modes binary' 'functions' "$@"
need_programs valgrind dpdk-testpmd
find_program

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run SECONDS MODE PROGRAM…: forwards for so long under callgrind. Prints a line `INSTRUCTIONS TAB OBJECT TAB FUNCTION` for
# every function, and `PACKETS TAB packets`.
run() {
    local seconds=$1 mode=$2
    shift 2
    local log=$work/log
    : >"$log"
    # shellcheck disable=SC2094 # The left side waits for what the right side writes.
    # Enter ends either program. Valgrind lets one thread run at a time: in turns, or the poll loop would keep the others
    # from ever ending it.
    {
        for _ in {1..600}; do
            if grep -q "Press enter" "$log"; then break; fi
            sleep 0.1
        done
        sleep "$seconds"
        echo
    } | stdbuf -oL valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" --compress-strings=no --fair-sched=yes \
        "$@" -l 0,1 --no-huge -m 256 --no-shconf --no-pci --no-telemetry --vdev=net_null0 --vdev=net_null1 -- \
        --nb-cores=1 --burst=32 --total-num-mbufs=8191 --forward-mode="$mode" >"$log" 2>&1 || {
        cat "$log" >&2
        fail "this does not run under valgrind: $*"
    }
    # In callgrind's format costs follow the object and the function that they belong to; the line after `calls=` is the
    # callee's.
    awk '
        sub(/^ob=/, "") { sub(/.*\//, ""); object = $0; next }
        sub(/^fn=/, "") { name = $0; next }
        /^calls=/ { getline; next }
        /^[0-9+*-]/ { sum[object "\t" name] += $2 }
        END { for (key in sum) printf "%.0f\t%s\n", sum[key], key }' "$work/callgrind"
    awk '/TX-packets:/ { sent = $2 } END { print sent "\tpackets" }' "$log"
}

# count MODE PROGRAM…: prints `INSTRUCTIONS-A-PACKET TAB OBJECT TAB FUNCTION` for every function.
count() {
    run 1 "$@" >"$work/short"
    run 6 "$@" >"$work/long"
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
        }' "$work/short" "$work/long"
}

[[ $functions ]] || printf '| mode | program | its own code | net_null | other libraries | together |\n|---|---|---|---|---|---|\n'
for mode in ${modes//,/ }; do
    for program in pollway dpdk-testpmd; do
        words=(dpdk-testpmd)
        [[ $program != pollway ]] || words=("$binary" fwd)
        count "$mode" "${words[@]}" >"$work/counts"
        if [[ $functions ]]; then
            echo "$mode, $program:"
            awk -F '\t' '$1 >= 0.1 { printf "%7.1f  %s: %s\n", $1, $2, $3 }' "$work/counts" | sort -rn
        else
            awk -F '\t' -v mode="$mode" -v program="$program" -v own="$(basename "${words[0]}")" '
                $2 == own { ours += $1 }
                $2 ~ /net_null/ { device += $1 }
                { all += $1 }
                END {
                    layout = "| %s | %s | %.1f | %.1f | %.1f | %.1f |\n"
                    printf layout, mode, program, ours, device, all - ours - device, all
                }' "$work/counts"
        fi
    done
done

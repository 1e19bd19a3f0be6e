#!/usr/bin/env bash
# Measures `pollway fwd` against DPDK's own dpdk-testpmd: same devices, same burst and descriptors, one forwarding core,
# in turns, each going first every other time (A B, B A, …). Prints medians, their spread and the ratio, and the commands.
#
#   scripts/bench.sh [--runs N] [--seconds S] [--warm-up S] [--devices LIST] [--modes LIST] [--binary FILE] [--json | --markdown]
#
#   --runs      runs of each program, 5 unless told otherwise
#   --seconds   measuring time of a run, 3; --warm-up before it, 1
#   --devices   of null (two net_null ports) and vhost (two vhost-user ports whose guests are the virtio-user ports of a
#               second dpdk-testpmd on another core, whose flowgen fills them and empties them); default: null,vhost
#   --modes     of those in the table below, or `all`; default: io,mac,macswap
#   --binary    the program to measure; without it the release program is built first
#   --json, --markdown   one object, or the table of docs/performance.md, in place of the plain table
#
# Both programs are steered through their shells and read in the same way: packets sent between two `show port stats
# all` (those received, where the mode sends none), by the processor time that the forwarding thread got in between (the
# kernel's schedstat). On an idle machine that is the time on the clock; on a busy one it takes out the time that other
# programs had the core.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
    echo "bench: $*" >&2
    exit 2
}
fail() {
    echo "bench: $*" >&2
    exit 1
}

# What is measured: a name, the side whose packets count, and the flags that choose it.
modes_known='io TX --forward-mode=io
mac TX --forward-mode=mac
macswap TX --forward-mode=macswap
5tswap TX --forward-mode=5tswap
csum TX --forward-mode=csum
rxonly RX --forward-mode=rxonly
txonly TX --forward-mode=txonly
txonly-multi-flow TX --forward-mode=txonly --txonly-multi-flow
flowgen TX --forward-mode=flowgen
icmpecho RX --forward-mode=icmpecho
noisy TX --forward-mode=noisy'

# modes_all, flags_of MODE, side_of MODE: from the table.
modes_all() { awk '{ print $1 }' <<<"$modes_known" | paste -sd ,; }
flags_of() { awk -v mode="$1" '$1 == mode { $1 = $2 = ""; sub(/^ +/, ""); print }' <<<"$modes_known"; }
side_of() { awk -v mode="$1" '$1 == mode { print $2 }' <<<"$modes_known"; }

runs=5 seconds=3 warm_up=1 devices=null,vhost modes=io,mac,macswap binary='' format=plain
while [[ $# -gt 0 ]]; do
    case $1 in
        --json | --markdown) format=${1#--} ;;
        --runs | --seconds | --warm-up | --devices | --modes | --binary)
            [[ ${2:-} ]] || refuse "$1 needs a value"
            option=${1#--}
            declare "${option//-/_}=$2"
            shift
            ;;
        *) refuse "what is '$1'? The first lines of $0 say what there is" ;;
    esac
    shift
done
[[ $runs =~ ^[1-9][0-9]*$ ]] || refuse "--runs is a number from 1 on, not '$runs'"
[[ $seconds =~ ^[1-9][0-9]*$ ]] || refuse "--seconds is a whole number from 1 on, not '$seconds'"
[[ $warm_up =~ ^[0-9]+$ ]] || refuse "--warm-up is a whole number, not '$warm_up'"
for device in ${devices//,/ }; do
    [[ $device =~ ^(null|vhost)$ ]] || refuse "--devices are of null and vhost, not '$device'"
done
[[ $modes != all ]] || modes=$(modes_all)
for mode in ${modes//,/ }; do
    [[ $(side_of "$mode") ]] || refuse "--modes are of $(modes_all), not '$mode'"
done

# For 16383 packets of 2176 bytes and what EAL takes besides, in each of two programs.
needed_mib=256
command -v dpdk-testpmd >/dev/null || refuse "there is no dpdk-testpmd to measure against: scripts/setup.sh test installs it"
[[ $(nproc) -ge 2 ]] || refuse "two processors are needed, one to forward and one for the load; this process has $(nproc)"
free_mib=$(awk '$1 == "HugePages_Free:" { n = $2 } $1 == "Hugepagesize:" { k = $2 } END { print int(n * k / 1024) }' /proc/meminfo)
[[ $free_mib -ge $needed_mib ]] ||
    refuse "$free_mib MiB of hugepages are free, $needed_mib are needed: scripts/hugepages.sh reserve $((needed_mib / 2))"
grep -q ' hugetlbfs ' /proc/mounts || refuse "hugetlbfs is not mounted: scripts/hugepages.sh mount"

if [[ -z $binary ]]; then
    cargo build --release --package pollway >&2
    binary=${CARGO_TARGET_DIR:-target}/release/pollway
fi
[[ -x $binary ]] || refuse "$binary is not a program"
binary=$(realpath "$binary")

work=$(mktemp -d)
declare -A started=()
# Ends what was started and has not been ended, whatever happens.
clean_up() {
    [[ ${#started[@]} -eq 0 ]] || kill "${!started[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap clean_up EXIT
cd "$work"

# The commands. Socket paths are relative to the folder where they run, so that they can be typed elsewhere.
both='-i --nb-cores=1 --burst=32 --rxd=1024 --txd=1024 --total-num-mbufs=16383'
vdevs() {
    case $1 in
        null) echo --vdev=net_null0 --vdev=net_null1 ;;
        vhost) echo --vdev=net_vhost0,iface=vhost0.sock --vdev=net_vhost1,iface=vhost1.sock ;;
    esac
}
# command_of PROGRAM DEVICE MODE
command_of() {
    local program='pollway fwd'
    [[ $1 == pollway ]] || program=dpdk-testpmd
    echo "$program -l 0,1 --no-pci --no-telemetry --file-prefix=bench $(vdevs "$2") -- $both $(flags_of "$3")"
}
load="dpdk-testpmd --lcores=0@0,1@0 --no-pci --no-telemetry --file-prefix=bench-load --single-file-segments \
--vdev=net_virtio_user0,path=vhost0.sock,queue_size=1024 --vdev=net_virtio_user1,path=vhost1.sock,queue_size=1024 -- $both --forward-mode=flowgen"

# open NAME COMMAND…: starts a program whose shell reads NAME.in and waits for its prompt. Sets `pid` and the file
# descriptor `shell`.
open() {
    local name=$1
    shift
    rm -f "$name.in"
    mkfifo "$name.in"
    "$@" <"$name.in" >"$name.log" 2>&1 &
    pid=$!
    started[$pid]=yes
    exec {shell}>"$name.in"
    for _ in {1..300}; do
        grep -Eq '^(pollway|testpmd)> ' "$name.log" && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$name.log" >&2
    fail "no prompt from: $*"
}

# close NAME PID SHELL: ends a program in order.
close() {
    local shell=$3
    printf 'stop\nquit\n' >&"$shell"
    exec {shell}>&-
    wait "$2" || {
        cat "$1.log" >&2
        fail "$1 ended with an error"
    }
    unset "started[$2]"
}

# processor_time PID: the nanoseconds that its forwarding thread has run. EAL calls it rte-worker-1, newer ones dpdk-worker1.
processor_time() {
    local task
    for task in "/proc/$1/task/"*; do
        [[ $(<"$task/comm") != *worker* ]] || cut -d ' ' -f 1 "$task/schedstat"
    done
}

# measure PROGRAM DEVICE MODE: one run; adds the line `DEVICE MODE PROGRAM MPPS` to the file `results`.
measure() {
    local dut_pid dut load_pid='' guest='' words before after
    read -ra words <<<"$(command_of "$1" "$2" "$3")"
    [[ $1 != pollway ]] || words[0]=$binary
    open dut "${words[@]}"
    dut_pid=$pid dut=$shell
    if [[ $2 == vhost ]]; then
        read -ra words <<<"$load"
        open load "${words[@]}"
        load_pid=$pid guest=$shell
        echo start >&"$guest"
    fi
    echo start >&"$dut"
    sleep "$warm_up"
    echo show port stats all >&"$dut"
    before=$(processor_time "$dut_pid")
    sleep "$seconds"
    echo show port stats all >&"$dut"
    after=$(processor_time "$dut_pid")
    # The guests first: a virtio-user port whose host has gone does not close in order.
    [[ -z $load_pid ]] || close load "$load_pid" "$guest"
    close dut "$dut_pid" "$dut"
    # Four tables: both ports, twice.
    awk -v run="$2 $3 $1" -v ns=$((after - before)) -v count="$(side_of "$3")-packets:" '
        $1 == count && /-errors:|-missed:/ { packets[tables++ >= 2] += $2 }
        END {
            if (tables != 4 || packets[1] <= packets[0] || ns <= 0) exit 1
            printf "%s %.3f\n", run, (packets[1] - packets[0]) * 1000 / ns
        }' dut.log >>results || {
        cat dut.log >&2
        fail "nothing was forwarded by: $(command_of "$1" "$2" "$3")"
    }
}

for device in ${devices//,/ }; do
    for mode in ${modes//,/ }; do
        for ((run = 1; run <= runs; run++)); do
            order='pollway testpmd'
            ((run % 2)) || order='testpmd pollway'
            for program in $order; do
                measure "$program" "$device" "$mode"
                echo "bench: run $run of $runs: $(tail -n 1 results) Mpps" >&2
            done
        done
    done
done

for device in ${devices//,/ }; do
    for mode in ${modes//,/ }; do
        for program in pollway testpmd; do
            echo "$device $mode $program $(command_of "$program" "$device" "$mode")"
        done
    done
done >commands

# The ratio is the median over the pairs of runs that stand next to each other, so that a machine whose speed drifts
# does to both programs the same.
awk -v format="$format" -v runs="$runs" -v seconds="$seconds" -v warm_up="$warm_up" -v load="$load" '
    function median(list, i, j, swap) {
        for (i = 1; i <= runs; i++) sorted[i] = list[i]
        for (i = 1; i <= runs; i++)
            for (j = i + 1; j <= runs; j++)
                if (sorted[j] < sorted[i]) { swap = sorted[i]; sorted[i] = sorted[j]; sorted[j] = swap }
        return runs % 2 ? sorted[(runs + 1) / 2] : (sorted[runs / 2] + sorted[runs / 2 + 1]) / 2
    }
    # Sets low, middle and high of what a program reached in a row.
    function summarise(row, program, i) {
        for (i = 1; i <= runs; i++) one[i] = mpps[row, program, i]
        middle = median(one); low = sorted[1]; high = sorted[runs]
    }
    function ratio(row, i) {
        for (i = 1; i <= runs; i++) one[i] = mpps[row, "pollway", i] / mpps[row, "testpmd", i]
        return median(one)
    }
    function spread(row, program) {
        summarise(row, program)
        return sprintf("%.1f (%.1f..%.1f)", middle, low, high)
    }
    function object(row, program, i, list) {
        summarise(row, program)
        for (i = 1; i <= runs; i++) list = list (i > 1 ? "," : "") mpps[row, program, i]
        return sprintf("{\"command\":\"%s\",\"mpps\":[%s],\"median\":%.3f,\"min\":%.3f,\"max\":%.3f}", \
            command[row, program], list, middle, low, high)
    }
    function line(layout, row) {
        split(row, name, " ")
        printf layout, name[1], name[2], spread(row, "pollway"), spread(row, "testpmd"), ratio(row)
    }
    FILENAME == "results" {
        row = $1 " " $2
        if (!((row, $3) in taken)) if ($3 == "pollway") rows[++count] = row
        mpps[row, $3, ++taken[row, $3]] = $4
        next
    }
    { row = $1 " " $2; program = $3; sub(/^[^ ]+ [^ ]+ [^ ]+ /, ""); command[row, program] = $0 }
    END {
        if (format == "json") {
            printf "{\"runs\":%d,\"seconds\":%d,\"warm_up_s\":%d,\"load\":\"%s\",\"results\":[", runs, seconds, warm_up, load
            for (i = 1; i <= count; i++) {
                split(rows[i], name, " ")
                printf "%s{\"device\":\"%s\",\"mode\":\"%s\",\"pollway\":%s,\"testpmd\":%s,\"ratio\":%.3f}", (i > 1 ? "," : ""), \
                    name[1], name[2], object(rows[i], "pollway"), object(rows[i], "testpmd"), ratio(rows[i])
            }
            print "]}"
            exit
        }
        if (format == "markdown") {
            print "| device | mode | pollway, Mpps | testpmd, Mpps | ratio |\n|---|---|---|---|---|"
            for (i = 1; i <= count; i++) line("| %s | %s | %s | %s | %.2f |\n", rows[i])
            print "\n```"
        } else {
            printf "%-7s %-8s %-24s %-24s %s\n", "device", "mode", "pollway, Mpps", "testpmd, Mpps", "ratio"
            for (i = 1; i <= count; i++) line("%-7s %-8s %-24s %-24s %.2f\n", rows[i])
            print ""
        }
        for (i = 1; i <= count; i++) {
            print command[rows[i], "pollway"]
            print command[rows[i], "testpmd"]
        }
        if (rows[count] ~ /^vhost/) print load
        if (format == "markdown") print "```"
    }' results commands

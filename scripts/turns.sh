# shellcheck shell=bash disable=SC2154 # What is not assigned here the script that sources this has assigned.
# What benchmarks against dpdk-testpmd share; to be sourced. Two programs run in turns, each first every other time (A B, B A, …),
# and their figures become medians, spreads and ratios.
#
# The script that sources it has read its flags into `runs`, `seconds`, `warm_up`, `format` and `binary`, and has the functions
# `command_of PROGRAM DEVICE MODE` and `measure PROGRAM DEVICE MODE`, which adds `DEVICE MODE PROGRAM MPPS` to the file `results`.

refuse() {
    echo "bench: $*" >&2
    exit 2
}
fail() {
    echo "bench: $*" >&2
    exit 1
}

# prepare MIB: looks for what is needed, builds the program if none was named, and goes to a folder of its own.
prepare() {
    local needed_mib=$1 free_mib
    [[ $runs =~ ^[1-9][0-9]*$ ]] || refuse "--runs is a number from 1 on, not '$runs'"
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || refuse "--seconds is a whole number from 1 on, not '$seconds'"
    [[ $warm_up =~ ^[0-9]+$ ]] || refuse "--warm-up is a whole number, not '$warm_up'"
    command -v dpdk-testpmd >/dev/null || refuse "there is no dpdk-testpmd to measure against: scripts/setup.sh test installs it"
    [[ $(nproc) -ge 2 ]] || refuse "two processors are needed, one for the poll loop and one for the rest; this process has $(nproc)"
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
    trap clean_up EXIT
    cd "$work" || exit
}

declare -A started=()
# Ends what was started and has not been ended, whatever happens.
clean_up() {
    [[ ${#started[@]} -eq 0 ]] || kill "${!started[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}

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
        grep -Eq '^(pollway|testpmd|Pktgen:/)> ' "$name.log" && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$name.log" >&2
    fail "no prompt from: $*"
}

# close NAME PID SHELL STOP: ends a program in order, with its command to stop.
close() {
    local shell=$3
    printf '%s\nquit\n' "$4" >&"$shell"
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

# observe PID SHELL COMMAND: has a program show its figures, and again some seconds later. Sets `ns`, the time that its poll loop ran
# in between.
observe() {
    local before
    echo "$3" >&"$2"
    before=$(processor_time "$1")
    sleep "$seconds"
    echo "$3" >&"$2"
    # shellcheck disable=SC2034 # For `measure`.
    ns=$(($(processor_time "$1") - before))
}

# take_turns: measures each of the `rows`, lines of a device and a mode.
take_turns() {
    local device mode run program order
    while read -r device mode <&3; do
        for ((run = 1; run <= runs; run++)); do
            order='pollway testpmd'
            ((run % 2)) || order='testpmd pollway'
            for program in $order; do
                measure "$program" "$device" "$mode"
                echo "bench: run $run of $runs: $(tail -n 1 results) Mpps" >&2
            done
        done
        for program in pollway testpmd; do
            echo "$device $mode $program $(command_of "$program" "$device" "$mode")" >>commands
        done
    done 3<<<"$rows"
}

# report LOAD: prints what `take_turns` found, and the commands; LOAD is that of the program that loads vhost.
report() {
    # The ratio is the median over the pairs of runs that stand next to each other, so that a machine whose speed drifts
    # does to both programs the same.
    awk -v format="$format" -v runs="$runs" -v seconds="$seconds" -v warm_up="$warm_up" -v load="$1" '
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
}

# shellcheck shell=bash disable=SC2154 # What is not assigned here the script that sources this has assigned.
# What benchmarks against other programs share; to be sourced after needs.sh. Pollway and its peer run in turns, each first every other
# time (A B, B A, …), and their figures become medians, spreads and ratios.
#
# The script that sources it has read its options into `runs`, `seconds`, `warm_up`, `json`, `markdown` and `binary`, and has
#
#   rows        lines of three words: two that name what is measured, such as a device and a mode, and the peer
#   columns     the headings of the first two
#   command_of PROGRAM ROW…   prints the command of `pollway`, of the peer, or of the `load`, if there is one
#   measure PROGRAM ROW…      runs it, and adds a line `ROW… PROGRAM MPPS` to the file `results`; a further figure in it, a share, is
#                             what the heading `share` says

# prepare MIB: looks for what is needed, builds the program if none was named, and goes to a folder of its own.
prepare() {
    [[ $runs =~ ^[1-9][0-9]*$ ]] || refuse "--runs is a number from 1 on, not '$runs'"
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || refuse "--seconds is a whole number from 1 on, not '$seconds'"
    [[ $warm_up =~ ^[0-9]+$ ]] || refuse "--warm-up is a whole number, not '$warm_up'"
    need_programs dpdk-testpmd
    need_processors
    need_hugepages "$1"
    find_program
    project=$PWD
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

# in_background NAME COMMAND…: starts a program that reads nothing. Sets `pid`.
in_background() {
    "${@:2}" >"$1.log" 2>&1 &
    pid=$!
    started[$pid]=yes
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

# processor_time PID: the nanoseconds that its forwarding thread has run. EAL calls it rte-worker-1, newer ones dpdk-worker1, and
# Open vSwitch pmd-c01.
processor_time() {
    local task
    for task in "/proc/$1/task/"*; do
        [[ ! $(<"$task/comm") =~ worker|^pmd- ]] || cut -d ' ' -f 1 "$task/schedstat"
    done
}

# observe PID SHELL COMMAND: asks a shell for figures, and again some seconds later. Sets `ns`, the time that the poll loop of the
# program measured ran in between.
observe() {
    local before
    echo "$3" >&"$2"
    before=$(processor_time "$1")
    sleep "$seconds"
    echo "$3" >&"$2"
    # shellcheck disable=SC2034 # For `measure`.
    ns=$(($(processor_time "$1") - before))
}

# take_turns: measures each of the rows.
take_turns() {
    local first second peer run program order command
    while read -r first second peer <&3; do
        for ((run = 1; run <= runs; run++)); do
            order="pollway $peer"
            ((run % 2)) || order="$peer pollway"
            for program in $order; do
                measure "$program" "$first" "$second"
                echo "$(basename "$0" .sh): run $run of $runs: $(tail -n 1 results) Mpps" >&2
            done
        done
        for program in pollway "$peer" load; do
            command=$(command_of "$program" "$first" "$second")
            [[ -z $command ]] || echo "$first $second $program $command" >>commands
        done
    done 3<<<"$rows"
}

# report: prints what `take_turns` found, and the commands.
report() {
    local format=plain
    [[ -z $markdown ]] || format=markdown
    [[ -z $json ]] || format=json
    awk -v format="$format" -v runs="$runs" -v seconds="$seconds" -v warm_up="$warm_up" -v columns="$columns" -v share="${share:-}" \
        -f "$project/scripts/lib/report.awk" results commands
}

# shellcheck shell=bash disable=SC2154 # What is not assigned here the script that sources this has assigned.
# What benchmarks against other programs share; to be sourced after needs.sh. Pollway and its peer are up at the same time and run in
# turns of a second or less, each first every other time (A B, B A, …), while the other one is frozen: a machine that is slower for some
# minutes is so for both. What a program got by chance as it started, such as the places of its mbufs, it has for all its turns: so both
# are started anew for each run. The figures become medians, spreads and ratios.
#
# The script that sources it has read its options into `runs`, `turns`, `seconds`, `warm_up`, `json`, `markdown` and `binary`, and has
#
#   rows        lines of three words: two that name what is measured, such as a device and a mode, and the peer
#   columns     the headings of the first two
#   share       the heading of a further figure, if there is one
#   command_of PROGRAM ROW…   prints the command of `pollway` or the peer, or of `PROGRAM-load`, if there is one
#   begin PROGRAM ROW…        starts it, by `open`, and has it work
#   ask PROGRAM ROW…          has it print its counts
#   counts_of PROGRAM ROW…    prints a line for each answer so far: the packets, and for a share also its part and its whole
#   end PROGRAM ROW…          ends it in order, by `close`

# prepare MIB: looks for what is needed, builds the program if none was named, and goes to a folder of its own.
prepare() {
    [[ $runs =~ ^[1-9][0-9]*$ ]] || refuse "--runs is a number from 1 on, not '$runs'"
    [[ $turns =~ ^[1-9][0-9]*$ ]] || refuse "--turns is a number from 1 on, not '$turns'"
    [[ $seconds =~ ^[0-9]+(\.[0-9]+)?$ ]] || refuse "--seconds is a number such as 0.5, not '$seconds'"
    [[ $warm_up =~ ^[0-9]+(\.[0-9]+)?$ ]] || refuse "--warm-up is a number such as 0.5, not '$warm_up'"
    need_programs dpdk-testpmd
    need_processors
    need_hugepages "$1"
    find_program
    project=$PWD
    work=$(mktemp -d)
    trap clean_up EXIT
    cd "$work" || exit
}

# The programs that were started and have not been ended, and the file descriptors that their shells read, by name. What belongs to a
# program, such as its load, is called after it: PROGRAM-load.
declare -A pid_of=() shell_of=()

# Ends what was started and has not been ended, whatever happens.
clean_up() {
    local name
    for name in "${!pid_of[@]}"; do
        kill -TERM "${pid_of[$name]}" && kill -CONT "${pid_of[$name]}"
    done 2>/dev/null || true
    wait
    rm -rf "$work"
}

# in_background NAME COMMAND…: starts a program that reads nothing.
in_background() {
    "${@:2}" >"$1.log" 2>&1 &
    pid_of[$1]=$!
}

# open PROGRAM ROW…: starts it, or its load, by its command; its shell reads PROGRAM.in. Waits for its prompt.
open() {
    local name=$1 shell words
    read -ra words <<<"$(command_of "$@")"
    [[ $name != pollway ]] || words[0]=$binary
    rm -f "$name.in"
    mkfifo "$name.in"
    # By lines, or answers would stay in the program until its end.
    stdbuf -oL "${words[@]}" <"$name.in" >"$name.log" 2>&1 &
    pid_of[$name]=$!
    exec {shell}>"$name.in"
    shell_of[$name]=$shell
    for _ in {1..300}; do
        grep -Eq '^(pollway|testpmd|Pktgen:/)> ' "$name.log" && return
        kill -0 "${pid_of[$name]}" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 40 "$name.log" >&2
    fail "no prompt from: ${words[*]}"
}

# tell NAME COMMANDS: has its shell read them.
tell() { echo "$2" >&"${shell_of[$1]}"; }

# close NAME STOP: ends a program in order, with its command to stop.
close() {
    local shell=${shell_of[$1]}
    tell "$1" "$2"$'\n'quit
    exec {shell}>&-
    wait "${pid_of[$1]}" || {
        tail -n 40 "$1.log" >&2
        fail "$1 ended with an error"
    }
    unset "pid_of[$1]" "shell_of[$1]"
}

# signal SIGNAL PROGRAM: to it and what belongs to it.
signal() {
    local name
    for name in "${!pid_of[@]}"; do
        [[ $name != "$2" && $name != "$2"-* ]] || kill "-$1" "${pid_of[$name]}"
    done
}

# processor_time PROGRAM: the nanoseconds that its forwarding thread has run. EAL calls it rte-worker-1, newer ones dpdk-worker1, and
# Open vSwitch pmd-c01.
processor_time() {
    local task
    for task in "/proc/${pid_of[$1]}/task/"*; do
        [[ ! $(<"$task/comm") =~ worker|^pmd- ]] || cut -d ' ' -f 1 "$task/schedstat"
    done
}

# wait_for_answers N PROGRAM ROW…
wait_for_answers() {
    local count=$1
    shift
    for _ in {1..500}; do
        [[ $(counts_of "$@" | wc -l) -lt $count ]] || return 0
        sleep 0.01
    done
    tail -n 40 "$1"*.log >&2
    fail "no counts from: $(command_of "$@")"
}

# turn NUMBER PROGRAM ROW…: lets it run, and adds the time that its poll loop got between two questions to the file PROGRAM.ns.
turn() {
    local number=$1 before
    shift
    signal CONT "$1"
    # Caches have been the other's.
    sleep 0.1
    ask "$@"
    before=$(processor_time "$1")
    sleep "$seconds"
    ask "$@"
    echo "$(($(processor_time "$1") - before))" >>"$1.ns"
    wait_for_answers $((2 * number)) "$@"
    signal STOP "$1"
}

# turns_of RUN PROGRAM ROW ROW: adds a line `ROW ROW PROGRAM RUN MPPS [SHARE]` for each of its turns to the file `results`.
turns_of() {
    local run=$1
    shift
    # Two questions a turn; what a program says at its end nobody asked for.
    counts_of "$@" | head -n $((2 * turns)) | paste - - "$1.ns" | awk -v turn="$2 $3 $1 $run" '
        {
            packets = NF == 3 ? $2 - $1 : $4 - $1
            if (packets <= 0 || $NF <= 0) exit 1
            printf "%s %.3f", turn, packets * 1000 / $NF
            if (NF > 3) printf " %.3f", ($6 > $3 ? ($5 - $2) / ($6 - $3) : 0)
            print ""
        }' >>results || {
        tail -n 40 "$1"*.log >&2
        fail "no packets by: $(command_of "$@")"
    }
}

# measure RUN FIRST SECOND PEER: one run of a row's two programs.
measure() {
    local run=$1 row=("$2" "$3") programs=(pollway "$4") program number
    for program in "${programs[@]}"; do
        rm -f "$program.ns"
        begin "$program" "${row[@]}"
        sleep "$warm_up"
        signal STOP "$program"
    done
    for ((number = 1; number <= turns; number++)); do
        for program in "${programs[@]}"; do
            turn "$number" "$program" "${row[@]}"
        done
        programs=("${programs[1]}" "${programs[0]}")
    done
    for program in "${programs[@]}"; do
        signal CONT "$program"
        end "$program" "${row[@]}"
        turns_of "$run" "$program" "${row[@]}"
    done
}

# take_turns: measures each of the rows.
take_turns() {
    local first second peer run program command
    while read -r first second peer <&3; do
        for ((run = 1; run <= runs; run++)); do
            measure "$run" "$first" "$second" "$peer"
            echo "$(basename "$0" .sh): run $run of $runs: $first $second" >&2
        done
        for program in pollway "$peer" pollway-load "$peer-load"; do
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
    awk -v format="$format" -v seconds="$seconds" -v warm_up="$warm_up" -v columns="$columns" -v share="${share:-}" \
        -f "$project/scripts/lib/report.awk" results commands
}

#!/usr/bin/env bash
# Measures what a container behind `pollway switch` adds to a round trip: the same packets at the same rate through the switch alone, and
# through the switch, the container and the switch again, in turns. Prints the table of docs/latency.md.
#
#   scripts/latency-switch.sh [--rate RATE] [--size BYTES] [--seconds S] [--runs N] [--wires LIST] [--binary FILE]
#
#   --rate      100k; --size 96; --seconds of each run, 3; --runs of each, 5
#   --wires     how the generator reaches the switch, of veth (a kernel's interfaces, in place of NICs) and vhost (as a guest of the
#               switch); default: both
#   --binary    the program; without it the release program is built first
#
# Processor 1 has the switch's poll loop; processor 0 one that sends, receives and is the container's, which forwards with mode io on
# a virtio-user port: three poll loops on two processors would wait for time slices. Needs root and hugepages. Run it on a quiet
# machine.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh

rate=100k size=96 seconds=3 runs=5 wires=veth,vhost binary=''
take_options 'rate size seconds runs wires binary' '' "$@"
only_of --wires "$wires" veth,vhost
[[ $runs =~ ^[1-9][0-9]*$ ]] || refuse "--runs is a number from 1 on, not '$runs'"
[[ $EUID -eq 0 ]] || refuse "interfaces and hugepages take root: sudo $0"
need_programs ip
need_processors
need_hugepages 512
find_program

work=$(mktemp -d)
switch=''
clean_up() {
    [[ -z $switch ]] || kill "$switch" 2>/dev/null || true
    for side in 0 1; do ip link del "pwl$side" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap clean_up EXIT
cd "$work"
for side in 0 1; do
    ip link add "pwl$side" type veth peer name "pws$side"
    for end in "pwl$side" "pws$side"; do
        echo 1 >"/proc/sys/net/ipv6/conf/$end/disable_ipv6"
        ip link set "$end" up promisc on
    done
done

# ports_of WIRE: where the generator and the switch meet, as the generator has it and as the switch has it.
ports_of() {
    case $1 in
        veth) echo af_packet:pwl0 af_packet:pwl1 af_packet:pws0 af_packet:pws1 ;;
        vhost) echo virtio-user:0.sock virtio-user:1.sock vhost:0.sock vhost:1.sock ;;
    esac
}
# rules_of PATH: from port 0 to port 1, or to the container's port 2 in between.
rules_of() {
    case $1 in
        alone) echo '"in_port=0,actions=output:1"' ;;
        container) echo '"in_port=0,actions=output:2", "in_port=2,actions=output:1"' ;;
    esac
}
# commands_of WIRE PATH: the switch's and the generator's. The switch has the container's port in either case.
commands_of() {
    local ports own='--no-pci --no-telemetry'
    read -ra ports <<<"$(ports_of "$1")"
    echo "pollway switch $own --file-prefix=latency --lcores 0@0,1@1 --config $2.toml --" \
        "--port ${ports[2]} --port ${ports[3]} --port vhost:2.sock"
    echo "pollway gen $own --file-prefix=latency-gen --lcores 0@0,1@0 -- --port ${ports[0]} --port ${ports[1]}" \
        "$([[ $2 == alone ]] || echo '--port virtio-user:2.sock --forwarder io --forwarder-port 2 ')-m 1.0,1.1 --rx-port 1" \
        "--rate $rate --size $size --duration $seconds"
}
for path in alone container; do printf '[switch]\nflows = [%s]\n' "$(rules_of "$path")" >"$path.toml"; done

# measure WIRE PATH: one run; adds a line `WIRE PATH P50 P99 LOST`, in nanoseconds and packets.
measure() {
    local commands words
    mapfile -t commands <<<"$(commands_of "$1" "$2")"
    read -ra words <<<"${commands[0]}"
    "$binary" "${words[@]:1}" --duration 600 >switch.log 2>&1 &
    switch=$!
    until [[ -S 2.sock ]]; do
        kill -0 "$switch" 2>/dev/null || { cat switch.log >&2; fail "the switch has ended: ${commands[0]}"; }
        sleep 0.1
    done
    read -ra words <<<"${commands[1]}"
    "$binary" "${words[@]:1}" --json run.json >gen.log 2>&1 || { cat gen.log >&2; fail "this failed: ${commands[1]}"; }
    kill -INT "$switch"
    wait "$switch" || { cat switch.log >&2; fail "the switch ended with an error"; }
    switch=''
    tr -d ' \n' <run.json | sed -E 's/.*"account":\{"sent":[0-9]+,"received":([0-9]+),"lost":([0-9]+).*"rtt_ns":\{[^}]*"p50":([0-9]+)[^}]*"p99":([0-9]+).*/\1 \2 \3 \4/' |
        awk -v run="$1 $2" 'NF != 4 || $1 == 0 { exit 1 } { print run, $3, $4, $2 }' >>results || {
        cat gen.log >&2
        fail "nothing came back: ${commands[1]}"
    }
}

# median_of COLUMN WIRE PATH: `MEDIAN (LEAST..MOST)` in microseconds.
median_of() {
    awk -v column="$1" -v row="$2 $3" '$1 " " $2 == row { print $column }' results | sort -n |
        awk '{ all[NR] = $1 / 1000 } END {
            printf "%.2f (%.2f..%.2f)", (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2, all[1], all[NR]
        }'
}

for wire in ${wires//,/ }; do
    for ((run = 1; run <= runs; run++)); do
        order='alone container'
        ((run % 2)) || order='container alone'
        for path in $order; do
            measure "$wire" "$path"
            echo "latency-switch: run $run of $runs: $(tail -n 1 results)" >&2
        done
    done
done
echo '| wire | path | p50, µs | p99, µs | lost | p50, ratio |'
echo '|---|---|---|---|---|---|'
for wire in ${wires//,/ }; do
    for path in alone container; do
        lost=$(awk -v row="$wire $path" '$1 " " $2 == row { lost += $5 } END { print lost }' results)
        # In pairs of runs that stand next to each other, as scripts/lib/report.awk has it.
        ratio=$([[ $path == alone ]] || awk -v wire="$wire" '$1 == wire { p50[$2, ++count[$2]] = $3 }
            END { for (i = 1; i <= count["alone"]; i++) print p50["container", i] / p50["alone", i] }' results | sort -n |
            awk '{ all[NR] = $1 } END { printf "%.2f", (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }')
        echo "| $wire | $path | $(median_of 3 "$wire" "$path") | $(median_of 4 "$wire" "$path") | $lost | $ratio |"
    done
done
printf '\n```\n'
for wire in ${wires//,/ }; do for path in alone container; do commands_of "$wire" "$path"; done; done
for path in alone container; do echo "# $path.toml: flows = [$(rules_of "$path")]"; done
echo '```'

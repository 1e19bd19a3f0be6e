#!/usr/bin/env bash
# Measures round trips through three devices under test with the same loads, and writes the tables and the pictures of
# docs/latency.md:
#
#   a forwarder in the same process, mode io
#   a forwarder in a container, mode io, over vhost-user and virtio-user
#   a kernel's bridge between two interfaces in a namespace
#
#   scripts/latency.sh [--rates LIST] [--size BYTES] [--seconds S] [--binary FILE] [--out FOLDER]
#
#   --rates     asked of each, 10M,100k unless told otherwise; the kernel's bridge does not keep up with 10M, and its trial says so
#   --size      96; --seconds of each trial, 10
#   --binary    the program; without it the release program is built first
#   --out       where results go; without it docs/latency.md is rewritten and the pictures go to docs/latency/
#
# Needs root, two processors, hugepages, podman and debootstrap (scripts/setup.sh test). Run it on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib/needs.sh
. scripts/lib/needs.sh
# shellcheck source=scripts/lib/page.sh
. scripts/lib/page.sh

rates=10M,100k size=96 seconds=10 binary='' out=''
take_options 'rates size seconds binary out' '' "$@"
[[ $EUID -eq 0 ]] || refuse "namespaces and containers take root: sudo $0"
need_programs podman debootstrap ip
need_processors
need_hugepages 512
find_program

work=$(mktemp -d)
namespace=pwlat$$
container=pollway-latency-$$
engine=(podman --cgroup-manager=cgroupfs)
! command -v runc >/dev/null || engine+=(--runtime runc)
clean_up() {
    "${engine[@]}" rm --force --ignore "$container" >/dev/null 2>&1 || true
    ip netns del "$namespace" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

# measure RATE NAME EAL-FLAGS -- FLAGS: a trial.
measure() {
    local rate=$1 name=$2
    shift 2
    echo "latency: $rate, $name" >&2
    "$binary" gen --no-pci --no-telemetry --file-prefix "pwlat$$" "$@" \
        --rate "$rate" --size "$size" --duration "$seconds" --json "$work/$rate-$name.json" >&2
}

base=localhost/pollway-lab-base image=localhost/pollway:latency
"${engine[@]}" image exists "$base" || CONTAINER_ENGINE="${engine[*]}" tests/lab/base.sh "$base" >&2
CONTAINER_ENGINE="${engine[*]}" scripts/image.sh --binary "$binary" --base "$base" --tag "$image" -- \
    --network=host --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 >&2
# through_container RATE: a trial whose device under test lives as long. The guest's side comes when the socket is there.
through_container() {
    mkdir "$work/socket"
    {
        until [[ -S $work/socket/vhost ]]; do sleep 0.1; done
        "${engine[@]}" run --rm --name "$container" --privileged --network=none \
            --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
            -v /dev/hugepages:/dev/hugepages -v "$work/socket:/run/pollway" "$image" \
            fwd --no-pci --no-telemetry --file-prefix "pwlatc$$" --lcores 0@0,1@1 \
            --port virtio-user:/run/pollway/vhost --forward-mode io --duration 600
    } >"$work/container.log" 2>&1 &
    measure "$1" container --lcores 0@0,1@0 -- --port "vhost:$work/socket/vhost" -m 1.0
    "${engine[@]}" stop --time 5 "$container" >/dev/null 2>&1 || true
    wait
    rm -r "$work/socket"
}

ip netns add "$namespace"
ip -n "$namespace" link add br0 type bridge
for side in 0 1; do
    ip link add "pwl$side" type veth peer name "in$side" netns "$namespace"
    echo 1 >"/proc/sys/net/ipv6/conf/pwl$side/disable_ipv6"
    ip link set "pwl$side" up promisc on
    ip -n "$namespace" link set "in$side" master br0 up
done
ip -n "$namespace" link set br0 up

for rate in ${rates//,/ }; do
    # Both lcores that poll have a processor of their own; the main one, which sleeps, shares the first.
    measure "$rate" process --lcores 0@0,1@0,2@1 -- --forwarder io -m 1.0
    through_container "$rate"
    measure "$rate" bridge --lcores 0@0,1@0 -- --port af_packet:pwl0 --port af_packet:pwl1 -m 1.0,1.1 --rx-port 1
    report=("in the same process=$work/$rate-process.json" "in a container=$work/$rate-container.json"
        "a kernel's bridge=$work/$rate-bridge.json")
    mkdir "$work/$rate"
    {
        printf '### %s packets a second asked\n\n' "$rate"
        "$binary" gen report "${report[@]}" --pictures "$work/$rate" --html "$work/$rate/report.html" --markdown
        printf '\n![Percentiles of the three at %s](latency/percentiles-%s.svg)\n\n' "$rate" "$rate"
    } >>"$work/tables.md"
done

if [[ $out ]]; then
    mkdir -p "$out"
    for rate in ${rates//,/ }; do
        cp -r "$work/$rate" "$work/$rate"-*.json "$out"
    done
    cat "$work/tables.md"
    exit
fi
mkdir -p docs/latency
for rate in ${rates//,/ }; do
    cp "$work/$rate/percentiles.svg" "docs/latency/percentiles-$rate.svg"
done
fill_in docs/latency.md "$work/tables.md"

#!/usr/bin/env bash
# Measures round trips through three devices under test with one load, and writes the table and the picture of
# docs/latency.md:
#
#   a forwarder in the same process, mode io
#   a forwarder in a container, mode io, over vhost-user and virtio-user
#   a kernel's bridge between two interfaces in a namespace
#
#   scripts/latency.sh [--rate RATE] [--size BYTES] [--seconds S] [--binary FILE] [--out FOLDER]
#
#   --rate      asked of each, 10M unless told otherwise; the kernel's bridge does not keep up with that, and its trial says so
#   --size      96; --seconds of each trial, 10
#   --binary    the program; without it the release program is built first
#   --out       where results go; without it docs/latency.md is rewritten and the pictures go to docs/latency/
#
# Needs root, two processors, hugepages, podman and debootstrap (scripts/setup.sh test). Run it on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
    echo "latency: $*" >&2
    exit 2
}

rate=10M size=96 seconds=10 binary='' out=''
while [[ $# -gt 0 ]]; do
    case $1 in
        --rate | --size | --seconds | --binary | --out)
            [[ ${2:-} ]] || refuse "$1 needs a value"
            declare "${1#--}=$2"
            shift
            ;;
        *) refuse "what is '$1'? The first lines of $0 say what there is" ;;
    esac
    shift
done
[[ $EUID -eq 0 ]] || refuse "namespaces and containers take root: sudo $0"
[[ $(nproc) -ge 2 ]] || refuse "two processors are needed, one to measure and one to be measured; this process has $(nproc)"
for program in podman debootstrap ip; do
    command -v "$program" >/dev/null || refuse "there is no $program: scripts/setup.sh test installs it"
done
free_mib=$(awk '$1 == "HugePages_Free:" { n = $2 } $1 == "Hugepagesize:" { k = $2 } END { print int(n * k / 1024) }' /proc/meminfo)
[[ $free_mib -ge 512 ]] || refuse "$free_mib MiB of hugepages are free, 512 are needed: scripts/hugepages.sh reserve 512"
if [[ -z $binary ]]; then
    cargo build --release --package pollway --quiet
    binary=${CARGO_TARGET_DIR:-target}/release/pollway
fi

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

# measure NAME EAL-FLAGS -- FLAGS: a trial of the load.
measure() {
    local name=$1
    shift
    echo "latency: $name" >&2
    "$binary" gen --no-pci --no-telemetry --file-prefix "pwlat$$" "$@" \
        --rate "$rate" --size "$size" --duration "$seconds" --json "$work/$name.json" >&2
}

# Both lcores that poll have a processor of their own; the main one, which sleeps, shares the first.
measure process --lcores 0@0,1@0,2@1 -- --forwarder io -m 1.0

base=localhost/pollway-lab-base image=localhost/pollway:latency
"${engine[@]}" image exists "$base" || CONTAINER_ENGINE="${engine[*]}" tests/lab/base.sh "$base" >&2
CONTAINER_ENGINE="${engine[*]}" scripts/image.sh --binary "$binary" --base "$base" --tag "$image" -- \
    --network=host --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 >&2
mkdir "$work/socket"
{
    # The guest's side comes when the socket is there.
    until [[ -S $work/socket/vhost ]]; do sleep 0.1; done
    "${engine[@]}" run --rm --name "$container" --privileged --network=none \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
        -v /dev/hugepages:/dev/hugepages -v "$work/socket:/run/pollway" "$image" \
        fwd --no-pci --no-telemetry --file-prefix "pwlatc$$" --lcores 0@0,1@1 \
        --port virtio-user:/run/pollway/vhost --forward-mode io --duration 600
} >"$work/container.log" 2>&1 &
measure container --lcores 0@0,1@0 -- --port "vhost:$work/socket/vhost" -m 1.0
"${engine[@]}" stop --time 5 "$container" >/dev/null 2>&1 || true
wait

ip netns add "$namespace"
ip -n "$namespace" link add br0 type bridge
for side in 0 1; do
    ip link add "pwl$side" type veth peer name "in$side" netns "$namespace"
    echo 1 >"/proc/sys/net/ipv6/conf/pwl$side/disable_ipv6"
    ip link set "pwl$side" up promisc on
    ip -n "$namespace" link set "in$side" master br0 up
done
ip -n "$namespace" link set br0 up
measure bridge --lcores 0@0,1@0 -- --port af_packet:pwl0 --port af_packet:pwl1 -m 1.0,1.1 --rx-port 1

report=("in the same process=$work/process.json" "in a container=$work/container.json" "a kernel's bridge=$work/bridge.json")
if [[ $out ]]; then
    mkdir -p "$out"
    cp "$work"/*.json "$out"
    "$binary" gen report "${report[@]}" --pictures "$out" --html "$out/latency.html" --markdown
    exit
fi
mkdir -p docs/latency
"$binary" gen report "${report[@]}" --pictures docs/latency --markdown >"$work/table.md"
# Everything between the two marks is this script's.
awk -v table="$work/table.md" '
    /^<!-- latency.sh: end -->$/ { while ((getline line < table) > 0) print line; skipping = 0 }
    !skipping { print }
    /^<!-- latency.sh: begin -->$/ { skipping = 1 }
' docs/latency.md >"$work/page.md"
cp "$work/page.md" docs/latency.md
echo "latency: docs/latency.md and docs/latency/ are written" >&2

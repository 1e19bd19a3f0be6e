#!/usr/bin/env bash
# Makes a container base image of this machine's own release, with no container registry:
#
#   CONTAINER_ENGINE=podman tests/lab/base.sh NAME
#
# CONTAINER_ENGINE is a command with flags of its own, if it takes any. Needs root and debootstrap.
set -euo pipefail

name=$1
read -ra engine <<<"$CONTAINER_ENGINE"
# shellcheck source=/dev/null
. /etc/os-release
# Ubuntu keeps DPDK in universe.
components=main
[[ $ID != ubuntu ]] || components=main,universe

# /tmp may be mounted so that nothing in it can be run.
work=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --components="$components" "$VERSION_CODENAME" "$work"
tar -C "$work" -c . | "${engine[@]}" import - "$name"

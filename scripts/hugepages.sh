#!/usr/bin/env bash
# Shows, reserves, mounts and releases hugepages.
#
#   scripts/hugepages.sh show
#   scripts/hugepages.sh reserve COUNT [--size 2M|1G] [--node N]   at least COUNT pages; never takes any away
#   scripts/hugepages.sh mount [DIR] [--size 2M|1G]                hugetlbfs on DIR, /dev/hugepages by default
#   scripts/hugepages.sh release [--size 2M|1G] [--node N]         all pages that nobody uses
#   scripts/hugepages.sh cmdline COUNT [--size 2M|1G]              what to add to the kernel's command line
#
# The size is 2M unless told. SYSFS_ROOT, /sys by default, names the tree that is read and written.
#
# Exit: 0 done, 1 the kernel granted or gave back fewer pages than asked or refused, 2 wrong input.
set -euo pipefail

sysfs=${SYSFS_ROOT:-/sys}
self=scripts/hugepages.sh

refuse() {
    echo "hugepages: $*" >&2
    exit 2
}
fail() {
    echo "hugepages: $*" >&2
    exit 1
}

size_name() { if [[ $1 == 1048576 ]]; then echo 1G; else echo "$(($1 / 1024))M"; fi; }

# The folders of all pools, one a node and page size; a kernel without NUMA has them in another place.
pools() {
    if compgen -G "$sysfs/devices/system/node/node*/hugepages/hugepages-*kB" >/dev/null; then
        printf '%s\n' "$sysfs"/devices/system/node/node*/hugepages/hugepages-*kB | sort -V
    else
        printf '%s\n' "$sysfs"/kernel/mm/hugepages/hugepages-*kB
    fi
}

# The folder to reserve in or release from: one node's, or the one that the kernel spreads over all nodes.
pool() {
    local at="$sysfs/kernel/mm/hugepages"
    if [[ $node ]]; then
        at="$sysfs/devices/system/node/node$node/hugepages"
        [[ -d $at ]] || refuse "there is no NUMA node $node here; '$self show' lists those there are"
    fi
    [[ -d $at/hugepages-${kib}kB ]] ||
        refuse "this machine has no pages of $size; '$self show' lists the sizes there are"
    echo "$at/hugepages-${kib}kB"
}
where() { echo "pages of $size${node:+ on node $node}"; }

# set_total POOL COUNT
set_total() {
    { echo "$2" >"$1/nr_hugepages"; } 2>/dev/null ||
        fail "cannot write $1/nr_hugepages: it takes root, and in a container a writable /sys (reserve on the host)"
}

show() {
    local pool kib node
    [[ -d $(pools | head -n 1) ]] || fail "this kernel has no hugepages (no $sysfs/kernel/mm/hugepages)"
    printf '%-5s %-5s %8s %8s\n' node size total free
    while read -r pool; do
        node=$(sed -n 's|.*/node/node\([0-9]*\)/.*|\1|p' <<<"$pool")
        kib=${pool##*/hugepages-}
        printf '%-5s %-5s %8s %8s\n' "${node:--}" "$(size_name "${kib%kB}")" \
            "$(<"$pool/nr_hugepages")" "$(<"$pool/free_hugepages")"
    done < <(pools)
    awk '$3 == "hugetlbfs" { print "mounted: " $2 " (" $4 ")"; found = 1 } END { if (!found) print "mounted: nowhere" }' \
        /proc/self/mounts
}

reserve() {
    local pool before granted
    pool=$(pool)
    before=$(<"$pool/nr_hugepages")
    if ((before >= count)); then
        echo "hugepages: $before $(where) are reserved already"
        return
    fi
    set_total "$pool" "$count"
    granted=$(<"$pool/nr_hugepages")
    if ((granted < count)); then
        fail "the kernel granted $granted of $count $(where): free memory is short or in pieces." \
            "Stop what uses memory, or reserve at boot: $self cmdline $count --size $size"
    fi
    echo "hugepages: $granted $(where) are reserved"
}

mount_at() {
    local mounted options="pagesize=$size"
    mounted=$(awk -v dir="$dir" '$3 == "hugetlbfs" && $2 == dir { print $4 }' /proc/self/mounts)
    if [[ ,$mounted, == *,"$options",* ]]; then
        echo "hugepages: $dir is mounted already ($mounted)"
    elif [[ $mounted ]]; then
        fail "$dir has pages of another size ($mounted). Give another folder: $self mount /dev/hugepages$size --size $size"
    else
        { mkdir -p "$dir" && mount -t hugetlbfs -o "$options" hugetlbfs "$dir"; } ||
            fail "cannot mount hugetlbfs on $dir: it takes root, and in a container --privileged"
        echo "hugepages: mounted $dir ($options)"
    fi
}

release() {
    local pool kept
    pool=$(pool)
    set_total "$pool" 0
    # Pages in use stay until they are freed; the kernel counts them on as surplus.
    kept=$(<"$pool/nr_hugepages")
    ((kept == 0)) || fail "$kept $(where) are in use and stay for now: by a running program, or by the files that a dead" \
        "one left in a hugetlbfs folder (ls /dev/hugepages)"
    echo "hugepages: no $(where) are reserved any more"
}

cmdline() {
    if [[ $size == 1G ]] && ! grep -qw pdpe1gb /proc/cpuinfo && [[ $(uname -m) == x86_64 ]]; then
        echo "hugepages: note: this machine's processor has no pages of 1G (no pdpe1gb in /proc/cpuinfo)" >&2
    fi
    echo "default_hugepagesz=$size hugepagesz=$size hugepages=$count"
    echo "hugepages: append it to GRUB_CMDLINE_LINUX in /etc/default/grub, then: update-grub && reboot" >&2
}

[[ $# -gt 0 ]] || refuse "say what to do: $self show|reserve|mount|release|cmdline"
command=$1
shift
size=2M node='' count='' dir=''
case $command in
    show) takes='' ;;
    reserve) takes='count size node' ;;
    mount) takes='dir size' ;;
    release) takes='size node' ;;
    cmdline) takes='count size' ;;
    *) refuse "what is '$command'? Type: $self show|reserve|mount|release|cmdline" ;;
esac
while [[ $# -gt 0 ]]; do
    case $1 in
        --size | --node)
            [[ " $takes " == *" ${1#--} "* ]] || refuse "$command takes no $1"
            [[ ${2:-} ]] || refuse "$1 needs a value"
            declare "${1#--}=$2"
            shift
            ;;
        -*) refuse "what is '$1'? $command takes: ${takes:-nothing}" ;;
        *)
            if [[ $takes == *count* && -z $count ]]; then
                count=$1
            elif [[ $takes == *dir* && -z $dir ]]; then
                dir=$1
            else
                refuse "what is '$1'? $command takes: ${takes:-nothing}"
            fi
            ;;
    esac
    shift
done
case $size in
    2M) kib=2048 ;;
    1G) kib=1048576 ;;
    *) refuse "--size is 2M or 1G, not '$size'" ;;
esac
[[ $node =~ ^[0-9]*$ ]] || refuse "--node is a number, not '$node'"
if [[ $takes == *count* ]]; then
    [[ $count =~ ^[1-9][0-9]{0,8}$ ]] || refuse "$command needs a count of pages, from 1 on, not '$count'"
fi
dir=${dir:-/dev/hugepages}
case $command in
    mount) mount_at ;;
    *) "$command" ;;
esac

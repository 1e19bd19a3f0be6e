#!/bin/sh
# The guest's second program, on its root: what a system's start would do, then one session for each connection.
#
# From the kernel's command line come `scripts`, where this is, and `vm`, what prepare.sh made.
: "${scripts:?}" "${vm:?}"

# Not /tmp: the checkout may lie there, and what is written there stays in memory all the same.
for place in run dev/shm; do
    mkdir -p "/$place"
    mount -t tmpfs "$place" "/$place"
done
mkdir -p /dev/hugepages /lab
# The host may be a container, by this file; the guest is none.
rm -f /.dockerenv
mount -t hugetlbfs hugepages /dev/hugepages
mount -t cgroup2 control /sys/fs/cgroup
# Tests write a session's command here and read what came of it.
mount -t 9p -o trans=virtio,version=9p2000.L,cache=none lab /lab

# Modules, and the modprobe that knows them, before whatever the root has.
mkdir -p /usr/lib/modules /run/bin
ln -s "$vm"/modules/lib/modules/* /usr/lib/modules/
ln -s "$vm/busybox" /run/bin/modprobe
ln -s "$vm/busybox" /run/bin/busybox
export PATH=/run/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
echo /run/bin/modprobe >/proc/sys/kernel/modprobe
# vfio asks for its type 1 by a soft dependency, which busybox's modprobe does not know.
for module in virtio_net igb e1000 vfio_iommu_type1; do
    modprobe "$module"
done

# The way in: the one interface that the emulated router is behind.
ip link set lo up
control=$(grep -l 52:54:00:00:00:ff /sys/class/net/*/address | cut -d / -f 5)
ip address add 10.0.2.15/24 dev "$control"
ip link set "$control" up
ip route add default via 10.0.2.2

busybox nc -ll -p 7 -e "$scripts/session.sh" &
until cat /proc/net/tcp /proc/net/tcp6 | grep -q ':0007 '; do sleep 0.1; done
touch /lab/ready
# The first process collects what others leave.
while :; do wait; done

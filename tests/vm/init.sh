#!/bin/busybox sh
# The guest's first program, out of its initrd: makes this machine's own root, read-only, the guest's, with what the guest
# writes in memory. So a test runs in the guest what is installed and built outside, and nothing is copied.
#
# `scripts`, from the kernel's command line, is where guest.sh is on both sides.
# shellcheck shell=dash
: "${scripts:?}"

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe "$module"
done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose host /host
mount -t tmpfs rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work root /root
for place in proc sys dev; do
    mount --move "/$place" "/root/$place"
done
exec switch_root /root /bin/sh "$scripts/guest.sh"

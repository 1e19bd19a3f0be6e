#!/bin/sh
# In the guest: ends what a failed test has left running, and gives every NIC back to the kernel, without VFs.
rm -f /run/pollway/devices.json
busybox pidof pollway | xargs -r kill -9
for device in /sys/bus/pci/devices/*; do
    case $(cat "$device/class") in 0x02*) ;; *) continue ;; esac
    [ ! -e "$device/physfn" ] || continue
    if [ "$(cat "$device/sriov_numvfs" 2>/dev/null || echo 0)" != 0 ]; then
        echo 0 >"$device/sriov_numvfs"
        echo 1 >"$device/sriov_drivers_autoprobe"
        ip link set "$(ls "$device/net")" down
    fi
    # The one that the commands come in by has an address too.
    for interface in "$device"/net/*; do
        [ -e "$interface" ] || continue
        interface=${interface##*/}
        ip address show dev "$interface" | grep -q 10.0.2.15 && continue
        ip address flush dev "$interface"
        ip link set "$interface" down
    done
    type=$(cat "$device/iommu_group/type" 2>/dev/null || echo identity)
    case $type/$(basename "$(readlink "$device/driver")") in identity/igb | identity/virtio-pci | identity/e1000) continue ;; esac
    [ ! -e "$device/driver" ] || echo "${device##*/}" >"$device/driver/unbind"
    [ "$type" = identity ] || echo identity >"$device/iommu_group/type"
    echo >"$device/driver_override"
    echo "${device##*/}" >/sys/bus/pci/drivers_probe
done
chown 0 /dev/hugepages
echo N >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
sed -n 's/.* hugepages=\([0-9]*\) .*/\1/p' /proc/cmdline >/proc/sys/vm/nr_hugepages

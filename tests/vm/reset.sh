#!/bin/sh
# In the guest: ends what a failed test has left running, and gives every NIC back to the kernel, without VFs.
#
# It comes before every test, and a new process takes the emulated processor longer than all that a shell does by itself.

# contents FILE: what its one line says; nothing where there is no such file.
contents() {
    content=
    [ ! -e "$1" ] || read -r content <"$1"
}

rm -f /run/pollway/devices.json
busybox pidof pollway | xargs -r kill -9
for device in /sys/bus/pci/devices/*; do
    contents "$device/class"
    case $content in 0x02*) ;; *) continue ;; esac
    [ ! -e "$device/physfn" ] || continue
    contents "$device/sriov_numvfs"
    if [ "${content:-0}" != 0 ]; then
        echo 0 >"$device/sriov_numvfs"
        echo 1 >"$device/sriov_drivers_autoprobe"
        ip link set "$(ls "$device/net")" down
    fi
    contents "$device/iommu_group/type"
    type=${content:-identity}
    for driver in igb virtio-pci e1000; do
        [ "$type" = identity ] && [ -e "/sys/bus/pci/drivers/$driver/${device##*/}" ] && continue 2
    done
    [ ! -e "$device/driver" ] || echo "${device##*/}" >"$device/driver/unbind"
    [ "$type" = identity ] || echo identity >"$device/iommu_group/type"
    echo >"$device/driver_override"
    echo "${device##*/}" >/sys/bus/pci/drivers_probe
done
for interface in /sys/class/net/*; do
    contents "$interface/address"
    # Not the one that the commands come in by, and none that is no NIC.
    [ "$content" != 52:54:00:00:00:ff ] || continue
    [ -e "$interface/device" ] || continue
    # What is down may have addresses still.
    printf 'address flush dev %s\nlink set %s down\n' "${interface##*/}" "${interface##*/}"
done | ip -batch -
chown 0 /dev/hugepages
echo N >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
sed -n 's/.* hugepages=\([0-9]*\) .*/\1/p' /proc/cmdline >/proc/sys/vm/nr_hugepages

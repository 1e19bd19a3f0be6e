#!/bin/sh
# In the guest: gives PCI devices to a driver.
#
#   bind.sh DRIVER ADDRESS…
set -e
driver=$1
shift
modprobe "$driver"
for address; do
    device=/sys/bus/pci/devices/$address
    echo "$driver" >"$device/driver_override"
    [ ! -e "$device/driver" ] || echo "$address" >"$device/driver/unbind"
    echo "$address" >/sys/bus/pci/drivers_probe
    [ "$(basename "$(readlink "$device/driver")")" = "$driver" ]
done

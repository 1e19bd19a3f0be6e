#!/usr/bin/env bash
# Makes the virtual lab's machine out of Debian's packages, and nothing of it is installed:
#
#   tests/vm/prepare.sh DIR
#
# DIR then has
#   qemu         QEMU with emulated igb NICs: this system's own if it has them, else unpacked from the packages
#   vmlinux      Debian's kernel, unpacked, as that boots in half the time
#   initrd       what finds the host's files: busybox and a few modules
#   cpufreq.aml  what a firmware says of its processors' frequencies
#   modules/     the modules that tests load, igb_uio and a vfio that has the no-IOMMU mode among them
#   busybox      a modprobe, a nc and a cpio that every machine has then
#
# What is up to date is left alone. Takes no rights, some 240 MB from a mirror and a minute or two. Exit codes: 0 done,
# 77 the lab cannot be had on this machine, anything else: a step failed; the last line on stderr says why.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# The modules that the guest may load; those that they need come along.
modules=(9p 9pnet_virtio overlay virtio_pci virtio_net igb igbvf e1000 vfio-pci vfio_iommu_type1 uio_pci_generic igb_uio tun veth
    8021q acpi-cpufreq)

cannot() {
    echo "$*" >&2
    exit 77
}

[[ $# -eq 1 ]] || cannot "prepare: type: tests/vm/prepare.sh DIR"
mkdir -p "$1"
lab=$(cd "$1" && pwd)
# Two test programs must not prepare at the same time.
exec 9>"$lab.lock"
flock 9
made_by=$(cat "$0" "$here/init.sh" "$here/cpufreq.asl" | sha256sum)
[[ $(cat "$lab/made_by" 2>/dev/null) != "$made_by" ]] || exit 0

# shellcheck source=/dev/null
. /etc/os-release
[[ ${ID:-} == debian && $(uname -m) == x86_64 ]] || cannot "the virtual lab is made of Debian's packages for amd64"
for program in apt-get dpkg-deb gcc make xz; do
    command -v "$program" >/dev/null || cannot "$program is not installed: scripts/setup.sh test"
done

work=$lab.part
rm -rf "$work"
mkdir -p "$work"/{sources,lists/partial,debs/partial}
trap 'rm -rf "$work"' EXIT
cd "$work"

# apt with lists and archives of its own, so that backports can be asked without becoming a source of this system.
cp /etc/apt/sources.list sources/system.list 2>/dev/null || true
cp -r /etc/apt/sources.list.d/. sources/ 2>/dev/null || true
mirror=$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' "Codename: $VERSION_CODENAME" | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian}" \
    "$VERSION_CODENAME-backports main" >sources/backports.list
apt=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources" -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/debs" -o APT::Sandbox::User=root -o Debug::NoLocking=1 -qq)
apt-get "${apt[@]}" update || cannot "apt-get update does not reach Debian's mirror"

# download PACKAGE…: into debs/.
download() { (cd debs && apt-get "${apt[@]}" download "$@") || cannot "Debian's mirror does not have $*"; }
# unpack DIRECTORY: everything in debs/, which is empty then.
unpack() {
    local package
    for package in debs/*.deb; do dpkg-deb -x "$package" "$1"; done
    rm debs/*.deb
}
# depends PACKAGE: the one package that a package of Debian's only points at.
depends() { apt-cache "${apt[@]}" depends "$1" | sed -n 's/^ *Depends: //p' | head -n 1; }

has_igb() { "$1" -device help 2>/dev/null | grep -q '"igb"'; }

make_qemu() {
    local qemu
    if qemu=$(command -v qemu-system-x86_64) && has_igb "$qemu"; then
        ln -s "$qemu" qemu
        return
    fi
    # The libraries that it needs and this system does not have come with it.
    apt-get "${apt[@]}" install --download-only --yes --no-install-recommends -t "$VERSION_CODENAME-backports" \
        qemu-system-x86 >/dev/null || cannot "Debian's mirror does not have qemu-system-x86"
    unpack qemu.d
    cat >qemu <<'WRAPPER'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/qemu.d/usr
LD_LIBRARY_PATH=$here/lib/x86_64-linux-gnu exec "$here/bin/qemu-system-x86_64" \
    -L "$here/share/qemu" -L "$here/share/seabios" -L "$here/lib/ipxe/qemu" "$@"
WRAPPER
    chmod +x qemu
    has_igb ./qemu || cannot "this Debian's QEMU has no igb NIC: it takes 8.0 or newer"
}

# The kernel's and two modules that Debian does not build: igb_uio, and vfio with its no-IOMMU mode.
make_kernel() {
    local image headers version series build
    image=$(depends linux-image-amd64)
    version=${image#linux-image-}
    headers=linux-headers-$version
    series=$(cut -d . -f 1-2 <<<"$version")
    download "$image" "$headers" "${headers%-amd64}-common" "linux-kbuild-$series" dpdk-kmods-dkms
    unpack kernel
    download "linux-source-$series"
    dpkg-deb --fsys-tarfile "debs/linux-source-$series"_*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
        tar -xJ --strip-components 1 "linux-source-$series/drivers/vfio" "linux-source-$series/scripts/extract-vmlinux"
    sh scripts/extract-vmlinux "kernel/boot/vmlinuz-$version" >vmlinux

    build=$work/kernel/usr/src/$headers
    # The headers' Makefile includes another one by the path that it has once installed.
    sed -i "s|^include /usr/src|include $work/kernel/usr/src|" "$build/Makefile"
    make_module "$build" "$work/drivers/vfio" KCFLAGS=-DCONFIG_VFIO_NOIOMMU=1 CONFIG_VFIO_PCI= CONFIG_VFIO_MDEV= \
        CONFIG_VFIO_VIRQFD= CONFIG_VFIO_IOMMU_TYPE1=
    mv kernel/usr/src/dpdk-kmods-* igb_uio
    make_module "$build" "$work/igb_uio"

    local all=kernel/lib/modules/$version
    cp drivers/vfio/vfio.ko "$all/kernel/drivers/vfio/"
    cp igb_uio/igb_uio.ko "$all/kernel/drivers/"
    ./busybox depmod -b "$work/kernel" "$version"
    keep_modules "$work/$all" "$work/modules/lib/modules/$version"
    ./busybox depmod -b "$work/modules" "$version"
}

# make_module HEADERS DIRECTORY [VARIABLE=VALUE…]
make_module() {
    local headers=$1 directory=$2
    shift 2
    make -s -C "$headers" "M=$directory" CC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules >make.log 2>&1 || {
        cat make.log >&2
        exit 1
    }
}

# keep_modules FROM TO: those of `modules` and what they need.
keep_modules() {
    local module file
    for module in "${modules[@]}"; do
        # A module that became part of the kernel is none any more.
        sed -n "s|^\([^:]*/$module\.ko[^:]*\): *|\1 |p" "$1/modules.dep"
    done | tr ' ' '\n' | sort -u | while read -r file; do
        [[ -n $file ]] || continue
        mkdir -p "$2/$(dirname "$file")"
        cp "$1/$file" "$2/$file"
    done
}

make_initrd() {
    mkdir -p initrd.d/{bin,proc,sys,dev,host,rw,root}
    cp busybox initrd.d/bin/
    cp -r modules/lib initrd.d/
    install -m 755 "$here/init.sh" initrd.d/init
    (cd initrd.d && find . | ../busybox cpio -o -H newc) >initrd 2>/dev/null
}

# A table that a guest's firmware may have beside QEMU's own.
make_firmware() {
    download acpica-tools
    unpack acpica
    acpica/usr/bin/iasl -p cpufreq "$here/cpufreq.asl" >make.log 2>&1 || {
        cat make.log >&2
        exit 1
    }
}

make_qemu
make_firmware
download busybox-static
unpack busybox.d
mv busybox.d/bin/busybox busybox
make_kernel
make_initrd

rm -rf "$lab"
mkdir "$lab"
echo "$made_by" >made_by
mv qemu* cpufreq.aml vmlinux initrd modules busybox made_by "$lab/"

#!/bin/sh
# In the guest: takes away the package that has a file, and leaves apt a mirror that has this package alone, made of its files.
#
#   uninstall.sh FILE
#
# dpkg removes it although others need it.
set -e
package=$(dpkg --search "$1" | cut -d : -f 1 | head -n 1)
mkdir -p "/run/mirror/$package/DEBIAN"
cd /run/mirror
dpkg --status "$package" | grep -v '^Status:' >"$package/DEBIAN/control"
dpkg --listfiles "$package" | cut -c 2- | sed 1d |
    tar --create --directory / --no-recursion --files-from - | tar --extract --directory "$package"
dpkg-deb -Znone --build "$package" package.deb
{
    dpkg-deb --field package.deb
    echo "Filename: ./package.deb"
    echo "Size: $(stat --format %s package.deb)"
    echo "SHA256: $(sha256sum <package.deb | cut -d ' ' -f 1)"
} >Packages
rm -rf /etc/apt/sources.list.d
echo "deb [trusted=yes] file:/run/mirror ./" >/etc/apt/sources.list
apt-get update
dpkg --remove --force-depends "$package"

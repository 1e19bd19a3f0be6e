#!/usr/bin/env bash
# Builds the container image of the Dockerfile around a program from this machine: it needs no Rust image, and no
# registry but for the base.
#
#   scripts/image.sh [--binary FILE] [--base IMAGE] [--tag NAME] [-- FLAGS OF `podman build`…]
#
# Without --binary it builds the release program first. The base is to be of this machine's release, and is unless told.
# CONTAINER_ENGINE is the command, with flags of its own, to use in place of podman or docker.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
    echo "image: $*" >&2
    exit 2
}

read -ra engine <<<"${CONTAINER_ENGINE:-$(command -v podman || command -v docker || true)}"
[[ ${#engine[@]} -gt 0 ]] || refuse "there is neither podman nor docker: scripts/setup.sh installs podman"

binary='' base='' tag=pollway
while [[ $# -gt 0 && $1 != -- ]]; do
    case $1 in
        --binary | --base | --tag)
            [[ ${2:-} ]] || refuse "$1 needs a value"
            declare "${1#--}=$2"
            shift 2
            ;;
        *) refuse "what is '$1'? Type: scripts/image.sh [--binary FILE] [--base IMAGE] [--tag NAME] [-- FLAGS…]" ;;
    esac
done
[[ $# -eq 0 ]] || shift

if [[ -z $base ]]; then
    # shellcheck source=/dev/null
    base=$(. /etc/os-release && echo "$ID:${VERSION_CODENAME:?the release has no code name: give --base}")
fi
# The build context is a folder that holds the program and nothing else; it stands for the stage `program`.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
if [[ $binary ]]; then
    [[ -x $binary ]] || refuse "$binary is not a program"
    cp "$binary" "$context/pollway"
else
    cargo build --release --package pollway --target-dir "${CARGO_TARGET_DIR:-target}"
    cp "${CARGO_TARGET_DIR:-target}/release/pollway" "$context/pollway"
fi
"${engine[@]}" build --file Dockerfile --build-context "program=$context" --build-arg "BASE=$base" --tag "$tag" "$@" "$context"

#!/usr/bin/env bash
# Installs what Pollway needs from the distribution's packages: Debian 12 and 13, Ubuntu 24.04 (and 22.04 with a DPDK
# of one's own: the one it offers is too old).
#
#   scripts/setup.sh [build|demo|test|all]     each holds the one before it; default: all
#
#   build  what compiling takes
#   demo   what `pollway demo` shows as root: two kernels that ping each other and run iperf3
#   test   the peers of the whole-program tests, and what tests/vm/prepare.sh takes (it unpacks the rest, and installs nothing)
#   all    what .ci/run and the instruction counts take besides
#
# Where nothing is missing it says so in one line, quickly and without asking for rights. The packages of `build`, and
# cargo, are required: exit 1 without them. Of the others it says what is missing; what needs them says that it is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(gcc libc6-dev pkg-config libclang-dev libdpdk-dev)
demo=(iproute2 iputils-ping iperf3 ethtool)
test=(dpdk dpdk-dev openvswitch-switch-dpdk tcpdump tshark podman runc debootstrap make xz-utils)
all=(valgrind shellcheck)

# The services that packages start as they are installed.
declare -A services=([openvswitch-switch-dpdk]=openvswitch-switch)

# One place each says what is old enough: the build script for DPDK, the workspace for Rust.
oldest_dpdk=$(sed -n 's/^const OLDEST: &str = "\(.*\)";/\1/p' dpdk-sys/build.rs)
oldest_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

say() { echo "setup: $*"; }
fail() {
    failed=yes
    say "MISSING: $*"
}

# at_least VERSION OLDEST
at_least() { [[ $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# The arguments that are installed packages, one a line.
installed() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p'; }

# The version that apt would install, or nothing.
candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -vxF '(none)'; }

# Whether a package is of DPDK itself, and has its version.
is_dpdk() { [[ $1 =~ ^(lib)?dpdk ]]; }

# Whether apt has the package in a version that is of use: a DPDK that is too old is not.
offered() {
    local version
    version=$(candidate "$1") || return
    ! is_dpdk "$1" || at_least "$version" "$oldest_dpdk"
}

# as_root COMMAND…: directly, or by sudo, which may ask for a password only where somebody can answer.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}
may_be_root() { [[ $EUID -eq 0 ]] || { command -v sudo >/dev/null && as_root true; }; }

dpdk_is_there() { pkg-config --atleast-version="$oldest_dpdk" libdpdk 2>/dev/null; }

# The packages of the group, without those that this machine has in another form.
wanted() {
    local packages=("${build[@]}") own_dpdk='' docker_ce=''
    [[ $group == build ]] || packages+=("${demo[@]}")
    [[ $group == build || $group == demo ]] || packages+=("${test[@]}")
    [[ $group != all ]] || packages+=("${all[@]}")
    # A DPDK that somebody built and installed is the one to use, with its own tools.
    if [[ -z $(installed libdpdk-dev) ]] && dpdk_is_there; then own_dpdk=yes; fi
    # Docker's own packages bring a runc and conflict with the distribution's.
    if [[ -n $(installed containerd.io) ]]; then docker_ce=yes; fi
    for package in "${packages[@]}"; do
        if [[ $own_dpdk ]] && is_dpdk "$package"; then continue; fi
        [[ $docker_ce && $package == runc ]] || echo "$package"
    done
}

# Reads the group's packages that are not installed into `lacking`.
find_lacking() {
    local packages
    mapfile -t packages < <(wanted)
    mapfile -t lacking < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(installed "${packages[@]}" | sort))
    [[ ${#lacking[@]} -gt 0 ]] || say "all ${#packages[@]} packages of '$group' are installed"
}

# Reads those of `lacking` that apt can install into `installable`.
find_installable() {
    installable=()
    for package in "${lacking[@]}"; do
        if offered "$package"; then installable+=("$package"); fi
    done
}

install_lacking() {
    say "not installed yet: ${lacking[*]}"
    find_installable
    # Lists that are there and do not have a package need not be fetched again at each run.
    if [[ ${#installable[@]} -eq 0 ]] && compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then return; fi
    if ! may_be_root; then
        say "installing needs root, and there is no sudo that lets us. As root, type:"
        say "    apt-get update && apt-get install ${lacking[*]}"
        return
    fi
    say "apt-get update"
    as_root apt-get -qq update || say "apt-get update failed; going on with the lists that are there"
    find_installable
    [[ ${#installable[@]} -gt 0 ]] || return 0
    say "apt-get install ${installable[*]}"
    # Without the front end tshark and iperf3 ask questions; --no-remove keeps hands off what is installed.
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --yes --no-remove --no-install-recommends "${installable[@]}" ||
        say "apt-get install failed; its reason stands above"
    stop_services
    find_lacking
}

# Stops the services that the packages which were just installed have started.
stop_services() {
    local package service
    for package in "${installable[@]}"; do
        service=${services[$package]:-}
        if [[ ! $service ]] || ! systemctl is-active --quiet "$service" 2>/dev/null; then continue; fi
        say "systemctl disable --now $service: the tests start their own"
        as_root systemctl disable --now --quiet "$service" || say "$service goes on; the reason stands above"
    done
}

# What is missing after all: fatal for the group `build`, a remark for the others.
check_lacking() {
    local needed=() spared=()
    for package in "${lacking[@]}"; do
        if [[ " ${build[*]} " == *" $package "* ]]; then needed+=("$package"); else spared+=("$package"); fi
    done
    [[ ${#spared[@]} -eq 0 ]] || say "missing: ${spared[*]}; what needs them is skipped"
    [[ ${#needed[@]} -eq 0 ]] || fail "${needed[*]}; nothing can be built without them"
}

# A libdpdk-dev that is to be had but is not installed has been named among the packages already.
check_dpdk() {
    local found
    if dpdk_is_there || offered libdpdk-dev; then return; fi
    found=$(pkg-config --modversion libdpdk 2>/dev/null || candidate libdpdk-dev || true)
    fail "DPDK $oldest_dpdk or newer${found:+ (here: $found)}. Debian 12, Ubuntu 24.04 and later offer it."
    if [[ $found ]]; then
        say "    This release's is too old (Ubuntu 22.04 has 21.11). Upgrade the system, or run the container image"
        say "    (docs/container.md), or build a DPDK LTS from source (meson setup build && ninja -C build install) and"
        say "    put the folder of its libdpdk.pc into PKG_CONFIG_PATH."
    fi
}

check_cargo() {
    local found='' mend
    if command -v cargo >/dev/null; then found=$(cargo --version | cut -d ' ' -f 2); fi
    if [[ $found ]] && at_least "$found" "$oldest_rust"; then return; fi
    if command -v rustup >/dev/null; then
        mend='rustup update stable && rustup default stable'
    elif [[ -x ~/.cargo/bin/cargo ]]; then
        mend='. ~/.cargo/env'
    elif [[ -n $(candidate rustup) ]]; then
        mend='apt-get install rustup && rustup default stable'
    else
        mend="apt-get install curl && curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env"
    fi
    fail "cargo $oldest_rust or newer${found:+ (here: $found)}. Type:"
    say "    $mend"
}

group=${1:-all}
if [[ $# -gt 1 || ! $group =~ ^(build|demo|test|all)$ ]]; then
    echo "setup: what is '$*'? Type: scripts/setup.sh [build|demo|test|all]" >&2
    exit 2
fi
failed=''
if command -v apt-get >/dev/null; then
    find_lacking
    [[ ${#lacking[@]} -eq 0 ]] || install_lacking
    check_lacking
else
    say "this is neither Debian nor Ubuntu: install what corresponds to: $(wanted | tr '\n' ' ')"
fi
check_dpdk
check_cargo
[[ -z $failed ]]

# shellcheck shell=bash disable=SC2154 # `pid_of` is what turns.sh fills.
# An Open vSwitch on DPDK of one's own, whose files are all in the folder where we are; to be sourced after turns.sh.

vswitchd=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
# What its DPDK and its poll loop are told: no file of hugepages stays behind, and the loop is on processor 1.
ovs_settings=(other_config:dpdk-init=true other_config:dpdk-socket-mem=512 other_config:dpdk-lcore-mask=0x1 other_config:pmd-cpu-mask=0x2
    'other_config:dpdk-extra="--no-pci --in-memory --no-telemetry --file-prefix=bench"')

# need_ovs: it, and its tools.
need_ovs() {
    need_programs ovsdb-tool ovsdb-server ovs-vsctl ovs-ofctl "$vswitchd"
}

# vsctl WORDS…: changes its database.
vsctl() { ovs-vsctl --timeout=30 --db=unix:db.sock "$@"; }

# open_ovs RULES SOCKET…: starts one with a bridge br0 of vhost-user ports, numbered from 1, that listen at these sockets, and the
# rules of a file.
open_ovs() {
    local rules=$1 socket number=0
    shift
    export OVS_RUNDIR=$PWD OVS_LOGDIR=$PWD OVS_DBDIR=$PWD
    rm -f conf.db
    ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
    in_background ovs-database ovsdb-server --no-chdir --remote=punix:db.sock conf.db
    for _ in {1..100}; do
        [[ ! -S db.sock ]] || break
        sleep 0.1
    done
    vsctl --no-wait init -- set Open_vSwitch . "${ovs_settings[@]}"
    in_background ovs "$vswitchd" --no-chdir --unixctl="$PWD/ctl" unix:db.sock
    vsctl add-br br0 -- set bridge br0 datapath_type=netdev fail-mode=secure
    for socket in "$@"; do
        number=$((number + 1))
        vsctl add-port br0 "$socket" -- set interface "$socket" type=dpdkvhostuser "ofport_request=$number"
    done
    ovs-ofctl add-flows br0 "$rules"
}

# close_ovs: ends it and its database.
close_ovs() {
    kill "${pid_of[ovs]}" "${pid_of[ovs-database]}"
    wait "${pid_of[ovs]}" "${pid_of[ovs-database]}" || true
    unset 'pid_of[ovs]' 'pid_of[ovs-database]'
    rm -f ./ovs?.sock db.sock ctl br0.*
    # EAL makes it even where it keeps no files.
    rmdir /run/dpdk/bench 2>/dev/null || true
}

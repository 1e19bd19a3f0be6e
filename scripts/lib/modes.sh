# shellcheck shell=bash
# The forwarding modes that are measured, and the devices they run on; to be sourced after needs.sh.

# A name, the side whose packets count, and the flags that choose it.
modes_known='io TX --forward-mode=io
mac TX --forward-mode=mac
macswap TX --forward-mode=macswap
5tswap TX --forward-mode=5tswap
csum TX --forward-mode=csum
rxonly RX --forward-mode=rxonly
txonly TX --forward-mode=txonly
txonly-multi-flow TX --forward-mode=txonly --txonly-multi-flow
txonly-segments TX --forward-mode=txonly --txpkts=64,64
flowgen TX --forward-mode=flowgen
flowgen-clones TX --forward-mode=flowgen --flowgen-clones=3
icmpecho RX --forward-mode=icmpecho
noisy TX --forward-mode=noisy
noisy-buffer TX --forward-mode=noisy --noisy-tx-sw-buffer-size=512 --noisy-tx-sw-buffer-flushtime=10
noisy-memory TX --forward-mode=noisy --noisy-lkup-memory=1 --noisy-lkup-num-writes=2 --noisy-lkup-num-reads=2'

# modes_all, flags_of MODE, side_of MODE: from the table.
modes_all() { awk '{ print $1 }' <<<"$modes_known" | paste -sd ,; }
flags_of() { awk -v mode="$1" '$1 == mode { $1 = $2 = ""; sub(/^ +/, ""); print }' <<<"$modes_known"; }
side_of() { awk -v mode="$1" '$1 == mode { print $2 }' <<<"$modes_known"; }

# vdevs DEVICE [NAME]: two ports of a kind. `null` makes packets from nothing, `udp` replays one packet of UDP over IPv4 without end, from the
# file of `write_udp`; both forget what they are to send; `vhost` ports have the sockets NAME0.sock and NAME1.sock. Files are relative to the
# folder where the program runs.
vdevs() {
    case $1 in
        null) echo --vdev=net_null0 --vdev=net_null1 ;;
        udp) echo --vdev=net_pcap0,rx_pcap=udp.pcap,infinite_rx=1 --vdev=net_pcap1,rx_pcap=udp.pcap,infinite_rx=1 ;;
        vhost) echo --vdev=net_vhost0,iface="$2"0.sock --vdev=net_vhost1,iface="$2"1.sock ;;
    esac
}

# write_udp: makes the file udp.pcap of one packet of 60 bytes.
write_udp() {
    {
        # The file's header, of Ethernet and the machine's byte order; the packet's: no time, 60 bytes, of 60.
        printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0'
        printf '\0\0\0\0\0\0\0\0\x3c\0\0\0\x3c\0\0\0'
        printf '\2\0\0\0\0\x11\2\0\0\0\0\x22\x08\0'
        printf '\x45\0\0\x2e\0\0\0\0\x40\x11\x66\xbd\x0a\0\0\1\x0a\0\0\2'
        printf '\x04\xd2\x16\x2e\0\x1a\x12\x34\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    } >udp.pcap
}

//! The fields of an mbuf, read and written by offsets, are where C has them.
#![allow(unsafe_code, reason = "the C twins are called directly")]

use super::common::{on_main_lcore, pool};
use super::numbered;
use dataplane::batch::Batch;
use dataplane::mbuf::{HeaderLengths, Mbuf, RxTimestamp, VlanTags};
use dataplane::offload;
use dataplane::port::{Errno, Port, PortConfig};
use pcap_file::pcap::{PcapPacket, PcapWriter};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fs::File;
use std::time::Duration;

/// The C twin's view of a packet.
fn twin(mbuf: &Mbuf) -> dpdk_sys::pw_mbuf_fields {
    let mut fields = dpdk_sys::pw_mbuf_fields::default();
    // SAFETY: `Mbuf` is a transparent pointer to a live rte_mbuf; the call only reads.
    unsafe { dpdk_sys::pw_mbuf_fields_get(raw(mbuf), &mut fields) };
    fields
}

fn raw(mbuf: &Mbuf) -> *mut dpdk_sys::rte_mbuf {
    // SAFETY: `Mbuf` is a transparent NonNull<rte_mbuf>.
    unsafe { std::mem::transmute_copy(mbuf) }
}

#[test]
fn every_reader_agrees_with_its_c_twin() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "twins", 63);
        let mut runner = TestRunner::new(Config::with_cases(256));
        let fields = (any::<u64>(), any::<[u32; 2]>(), any::<u16>(), 0..1500_u16);
        runner
            .run(&fields, |(ol_flags, [pkt_len, rss], port, data_len)| {
                let mbuf = numbered(&pool, 0);
                let set = dpdk_sys::pw_mbuf_fields {
                    ol_flags: ol_flags & 0xffff,
                    pkt_len,
                    rss,
                    data_len,
                    port,
                    ..Default::default()
                };
                // SAFETY: the packet is alive and has one owner; the values are data that no call below follows.
                unsafe { dpdk_sys::pw_mbuf_fields_set(raw(&mbuf), &set) };
                let c = twin(&mbuf);
                prop_assert_eq!(mbuf.ol_flags(), set.ol_flags);
                prop_assert_eq!((mbuf.pkt_len(), mbuf.data_len()), (c.pkt_len, c.data_len));
                prop_assert_eq!((mbuf.port(), mbuf.headroom()), (c.port, c.headroom));
                prop_assert_eq!(
                    (mbuf.segments(), mbuf.refcnt(), mbuf.buf_len()),
                    (c.nb_segs, c.refcnt, c.buf_len)
                );
                prop_assert_eq!(mbuf.data().as_ptr().cast_mut().cast(), c.data);
                prop_assert_eq!(mbuf.data().len(), usize::from(data_len));
                let has_rss = set.ol_flags & dpdk_sys::PW_MBUF_F_RX_RSS_HASH != 0;
                prop_assert_eq!(mbuf.rss_hash(), has_rss.then_some(rss));
                prop_assert_eq!(mbuf.chunks().count(), 1);
                // SAFETY: as above; the packet goes back to its pool as DPDK expects it.
                unsafe { dpdk_sys::pw_mbuf_fields_set(raw(&mbuf), &Default::default()) };
                Ok(())
            })
            .unwrap();
        assert_eq!(pool.in_use(), 0);
    });
}

/// The one driver that says when packets came without a NIC: it reads them from a file, with the file's times.
#[test]
fn the_time_when_a_packet_came_is_where_c_looks_for_it() {
    on_main_lcore(|eal| {
        const MICROSECONDS: [u64; 3] = [1, 1_700_000_000_000_001, 2_147_483_647_999_999];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("times.pcap");
        let mut writer = PcapWriter::new(File::create(&file).unwrap()).unwrap();
        for time in MICROSECONDS.map(Duration::from_micros) {
            writer.write_packet(&PcapPacket::new(time, 60, &[0; 60])).unwrap();
        }
        drop(writer);
        let pool = pool(eal, "times", 511);
        let device = format!("net_pcap_times,rx_pcap={}", file.display());
        let mut port = Port::probe(eal, &device).unwrap();
        port.configure(&PortConfig::default(), &pool).unwrap();
        let (port, mut queues) = port.start().map_err(|refused| refused.error).unwrap();
        let mut batch = Batch::new();
        assert_eq!(queues.rx[0].rx_burst(&mut batch, 32), MICROSECONDS.len());

        let place = RxTimestamp::register(eal).unwrap();
        // SAFETY: EAL runs.
        unsafe { dpdk_sys::pw_sight_open() };
        for (mbuf, microseconds) in batch.iter().zip(MICROSECONDS) {
            let mut sight = dpdk_sys::pw_sight::default();
            // SAFETY: the packet is alive; the call only reads it.
            unsafe { dpdk_sys::pw_sight_of(raw(mbuf), &mut sight) };
            assert_eq!((sight.has_timestamp, sight.timestamp), (1, microseconds));
            assert_eq!(place.of(mbuf), Some(microseconds));
        }
        batch.clear();
        assert_eq!(place.of(&numbered(&pool, 0)), None, "nobody said when this one came");
        assert_eq!(port.clock().err(), Some(Errno::NOT_SUPPORTED), "a file's clock cannot be read");
        drop(port.stop(queues));
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn vlan_tags_are_where_c_looks_for_them() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "tags", 63);
        let mut mbuf = numbered(&pool, 0);
        mbuf.insert_vlan(VlanTags { inner: 5, outer: None });
        let c = twin(&mbuf);
        assert_eq!((c.ol_flags, c.vlan_tci), (dpdk_sys::PW_MBUF_F_TX_VLAN, 5));
        mbuf.insert_vlan(VlanTags { inner: 6, outer: Some(7) });
        let c = twin(&mbuf);
        let both = dpdk_sys::PW_MBUF_F_TX_VLAN | dpdk_sys::PW_MBUF_F_TX_QINQ;
        assert_eq!((c.ol_flags, c.vlan_tci, c.vlan_tci_outer), (both, 6, 7));
    });
}

#[test]
fn offloads_are_where_c_looks_for_them() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "offloads", 63);
        let mut runner = TestRunner::new(Config::with_cases(256));
        runner
            .run(
                &(any::<u64>(), any::<u32>(), any::<[u16; 6]>()),
                |(flags, packet_type, [l2, l3, l4, segment, outer_l3, outer_l2])| {
                    let mut mbuf = numbered(&pool, 0);
                    let lengths = HeaderLengths { l2, l3, l4, segment, outer_l3, outer_l2 };
                    mbuf.set_tx_offload(flags, lengths);
                    mbuf.set_packet_type(packet_type);
                    let c = twin(&mbuf);
                    prop_assert_eq!(c.packet_type, packet_type);
                    // The widths are those of `rte_mbuf_core.h`: 7, 9, 8, 16, 9 and 7 bits.
                    prop_assert_eq!(
                        (c.l2_len, c.l3_len, c.l4_len),
                        (l2 & 0x7f, l3 & 0x1ff, l4 & 0xff)
                    );
                    prop_assert_eq!((c.tso_segsz, mbuf.segment()), (segment, segment));
                    prop_assert_eq!(
                        (c.outer_l3_len, c.outer_l2_len),
                        (outer_l3 & 0x1ff, outer_l2 & 0x7f)
                    );
                    // A packet that owns its memory does not come to share it by a flag.
                    prop_assert_eq!(mbuf.ol_flags(), flags & !offload::tx::MEMORY);
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn a_packet_takes_the_length_that_fits() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "lengths", 63);
        let mut mbuf = numbered(&pool, 7);
        let room = mbuf.buf_len() - mbuf.headroom();
        assert_eq!(mbuf.resize(room).map(|data| data.len()), Some(usize::from(room)));
        assert_eq!((mbuf.data_len(), mbuf.pkt_len()), (room, u32::from(room)));
        assert!(mbuf.resize(room + 1).is_none());
        assert_eq!(mbuf.data_len(), room);
    });
}

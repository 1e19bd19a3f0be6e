//! Pools.

use super::common::{on_main_lcore, pool};
use dataplane::batch::Batch;
use dataplane::lcore::SocketId;
use dataplane::mempool::{Mempool, MempoolConfig, MempoolError};

#[test]
fn an_empty_pool_allocates_all_or_nothing() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "dry", 63);
        let mut batch = Batch::new();
        assert!(!pool.alloc_bulk(&mut batch, 64));
        assert!(batch.is_empty());
        assert!(pool.alloc_bulk(&mut batch, 63));
        assert_eq!((batch.len(), pool.in_use()), (63, 63));
    });
}

#[test]
fn a_pool_that_does_not_fit_says_what_it_would_take() {
    on_main_lcore(|eal| {
        let config = MempoolConfig {
            name: "huge".to_owned(),
            mbufs: (1 << 22) - 1,
            cache: 256,
            mbuf_size: 2176,
            socket: SocketId::ANY,
        };
        let error = Mempool::new(eal, &config).err().unwrap();
        assert!(
            matches!(error, MempoolError::Create { mbufs, mib, .. } if mbufs == config.mbufs && mib > 8192)
        );
        assert!(error.to_string().contains("-m "), "{error}");
    });
}

#[test]
fn packets_of_several_pools_go_back_each_to_its_own() {
    on_main_lcore(|eal| {
        let pools = ["one", "two"].map(|name| pool(eal, name, 63));
        for runs in [[40, 0], [0, 40], [1, 1], [20, 40], [40, 20]] {
            let mut batch = Batch::new();
            for (pool, count) in pools.iter().zip(runs) {
                assert!(pool.alloc_bulk(&mut batch, count));
            }
            assert_eq!([0, 1].map(|at: usize| pools[at].in_use() as usize), runs);
            batch.clear();
            assert_eq!([0, 1].map(|at: usize| pools[at].in_use()), [0, 0]);
        }
    });
}

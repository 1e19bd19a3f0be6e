//! Batches.

use super::common::{on_main_lcore, pool};
use super::{number, numbered};
use dataplane::batch::{Batch, MAX_BURST};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::VecDeque;

/// What a test does to a batch.
#[derive(Clone, Debug)]
enum Step {
    Push,
    Pop,
    Clear,
    Retain(u64),
    DrainEach,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Push),
        2 => Just(Step::Pop),
        1 => Just(Step::Clear),
        3 => (1..5_u64).prop_map(Step::Retain),
        1 => Just(Step::DrainEach),
    ]
}

#[test]
fn a_batch_loses_nothing_and_doubles_nothing() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "batches", 2047);
        let mut runner = TestRunner::new(Config::with_cases(200));
        runner
            .run(&prop::collection::vec(step(), 0..200), |steps| {
                let (mut batch, mut model, mut next) = (Batch::new(), VecDeque::new(), 0_u64);
                for step in steps {
                    match step {
                        Step::Push => {
                            batch.push(numbered(&pool, next)).unwrap();
                            model.push_back(next);
                            next += 1;
                        }
                        Step::Pop => {
                            prop_assert_eq!(batch.pop().as_ref().map(number), model.pop_back())
                        }
                        Step::Clear => {
                            batch.clear();
                            model.clear();
                        }
                        Step::Retain(nth) => {
                            let freed = batch.retain(|mbuf| !number(mbuf).is_multiple_of(nth));
                            let before = model.len();
                            model.retain(|number| !number.is_multiple_of(nth));
                            prop_assert_eq!(freed, before - model.len());
                        }
                        Step::DrainEach => {
                            let mut seen = Vec::new();
                            batch.drain_each(|mbuf| seen.push(number(&mbuf)));
                            prop_assert_eq!(seen, model.drain(..).collect::<Vec<_>>());
                        }
                    }
                    prop_assert_eq!(
                        batch.iter().map(number).collect::<Vec<_>>(),
                        Vec::from(model.clone())
                    );
                    prop_assert_eq!(pool.in_use() as usize, batch.len());
                }
                drop(batch);
                prop_assert_eq!(pool.in_use(), 0);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn a_full_batch_gives_the_packet_back() {
    on_main_lcore(|eal| {
        let pool = pool(eal, "full", 2047);
        let mut batch = Batch::new();
        assert!(pool.alloc_bulk(&mut batch, MAX_BURST));
        assert_eq!(batch.push(numbered(&pool, 99)).map_err(|mbuf| number(&mbuf)), Err(99));
        assert!(!pool.alloc_bulk(&mut batch, 1));
        drop(batch);
        assert_eq!(pool.in_use(), 0);
    });
}

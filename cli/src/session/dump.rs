//! What DPDK holds is shown, mostly in its own words.

use super::{Session, refused};
use crate::answer::Answer;
use crate::command::DumpCommand;
use crate::failure::Failure;
use crate::render::heaps::HeapsPage;
use dataplane::eal::{DumpOne, StructSizes};

impl Session {
    /// Carries out a command that shows what DPDK holds.
    pub(super) fn dump(&mut self, command: DumpCommand) -> Result<Answer, Failure> {
        match command {
            DumpCommand::All(what) => {
                self.eal.dump(what).map(Answer::from).map_err(Failure::running)
            }
            DumpCommand::One(what, name) => {
                let found = self.eal.dump_one(what, &name).map_err(Failure::running)?;
                found.map(Answer::from).ok_or_else(|| {
                    refused(match what {
                        DumpOne::Ring => "Cannot find ring",
                        DumpOne::Mempool => "Cannot find mempool",
                    })
                })
            }
            DumpCommand::SocketMemory => {
                let page = HeapsPage { heaps: self.eal.heaps(), before: self.heaps_shown };
                self.heaps_shown = Some(page.total());
                Ok(Answer::page(page))
            }
            DumpCommand::StructSizes => {
                let StructSizes { mbuf, mempool, ring } = StructSizes::OURS;
                let sizes = [("mbuf", mbuf), ("mempool", mempool), ("ring", ring)];
                let line = |(name, size)| format!("sizeof(struct rte_{name}) = {size}\n");
                Ok(sizes.into_iter().map(line).collect::<String>().into())
            }
        }
    }
}

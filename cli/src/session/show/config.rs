//! How packets are forwarded, and how ports are set up for it.

use super::port;
use crate::answer::Answer;
use crate::command::ConfigPage;
use crate::failure::Failure;
use crate::render::cores::{CoresPage, ForwardingPage};
use crate::render::rss::{Known, PortRssPage};
use crate::render::rxtx_config::{PortSetup, QueueSetup, RxTxPage};
use crate::session::Session;
use dataplane::engine::plan::Surroundings;
use dataplane::lcore::LcoreId;
use dataplane::port::{Any, Port, PortId, QueueId, Thresholds, Tuning};
use dataplane::runtime::Slot;

impl Session {
    /// A page of how packets are forwarded.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] if nothing could be started.
    pub(super) fn config_page(&self, page: ConfigPage) -> Result<Answer, Failure> {
        match page {
            ConfigPage::Fwd => self.forwarding_page().map(Answer::page),
            ConfigPage::Cores => {
                Ok(Answer::page(CoresPage { lcores: self.layout.cores().to_vec() }))
            }
            ConfigPage::RxTx => Ok(Answer::page(self.rxtx_page())),
            ConfigPage::RxOffsets => Ok("Number of offsets: 0\n".to_owned().into()),
            ConfigPage::RxSegments => Ok("Number of segments: 0\n".to_owned().into()),
            ConfigPage::TxTimes => Ok("Interburst gap: 0\nIntraburst gap: 0\n".to_owned().into()),
            ConfigPage::Rss => {
                let ports: Vec<PortId> = self.dataplane.ports().map(Slot::id).collect();
                Ok(self.each(&ports, |port| {
                    let rss = match port::rss_hash(port, true) {
                        Ok(hash) => Known::Hash(hash),
                        Err(failure) => Known::Nothing { error: failure.to_string() },
                    };
                    Ok(Answer::page(PortRssPage { port: port.id(), rss }))
                }))
            }
        }
    }

    /// Which lcore forwards what, or would after `start`.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] if nothing could be started.
    pub(in crate::session) fn forwarding_page(&self) -> Result<ForwardingPage, Failure> {
        let surroundings = Surroundings {
            mode: self.mode(),
            retry: self.forwarding.tries_again(),
            socket: &|lcore: LcoreId| self.eal.socket_of(lcore),
            peer: &|port| self.forwarding.peer(port).to_string().to_uppercase(),
        };
        let plan = match self.is_forwarding() {
            true => self.dataplane.engine.plan().clone(),
            false => self.plan()?,
        };
        Ok(ForwardingPage::new(plan, &surroundings))
    }

    /// How ports and queues are set up.
    pub(in crate::session) fn rxtx_page(&self) -> RxTxPage {
        let (mode, tx) = (self.mode(), &self.forwarding.options.tx);
        let makes_packets = matches!(mode, "txonly" | "flowgen");
        RxTxPage {
            mode: mode.to_owned(),
            made: makes_packets.then(|| (tx.length(), tx.segments.len())),
            burst: self.layout.asked.burst,
            cores: self.layout.cores().len(),
            forwarding_ports: self.layout.forwarding().len(),
            ports: self.dataplane.ports().map(|slot| setup(slot.port())).collect(),
        }
    }
}

/// What a port is set up for: the driver's own figures, or what was asked of it where it does not say.
fn setup(port: &Port<Any>) -> PortSetup {
    let config = port.config().cloned().unwrap_or_default();
    let (rx_offloads, tx_offloads) =
        port.offloads().unwrap_or((config.rx_offloads, config.tx_offloads));
    let first = QueueId(0);
    let rx = match port.rx_queue_info(first) {
        Ok(info) => QueueSetup {
            descriptors: info.descriptors,
            free_threshold: info.free_threshold,
            thresholds: info.thresholds,
            offloads: info.offloads,
            report_threshold: 0,
            share: (info.share_group > 0).then_some((info.share_group, info.share_queue)),
        },
        Err(_) => asked(config.rx_desc, &config.rx_tuning, rx_offloads),
    };
    let tx = match port.tx_queue_info(first) {
        Ok(info) => QueueSetup {
            descriptors: info.descriptors,
            free_threshold: info.free_threshold,
            thresholds: info.thresholds,
            offloads: info.offloads,
            report_threshold: info.report_threshold,
            share: None,
        },
        Err(_) => asked(config.tx_desc, &config.tx_tuning, tx_offloads),
    };
    let (rx_queues, tx_queues) = (config.rx_queues, config.tx_queues);
    PortSetup { port: port.id(), rx_queues, tx_queues, rx_offloads, tx_offloads, rx, tx }
}

/// What was asked of a queue; zero where its driver chose.
fn asked(descriptors: u16, tuning: &Tuning, offloads: u64) -> QueueSetup {
    QueueSetup {
        descriptors,
        free_threshold: tuning.free.unwrap_or(0),
        thresholds: Thresholds {
            prefetch: tuning.prefetch.unwrap_or(0),
            host: tuning.host.unwrap_or(0),
            writeback: tuning.write_back.unwrap_or(0),
        },
        offloads,
        report_threshold: tuning.report_status.unwrap_or(0),
        share: None,
    }
}

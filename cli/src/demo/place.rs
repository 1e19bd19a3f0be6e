//! Where the demo's lcores run: on the processors that this process may use, generator and forwarder apart.

use dataplane::engine::plan::ModelRequest;
use dataplane::lcore::LcoreId;

/// Lcores and processors for both models.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// EAL's `--lcores`.
    pub(super) lcores: String,
    /// The generator's lcore.
    pub(super) generator: LcoreId,
    /// The lcores of run-to-completion.
    pub(super) run_to_completion: Vec<LcoreId>,
    /// The lcores of the pipeline.
    pub(super) pipeline: Vec<LcoreId>,
}

/// EAL's main lcore: it only looks on, so it shares the generator's processor if it must.
const MAIN: LcoreId = LcoreId(0);
/// The first lcore that polls.
const FIRST: LcoreId = LcoreId(1);

impl Placement {
    /// Places the demo on `processors`, of which there is at least one.
    ///
    /// Polling lcores never share a processor: each would wait for the other's time slice, which takes milliseconds. On one
    /// processor generator and forwarder share one lcore, a pipeline's stages share the lcores that are left.
    pub(super) fn on(processors: &[usize]) -> Self {
        let polling = processors.len().min(4);
        let place = |lcore: LcoreId| {
            let at =
                processors.get(lcore.0.saturating_sub(FIRST.0) as usize).or(processors.first());
            format!("{lcore}@{}", at.copied().unwrap_or_default())
        };
        let polls: Vec<LcoreId> =
            (0..polling.max(1) as u32).map(|nth| LcoreId(FIRST.0 + nth)).collect();
        let lcores: Vec<String> =
            std::iter::once(MAIN).chain(polls.iter().copied()).map(place).collect();
        let forwarders: Vec<LcoreId> = if polls.len() > 1 { polls[1..].to_vec() } else { polls };
        Self {
            lcores: lcores.join(","),
            generator: FIRST,
            run_to_completion: forwarders[..1].to_vec(),
            pipeline: forwarders,
        }
    }

    /// The lcores of a model.
    pub(super) fn forwarders(&self, model: &ModelRequest) -> &[LcoreId] {
        match model {
            ModelRequest::RunToCompletion => &self.run_to_completion,
            _ => &self.pipeline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lcores(ids: &[u32]) -> Vec<LcoreId> {
        ids.iter().copied().map(LcoreId).collect()
    }

    #[test]
    fn one_processor_holds_everything_on_one_polling_lcore() {
        let placement = Placement::on(&[3]);
        assert_eq!(placement.lcores, "0@3,1@3");
        assert_eq!((placement.generator, placement.pipeline), (LcoreId(1), lcores(&[1])));
        assert_eq!(placement.run_to_completion, lcores(&[1]));
    }

    #[test]
    fn two_processors_keep_generator_and_forwarder_apart() {
        let placement = Placement::on(&[0, 5]);
        assert_eq!(placement.lcores, "0@0,1@0,2@5");
        assert_eq!((placement.generator, placement.pipeline), (LcoreId(1), lcores(&[2])));
    }

    #[test]
    fn four_processors_give_each_stage_its_own() {
        let placement = Placement::on(&[0, 1, 2, 3, 4, 5]);
        assert_eq!(placement.lcores, "0@0,1@0,2@1,3@2,4@3");
        assert_eq!(placement.run_to_completion, lcores(&[2]));
        assert_eq!(placement.pipeline, lcores(&[2, 3, 4]));
    }
}

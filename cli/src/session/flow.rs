//! Flow rules are made, shown and taken away. What a device does not take is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::answer::Answer;
use crate::command::{FlowCommand, FlowDeed};
use crate::failure::Failure;
use crate::render::flow_rules::{FlowCountPage, FlowListPage, complaint};
use dataplane::port::{Any, FlowError, FlowId, Port};

impl Session {
    /// Carries out a command about flow rules.
    pub(super) fn flow(&mut self, command: FlowCommand) -> Result<Answer, Failure> {
        let FlowCommand { port, deed } = command;
        let port = self.existing(port)?;
        match deed {
            FlowDeed::Validate(rule) => {
                port.validate_flow(&rule).map_err(complained)?;
                Ok("Flow rule validated\n".to_owned().into())
            }
            FlowDeed::Create(rule) => {
                let FlowId(id) = port.create_flow(rule).map_err(complained)?;
                Ok(format!("Flow rule #{id} created\n").into())
            }
            FlowDeed::Destroy(ids) => destroy(port, &ids).map(Answer::from),
            FlowDeed::Flush => {
                port.flush_flows().map_err(complained).map(|()| String::new().into())
            }
            FlowDeed::List(groups) => Ok(Answer::page(FlowListPage::new(port.flows(), &groups))),
            FlowDeed::QueryCount(FlowId(id)) => match port.query_flow_count(FlowId(id)) {
                Some(count) => Ok(Answer::page(FlowCountPage::from(count.map_err(complained)?))),
                None => Err(refused(format!("Flow rule #{id} not found"))),
            },
            FlowDeed::Isolate(on) => {
                port.isolate_flows(on).map_err(complained)?;
                let how = if on { "now restricted" } else { "not restricted anymore" };
                Ok(format!(
                    "Ingress traffic on port {} is {how} to the defined flow rules\n",
                    port.id()
                )
                .into())
            }
        }
    }
}

/// Takes rules away; testpmd says nothing of one that is not there, and here it is said.
fn destroy(port: &Port<Any>, ids: &[FlowId]) -> Result<String, Failure> {
    let mut answer = String::new();
    for FlowId(id) in ids {
        match port.destroy_flow(FlowId(*id)) {
            Some(destroyed) => {
                destroyed.map_err(complained)?;
                answer += &format!("Flow rule #{id} destroyed\n");
            }
            None => answer += &format!("Flow rule #{id} not found\n"),
        }
    }
    Ok(answer)
}

fn complained(error: FlowError) -> Failure {
    refused(complaint(&error))
}

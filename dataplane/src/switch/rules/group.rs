//! Groups: several lists of actions, of which a packet gets one or all.
//!
//! `group_id=1,type=select,bucket=weight:3,actions=output:1,bucket=actions=output:2`

use super::action::Actions;
use super::parse::{parse_actions, words};
use super::values::Given;
use super::{Action, RuleError};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Several lists of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number, by which rules name it.
    pub id: u32,
    /// Which of the lists a packet gets.
    pub kind: GroupKind,
    /// The lists.
    pub buckets: Vec<Bucket>,
}

/// Which lists of a group a packet gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// One, by the hash of its flow, so that a flow keeps to it.
    Select,
    /// Each, a copy of its own.
    All,
    /// The only one.
    Indirect,
}

/// One list of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its share of the flows, beside the others' weights; 0 for none.
    pub weight: u16,
    /// What is done.
    pub actions: Vec<Action>,
}

impl FromStr for Group {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (head, mut rest) = match text.find("bucket") {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let (mut id, mut kind) = (None, None);
        for word in words(head) {
            let (field, value) = word.split_once('=').unwrap_or((word, ""));
            let given = Given { field, value };
            match field {
                "group_id" => id = Some(given.as_number(0xffff_ff00)?),
                "type" => kind = Some(parse_kind(given)?),
                _ => return Err(RuleError::UnknownField(word.to_owned())),
            }
        }
        let id = id.ok_or(RuleError::GroupLacks("group_id"))?;
        let kind = kind.ok_or(RuleError::GroupLacks("type"))?;
        let mut buckets = Vec::new();
        while let Some(bucket) =
            rest.strip_prefix("bucket").and_then(|rest| rest.strip_prefix(['=', ':']))
        {
            let end = bucket.find("bucket").unwrap_or(bucket.len());
            buckets.push(parse_bucket(&bucket[..end])?);
            rest = &bucket[end..];
        }
        if !rest.is_empty() {
            return Err(RuleError::UnknownField(rest.to_owned()));
        }
        let wrong = |why| Err(RuleError::Buckets { group: id, why });
        match kind {
            GroupKind::Indirect if buckets.len() != 1 => {
                wrong("type indirect has exactly one bucket")
            }
            GroupKind::Select if !buckets.is_empty() && buckets.iter().all(|b| b.weight == 0) => {
                wrong("give one of the buckets a weight, or nothing is ever selected")
            }
            _ => Ok(Self { id, kind, buckets }),
        }
    }
}

fn parse_kind(given: Given<'_>) -> Result<GroupKind, RuleError> {
    match given.value {
        "select" => Ok(GroupKind::Select),
        "all" => Ok(GroupKind::All),
        "indirect" => Ok(GroupKind::Indirect),
        "ff" | "fast_failover" => Err(RuleError::Refused {
            word: given.value.to_owned(),
            why: "buckets watch no ports; use select, all or indirect",
        }),
        _ => Err(given.bad("give select, all or indirect")),
    }
}

fn parse_bucket(text: &str) -> Result<Bucket, RuleError> {
    let (mut weight, mut rest) = (1, text);
    // A weight stands first, if there is one.
    if let Some(after) = rest.strip_prefix("weight").and_then(|rest| rest.strip_prefix([':', '=']))
    {
        let (value, behind) = after.split_once(',').unwrap_or((after, ""));
        weight = Given { field: "weight", value }.as_number(65535)?;
        rest = behind;
    }
    let rest =
        ["actions=", "action="].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    let actions = parse_actions(rest)?;
    if let Some(Action::Group(_)) = actions.iter().find(|action| matches!(action, Action::Group(_)))
    {
        return Err(RuleError::Refused {
            word: "group".to_owned(),
            why: "a bucket hands packets to ports, not to other groups",
        });
    }
    Ok(Bucket { weight, actions })
}

/// As `ovs-ofctl dump-groups` prints it.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            GroupKind::Select => "select",
            GroupKind::All => "all",
            GroupKind::Indirect => "indirect",
        };
        write!(f, "group_id={},type={kind}", self.id)?;
        for bucket in &self.buckets {
            f.write_str(",bucket=")?;
            if self.kind == GroupKind::Select && bucket.weight != 1 {
                write!(f, "weight:{},", bucket.weight)?;
            }
            write!(f, "actions={}", Actions(&bucket.actions))?;
        }
        Ok(())
    }
}

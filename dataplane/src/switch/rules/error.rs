//! What can be wrong with the text of a rule or a group.

/// Why a rule or a group is refused. Each names the word at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A word that is no field of a match.
    #[error(
        "unknown field '{0}': a rule is matches, then actions, as in in_port=1,ip,nw_dst=10.0.0.0/8,actions=output:2"
    )]
    UnknownField(String),
    /// A field has no value, or one that it cannot have.
    #[error("{field}={value} is not possible: {expected}")]
    BadValue {
        /// The field, or the action.
        field: String,
        /// What was written.
        value: String,
        /// What can be.
        expected: String,
    },
    /// A field is given twice, with different values.
    #[error("{0} is given twice")]
    Twice(String),
    /// A field that only some packets have.
    #[error("{field} is a field of {of} only: add {add} to the rule")]
    Prerequisite {
        /// The field.
        field: String,
        /// Which packets have it.
        of: &'static str,
        /// What to add.
        add: &'static str,
    },
    /// A field of the transport's header, of fragments that have none.
    #[error("later fragments have no {0}: leave out {0} or ip_frag=later")]
    LaterFragment(String),
    /// A rule without `actions=`.
    #[error("the rule has no actions: end it with actions=output:PORT, normal, drop …")]
    NoActions,
    /// A word that is no action.
    #[error(
        "unknown action '{0}': there are output:PORT, in_port, flood, all, normal, drop, group:N, mod_dl_src:MAC, mod_dl_dst:MAC, \
         mod_nw_src:IP, mod_nw_dst:IP, mod_nw_tos:N, mod_nw_ttl:N, dec_ttl, mod_tp_src:PORT, mod_tp_dst:PORT, strip_vlan, \
         push_vlan:TYPE, mod_vlan_vid:VID, mod_vlan_pcp:PCP"
    )]
    UnknownAction(String),
    /// An action, a field or a kind of group that is OVS's and not ours.
    #[error("{word} is not possible here: {why}")]
    Refused {
        /// The word.
        word: String,
        /// The reason.
        why: &'static str,
    },
    /// Actions that make no sense together.
    #[error("'{0}' stands alone: leave the other actions out")]
    Alone(&'static str),
    /// No such group.
    #[error("there is no group {0}: add it first")]
    NoGroup(u32),
    /// A group of that number is there.
    #[error("there is a group {0} already: change it with mod-group, or delete it first")]
    GroupExists(u32),
    /// A group without buckets, or of a kind that takes one.
    #[error("group {group}: {why}")]
    Buckets {
        /// The group's number.
        group: u32,
        /// What is wrong.
        why: &'static str,
    },
    /// A word that a group has to have.
    #[error(
        "the group has no {0}, as in group_id=1,type=select,bucket=actions=output:1,bucket=actions=output:2"
    )]
    GroupLacks(&'static str),
}

//! Grammars of their own at the end of a line, whose next word depends on all before it: flow rules.

/// A grammar of its own.
#[derive(Clone, Copy)]
pub(crate) struct Own {
    /// The placeholder for it in a table's syntax, which help writes in small letters.
    pub(crate) name: &'static str,
    /// Follows the words typed so far.
    pub(crate) follow: fn(&[&str]) -> Followed,
}

/// How far words could be followed.
pub(crate) struct Followed {
    /// How many of them.
    pub(crate) understood: usize,
    /// The words that can come next.
    pub(crate) choices: Vec<&'static str>,
    /// What can come next and is too much to list: `a number from 0 to 65535`.
    pub(crate) form: Option<String>,
    /// Whether the line may end here.
    pub(crate) may_end: bool,
}

impl Own {
    /// Whether a word may follow others.
    pub(super) fn accepts(&self, before: &[&str], word: &str) -> bool {
        (self.follow)(&[before, &[word]].concat()).understood > before.len()
    }
}

// Two are the same if they have one name: functions have no identity.
impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Own {}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

//! What is wrong in a configuration file: where, by which rule, and how to put it right.

/// Who refuses a file, or what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuser {
    /// The reader of ocfs2-tools (`o2cb_ctl/jconfig.c`, `o2cb_ctl/o2cb_config.c`): no command of it works with such a file.
    Reader,
    /// `o2cb register-cluster` of ocfs2-tools.
    Registration,
    /// The kernel's node manager or heartbeat, when it is told (`fs/ocfs2/cluster/nodemanager.c`, `heartbeat.c`).
    Kernel,
    /// Nobody before it is used, but it cannot work.
    Use,
}

impl Refuser {
    /// The word for machine-readable output.
    pub fn word(self) -> &'static str {
        match self {
            Refuser::Reader => "reader",
            Refuser::Registration => "registration",
            Refuser::Kernel => "kernel",
            Refuser::Use => "use",
        }
    }
}

/// A rule that a file breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name that does not change between versions.
    pub id: &'static str,
    /// Who refuses what breaks it: an error. `None`: nobody does, but it hurts later: a warning.
    pub refuser: Option<Refuser>,
}

impl Rule {
    pub(crate) const fn refused(by: Refuser, id: &'static str) -> Rule {
        Rule { id, refuser: Some(by) }
    }

    pub(crate) const fn hurts(id: &'static str) -> Rule {
        Rule { id, refuser: None }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u32,
    /// Byte in the line, from 1.
    pub column: u32,
    /// The rule that is broken.
    pub rule: Rule,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    /// Whether the file, or what it says, is refused; else it hurts later.
    pub fn is_error(&self) -> bool {
        self.rule.refuser.is_some()
    }
}

//! The rules of the file.

use crate::config_problem::Refuser::{Kernel, Reader, Use};
use crate::config_problem::Rule;

/// A quote has an end: else bash reads nothing from there on.
pub const OPEN_QUOTE: Rule = Rule::refused(Reader, "open-quote");
/// What O2CB needs is written out: nothing is executed here.
pub const EXPANSION: Rule = Rule::refused(Use, "expansion");
/// A timeout is a number: EINVAL.
pub const TIMEOUT_TEXT: Rule = Rule::refused(Kernel, "timeout-text");
/// 1 to 2³²−2 ms: EINVAL, ERANGE. A threshold below 3 is ignored.
pub const TIMEOUT_RANGE: Rule = Rule::refused(Kernel, "timeout-range");
/// The idle timeout is longer than the keepalive delay: EINVAL.
pub const IDLE_BELOW_KEEPALIVE: Rule = Rule::refused(Kernel, "idle-below-keepalive");
/// A stack's name has four characters: EINVAL.
pub const STACK_NAME: Rule = Rule::refused(Kernel, "stack-name");
/// Commands are not executed.
pub const SHELL_CODE: Rule = Rule::hurts("shell-code");
/// A variable named like O2CB's that nobody reads.
pub const UNKNOWN_VARIABLE: Rule = Rule::hurts("unknown-variable");
/// Of several assignments the last counts.
pub const REPEATED_VARIABLE: Rule = Rule::hurts("repeated-variable");
/// Only `true` starts the cluster at boot.
pub const ENABLED_TEXT: Rule = Rule::hurts("enabled-text");
/// What is started at boot has a name.
pub const NO_BOOT_CLUSTER: Rule = Rule::hurts("no-boot-cluster");
/// A cluster's name is letters and digits.
pub const BOOT_CLUSTER_NAME: Rule = Rule::hurts("boot-cluster-name");
/// Shorter than ocfs2-tools would offer.
pub const TIMEOUT_LOW: Rule = Rule::hurts("timeout-low");
/// Numbers that the kernel reads in base 8 or 16.
pub const ODD_TIMEOUT: Rule = Rule::hurts("odd-timeout");
/// What is started at boot is configured.
pub const BOOT_CLUSTER_UNKNOWN: Rule = Rule::hurts("boot-cluster-unknown");

//! The rules of a `cluster.conf`: each has a name, and somebody who insists on it or nobody.

use crate::config_problem::Refuser::{Kernel, Reader, Registration, Use};
use crate::config_problem::Rule;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $rule:expr;)*) => {
        $($(#[$doc])* pub const $name: Rule = $rule;)*
        /// All of them.
        pub const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    /// No byte order mark.
    BYTE_ORDER_MARK = Rule::refused(Reader, "byte-order-mark");
    /// Lines end in a newline alone.
    CARRIAGE_RETURN = Rule::refused(Reader, "carriage-return");
    /// Attributes are indented.
    NOT_INDENTED = Rule::refused(Reader, "not-indented");
    /// A header has a colon.
    NO_COLON = Rule::refused(Reader, "no-colon");
    /// No blank before the colon.
    BLANK_BEFORE_COLON = Rule::refused(Reader, "blank-before-colon");
    /// Nothing after the colon.
    TEXT_AFTER_COLON = Rule::refused(Reader, "text-after-colon");
    /// A line starts with a name, a blank or `#`.
    START_OF_LINE = Rule::refused(Reader, "start-of-line");
    /// Comments start in the first column.
    INDENTED_COMMENT = Rule::refused(Reader, "indented-comment");
    /// Headers start in the first column.
    INDENTED_HEADER = Rule::refused(Reader, "indented-header");
    /// Names are letters, digits, underscores.
    ATTRIBUTE_NAME = Rule::refused(Reader, "attribute-name");
    /// An attribute has `=`.
    NO_EQUALS = Rule::refused(Reader, "no-equals");
    /// Attributes stand in a stanza, which a blank line closes.
    OUTSIDE_STANZA = Rule::refused(Reader, "outside-stanza");
    /// What a stanza must say.
    MISSING_ATTRIBUTE = Rule::refused(Reader, "missing-attribute");
    /// A value that must be there.
    EMPTY_VALUE = Rule::refused(Reader, "empty-value");
    /// A number is decimal.
    NOT_A_NUMBER = Rule::refused(Reader, "not-a-number");
    /// Beyond what the reader takes.
    NUMBER_TOO_LARGE = Rule::refused(Reader, "number-too-large");
    /// `local` or `global`.
    HEARTBEAT_MODE = Rule::refused(Reader, "heartbeat-mode");
    /// IPv4 in dotted form.
    NOT_AN_ADDRESS = Rule::refused(Reader, "not-an-address");
    /// One stanza for each cluster.
    DUPLICATE_CLUSTER = Rule::refused(Reader, "duplicate-cluster");
    /// One node of each name.
    DUPLICATE_NODE = Rule::refused(Reader, "duplicate-node");
    /// Each region once.
    DUPLICATE_REGION = Rule::refused(Reader, "duplicate-region");
    /// 1 to 16 letters and digits.
    CLUSTER_NAME = Rule::refused(Registration, "cluster-name");
    /// A node's name becomes a folder of at most 64 bytes: ENAMETOOLONG, ENOENT.
    NODE_NAME = Rule::refused(Kernel, "node-name");
    /// 0 to 254: ERANGE.
    NODE_NUMBER = Rule::refused(Kernel, "node-number");
    /// One node of each number: EEXIST.
    DUPLICATE_NUMBER = Rule::refused(Kernel, "duplicate-number");
    /// One node of each address: EEXIST.
    DUPLICATE_ADDRESS = Rule::refused(Kernel, "duplicate-address");
    /// 1 to 65534: EINVAL, ERANGE.
    PORT = Rule::refused(Kernel, "port");
    /// 255 nodes: there are no more numbers.
    TOO_MANY_NODES = Rule::refused(Kernel, "too-many-nodes");
    /// 32 regions in global mode: EFBIG.
    TOO_MANY_REGIONS = Rule::refused(Kernel, "too-many-regions");
    /// A region becomes a folder of at most 32 bytes: ENAMETOOLONG, ENOENT.
    REGION_NAME = Rule::refused(Kernel, "region-name");
    /// `0.0.0.0` is nobody's address.
    UNSPECIFIED_ADDRESS = Rule::refused(Use, "unspecified-address");
    /// A node's name can be a host's name.
    NODE_NAME_TEXT = Rule::refused(Use, "node-name-text");
    /// What follows a NUL byte is not read.
    NUL_BYTE = Rule::hurts("nul-byte");
    /// Stanzas other than `cluster`, `node`, `heartbeat` are ignored.
    UNKNOWN_STANZA = Rule::hurts("unknown-stanza");
    /// Attributes that no reader knows are ignored.
    UNKNOWN_ATTRIBUTE = Rule::hurts("unknown-attribute");
    /// Of an attribute that is given twice the last one counts.
    REPEATED_ATTRIBUTE = Rule::hurts("repeated-attribute");
    /// A node or region of no cluster is ignored.
    ORPHAN = Rule::hurts("orphan");
    /// `node_count` is the number of nodes.
    NODE_COUNT = Rule::hurts("node-count");
    /// Numbers are written so that all programs read them alike.
    ODD_NUMBER = Rule::hurts("odd-number");
    /// Names are those of hosts: letters, digits, `-`, `_`, `.`.
    ODD_NAME = Rule::hurts("odd-name");
    /// Names that differ only in case are one host's.
    SAME_HOST = Rule::hurts("same-host");
    /// An address that other nodes can connect to.
    ODD_ADDRESS = Rule::hurts("odd-address");
    /// A region is a volume's UUID: 32 upper-case hexadecimal digits.
    NOT_A_UUID = Rule::hurts("not-a-uuid");
    /// Global mode needs regions; losing half of them fences.
    FEW_REGIONS = Rule::hurts("few-regions");
    /// A cluster has nodes.
    NO_NODES = Rule::hurts("no-nodes");
    /// One node is this host.
    NOT_THIS_HOST = Rule::hurts("not-this-host");
    /// The node that is this host has one of this host's addresses: else EADDRNOTAVAIL.
    ADDRESS_NOT_HERE = Rule::hurts("address-not-here");
    /// This host sees the region's device.
    REGION_NOT_HERE = Rule::hurts("region-not-here");
}

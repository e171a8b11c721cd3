//! `/sys/kernel/config/dlm/cluster/comms/NODE/` and `/sys/kernel/dlm/LS/`: small files of one number or one address a line
//! (`fs/dlm/config.c`, `fs/dlm/lockspace.c`).
//!
//! ```text
//! comms/3/addr_list   AF_INET<TAB>10.9.0.3      since 3.10
//! comms/3/nodeid      3
//! comms/3/local       0                         1 if the node is this one
//! spaces/LS/nodes/3/weight   1
//! /sys/kernel/dlm/LS/id      3487160795         nodir 0, recover_nodeid 3 or -1
//! ```

use super::words::signed;
use crate::problem::LineProblem;
use crate::scan::decimal;
use std::net::IpAddr;

/// Reads one line of `addr_list` (`comm_addr_list_show`).
pub fn parse_address(line: &[u8]) -> Result<IpAddr, LineProblem> {
    let tab = line.iter().position(|&byte| byte == b'\t');
    let (family, address) =
        tab.and_then(|tab| line.split_at_checked(tab)).ok_or(LineProblem { field: 1, expected: "a tab after the family" })?;
    if family != b"AF_INET" && family != b"AF_INET6" {
        return Err(LineProblem { field: 1, expected: "AF_INET or AF_INET6" });
    }
    let address = std::str::from_utf8(address.trim_ascii()).ok().and_then(|text| text.parse().ok());
    address.ok_or(LineProblem { field: 2, expected: "an address" })
}

/// The unsigned number that a file holds: `nodeid`, `local`, `weight`, `id`, `nodir`, `send_queue_count`.
pub fn number(text: &[u8]) -> Option<u64> {
    decimal(text.trim_ascii())
}

/// The signed number that a file holds: `recover_nodeid`.
pub fn signed_number(text: &[u8]) -> Option<i64> {
    signed(text.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families() {
        assert_eq!(parse_address(b"AF_INET\t10.9.0.3").unwrap().to_string(), "10.9.0.3");
        assert_eq!(parse_address(b"AF_INET6\t2001:0db8:0000:0000:0000:0000:0000:0001").unwrap().to_string(), "2001:db8::1");
        assert_eq!(parse_address(b"AF_INET 10.9.0.3").unwrap_err().field, 1);
        assert_eq!(parse_address(b"AF_UNIX\t10.9.0.3").unwrap_err().field, 1);
        assert_eq!(parse_address(b"AF_INET\t10.9.0").unwrap_err().field, 2);
    }

    #[test]
    fn numbers() {
        assert_eq!((number(b"3487160795\n"), number(b"\n"), number(b"-1\n")), (Some(3_487_160_795), None, None));
        assert_eq!((signed_number(b"-1\n"), signed_number(b"3\n"), signed_number(b"")), (Some(-1), Some(3), None));
    }
}

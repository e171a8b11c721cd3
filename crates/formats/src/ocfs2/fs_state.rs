//! `/sys/kernel/debug/ocfs2/UUID/fs_state`: one mounted file system (`ocfs2_osb_dump`, `fs/ocfs2/super.c`, since 2.6.28).
//!
//! ```text
//!     Device => Id: 254,16  Uuid: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Gen: 0xF10E1D25  Label: lab
//!     Volume => State: 2  Flags: 0x0
//!      Sizes => Block: 4096  Cluster: 4096
//!    Cluster => Stack: o2cb  Name: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Version: 1.0
//!      Slots => Num     RecoGen
//!                 0           0
//!             *   2           0
//! ```

use crate::scan::{decimal, prefixed_hex};

/// What is told of one mounted file system. A value that is not there, or not as expected, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsState {
    /// Device number: major, minor.
    pub device: Option<(u32, u32)>,
    /// UUID as 32 upper-case hex digits: also the name of the lockspace.
    pub uuid: Option<String>,
    /// Generation of the file system: locks of system files carry it in their names.
    pub generation: Option<u32>,
    /// Volume label; may hold blanks.
    pub label: Option<String>,
    /// Block size in bytes.
    pub block_size: Option<u32>,
    /// Cluster stack: `o2cb`, `pcmk`, …
    pub stack: Option<String>,
    /// This node's slot.
    pub slot: Option<u32>,
    /// Nodes being recovered, as printed; `None` for "None" too.
    pub recovering: Option<String>,
}

impl FsState {
    /// Reads the whole file. Lines it does not know are passed over: the kernel adds some from time to time.
    pub fn parse(text: &[u8]) -> FsState {
        let text = String::from_utf8_lossy(text);
        let mut state = FsState::default();
        let mut in_slots = false;
        for line in text.lines() {
            let Some((section, values)) = line.split_once("=>") else {
                if let Some(slot) = line.trim().strip_prefix('*').filter(|_| in_slots) {
                    state.slot = slot.split_whitespace().next().and_then(|slot| slot.parse().ok());
                }
                continue;
            };
            in_slots = section.trim() == "Slots";
            match section.trim() {
                "Device" => {
                    state.device = value(values, "Id:").and_then(device_number);
                    state.uuid = value(values, "Uuid:").map(str::to_owned);
                    state.generation = value(values, "Gen:").and_then(generation);
                    state.label = values.split_once("Label:").map(|(_, label)| label.trim().to_owned());
                }
                "Sizes" => state.block_size = value(values, "Block:").and_then(|size| size.parse().ok()),
                "Cluster" => state.stack = value(values, "Stack:").map(str::to_owned),
                "Recovery" => {
                    let nodes = values.split_once("Nodes:").map(|(_, nodes)| nodes.trim().to_owned());
                    state.recovering = nodes.filter(|nodes| nodes != "None" && !nodes.is_empty());
                }
                _ => {}
            }
        }
        state
    }
}

/// The word after `key`.
fn value<'a>(values: &'a str, key: &str) -> Option<&'a str> {
    values.split_once(key)?.1.split_whitespace().next()
}

fn device_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(',')?;
    let number = |text: &str| decimal(text.as_bytes()).and_then(|value| u32::try_from(value).ok());
    Some((number(major)?, number(minor)?))
}

fn generation(text: &str) -> Option<u32> {
    prefixed_hex(text.to_ascii_lowercase().as_bytes()).and_then(|value| u32::try_from(value).ok())
}

/// Whether `text` can be the name of an OCFS2 directory in debugfs: 32 hex digits. Nothing else is ever used as a path.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: &str = "    Device => Id: 254,16  Uuid: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Gen: 0xF10E1D25  Label: my volume
    Volume => State: 2  Flags: 0x0
     Sizes => Block: 4096  Cluster: 4096
   Cluster => Stack: o2cb  Name: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Version: 1.0
  Recovery => Pid: -1  Nodes: None
     Slots => Num     RecoGen
                0           0
            *   2           0
";

    #[test]
    fn a_real_file() {
        let state = FsState::parse(REAL.as_bytes());
        assert_eq!(state.device, Some((254, 16)));
        assert_eq!(state.uuid.as_deref(), Some("D3C123F4B7EA4CAD87B04CA0CBCB3C0B"));
        assert_eq!(state.generation, Some(0xf10e_1d25));
        assert_eq!(state.label.as_deref(), Some("my volume"));
        assert_eq!((state.block_size, state.slot), (Some(4096), Some(2)));
        assert_eq!((state.stack.as_deref(), state.recovering), (Some("o2cb"), None));
    }

    #[test]
    fn nodes_in_recovery_are_told() {
        let state = FsState::parse(b"  Recovery => Pid: 77  Nodes: 2 3 \n");
        assert_eq!(state.recovering.as_deref(), Some("2 3"));
    }

    #[test]
    fn only_32_hex_digits_are_a_uuid() {
        assert!(is_uuid("D3C123F4B7EA4CAD87B04CA0CBCB3C0B"));
        for bad in ["", "..", "D3C123F4B7EA4CAD87B04CA0CBCB3C0", "D3C123F4B7EA4CAD87B04CA0CBCB3C0G", "../../../../../../etc/passwd/aaaa"] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = FsState::parse(&bytes);
        }
    }
}

//! Rules of heartbeat regions.

use super::Check;
use crate::cluster_conf::document::Stanza;
use crate::cluster_conf::host::is_region;
use crate::cluster_conf::syntax::show;
use crate::cluster_conf::{HeartbeatMode, rules};
use std::collections::HashMap;

/// Most regions in global mode (`O2NM_MAX_REGIONS`).
const REGIONS: usize = 32;
/// Longest name of a region, in bytes (`O2HB_MAX_REGION_NAME_LEN`).
const NAME_BYTES: usize = 32;

impl<'a> Check<'a> {
    /// A cluster's regions that nobody refuses.
    pub(super) fn regions(&mut self, cluster: &'a Stanza, name: &[u8], mode: HeartbeatMode) -> Vec<String> {
        let global = mode == HeartbeatMode::Global;
        let mut taken: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut regions = Vec::new();
        let mut count = 0;
        let document = self.document;
        for stanza in document.stanzas_of("heartbeat", Some(name)) {
            if global && count == REGIONS {
                let what = format!("more than {REGIONS} regions in global mode");
                self.tell(stanza.name.start, rules::TOO_MANY_REGIONS, what, format!("remove regions until {REGIONS} are left"));
            }
            count += 1;
            regions.extend(self.region(stanza, global, &mut taken));
        }
        if global && count < 3 && self.document.is_understood() {
            let (what, fix) = match count {
                0 => ("global mode without any region: nothing can beat", "add regions with 'o2cb add-heartbeat'"),
                1 => ("1 region in global mode: a node that cannot write to it fences", "add regions until there are at least 3"),
                _ => ("2 regions in global mode: a node that cannot write to one of them fences", "add regions until there are at least 3"),
            };
            self.tell(cluster.name.start, rules::FEW_REGIONS, what, fix);
        }
        regions
    }

    fn region(&mut self, stanza: &'a Stanza, global: bool, taken: &mut HashMap<Vec<u8>, u32>) -> Option<String> {
        let given = self.required(stanza, "region", "UUID")?;
        let (text, (line, _)) = (show(&given.value), self.document.place(given.attribute.name.start));
        if let Some(earlier) = taken.insert(given.value.to_vec(), line) {
            let what = format!("the region '{text}' is there twice: also in line {earlier}");
            self.tell(given.at(), rules::DUPLICATE_REGION, what, "remove one of them");
            return None;
        }
        let bytes = given.value.as_ref();
        if !is_region(bytes) {
            let upper = bytes.to_ascii_uppercase();
            let fix = if is_region(&upper) {
                format!("write '{}'", show(&upper))
            } else {
                given.fix("write the volume's UUID as 32 upper-case hexadecimal digits, as 'o2cb volumes' shows it")
            };
            // Only in global mode are the regions made, as folders of their name.
            let folder = bytes.len() <= NAME_BYTES && !bytes.contains(&b'/') && bytes != b"." && bytes != b"..";
            let rule = if global && !folder { rules::REGION_NAME } else { rules::NOT_A_UUID };
            self.tell(given.at(), rule, format!("the region '{text}' is no UUID of a volume"), fix);
            if rule == rules::REGION_NAME {
                return None;
            }
        } else if let Some(volumes) = self.host.and_then(|host| host.volumes.as_ref())
            && global
            && !volumes.iter().any(|volume| volume.as_bytes() == bytes)
        {
            let what = format!("this host sees no volume with the region's UUID, {text}");
            self.tell(given.at(), rules::REGION_NOT_HERE, what, "connect its device, or remove the region with 'o2cb remove-heartbeat'");
        }
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

//! How long the layers below a heartbeat region may keep a write waiting, as far as files tell it.

use super::multipath;
use crate::kernel::Look;
use crate::status::Status;
use std::collections::BTreeSet;

/// For how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Long {
    /// So many seconds.
    Seconds(u64),
    /// Until a path comes back.
    Forever,
    /// The files that were read do not tell it: why.
    Unknown(String),
}

/// One layer that may keep a write waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The region's device.
    pub device: String,
    /// Which layer: `multipath`, `iSCSI`, `SCSI`, `NVMe`.
    pub layer: &'static str,
    /// For how long.
    pub long: Long,
    /// Whether that is the time of one try, after which the kernel tries again.
    pub one_try: bool,
    /// What was read where.
    pub evidence: String,
    /// What changes it; `{}` stands for the seconds to choose at most.
    pub fix: String,
}

/// Those of all devices that carry a heartbeat here.
pub fn look(look: &dyn Look, status: &Status) -> Vec<Wait> {
    let mut devices: BTreeSet<String> = BTreeSet::new();
    for region in status.cluster().into_iter().flat_map(|cluster| &cluster.regions) {
        devices.extend(region.device.is().filter(|device| !device.is_empty()).cloned());
    }
    let fence_s = status.cluster().and_then(|cluster| cluster.threshold.is()).map(|threshold| crate::status::fence_after_s(*threshold));
    let texts = multipath::texts(look);
    let of_map = |device: &str| multipath::wait(device, &texts, fence_s);
    devices.iter().flat_map(|device| below(look, device, device, &of_map, 0)).collect()
}

fn below(look: &dyn Look, region: &str, device: &str, of_map: &dyn Fn(&str) -> Wait, depth: u8) -> Vec<Wait> {
    const DEEPEST: u8 = 8;
    let folder = format!("/sys/class/block/{device}");
    let text = |file: &str| look.read(&format!("{folder}/{file}")).ok().map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    let mut waits = Vec::new();
    if text("dm/uuid").is_some_and(|uuid| uuid.starts_with("mpath-")) {
        waits.push(of_map(region));
    }
    let slaves = look.list(&format!("{folder}/slaves")).unwrap_or_default();
    if !slaves.is_empty() {
        if depth < DEEPEST {
            waits.extend(slaves.iter().flat_map(|slave| below(look, region, &slave.name, of_map, depth + 1)));
        }
        // All paths of a device usually say the same.
        let mut told: Vec<(&str, Long)> = Vec::new();
        waits.retain(|wait| {
            let new = !told.contains(&(wait.layer, wait.long.clone()));
            if new {
                told.push((wait.layer, wait.long.clone()));
            }
            new
        });
        return waits;
    }
    // A partition's folder lies in its disk's.
    let timeout = ["device/timeout", "../device/timeout"].into_iter().find_map(|file| Some((file, text(file)?.parse().ok()?)));
    if let Some((file, seconds)) = timeout {
        waits.push(Wait {
            device: region.to_owned(),
            layer: "SCSI",
            long: Long::Seconds(seconds),
            one_try: true,
            evidence: format!("{folder}/{file} is {seconds} s, for one try; failed ones are repeated"),
            fix: format!("echo {{}} > {folder}/{file} (and a udev rule that keeps it)"),
        });
    }
    let session = look.link(&folder).ok().and_then(|link| link.split('/').find(|part| is_session(part)).map(str::to_owned));
    if let Some(session) = session {
        let file = format!("/sys/class/iscsi_session/{session}/recovery_tmo");
        if let Some(seconds) = look.read(&file).ok().and_then(|text| String::from_utf8_lossy(&text).trim().parse::<i64>().ok()) {
            let long = u64::try_from(seconds).map_or(Long::Forever, Long::Seconds);
            waits.push(Wait {
                device: region.to_owned(),
                layer: "iSCSI",
                long,
                one_try: false,
                evidence: format!("{file} is {seconds} s"),
                fix: "set node.session.timeo.replacement_timeout = {} in /etc/iscsi/iscsid.conf and log in to the targets anew".to_owned(),
            });
        }
    }
    if device.starts_with("nvme")
        && let Some(seconds) = look
            .read("/sys/module/nvme_core/parameters/io_timeout")
            .ok()
            .and_then(|text| String::from_utf8_lossy(&text).trim().parse().ok())
    {
        waits.push(Wait {
            device: region.to_owned(),
            layer: "NVMe",
            long: Long::Seconds(seconds),
            one_try: true,
            evidence: format!("/sys/module/nvme_core/parameters/io_timeout is {seconds} s, for one try; failed ones are repeated"),
            fix: "boot with nvme_core.io_timeout={}".to_owned(),
        });
    }
    waits
}

fn is_session(part: &str) -> bool {
    part.strip_prefix("session").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model::ModelKernel;

    #[test]
    fn layers_below_a_mapped_device() {
        let mut kernel = ModelKernel::new();
        kernel.put("/sys/class/block/dm-3/dm/uuid", "mpath-3600\n");
        kernel.put("/sys/class/block/dm-3/slaves/sda", "");
        kernel.put("/sys/class/block/sda/device/timeout", "30\n");
        kernel.put_link("/sys/class/block/sda", "../../devices/platform/host3/session7/target3:0:0/3:0:0:1/block/sda");
        kernel.put("/sys/class/iscsi_session/session7/recovery_tmo", "120\n");
        let conf = "defaults {\n\tpolling_interval 10 # s\n\tno_path_retry 12\n}\n";
        let texts = Ok(vec![("/etc/multipath.conf".to_owned(), conf.to_owned())]);
        let of_map = |device: &str| multipath::wait(device, &texts, Some(60));
        let waits = below(&kernel, "dm-3", "dm-3", &of_map, 0);
        let told: Vec<_> = waits.iter().map(|wait| (wait.layer, wait.long.clone())).collect();
        assert_eq!(told, [("multipath", Long::Seconds(120)), ("SCSI", Long::Seconds(30)), ("iSCSI", Long::Seconds(120))]);
        assert!(waits[0].evidence.contains("/etc/multipath.conf:3: no_path_retry 12"), "{}", waits[0].evidence);
        assert!(waits[1].one_try && waits[1].evidence.contains("one try") && !waits[2].one_try);
        // Two paths that say the same are told once, though other layers stand between them.
        kernel.put("/sys/class/block/dm-3/slaves/sdb", "");
        kernel.put("/sys/class/block/sdb/device/timeout", "30\n");
        kernel.put_link("/sys/class/block/sdb", "../../devices/platform/host4/session7/target4:0:0/4:0:0:1/block/sdb");
        assert_eq!(below(&kernel, "dm-3", "dm-3", &of_map, 0).len(), 3);
    }
}

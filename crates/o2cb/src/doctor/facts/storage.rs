//! How long the layers below a heartbeat region may keep a write waiting, as far as files tell it.

use crate::kernel::Look;
use crate::status::Status;
use std::collections::BTreeSet;

/// What multipathd checks paths by where nothing else is said, seconds.
const POLLING_S: u64 = 5;

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Long {
    /// So many seconds.
    Seconds(u64),
    /// Until a path comes back.
    Forever,
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
    let multipath = look.read("/etc/multipath.conf").map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    devices.iter().flat_map(|device| below(look, device, device, &multipath, 0)).collect()
}

fn below(look: &dyn Look, region: &str, device: &str, multipath: &str, depth: u8) -> Vec<Wait> {
    const DEEPEST: u8 = 8;
    let folder = format!("/sys/class/block/{device}");
    let text = |file: &str| look.read(&format!("{folder}/{file}")).ok().map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    let mut waits = Vec::new();
    if text("dm/uuid").is_some_and(|uuid| uuid.starts_with("mpath-")) {
        waits.extend(of_multipath(region, multipath));
    }
    let slaves = look.list(&format!("{folder}/slaves")).unwrap_or_default();
    if !slaves.is_empty() {
        if depth < DEEPEST {
            waits.extend(slaves.iter().flat_map(|slave| below(look, region, &slave.name, multipath, depth + 1)));
        }
        waits.dedup_by(|a, b| a.layer == b.layer && a.long == b.long);
        return waits;
    }
    // A partition's folder lies in its disk's.
    let timeout = ["device/timeout", "../device/timeout"].into_iter().find_map(|file| Some((file, text(file)?.parse().ok()?)));
    if let Some((file, seconds)) = timeout {
        waits.push(Wait {
            device: region.to_owned(),
            layer: "SCSI",
            long: Long::Seconds(seconds),
            evidence: format!("{folder}/{file} is {seconds} s"),
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
            evidence: format!("/sys/module/nvme_core/parameters/io_timeout is {seconds} s"),
            fix: "boot with nvme_core.io_timeout={}".to_owned(),
        });
    }
    waits
}

fn is_session(part: &str) -> bool {
    part.strip_prefix("session").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What `/etc/multipath.conf` says of the time without a path. multipathd's own table for some arrays may say otherwise.
fn of_multipath(region: &str, text: &str) -> Option<Wait> {
    let mut polling = POLLING_S;
    let mut worst: Option<(Long, String)> = None;
    let rank = |long: Long| if let Long::Seconds(seconds) = long { seconds } else { u64::MAX };
    let settings = || {
        text.lines().enumerate().filter_map(|(number, line)| {
            let line = line.split(['#', '!']).next().unwrap_or_default().trim();
            let (key, value) = line.split_once(char::is_whitespace)?;
            Some((number + 1, key, value.trim().trim_matches('"')))
        })
    };
    for (_, key, value) in settings() {
        if key == "polling_interval" {
            polling = value.parse().unwrap_or(POLLING_S);
        }
    }
    for (line, key, value) in settings() {
        let long = match (key, value) {
            ("no_path_retry", "queue") => Long::Forever,
            ("no_path_retry", "fail") => Long::Seconds(0),
            ("no_path_retry", number) => match number.parse::<u64>() {
                Ok(number) => Long::Seconds(number.saturating_mul(polling)),
                Err(_) => continue,
            },
            ("features", features) if features.contains("queue_if_no_path") => Long::Forever,
            _ => continue,
        };
        if worst.as_ref().is_none_or(|(before, _)| rank(*before) < rank(long)) {
            worst = Some((long, format!("/etc/multipath.conf:{line}: {key} {value}, polling_interval {polling} s")));
        }
    }
    let (long, evidence) = worst?;
    let fix =
        "in /etc/multipath.conf choose no_path_retry so that it times polling_interval is at most {} s, then `multipathd reconfigure`";
    Some(Wait { device: region.to_owned(), layer: "multipath", long, evidence, fix: fix.to_owned() })
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
        let waits = below(&kernel, "dm-3", "dm-3", conf, 0);
        let told: Vec<_> = waits.iter().map(|wait| (wait.layer, wait.long)).collect();
        assert_eq!(told, [("multipath", Long::Seconds(120)), ("SCSI", Long::Seconds(30)), ("iSCSI", Long::Seconds(120))]);
        assert!(waits[0].evidence.contains("/etc/multipath.conf:3: no_path_retry 12"), "{}", waits[0].evidence);
        let queue = of_multipath("x", "devices {\n device {\n features \"1 queue_if_no_path\"\n").unwrap();
        assert_eq!(queue.long, Long::Forever);
        assert_eq!(of_multipath("x", "# no_path_retry queue\n"), None);
    }
}

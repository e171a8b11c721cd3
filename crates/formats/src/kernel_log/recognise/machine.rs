//! What else of a machine tells why a node died: disks, network, the kernel itself.

use super::super::Event;
use super::super::pattern::holes;

pub fn recognise(said: &str) -> Option<Event> {
    // `blk_update_request: I/O error, dev sdb, sector 8 op …`, since 5.17 without the function (`blk_print_req_error`).
    let disk = said.strip_prefix("blk_update_request: ").or_else(|| said.strip_prefix("print_req_error: ")).unwrap_or(said);
    for kind in ["I/O", "critical medium", "critical target", "timeout", "recoverable transport", "reservation conflict"] {
        if let Some([device, _]) = holes(&format!("{kind} error, dev {{}}, sector {{}}"), disk) {
            return Some(Event::DiskError { device: device.to_owned() });
        }
    }
    // Drivers put their own and the bus's name before the interface's.
    for words in ["NIC Copper Link is Down", "NIC Link is Down", "Link is Down", "Link is down", "link down"] {
        if let Some(head) = said.strip_suffix(words) {
            let head = head.trim_end_matches([':', ' ']);
            let interface = head.rsplit(' ').next().unwrap_or(head);
            return Some(Event::CarrierLost { interface: interface.to_owned() });
        }
    }
    if let Some([task, seconds]) = holes("INFO: task {} blocked for more than {} seconds.", said) {
        return Some(Event::TaskHung { task: task.to_owned(), seconds: seconds.parse().ok()? });
    }
    if let Some([why]) = holes("Kernel panic - not syncing: {}", said) {
        return Some(Event::Panic { why: why.to_owned() });
    }
    if said.starts_with("Oops: ") || said.starts_with("BUG: ") || said.starts_with("kernel BUG at ") || said.starts_with("Internal error: ")
    {
        return Some(Event::Oops);
    }
    let ends = ["reboot: Restarting system", "reboot: Power down", "reboot: System halted", "sysrq: Resetting", "sysrq: Power Off"];
    ends.iter().any(|end| said.starts_with(end)).then_some(Event::OrderlyEnd)
}

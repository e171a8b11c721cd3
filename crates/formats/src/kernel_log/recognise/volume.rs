//! `ocfs2: …`, from `fs/ocfs2/super.c`, `journal.c` and `stackglue.c`.

use super::super::Event;
use super::super::pattern::holes;

pub fn recognise(said: &str) -> Option<Event> {
    if let Some([device, node, slot, _]) = holes("Mounting device ({}) on (node {}, slot {}) with {} data mode.", said) {
        return Some(Event::Mounting { device: device.to_owned(), node: node.parse().ok(), slot: slot.parse().ok()? });
    }
    if let Some([device, node]) = holes("Unmounting device ({}) on (node {})", said) {
        return Some(Event::Unmounting { device: device.to_owned(), node: node.parse().ok() });
    }
    if let Some([node, slot, device]) = holes("Begin replay journal (node {}, slot {}) on device ({})", said) {
        return Some(Event::ReplayBegins { node: node.parse().ok()?, slot: slot.parse().ok()?, device: device.to_owned() });
    }
    if let Some([node, slot, device]) = holes("End replay journal (node {}, slot {}) on device ({})", said) {
        return Some(Event::ReplayEnds { node: node.parse().ok()?, slot: slot.parse().ok()?, device: device.to_owned() });
    }
    if let Some([device]) = holes("File system on device ({}) was not unmounted cleanly, recovering it.", said) {
        return Some(Event::NotCleanlyUnmounted { device: device.to_owned() });
    }
    if let Some([stack]) = holes("Registered cluster interface {}", said) {
        return Some(Event::StackRegistered { stack: stack.to_owned() });
    }
    if let Some([stack]) = holes("Unregistered cluster interface {}", said) {
        return Some(Event::StackUnregistered { stack: stack.to_owned() });
    }
    if let Some([stack]) = holes("Cluster stack driver \"{}\" cannot be found", said) {
        return Some(Event::NoStackDriver { stack: stack.to_owned() });
    }
    if let Some([errno, command]) = holes("Error {} running user helper \"{}\"", said) {
        return Some(Event::HelperFailed { errno: errno.parse().ok()?, command: command.to_owned() });
    }
    (said == "A different cluster stack is in use").then_some(Event::OtherStack)
}

/// What comes with the head of a logged error.
pub fn logged(said: &str) -> Option<Event> {
    said.starts_with("Mismatching o2cb heartbeat modes").then_some(Event::MountModeDiffers)
}

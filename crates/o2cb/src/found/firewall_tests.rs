//! Machines with firewalls.

use super::*;
use crate::kernel::model::ModelKernel;

const TO: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 9, 0, 1), 7777);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);

fn gates(kernel: &ModelKernel) -> Vec<Gate> {
    Firewalls::look(kernel).gates(TO, &[PEER])
}

#[test]
fn only_what_works_has_a_gate() {
    let mut kernel = ModelKernel::new();
    assert!(gates(&kernel).is_empty() && Firewalls::look(&kernel).hint == Seen::Is(false));
    kernel.install_firewalld(false);
    kernel.install_ufw(false);
    assert!(gates(&kernel).is_empty());
    kernel.install_firewalld(true);
    kernel.install_ufw(true);
    let closed = |firewall| Gate { firewall, closed: vec![PEER], unsure: Vec::new() };
    assert_eq!(gates(&kernel), [closed(Firewall::Firewalld), closed(Firewall::Ufw)]);
}

#[test]
fn a_firewall_of_a_container_is_not_this_machines() {
    let mut kernel = ModelKernel::new();
    kernel.install_firewalld(true);
    kernel.put_link("/proc/self/ns/net", "net:[1]");
    kernel.put_link("/proc/650/ns/net", "net:[2]");
    assert!(gates(&kernel).is_empty());
    kernel.put_link("/proc/650/ns/net", "net:[1]");
    assert_eq!(gates(&kernel).len(), 1);
}

#[test]
fn files_of_etc_take_the_place_of_others_and_services_are_looked_up() {
    let mut kernel = ModelKernel::new();
    kernel.install_firewalld(true);
    kernel.put("/usr/lib/firewalld/services/ssh.xml", "<service><include service=\"ocfs2\"/></service>");
    kernel.put("/usr/lib/firewalld/services/ocfs2.xml", "<service><port protocol=\"tcp\" port=\"7777\"/></service>");
    assert!(gates(&kernel)[0].closed.is_empty());
    kernel.put("/etc/firewalld/services/ocfs2.xml", "<service><port protocol=\"tcp\" port=\"7778\"/></service>");
    assert_eq!(gates(&kernel)[0].closed, [PEER]);
    kernel.put("/etc/firewalld/zones/public.xml", "<zone target=\"ACCEPT\"/>");
    assert_eq!((gates(&kernel)[0].closed.len(), gates(&kernel)[0].unsure.len()), (0, 0));
    kernel.put("/etc/firewalld/zones/public.xml", "<zone target=\"ACCEPT\"/><zone/>");
    let unsure = &gates(&kernel)[0].unsure;
    assert!(unsure[0].1.starts_with("/etc/firewalld/zones/public.xml: "), "{unsure:?}");
}

#[test]
fn the_zone_that_the_network_asks_for_counts() {
    let mut kernel = ModelKernel::new();
    kernel.install_firewalld(true);
    kernel.put("/usr/lib/firewalld/zones/trusted.xml", "<zone target=\"ACCEPT\"/>");
    let hex = |octets: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(octets));
    let (net, mask) = (hex([10, 9, 0, 0]), hex([255, 255, 255, 0]));
    kernel.put("/proc/net/route", &format!("Iface\neth1\t{net}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n"));
    kernel.put("/etc/NetworkManager/system-connections/a.nmconnection", "[connection]\ninterface-name=eth1\nzone=trusted\n");
    assert_eq!((gates(&kernel)[0].closed.len(), gates(&kernel)[0].unsure.len()), (0, 0));
    kernel.put("/etc/NetworkManager/system-connections/a.nmconnection", "[connection]\ninterface-name=eth0\nzone=trusted\n");
    assert_eq!(gates(&kernel)[0].closed, [PEER]);
}

#[test]
fn what_cannot_be_read_is_unsure() {
    let mut kernel = ModelKernel::new();
    kernel.install_ufw(true);
    kernel.put("/etc/ufw/ufw.conf", "ENABLED=$(x)\n");
    assert!(gates(&kernel)[0].unsure[0].1.contains("only a shell"));
    let needs_root = Firewalls { firewalld: Seen::NeedsRoot, ufw: Seen::Absent, hint: Seen::Absent };
    assert_eq!(needs_root.gates(TO, &[PEER])[0].unsure, [(PEER, "its files need root".to_owned())]);
}

#[test]
fn hints_of_other_rules() {
    let mut kernel = ModelKernel::new();
    kernel.put("/proc/net/ip_tables_names", "\n");
    assert_eq!(Firewalls::look(&kernel).hint, Seen::Is(false));
    kernel.put("/proc/net/ip_tables_names", "filter\nnat\n");
    assert_eq!(Firewalls::look(&kernel).hint, Seen::Is(true));
}

//! Arbitrary bytes as a file of firewalld, of `NetworkManager` or of ufw.

#![no_main]

use formats::firewall::firewalld::{Firewalld, Ruleset, Service, default_zone, has_direct_rules, ifcfg, keyfile};
use formats::firewall::{Connection, Verdict, ufw};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

fuzz_target!(|file: &[u8]| {
    let connection = Connection { from: Ipv4Addr::new(10, 9, 0, 2), to: Ipv4Addr::new(10, 9, 0, 1), port: 7777 };
    assert!(!default_zone(file).is_empty());
    let _ = (has_direct_rules(file), Service::parse(file), keyfile("a.nmconnection", file), ifcfg("ifcfg-eth0", file), ufw::enabled(file));
    let zone = Ruleset::zone(file);
    let policy = Ruleset::policy(file);
    assert!(!(zone.is_ok() && policy.is_ok()), "a file has one root");
    if let Ok(zone) = zone {
        let firewalld =
            Firewalld { default_zone: "public".to_owned(), zones: BTreeMap::from([("public".to_owned(), zone)]), ..Firewalld::default() };
        let _ = (firewalld.verdict(&connection), firewalld.missing_services());
        let open = firewalld.verdict(&connection) == Verdict::Accept;
        // A rule more that accepts closes nothing; one that denies may still come first.
        assert!(!open || firewalld.with("public", &connection).verdict(&connection) == Verdict::Accept);
    }
    let rules = ufw::Ufw::parse(file, file);
    let _ = rules.verdict(&connection);
    let _ = rules.with(&connection).verdict(&connection);
});

//! Files in the shapes of firewalld 1.3.

use super::*;
use std::net::Ipv4Addr;

const PUBLIC: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<zone>
  <short>Public</short>
  <description>For use in public areas &amp; such. <!-- <port port=\"7777\" protocol=\"tcp\"/> --></description>
  <service name=\"ssh\"/>
  <service name=\"dhcpv6-client\"/>
  <forward/>
</zone>
";
const SSH: &str =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<service>\n  <short>SSH</short>\n  <port protocol=\"tcp\" port=\"22\"/>\n</service>\n";
const DHCP: &str = "<service><port protocol=\"udp\" port=\"546\"/><destination ipv6=\"fe80::/64\"/></service>";

fn peer() -> Connection {
    Connection { from: Ipv4Addr::new(10, 9, 0, 2), to: Ipv4Addr::new(10, 9, 0, 1), port: 7777 }
}

fn service(text: &str) -> Service {
    Service::parse(text.as_bytes()).unwrap()
}

fn firewalld(public: &str) -> Firewalld {
    let services = [("ssh", SSH), ("dhcpv6-client", DHCP)].map(|(name, text)| (name.to_owned(), service(text)));
    Firewalld {
        default_zone: default_zone(b"# comment\nDefaultZone=public\nLockdown=no\n"),
        zones: BTreeMap::from([("public".to_owned(), Ruleset::zone(public.as_bytes()).unwrap())]),
        services: services.into(),
        ..Firewalld::default()
    }
}

/// The usual zone with something more in it.
fn with(more: &str) -> Verdict {
    firewalld(&PUBLIC.replace("  <forward/>", more)).verdict(&peer())
}

fn rich(inner: &str) -> String {
    format!("  <rule family=\"ipv4\">\n    {inner}\n  </rule>")
}

#[test]
fn the_usual_zone_lets_ssh_in_only() {
    let usual = firewalld(PUBLIC);
    assert_eq!(usual.verdict(&peer()), Verdict::Deny, "a comment opens nothing");
    assert_eq!(usual.verdict(&Connection { port: 22, ..peer() }), Verdict::Accept);
    assert!(usual.missing_services().is_empty());
    assert_eq!(usual.with("public", &peer()).verdict(&peer()), Verdict::Accept);
}

#[test]
fn ways_in() {
    for open in [
        "<port port=\"7777\" protocol=\"tcp\"/>",
        "<port protocol='tcp' port='7000-8000'></port>",
        "<protocol value=\"tcp\"/>",
        &rich("<source address=\"10.9.0.2\"/><port port=\"7777\" protocol=\"tcp\"/><accept/>"),
        &rich("<source address=\"10.9.0.0/24\"/>\n<log prefix=\"x\"><limit value=\"1/m\"/></log><accept><limit value=\"9/s\"/></accept>"),
        &rich("<source address=\"10.8.0.0/16\" invert=\"True\"/><destination address=\"10.9.0.1\"/><accept/>"),
    ] {
        assert_eq!(with(open), Verdict::Accept, "{open}");
    }
    for other in [
        "<port port=\"7777\" protocol=\"udp\"/>",
        "<port port=\"7776\" protocol=\"tcp\"/>",
        "<protocol value=\"vrrp\"/>",
        "<rule family=\"ipv6\"><accept/></rule>",
        &rich("<source address=\"10.9.0.3\"/><port port=\"7777\" protocol=\"tcp\"/><accept/>"),
        &rich("<port port=\"7777\" protocol=\"tcp\"/><mark set=\"1\"/>"),
        &rich("<icmp-block name=\"redirect\"/><accept/>"),
        &rich("<port port=\"7777\" protocol=\"tcp\"/><destination address=\"10.9.0.9\"/><accept/>"),
    ] {
        assert_eq!(with(other), Verdict::Deny, "{other}");
    }
}

#[test]
fn rules_that_deny_come_first_unless_their_priority_says_otherwise() {
    let port = "<port port=\"7777\" protocol=\"tcp\"/>";
    let drop = "<source address=\"10.9.0.2\"/><drop/>";
    let priority = |priority: i32, inner: &str| rich(inner).replace("ipv4\"", &format!("ipv4\" priority=\"{priority}\""));
    assert_eq!(with(&(port.to_owned() + &rich(drop))), Verdict::Deny);
    assert_eq!(with(&(port.to_owned() + &priority(10, drop))), Verdict::Accept);
    assert_eq!(with(&(rich(drop) + &priority(-1, &format!("{port}<accept/>")))), Verdict::Accept);
    let denied = firewalld(&PUBLIC.replace("  <forward/>", &rich(drop)));
    assert_eq!(denied.with("public", &peer()).verdict(&peer()), Verdict::Deny, "opening the port would not open it");
}

#[test]
fn targets() {
    for (target, verdict) in
        [("ACCEPT", Verdict::Accept), ("DROP", Verdict::Deny), ("%%REJECT%%", Verdict::Deny), ("default", Verdict::Deny)]
    {
        assert_eq!(firewalld(&format!("<zone target=\"{target}\"><forward/></zone>")).verdict(&peer()), verdict, "{target}");
    }
    let trusted = "<zone target=\"ACCEPT\"><rule><source ipset=\"bad\"/><drop/></rule></zone>";
    assert!(matches!(firewalld(trusted).verdict(&peer()), Verdict::Unsure(why) if why.contains("the set bad")));
}

#[test]
fn services_include_others() {
    let mut all = firewalld(&PUBLIC.replace("\"ssh\"", "\"o2cb\""));
    assert_eq!(all.missing_services(), ["o2cb"]);
    assert!(matches!(all.verdict(&peer()), Verdict::Unsure(why) if why.contains("service o2cb")));
    all.services.insert("o2cb".to_owned(), service("<service><include service=\"inner\"/><port protocol=\"tcp\" port=\"1\"/></service>"));
    assert_eq!(all.missing_services(), ["inner"]);
    all.services.insert("inner".to_owned(), service("<service><port protocol=\"tcp\" port=\"7777\"/></service>"));
    assert_eq!(all.verdict(&peer()), Verdict::Accept);
    all.services.insert("inner".to_owned(), service("<service><include service=\"inner\"/></service>"));
    assert!(matches!(all.verdict(&peer()), Verdict::Unsure(why) if why.contains("without end")));
}

#[test]
fn the_zone_of_a_connection() {
    let open = "<zone><interface name=\"eth1\"/><port port=\"7777\" protocol=\"tcp\"/></zone>";
    let mut all = firewalld(PUBLIC);
    all.zones.insert("internal".to_owned(), Ruleset::zone(open.as_bytes()).unwrap());
    assert!(matches!(all.verdict(&peer()), Verdict::Unsure(why) if why.contains("no route")));
    let route = |interface: &str| {
        let (destination, mask) = (Ipv4Addr::new(10, 9, 0, 0), Ipv4Addr::new(255, 255, 255, 0));
        vec![Route { interface: interface.to_owned(), destination, mask, metric: 0 }]
    };
    all.routes = route("eth1");
    assert_eq!((all.zone_of(&peer()), all.verdict(&peer())), (Ok("internal"), Verdict::Accept));
    all.routes = route("eth0");
    assert_eq!((all.zone_of(&peer()), all.verdict(&peer())), (Ok("public"), Verdict::Deny));
    // What the network asks for comes before.
    all.wishes = vec![keyfile("x.nmconnection", b"[connection]\nid=x\ninterface-name=eth0\nzone=internal\n[ipv4]\nzone=no\n").unwrap()];
    assert_eq!(all.zone_of(&peer()), Ok("internal"));
    all.wishes = vec![keyfile("x.nmconnection", b"[connection]\nid=x\nzone=internal\n").unwrap()];
    assert!(all.zone_of(&peer()).unwrap_err().contains("x.nmconnection asks for zone internal"));
    all.wishes = vec![ifcfg("ifcfg-eth7", b"DEVICE=eth7\nZONE=internal\n").unwrap()];
    assert_eq!(all.zone_of(&peer()), Ok("public"), "another interface's");
    // Sources come before interfaces.
    let home = "<zone><source address=\"10.9.0.0/24\"/></zone>";
    all.zones.insert("home".to_owned(), Ruleset::zone(home.as_bytes()).unwrap());
    assert_eq!(all.zone_of(&peer()), Ok("home"));
    all.zones.insert("work".to_owned(), Ruleset::zone(home.as_bytes()).unwrap());
    assert!(all.zone_of(&peer()).unwrap_err().contains("home and work"));
}

#[test]
fn what_bypasses_zones_makes_unsure() {
    let host = "<policy target=\"CONTINUE\"><ingress-zone name=\"ANY\" /><egress-zone name=\"HOST\" />INNER</policy>";
    let ipv6 = "<rule family=\"ipv6\"><icmp-type name=\"redirect\" /><accept /></rule>";
    let policy = |inner: &str| Ruleset::policy(host.replace("INNER", inner).as_bytes()).unwrap().unwrap();
    let mut all = firewalld(&PUBLIC.replace("  <forward/>", "<port port=\"7777\" protocol=\"tcp\"/>"));
    all.policies.insert("allow-host-ipv6".to_owned(), policy(ipv6));
    assert_eq!(all.verdict(&peer()), Verdict::Accept, "firewalld's own policy is about IPv6");
    all.policies.insert("mine".to_owned(), policy("<rule><source address=\"10.9.0.2\"/><drop/></rule>"));
    assert!(matches!(all.verdict(&peer()), Verdict::Unsure(why) if why.contains("policy mine")));
    let passing = host.replace("HOST", "internal");
    assert_eq!(Ruleset::policy(passing.as_bytes()), Ok(None));
    all.policies.clear();
    all.direct_rules =
        has_direct_rules(b"<direct><rule ipv=\"ipv4\" table=\"filter\" chain=\"INPUT\" priority=\"0\">-j DROP</rule></direct>").unwrap();
    assert!(matches!(all.verdict(&peer()), Verdict::Unsure(_)));
    assert_eq!(has_direct_rules(b"<direct/>"), Ok(false));
}

#[test]
fn files_that_are_something_else() {
    assert!(Ruleset::zone(b"<zone>\n <port></zone>").unwrap_err().to_string().contains("2:"));
    assert!(Ruleset::zone(b"<service/>").unwrap_err().to_string().contains("<service> where <zone> belongs"));
    assert!(Service::parse(b"\xff").is_err() && Ruleset::policy(b"").is_err());
    assert_eq!((default_zone(b""), default_zone(b"DefaultZone= trusted \n")), ("public".to_owned(), "trusted".to_owned()));
    assert_eq!((keyfile("x", b"[connection]\nzone=\n"), ifcfg("x", b"DEVICE=eth0\n")), (None, None));
}

proptest::proptest! {
    #[test]
    fn no_file_makes_it_fall(bytes in "(<zone>)?[<>/a-z \"=&;0-9-]{0,60}(</zone>)?") {
        if let Ok(zone) = Ruleset::zone(bytes.as_bytes()) {
            let mut all = firewalld(PUBLIC);
            all.zones.insert("public".to_owned(), zone);
            let _ = all.verdict(&peer());
        }
        let _ = (Ruleset::policy(bytes.as_bytes()), Service::parse(bytes.as_bytes()), has_direct_rules(bytes.as_bytes()));
    }
}

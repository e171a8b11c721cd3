//! Whole verbs on the model kernel: what they print, what they return, what they change.

use super::samples::{Disks, cluster, device, machine, uuid};
use super::{Change, ChangeCluster, Cluster, DefaultsFile, Io, Offline, Sources, Status, StopHeartbeat, Verb, run_on};
use crate::defaults::Defaults;
use crate::kernel::model::{ModelKernel, Region};
use crate::wanted::Regions;
use formats::cluster_conf::{Config, HeartbeatMode};
use std::cell::RefCell;
use std::path::PathBuf;

struct Fixed {
    config: Option<Config>,
    defaults: Defaults,
    set: RefCell<Vec<(&'static str, String)>>,
}

impl Sources for Fixed {
    fn config_path(&self) -> PathBuf {
        "/etc/ocfs2/cluster.conf".into()
    }
    fn config(&self) -> anyhow::Result<Option<Config>> {
        Ok(self.config.clone())
    }
    fn defaults(&self) -> anyhow::Result<DefaultsFile> {
        Ok(DefaultsFile { path: "/etc/default/o2cb".into(), defaults: self.defaults.clone(), problems: Vec::new() })
    }
    fn set_defaults(&self, changes: &[(&'static str, String)]) -> anyhow::Result<PathBuf> {
        self.set.borrow_mut().extend_from_slice(changes);
        Ok("/etc/default/o2cb".into())
    }
    fn regions(&self) -> &dyn Regions {
        &Disks
    }
}

fn sources(mode: HeartbeatMode, nodes: u8, regions: u8) -> Fixed {
    let config = Config { clusters: vec![cluster(mode, nodes, regions)] };
    Fixed { config: Some(config), defaults: Defaults { enabled: true, ..Defaults::default() }, set: RefCell::default() }
}

/// Exit code, stdout, stderr.
fn act(kernel: &mut ModelKernel, sources: &Fixed, verb: &Verb, answer: Option<&str>) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut ask = |_: &str| Ok(answer.map(str::to_owned));
    let mut io = Io { out: &mut out, err: &mut err, ask: &mut ask, verbose: false };
    let code = run_on(kernel, sources, verb, &mut io).unwrap();
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn which() -> Cluster {
    Cluster { cluster: Some("web".to_owned()) }
}

fn online() -> Verb {
    Verb::Online(ChangeCluster { which: which(), change: Change::default() })
}

fn dry() -> ChangeCluster {
    ChangeCluster { which: which(), change: Change { dry_run: true } }
}

#[test]
fn every_dry_run_and_every_query_leaves_the_machine_alone() {
    let offline = |force| Offline { which: which(), change: Change { dry_run: true }, force, yes: true };
    let stop = |stale| StopHeartbeat { which: which(), change: Change { dry_run: true }, stale };
    let verbs = [
        Verb::Load(Change { dry_run: true }),
        Verb::Online(dry()),
        Verb::Start(dry()),
        Verb::RegisterCluster(dry()),
        Verb::UnregisterCluster(dry()),
        Verb::StartHeartbeat(dry()),
        Verb::StopHeartbeat(stop(false)),
        Verb::StopHeartbeat(stop(true)),
        Verb::Offline(offline(true)),
        Verb::ForceOffline(offline(false)),
        Verb::Unload(offline(true)),
        Verb::Stop(offline(false)),
        Verb::Restart(offline(false)),
        Verb::Enable(Change { dry_run: true }),
        Verb::Disable(Change { dry_run: true }),
        Verb::Status(Status { which: which(), json: true, all_nodes: false }),
        Verb::Status(Status { which: which(), json: false, all_nodes: false }),
        Verb::OnlineStatus(which()),
        Verb::ClusterStatus(which()),
    ];
    for mode in [HeartbeatMode::Local, HeartbeatMode::Global] {
        let sources = sources(mode, 2, u8::from(mode == HeartbeatMode::Global));
        let mut kernel = machine(1);
        for running in [false, true] {
            if running {
                assert_eq!(act(&mut kernel, &sources, &online(), None).0, 0);
            }
            let before = kernel.changes();
            for verb in &verbs {
                act(&mut kernel, &sources, verb, None);
                assert_eq!(kernel.changes(), before, "{verb:?}");
            }
        }
        assert!(sources.set.borrow().is_empty());
    }
}

/// A pipe whose reader is gone.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_change_goes_on_when_nobody_reads_what_it_says() {
    let sources = sources(HeartbeatMode::Global, 2, 3);
    let (mut heard, mut unheard) = (machine(3), machine(3));
    let (code, out, _) = act(&mut heard, &sources, &online(), None);
    assert!(code == 0 && out.contains("OK"), "{out}");
    let (mut out, mut err) = (super::ToTheEnd(Gone), super::ToTheEnd(Gone));
    let mut io = Io { out: &mut out, err: &mut err, ask: &mut |_| Ok(None), verbose: true };
    assert_eq!(run_on(&mut unheard, &sources, &online(), &mut io).unwrap(), 0);
    assert_eq!(format!("{unheard:?}"), format!("{heard:?}"));
}

#[test]
fn defect_10_failures_have_exit_codes() {
    let mut kernel = machine(0);
    let sources = sources(HeartbeatMode::Local, 2, 0);
    let (code, out, _) = act(&mut kernel, &sources, &Verb::OnlineStatus(which()), None);
    assert_eq!((code, out.as_str()), (1, "offline\n"));
    let other = Verb::Online(ChangeCluster { which: Cluster { cluster: Some("other".to_owned()) }, change: Change::default() });
    let (code, out, err) = act(&mut kernel, &sources, &other, None);
    assert_eq!((code, out.as_str()), (1, "checking debugfs...\nRegistering O2CB cluster \"other\": Failed\n"));
    assert!(err.contains("Unknown cluster 'other'") && err.contains("it has: web"), "{err}");
    kernel.addresses.clear();
    let (code, out, err) = act(&mut kernel, &sources, &online(), None);
    assert_eq!(code, 1);
    assert!(out.ends_with("Registering O2CB cluster \"web\": Failed\n") && err.contains("EADDRNOTAVAIL (99)"), "{out}{err}");
    kernel.addresses.push(std::net::Ipv4Addr::new(10, 9, 0, 1));
    assert_eq!(act(&mut kernel, &sources, &online(), None).0, 0);
    let (code, out, _) = act(&mut kernel, &sources, &online(), None);
    assert_eq!((code, out.as_str()), (0, "checking debugfs...\nCluster web already online\n"));
    assert_eq!(act(&mut kernel, &sources, &Verb::OnlineStatus(which()), None).1, "online\n");
    assert_eq!(act(&mut kernel, &sources, &Verb::ClusterStatus(which()), None).1, "Cluster 'web' is online\n");
}

#[test]
fn without_a_configuration_it_says_so() {
    let mut kernel = machine(0);
    let sources = Fixed { config: None, defaults: Defaults::default(), set: RefCell::default() };
    let (code, out, err) = act(&mut kernel, &sources, &online(), None);
    assert_eq!((code, out.as_str()), (1, "checking debugfs...\nChecking O2CB cluster configuration : Failed\n"));
    assert!(err.contains("there is no /etc/ocfs2/cluster.conf"), "{err}");
}

#[test]
fn the_only_cluster_of_the_configuration_is_meant_where_none_is_named() {
    let mut kernel = machine(0);
    let sources = sources(HeartbeatMode::Local, 1, 0);
    let (code, _, err) = act(&mut kernel, &sources, &Verb::Online(ChangeCluster::default()), None);
    assert_eq!((code, err.as_str()), (0, "o2cb: cluster 'web', the only one of /etc/ocfs2/cluster.conf\n"));
    let mut two = self::sources(HeartbeatMode::Local, 1, 0);
    let config = two.config.as_mut().unwrap();
    let mut other = config.clusters[0].clone();
    other.name = "other".to_owned();
    config.clusters.push(other);
    let (code, _, err) = act(&mut machine(0), &two, &Verb::Online(ChangeCluster::default()), None);
    assert!(code == 1 && err.contains("Cluster not known") && err.contains("has several: web, other"), "{err}");
}

#[test]
fn start_does_nothing_unless_it_is_enabled_and_says_so() {
    let mut kernel = machine(0);
    let mut sources = sources(HeartbeatMode::Local, 1, 0);
    sources.defaults.enabled = false;
    let (code, _, err) = act(&mut kernel, &sources, &Verb::Start(ChangeCluster { which: which(), change: Change::default() }), None);
    assert_eq!((code, kernel.changes()), (0, 0));
    assert!(err.contains("O2CB_ENABLED is not 'true' in /etc/default/o2cb"), "{err}");
}

#[test]
fn force_asks_and_without_a_terminal_needs_yes() {
    let mut kernel = machine(1);
    let sources = sources(HeartbeatMode::Local, 1, 0);
    act(&mut kernel, &sources, &online(), None);
    let region = Region { block_bytes: 512, start_block: 1, blocks: 255, device: Some(device(0).trim_start_matches("/dev/").to_owned()) };
    kernel.cluster.as_mut().unwrap().regions.insert(uuid(0), region);
    kernel.counts.insert(uuid(0), 3);
    let offline = |force, yes| Verb::Offline(Offline { which: which(), change: Change::default(), force, yes });
    let (code, out, err) = act(&mut kernel, &sources, &offline(false, false), None);
    assert_eq!((code, out.as_str()), (1, "Stopping O2CB cluster web: Failed\n"));
    assert!(err.contains("the C tools still count 3 user(s): leaked"), "{err}");
    let (code, _, err) = act(&mut kernel, &sources, &offline(true, false), None);
    assert!(code == 1 && err.contains("nobody is there to ask: --yes") && err.contains("stop region"), "{err}");
    assert_eq!(act(&mut kernel, &sources, &offline(true, false), Some("n")).0, 1);
    assert!(kernel.cluster.is_some());
    assert_eq!(act(&mut kernel, &sources, &offline(true, true), None).0, 0);
    assert!(kernel.cluster.is_none() && kernel.counts.is_empty());
}

#[test]
fn the_heartbeat_verbs_of_o2cb_8() {
    let mut kernel = machine(2);
    let sources = sources(HeartbeatMode::Global, 1, 2);
    let change = ChangeCluster { which: which(), change: Change::default() };
    let (code, _, err) = act(&mut kernel, &sources, &Verb::StartHeartbeat(change.clone()), None);
    assert!(code == 1 && err.contains("Cluster 'web' is not registered"), "{err}");
    let stop = Verb::StopHeartbeat(StopHeartbeat { which: which(), ..StopHeartbeat::default() });
    let (code, _, err) = act(&mut kernel, &sources, &stop, None);
    assert!(code == 1 && err.contains("Cluster 'web' is not registered; none is"), "{err}");
    assert_eq!(act(&mut kernel, &sources, &Verb::RegisterCluster(change.clone()), None), (0, String::new(), String::new()));
    assert_eq!(act(&mut kernel, &sources, &Verb::ClusterStatus(which()), None).1, "Cluster 'web' is offline\n");
    let (code, out, err) = act(&mut kernel, &sources, &Verb::StartHeartbeat(change.clone()), None);
    assert_eq!((code, out.as_str()), (0, "Global heartbeat started\n"));
    assert!(err.contains("start its heartbeat on /dev/vdb …"), "{err}");
    let (code, _, err) = act(&mut kernel, &sources, &Verb::UnregisterCluster(change.clone()), None);
    assert!(code == 1 && err.contains("Atleast one heartbeat region is still active"), "{err}");
    assert_eq!(act(&mut kernel, &sources, &stop, None).1, "Global heartbeat stopped\n");
    assert_eq!(act(&mut kernel, &sources, &Verb::UnregisterCluster(change), None), (0, String::new(), String::new()));
    assert!(kernel.cluster.is_none());
}

#[test]
fn configure_writes_only_what_the_kernel_takes() {
    use clap::Parser;
    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: super::Configure,
    }
    let mut kernel = machine(0);
    let sources = sources(HeartbeatMode::Local, 1, 0);
    let verb = |words: &[&str]| Verb::Configure(Box::new(Command::parse_from([&["x"], words].concat()).options));
    let (code, _, err) = act(&mut kernel, &sources, &verb(&["--threshold=2", "--idle-ms=60000"]), None);
    assert!(code == 1 && err.contains("nothing was written") && sources.set.borrow().is_empty(), "{err}");
    assert_eq!(act(&mut kernel, &sources, &verb(&["--threshold=61", "--fence=panic", "--firewall=ufw"]), None).0, 0);
    let written = [("O2CB_HEARTBEAT_THRESHOLD", "61"), ("O2CB_FENCE_METHOD", "panic"), ("O2CB_FIREWALL", "ufw")];
    assert_eq!(*sources.set.borrow(), written.map(|(name, value)| (name, value.to_owned())));
    let (code, _, err) = act(&mut kernel, &sources, &verb(&["--firewall=iptables"]), None);
    assert!(code == 1 && err.contains("O2CB_FIREWALL=iptables: it must be firewalld or ufw; nothing was written"), "{err}");
    let (code, _, err) = act(&mut kernel, &sources, &verb(&[]), None);
    assert!(code == 1 && err.contains("nobody is there to ask"), "{err}");
}

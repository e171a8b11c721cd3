//! Which cluster is forecast, on a machine whose kernel is a model.

use crate::forecast::source::{Choice, Source, find};
use crate::forecast::timing::Settings;
use crate::kernel::model::ModelKernel;
use crate::plan::tests::{go_online, sample, timeouts};
use crate::stack::{DefaultsFile, Sources, samples};
use crate::wanted::Regions;
use formats::cluster_conf::{Cluster, Config, HeartbeatMode};
use std::path::PathBuf;

struct Fixed(Option<Cluster>, DefaultsFile);

impl Sources for Fixed {
    fn config_path(&self) -> PathBuf {
        "/etc/ocfs2/cluster.conf".into()
    }
    fn config(&self) -> anyhow::Result<Option<Config>> {
        Ok(self.0.clone().map(|cluster| Config { clusters: vec![cluster] }))
    }
    fn defaults(&self) -> anyhow::Result<DefaultsFile> {
        Ok(self.1.clone())
    }
    fn set_defaults(&self, _: &[(&'static str, String)]) -> anyhow::Result<PathBuf> {
        anyhow::bail!("a forecast writes nothing")
    }
    fn regions(&self) -> &dyn Regions {
        &samples::Disks
    }
}

fn file(pairs: &[(&str, &str)]) -> DefaultsFile {
    DefaultsFile { path: "/etc/default/o2cb".into(), defaults: timeouts(pairs), problems: Vec::new() }
}

/// Registered with threshold 61, two of four nodes beat; the file says something else.
fn machine() -> ModelKernel {
    let mut kernel = samples::machine(2);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 4, 2), &timeouts(&[("O2CB_HEARTBEAT_THRESHOLD", "61")]));
    kernel.live = [3].into();
    kernel
}

fn at(kernel: &ModelKernel, choice: &Choice<'_>) -> anyhow::Result<Source> {
    find(kernel, &Fixed(Some(sample(HeartbeatMode::Local, 3, 0)), file(&[("O2CB_IDLE_TIMEOUT_MS", "60000")])), choice)
}

#[test]
fn the_registered_cluster_as_it_runs() {
    let mut kernel = machine();
    kernel.put("/proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
    kernel.put("/boot/config-6.1.0-56-amd64", "CONFIG_HZ_1000=y\nCONFIG_HZ=1000\n");
    let source = at(&kernel, &Choice::default()).unwrap();
    assert!(source.live);
    assert_eq!(source.cluster.settings, Settings { threshold: 61, hz: 1000, ..Settings::DEFAULT });
    assert_eq!(source.cluster.nodes.iter().map(|node| node.number).collect::<Vec<_>>(), [1, 3], "only those that beat");
    assert!(source.notes.iter().any(|note| note.contains("no heartbeat of theirs is seen: db2, db4")), "{:?}", source.notes);
    assert_eq!(source.cluster.regions.len(), 2);
    assert_eq!(source.cluster.regions[0].uuid.as_deref(), Some(samples::uuid(0).as_str()));
    assert_eq!(source.cluster.regions[0].device.as_deref(), Some("vdb"));
    assert!(source.cluster.regions.iter().all(|region| region.quorum && region.members == [0, 1].into()));
    assert!(source.notes.iter().any(|note| note.contains("CONFIG_HZ is 1000 in the kernel here")), "{:?}", source.notes);
    let unknown = |note: &String| note.contains("Which nodes beat in") || note.contains("Whether a node counts");
    assert!(!source.notes.iter().any(unknown), "{:?}", source.notes);
    let named = at(&kernel, &Choice { hz: Some(250), ..Choice::default() }).unwrap();
    assert!(!named.notes.iter().any(|note| note.contains("CONFIG_HZ")), "{:?}", named.notes);
}

#[test]
fn who_beats_is_for_root() {
    let mut kernel = machine();
    kernel.root = false;
    let source = at(&kernel, &Choice::default()).unwrap();
    assert_eq!(source.cluster.nodes.len(), 4);
    for assumed in [
        "Which nodes beat: unknown, needs root; all nodes of the cluster are taken.",
        "Which nodes beat in vdb, vdc: unknown, needs root; all are taken.",
        "Whether a node counts vdb, vdc for its half of the regions: unknown, needs root; it is taken to.",
    ] {
        assert!(source.notes.iter().any(|note| note == assumed), "{assumed}: {:?}", source.notes);
    }
}

#[test]
fn the_file_where_it_is_named_or_nothing_is_registered() {
    let named = at(&machine(), &Choice { file_only: true, hz: Some(100), ..Choice::default() }).unwrap();
    let empty = at(&ModelKernel::new(), &Choice { hz: Some(100), ..Choice::default() }).unwrap();
    for source in [named, empty] {
        assert!(!source.live);
        assert_eq!(source.cluster.settings, Settings { idle_ms: 60_000, hz: 100, ..Settings::DEFAULT });
        assert_eq!((source.cluster.nodes.len(), source.cluster.regions.len()), (3, 1));
        assert_eq!(source.from, "/etc/ocfs2/cluster.conf, timeouts of /etc/default/o2cb");
    }
}

#[test]
fn what_cannot_be_known_is_said() {
    let none = find(&ModelKernel::new(), &Fixed(None, file(&[])), &Choice::default()).unwrap_err();
    assert_eq!(none.to_string(), "no cluster is registered here, and there is no /etc/ocfs2/cluster.conf");
    let other = at(&ModelKernel::new(), &Choice { named: Some("db"), ..Choice::default() }).unwrap_err();
    assert_eq!(other.to_string(), "/etc/ocfs2/cluster.conf has no cluster 'db'; it has web");
    let bare = Fixed(Some(sample(HeartbeatMode::Global, 2, 0)), file(&[]));
    let told = find(&ModelKernel::new(), &bare, &Choice::default()).unwrap_err().to_string();
    assert!(told.contains("global heartbeat and no region"), "{told}");
}

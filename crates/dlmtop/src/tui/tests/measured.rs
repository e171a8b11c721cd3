//! DLM waits that are measured on one node and not on the other: screen, text, CSV and JSON.

use super::{App, Playback, Title, screen, settings};
use crate::out::{Face, csv::Csv, json, text::Text};
use crate::views::View;
use formats::gfs2::{GlockName, GlockType};
use insta::assert_snapshot;
use model::{Cluster, Rules, Snapshot, ViewTime};
use sample::gfs2::{GlockFigures, TracedFigures, Tracing};
use sample::message::FileSystemKind;
use sample::{FileSystem, FromNode, Gfs2Sample, GlockSample, Link, NodeClock, Pace, Way};
use std::sync::Arc;

const TABLE: &str = "lab:gfs1";

fn at(seconds: u64) -> ViewTime {
    ViewTime { monotonic_us: seconds * 1_000_000, realtime_us: Some((1_000_000 + seconds) * 1_000_000) }
}

fn glock(number: u64, stats: Option<GlockFigures>, traced: TracedFigures) -> GlockSample {
    let name = GlockName::new(GlockType::INODE, number);
    let (state, flags) = ("EX".to_owned(), "Iqob".to_owned());
    GlockSample { state: state.clone(), target: state, flags, stats, traced, ..GlockSample::counted_only(name) }
}

fn sample(seq: u64, tracing: Tracing, glocks: Vec<GlockSample>) -> FromNode {
    FromNode::Gfs2(Box::new(Gfs2Sample {
        table: TABLE.to_owned(),
        seq,
        clock: NodeClock { monotonic_ns: seq * 2_000_000_000, realtime_us: Some((1_000_000 + seq * 2) * 1_000_000) },
        interval_ns: (seq > 1).then_some(2_000_000_000),
        glocks,
        known: 9,
        tracing,
        pace: Pace { asked_ms: 2000, kept_ms: 2000, ..Pace::default() },
        ..Gfs2Sample::default()
    }))
}

/// Two intervals of two nodes; the second has no tracefs.
fn pictures() -> [Snapshot; 2] {
    let mut cluster = Cluster::new(["node1".to_owned(), "node2".to_owned()], Rules::default());
    let tracing = [Tracing::On { lacking: None }, Tracing::Failed("tracefs is not mounted".to_owned())];
    for (node, tracing) in tracing.iter().enumerate() {
        cluster.link(node, Link::Up(Way::Local));
        let mount_points = vec!["/mnt/gfs2".to_owned()];
        let found = FileSystem { uuid: TABLE.to_owned(), kind: FileSystemKind::Gfs2, mount_points, ..FileSystem::default() };
        cluster.message(node, FromNode::FileSystems(vec![found]), at(0));
        cluster.message(node, sample(1, tracing.clone(), Vec::new()), at(2));
    }
    let first = cluster.tick(at(2));
    let stats = Some(GlockFigures { dlm_requests: 40, queued: 900, over_ns: Some(2_000_000_000), ..GlockFigures::default() });
    let traced =
        |wait, replies, demotes| TracedFigures { dlm_wait_ns: Some(wait), dlm_replies: Some(replies), remote_demotes: Some(demotes) };
    let here = vec![glock(0x183f3, stats, traced(1_234_567_890, 41, 20)), glock(0x99, None, traced(3_000_000, 2, 0))];
    cluster.message(0, sample(2, tracing[0].clone(), here), at(4));
    cluster.message(1, sample(2, tracing[1].clone(), vec![glock(0x183f3, stats, TracedFigures::default())]), at(4));
    [first, cluster.tick(at(4))]
}

#[test]
fn measured_waits_and_unknown_ones_in_200x30() {
    let mut app = App::new(crate::settings::Settings { detail: true, ..settings() }, Title("two nodes".to_owned()), Playback::Live)
        .start_at(View::Hot);
    app.resize(200, 30);
    for picture in pictures() {
        app.update(Arc::new(picture));
    }
    assert_snapshot!(screen(&app));
}

#[test]
fn text_tells_once_why_waits_are_not_measured() {
    let settings = settings();
    let mut text = Text::new(&settings);
    let mut out = Vec::new();
    for picture in pictures() {
        text.write(&picture, &mut out).unwrap();
    }
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.matches("tracefs is not mounted").count(), 1, "{out}");
    let row = out.lines().find(|line| line.contains("2/183f3")).unwrap();
    assert!(row.contains("1.23s") && row.contains("20"), "{row}");
}

#[test]
fn csv_has_the_glocks_of_a_cluster_without_ocfs2() {
    let settings = settings();
    let mut csv = Csv::new(&settings);
    let mut out = Vec::new();
    for picture in pictures() {
        csv.write(&picture, &mut out).unwrap();
    }
    let out = String::from_utf8(out).unwrap();
    let mut lines = out.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let column = |name: &str| head.iter().position(|id| *id == name).unwrap();
    let told: Vec<_> = lines
        .filter(|line| line[column("glock")] == "2/183f3")
        .map(|line| {
            (line[2], line[column("inode")], line[column("dlm_wait_ns")], line[column("remote_demotes")], line[column("dlm_replies")])
        })
        .collect();
    assert_eq!(
        told,
        [("*", "99315", "1234567890", "20", "41"), ("node1", "99315", "1234567890", "20", "41"), ("node2", "99315", "", "", "")]
    );
    assert!(!head.contains(&"ex_count"), "{head:?}");
}

#[test]
fn json_has_null_where_nothing_was_measured() {
    let object = json::object(&pictures()[1], &settings());
    let volume = &object["file_systems"][0];
    let row = volume["glocks"].as_array().unwrap().iter().find(|row| row["glock"] == "2/183f3").unwrap();
    assert_eq!((row["dlm_wait_ns"].as_u64(), row["nodes"][0]["remote_demotes"].as_u64()), (Some(1_234_567_890), Some(20)));
    assert!(row["nodes"][1]["dlm_wait_ns"].is_null() && row["nodes"][1].as_object().unwrap().contains_key("dlm_wait_ns"));
    assert_eq!((volume["gfs2"][0]["dlm_waits"].as_str(), volume["gfs2"][1]["dlm_waits"].as_str()), (Some("on"), Some("failed")));
    assert_eq!(volume["gfs2"][1]["dlm_waits_trouble"], "tracefs is not mounted");
}

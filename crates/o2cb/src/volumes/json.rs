//! The listings as JSON. Times are seconds, sizes bytes; what is not known is absent or null.

use super::detail::Detail;
use super::in_use::{Use, dead_ms};
use super::survey::{Found, Survey};
use super::text::stack_name;
use super::watch::Watched;
use formats::o2hb::{Expected, Remark, SlotHistory, State};
use formats::ocfs2_disk::{Check, Stack};
use serde_json::{Map, Value, json};

/// All of it. `details` are those of the volumes, if heartbeats were watched.
pub fn document(survey: &Survey, details: Option<&[Detail]>) -> Value {
    let volumes = survey.volumes.iter().enumerate().map(|(index, volume)| {
        let mut object = of_volume(volume);
        if let Some(detail) = details.and_then(|details| details.get(index)) {
            add_detail(&mut object, detail);
        }
        Value::Object(object)
    });
    let reasons = |list: Vec<(String, String)>, key: &str| -> Vec<Value> {
        list.into_iter().map(|(device, why)| json!({"device": device, key: why})).collect()
    };
    let failed = survey.failed.iter().map(|(path, why)| (path.display().to_string(), why.clone())).collect();
    let skipped = survey.skipped.iter().map(|(path, why)| (path.display().to_string(), why.to_string())).collect();
    json!({
        "volumes": volumes.collect::<Vec<_>>(),
        "failed": reasons(failed, "error"),
        "skipped": reasons(skipped, "reason"),
        "without": survey.without.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "problems": survey.problems,
    })
}

fn of_volume(volume: &Found) -> Map<String, Value> {
    let superblock = &volume.superblock;
    let facts = volume.reader.facts();
    let paths = |paths: &[std::path::PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let check = superblock.check.map(|check| match check {
        Check::Good => "good",
        Check::Mended => "mended",
        Check::Bad => "bad",
    });
    let value = json!({
        "device": volume.path.display().to_string(),
        "device_number": facts.number.map(|(major, minor)| format!("{major}:{minor}")),
        "device_size": facts.size,
        "sector_size": volume.sector,
        "below": paths(&volume.below),
        "same_uuid_on": paths(&volume.twins),
        "uuid": superblock.uuid_text(),
        "label": superblock.label,
        "local": superblock.features.local(),
        "stack": (superblock.stack() != Stack::Local).then(|| stack_name(superblock)),
        "stack_on_disk": superblock.cluster.as_ref().map(|cluster| cluster.stack.clone()),
        "cluster": superblock.cluster.as_ref().map(|cluster| cluster.name.clone()),
        "stack_flags": superblock.cluster.as_ref().map(|cluster| cluster.flags),
        "global_heartbeat": superblock.global_heartbeat(),
        "heartbeat_only": superblock.features.heartbeat_only(),
        "size": superblock.bytes(),
        "block_size": superblock.block_bytes(),
        "cluster_size": superblock.cluster_bytes(),
        "max_slots": superblock.max_slots,
        "features": superblock.features.words(),
        "superblock_checksum": check,
        "mounted": volume.mounted,
        "fresh": facts.direct,
    });
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn add_detail(object: &mut Map<String, Value>, detail: &Detail) {
    let nodes = detail.nodes.iter().map(|node| {
        let (state, why) = match &node.state {
            Use::Mounted => ("mounted", None),
            Use::Stale(why) => ("stale", Some(why)),
            Use::Unknown(why) => ("unknown", Some(why)),
        };
        json!({"slot": node.slot, "node": node.node, "name": detail.known_name(node.node), "state": state, "reason": why})
    });
    // A heartbeat-only device has no slots; a map that was not read has not none.
    let nodes = matches!(detail.slot_map, Ok(Some(_))).then(|| nodes.collect::<Vec<_>>());
    object.insert("nodes".to_owned(), json!(nodes));
    object.insert("beating_without_slot".to_owned(), json!(detail.others));
    object.insert("errors".to_owned(), json!(detail.problems()));
    if let Some(Ok(watched)) = &detail.own {
        let region = &watched.region;
        object.insert(
            "region".to_owned(),
            json!({"start_block": region.start_block, "block_bytes": region.block_bytes, "blocks": region.blocks}),
        );
        object.insert("heartbeat".to_owned(), heartbeat(watched, detail));
    }
}

/// Each slot that was ever written.
fn heartbeat(watched: &Watched, detail: &Detail) -> Value {
    let nodes: Option<Vec<u8>> = detail.known.as_ref().map(|known| known.nodes.keys().copied().collect());
    let expected = Expected { dead_ms: dead_ms(watched, detail.known.as_ref()), nodes: nodes.as_deref() };
    let slots = (0..=u8::MAX).zip(&watched.slots).filter(|(_, slot)| slot.latest().is_some_and(formats::o2hb::Block::used));
    slots.map(|(node, slot)| of_slot(node, slot, watched, detail, expected)).collect()
}

fn of_slot(node: u8, slot: &SlotHistory, watched: &Watched, detail: &Detail, expected: Expected<'_>) -> Value {
    let judgement = slot.judge(node, watched.end, expected);
    let (state, silent, dead_within) = match judgement.state {
        State::Unread => ("unread", None, None),
        State::Unused => ("unused", None, None),
        State::Left => ("left", None, None),
        State::Beating { .. } => ("beating", None, None),
        State::Unsettled => ("unsettled", None, None),
        State::Silent { at_least, dead_within } => ("silent", Some(at_least.as_secs_f64()), dead_within.map(|time| time.as_secs_f64())),
        State::Corrupt => ("corrupt", None, None),
    };
    let block = slot.latest();
    json!({
        "node": node,
        "name": detail.known_name(u32::from(node)),
        "state": state,
        "silent_for_at_least": silent,
        "dead_within": dead_within,
        "remarks": judgement.remarks.iter().map(remark).collect::<Vec<_>>(),
        "last_beat": block.map(|block| block.seq),
        "generation": block.map(|block| format!("{:016x}", block.generation)),
        "dead_ms": block.map(|block| block.dead_ms),
    })
}

fn remark(remark: &Remark) -> String {
    match remark {
        Remark::Misplaced { written_by } => format!("written by node {written_by}"),
        Remark::ThresholdMismatch { found, expected } => format!("thinks nodes dead after {found} ms, others after {expected} ms"),
        Remark::UnknownNode => "the cluster's configuration has no such node".to_owned(),
        Remark::TwoWriters => "two machines write it".to_owned(),
        Remark::NewGeneration => "its heartbeat began anew while it was watched, or a second machine writes it".to_owned(),
        Remark::CorruptSeen => "a reading had a wrong checksum".to_owned(),
    }
}

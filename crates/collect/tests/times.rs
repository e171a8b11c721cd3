//! When what a recording tells was read: not when its frame was due.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

use collect::Event;
use collect::recording::{Frame, Player};
use sample::FromNode;
use sample::message::{Configuration, Look};
use std::io::Read as _;
use std::path::Path;

/// When the first frame was due, seconds since the epoch.
const DUE: u64 = 1_795_299_892;
const GLOCKS: &str = "/sys/kernel/debug/gfs2/labgfs:gfs1/glocks";
const RESOURCES: &str = "/sys/kernel/debug/dlm/gfs1_all";

/// Frames three seconds apart of one recorded moment, with the `file` lines of their `meta`.
fn series(files: &[&str]) -> Player {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dlmtop/tests/recordings/gfs2-61-blocked-flock.tar.zst");
    let mut out = tar::Builder::new(Vec::new());
    let mut add = |name: String, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, name, bytes).unwrap();
    };
    for (number, lines) in files.iter().enumerate() {
        let decoder = zstd::stream::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        for entry in tar::Archive::new(decoder).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().replace("frames/0000/", &format!("frames/{number:04}/"));
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            if name.contains("/node1/") && !name.ends_with("/meta") {
                add(name, &bytes);
            }
        }
        let due = DUE + 3 * number as u64;
        let text = format!("realtime {due}.010000000\nuptime {}.00\nslot_due {due}.000\n{lines}", 1000 + 3 * number);
        add(format!("frames/{number:04}/node1/meta"), text.as_bytes());
    }
    Player::from_archive(out.into_inner().unwrap().as_slice(), "moments", Configuration::default()).unwrap()
}

fn play(files: &[&str]) -> Vec<Frame> {
    let mut player = series(files);
    player.look(Look { all: true, ..Look::default() });
    std::iter::from_fn(|| player.next_frame()).collect()
}

/// When the glocks, and when the DLM's resources were read, µs after the first frame was due.
fn read(frame: &Frame) -> (Option<u64>, Option<u64>) {
    let at = |is: fn(&FromNode) -> bool| {
        let mut events = frame.events.iter();
        events.find(|event| matches!(&event.event, Event::Message(message) if is(message))).map(|event| event.after_us)
    };
    (at(|message| matches!(message, FromNode::Gfs2(_))), at(|message| matches!(message, FromNode::Lockspace(_))))
}

#[test]
fn each_file_is_told_when_it_was_read_and_the_frame_when_the_last_one_was() {
    let lines = format!("file {GLOCKS} bytes=9 reads=2 at=0.250000 dur=0.01\nfile {RESOURCES} bytes=9 reads=2 at=0.300000 dur=0.01\n");
    let frames = play(&[&lines, &lines]);
    assert_eq!(read(&frames[0]), (Some(260_000), Some(310_000)));
    assert_eq!((frames[0].after_us, frames[0].realtime_us), (310_000, Some(DUE * 1_000_000 + 310_000)));
    assert_eq!(read(&frames[1]), (Some(3_260_000), Some(3_310_000)));
    assert_eq!(frames[1].after_us, 3_310_000);
}

#[test]
fn a_frame_is_over_before_the_next_one_is_due() {
    let late = format!("file {GLOCKS} bytes=9 reads=2 at=7.5 dur=0.01\nfile {RESOURCES} bytes=9 reads=2 at=0.1 dur=0.01\n");
    let frames = play(&[&late, ""]);
    assert_eq!((read(&frames[0]), frames[0].after_us), ((Some(2_999_999), Some(110_000)), 2_999_999));
    // Without times of files, all was read when the frame began.
    assert_eq!((read(&frames[1]), frames[1].after_us), ((Some(3_010_000), Some(3_010_000)), 3_010_000));
}

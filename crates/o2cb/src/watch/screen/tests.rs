use super::*;
use formats::o2dlm::DlmState;
use formats::o2hb::Block;
use insta::assert_snapshot;
use model::ViewTime;
use model::o2cb::{Memory, O2cbRules};
use sample::o2cb::{Cluster, Connection, Domain, Member, O2cbSample, Reading, Region, Registered, Sending, Slots, Thread};
use sample::{Link, NodeClock, Way};

const UUID: &str = "3C297ACBFCE148888FD30866FF94FBBF";

/// A real node's facts (threshold 31, three nodes), `second` seconds after node 3 beat last.
fn cluster(own: u8, second: u64) -> Cluster {
    let member = |number| Member {
        name: format!("node{number}"),
        number: Some(number),
        address: Some([10, 77, 0, number].into()),
        port: Some(7777),
        local: Some(number == own),
    };
    let beat = |node: u8, seq: u64| (node, Block { seq, node, generation: 7, dead_ms: 62_000, stored: 0, computed: 0 });
    let used = vec![beat(1, 100 + second), beat(2, 100 + second), beat(3, 100)];
    let region = Region {
        uuid: UUID.to_owned(),
        device: Some("ubda".to_owned()),
        thread: Some(Thread::Runs(174)),
        elapsed_ms: Some(860),
        number: Some(0),
        pinned: Some(true),
        live: Some(vec![1, 2, 3]),
        slots: Slots::Read(Reading { at_ns: (second + 1) * 1_000_000_000, took_us: 800, upto: 255, used }),
    };
    let connection = |node: u8| Connection {
        node,
        established: true,
        received_ms: Some(if node == 3 { second * 1000 } else { 400 }),
        sent_ms: Some(400),
        unacknowledged: Some(if node == 3 { 48 } else { 0 }),
        retransmits: Some(if node == 3 { 6 } else { 0 }),
    };
    let message = Sending {
        node: 3,
        message: "convert lock".to_owned(),
        domain: Some(UUID.to_owned()),
        pid: 149,
        process: "dlm-3C297ACBFCE".to_owned(),
        for_us: Some(second * 1_000_000),
    };
    let state = DlmState { state: "JOINED".to_owned(), domain_map: vec![1, 2, 3], ..DlmState::default() };
    Cluster {
        name: "lab".to_owned(),
        global: Some(false),
        threshold: Some(31),
        idle_ms: Some(30_000),
        keepalive_ms: Some(2000),
        reconnect_ms: Some(2000),
        fence: Some("reset".to_owned()),
        nodes: (1..=3).map(member).collect(),
        regions: vec![region],
        live: Some(vec![1, 2, 3]),
        live_regions: Some(Vec::new()),
        quorum_regions: Some(Vec::new()),
        failed_regions: Some(Vec::new()),
        connected: Some((1..=3).filter(|node| *node != u32::from(own)).collect()),
        connections: (1..=3).filter(|node| *node != own).map(connection).collect(),
        idle_unknown: None,
        sending: Some(if second > 0 { vec![message] } else { Vec::new() }),
        domains: Some(vec![Domain { name: UUID.to_owned(), state: Some(state) }]),
    }
}

/// What is seen from nodes 1 and 2 while node 3 has been silent for so long; until second 0 it beats.
fn picture(silent: u64) -> Picture {
    let mut memory = Memory::new(["node1".to_owned(), "node2".to_owned()], O2cbRules::default());
    for node in 0..2 {
        memory.link(node, Link::Up(Way::Local));
    }
    let mut view = None;
    for second in (0..=silent.max(4)).step_by(2) {
        let now = ViewTime { monotonic_us: second * 1_000_000, realtime_us: None };
        for own in 1..=2u8 {
            let mut told = cluster(own, second.min(silent));
            if let Slots::Read(reading) = &mut told.regions[0].slots {
                reading.at_ns = (second + 1) * 1_000_000_000;
                for (_, block) in &mut reading.used {
                    // While it beats all change.
                    block.seq += if silent == 0 || block.node != 3 { second } else { 0 };
                }
            }
            let clock = NodeClock { monotonic_ns: (second + 1) * 1_000_000_000, realtime_us: None };
            let cluster = Registered::Cluster(Box::new(told));
            memory.take(usize::from(own) - 1, O2cbSample { clock, host: format!("node{own}"), cluster, unread: Vec::new() }, now);
        }
        view = Some(memory.tick(now));
    }
    Picture { number: 1, realtime_us: None, view: view.unwrap() }
}

fn page(color: bool, silent: u64) -> Page {
    let mut page = Page::new("node1 node2", Duration::from_secs(2), 50, color);
    page.update(picture(silent));
    page
}

fn drawn(page: &mut Page, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    page.draw(&mut buffer, area);
    buffer
}

fn screen(page: &mut Page, width: u16, height: u16) -> String {
    let buffer = drawn(page, width, height);
    let line = |row: Rect| (row.left()..row.right()).map(|x| buffer[(x, row.y)].symbol()).collect::<String>();
    buffer.area.rows().map(|row| line(row).trim_end().to_owned() + "\n").collect()
}

fn press(page: &mut Page, code: KeyCode) -> Effect {
    page.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn all_is_well_in_80x24() {
    assert_snapshot!(screen(&mut page(true, 0), 80, 24));
}

#[test]
fn a_silent_node_in_80x24() {
    assert_snapshot!(screen(&mut page(true, 48), 80, 24));
}

#[test]
fn a_silent_node_in_200x50() {
    assert_snapshot!(screen(&mut page(true, 48), 200, 50));
}

#[test]
fn without_colour_words_carry_the_meaning() {
    let buffer = drawn(&mut page(false, 48), 80, 24);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let colored = drawn(&mut page(true, 48), 80, 24);
    assert!(colored.content.iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn keys_scroll_pause_and_end() {
    let mut page = page(true, 48);
    press(&mut page, KeyCode::Down);
    let scrolled = screen(&mut page, 80, 10);
    assert!(!scrolled.contains("node3 silent") && scrolled.contains("more lines below"), "{scrolled}");
    press(&mut page, KeyCode::End);
    assert!(!screen(&mut page, 80, 10).contains("more lines below"));
    press(&mut page, KeyCode::Home);
    press(&mut page, KeyCode::Char(' '));
    page.update(picture(0));
    let paused = screen(&mut page, 80, 24);
    assert!(paused.contains("PAUSED") && paused.contains("node3 silent"), "{paused}");
    press(&mut page, KeyCode::Char(' '));
    assert!(screen(&mut page, 80, 24).contains("OK: 3 of 3 nodes beat"));
    assert_eq!(press(&mut page, KeyCode::Char('q')), Effect::Quit);
    assert_eq!(page.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Effect::Quit);
}

#[test]
fn no_size_and_no_picture_make_it_fail() {
    for width in (0..90).step_by(11) {
        for height in 0..6 {
            drawn(&mut page(true, 48), width, height);
            drawn(&mut Page::new("node1", Duration::from_secs(2), 50, true), width, height);
        }
    }
}

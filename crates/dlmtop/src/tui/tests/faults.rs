//! Nodes that are late, down or lie, and nothing to show.

use super::*;
use insta::assert_snapshot;
use sample::{Fault, FaultKind, Link};

#[test]
fn a_late_node_says_so_and_its_numbers_do_not_count() {
    let mut app = App::new(settings(), Title::default(), Playback::Recording { speed: Some(1.0) });
    app.resize(80, 24);
    let silent = play(|frame, node| node != 2 || frame < 5);
    silent.iter().take(HOT + 1).for_each(|picture| app.update(picture.clone()));
    assert_snapshot!(screen(&app));
}

fn all_down() -> App {
    let faults = [
        (FaultKind::Refused, "ssh: connect to host west port 22: Connection refused"),
        (FaultKind::Authentication, "Permission denied (publickey,password)."),
        (FaultKind::NoDebugfs, "/sys/kernel/debug/ocfs2: ENOENT"),
    ];
    let mut cluster = Cluster::new(["west", "east", "south"].map(str::to_owned), Rules::default());
    for (node, (kind, detail)) in faults.into_iter().enumerate() {
        cluster.link(node, Link::Down { fault: Fault::new(kind, detail), retry_in_ms: Some(1000) });
    }
    let mut app = App::new(settings(), Title("/mnt/shared on west, east, south".to_owned()), Playback::Live);
    app.resize(80, 24);
    let at = ViewTime { monotonic_us: 1_500_000, realtime_us: Some(1_795_299_892_152_055) };
    app.update(Arc::new(cluster.tick(at)));
    app
}

#[test]
fn all_nodes_down() {
    assert_snapshot!(screen(&all_down()));
}

#[test]
fn many_nodes_are_summed_up_and_the_bad_ones_told() {
    let mut app = app(80, 24, HOT);
    let mut many = (*pictures()[HOT]).clone();
    let view = &mut many.file_systems[0];
    let model = view.nodes[0].clone();
    for number in 3..12 {
        let mut node = model.clone();
        (node.node, node.name) = (number, format!("node{}", number + 1));
        if number == 7 {
            node.state = model::NodeState::Down(Fault::new(FaultKind::TimedOut, "no answer in 10 s"));
        }
        many.nodes.push(node.name.clone());
        view.nodes.push(node);
    }
    app.update(Arc::new(many));
    let header: Vec<String> = screen(&app).lines().take(6).map(str::to_owned).collect();
    assert_snapshot!(header.join("\n"));
}

#[test]
fn before_the_first_picture() {
    let mut app = App::new(settings(), Title("/mnt/shared on west, east".to_owned()), Playback::Live);
    app.resize(80, 24);
    app.tick(std::time::Duration::from_secs(1));
    for keys in ["", "d", "<Enter>", "2<Enter>", "3<Enter>", "4<Enter>", "1[{ ", "fG", "<Esc>/M<Enter><Esc>"] {
        press(&mut app, keys);
        screen(&app);
    }
    assert_snapshot!(screen(&app).lines().take(8).collect::<Vec<_>>().join("\n"));
}

#[test]
fn nothing_active() {
    assert_snapshot!(screen(&app(80, 24, 40)).lines().take(12).collect::<Vec<_>>().join("\n"));
}

#[test]
fn names_and_messages_cannot_control_the_terminal() {
    let mut bad = (*pictures()[STUCK]).clone();
    bad.nodes[0] = "no\x1b[2Jde1".to_owned();
    let view = &mut bad.file_systems[0];
    view.nodes[0].name = "no\x1b[2Jde1".to_owned();
    view.nodes[1].name = "節點\u{202e}二\u{9b}31m".to_owned();
    view.nodes[2].state = model::NodeState::Down(Fault::new(FaultKind::CannotRun, "bash:\r\n\x1b]0;owned\x07 not found"));
    view.label = Some("label\nwith\tbreaks".to_owned());
    view.mount_points = vec!["/mnt/\x1b[31mred".to_owned()];
    bad.findings[0].text.push_str("\x1b[5m\u{200b}");
    let mut app = app(80, 24, STUCK - 1);
    app.update(Arc::new(bad));
    for keys in ["", "d", "<Enter>", "<Esc>2", "3", "4"] {
        press(&mut app, keys);
        let buffer = drawn(&app);
        let odd = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!buffer.content.iter().any(|cell| cell.symbol().chars().any(odd)), "{keys}: {}", screen(&app));
    }
    press(&mut app, "1");
    assert_snapshot!(app.text().lines().take(7).collect::<Vec<_>>().join("\n"));
}

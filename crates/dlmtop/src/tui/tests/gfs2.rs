//! GFS2 on the screen: its glocks, its totals, a glock that is open.

use super::*;
use insta::assert_snapshot;
use ratatui::style::{Color as Tint, Modifier};
use sample::message::Configuration;
use std::io::Read as _;

/// A time series of recorded moments, three seconds apart by every clock.
fn series(moments: &[&str]) -> Player {
    let mut out = tar::Builder::new(Vec::new());
    for (number, moment) in moments.iter().enumerate() {
        let path = format!("{}/tests/recordings/{moment}.tar.zst", env!("CARGO_MANIFEST_DIR"));
        let decoder = zstd::stream::Decoder::new(std::fs::File::open(path).unwrap()).unwrap();
        for entry in tar::Archive::new(decoder).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().replace("frames/0000/", &format!("frames/{:04}/", 3 * number));
            let mut header = entry.header().clone();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            out.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
    }
    for (number, node) in (0..moments.len()).flat_map(|number| ["node1", "node2", "node3"].map(|node| (number, node))) {
        let after = 3 * number;
        let text = format!(
            "realtime {}.000000000\nuptime {}.00\nslot_due {}.000000\n",
            1_795_299_892 + after,
            1000 + after,
            1_795_299_892 + after
        );
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, format!("frames/{after:04}/{node}/meta"), text.as_bytes()).unwrap();
    }
    let bytes = out.into_inner().unwrap();
    Player::from_archive(bytes.as_slice(), "moments", Configuration::default()).unwrap()
}

/// A screen that has taken in these moments, asked for `look`.
pub fn app_of(moments: &[&str], view: crate::views::View, settings: Settings, width: u16, height: u16) -> App {
    let mut app = App::new(settings, Title("recorded moments".to_owned()), Playback::Recording { speed: Some(1.0) }).start_at(view);
    app.resize(width, height);
    for picture in play_with(series(moments), &view.look(), |_, _| true) {
        app.update(picture);
    }
    app
}

/// Work between two moments.
pub const WORK: [&str; 2] = ["gfs2-61-article-after-mount", "gfs2-61-article-after-copy"];
/// A flock that two nodes wait for, for six seconds.
pub const BLOCKED: [&str; 3] = ["gfs2-61-blocked-flock"; 3];

fn gfs2(moments: &[&str], width: u16, height: u16) -> App {
    app_of(moments, crate::views::View::Hot, settings(), width, height)
}

#[test]
fn glocks_that_were_used_in_80x24() {
    assert_snapshot!(screen(&gfs2(&WORK, 80, 24)));
}

#[test]
fn glocks_that_were_used_in_200x50_per_node() {
    let mut app = gfs2(&WORK, 200, 50);
    press(&mut app, "d");
    assert_snapshot!(screen(&app));
}

#[test]
fn a_stuck_glock_is_on_top_in_80x24() {
    let mut app = gfs2(&BLOCKED, 80, 24);
    press(&mut app, "d");
    let screen = screen(&app);
    assert_eq!(screen.matches("kept PR by").count(), 1, "the verdict's sentence is told once: {screen}");
    assert_snapshot!(screen);
}

#[test]
fn a_stuck_glock_is_on_top_in_200x50() {
    assert_snapshot!(screen(&gfs2(&BLOCKED, 200, 50)));
}

#[test]
fn the_stuck_glock_opened() {
    let mut app = gfs2(&BLOCKED, 80, 24);
    let effects = press(&mut app, "<Enter>");
    let asked = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Tell(Command::Look(look)) => Some(look.resources.iter().map(ToString::to_string).collect::<Vec<_>>()),
            _ => None,
        })
    };
    assert_eq!(asked(&effects).map(|resources| resources.len()), Some(1), "the nodes are asked to tell it from now on");
    let narrow = screen(&app);
    app.resize(200, 50);
    let wide = screen(&app);
    let effects = press(&mut app, "<Esc>");
    assert_eq!(asked(&effects), Some(Vec::new()));
    assert!(app.open.is_none());
    assert_snapshot!(narrow + "================\n" + &wide);
}

#[test]
fn stuck_waits_are_in_the_history() {
    let mut app = gfs2(&BLOCKED, 100, 24);
    press(&mut app, "4");
    let listed = screen(&app);
    assert!(listed.contains("! since") || listed.contains("! flock"), "{listed}");
    let buffer = drawn(&app);
    let row = buffer.area.rows().find(|row| buffer[(0, row.y)].symbol() == "!" && buffer[(1, row.y)].symbol() == " ").unwrap();
    assert!(buffer[(4, row.y)].modifier.contains(Modifier::REVERSED), "the row is selected: {listed}");
    press(&mut app, "<Enter>");
    let opened = screen(&app);
    assert!(opened.contains("inode glock of inode 22382"), "{opened}");
    assert_snapshot!(listed + "================\n" + &opened);
    press(&mut app, "<Esc>i");
    assert_eq!((app.view, app.page.inode), (super::super::app::View::Inode, Some(22382)));
    press(&mut app, "3<Enter>");
    assert_eq!(app.view, super::super::app::View::Waits, "a finding without a lock of its own leads to the waits");
}

#[test]
fn orders_filters_and_jumps_are_those_of_locks() {
    let mut app = gfs2(&WORK, 120, 24);
    let selected = |app: &App| app.glock(app.cursor().at).map(|row| row.name.to_string()).unwrap_or_default();
    press(&mut app, "sG<Enter>");
    let kinds: Vec<u8> = (0..app.order.len()).filter_map(|rank| app.glock(rank)).map(|row| row.name.kind.0).collect();
    assert!(kinds.is_sorted() && kinds.len() > 3, "{kinds:?}");
    let inode = (0..app.order.len()).filter_map(|rank| app.glock(rank)?.name.inode()).next_back().unwrap();
    press(&mut app, &format!("f{inode}<Enter>"));
    assert!(selected(&app).ends_with(&format!("/{inode:x}")), "{}", selected(&app));
    press(&mut app, &format!("/M inode:{inode}<Enter>"));
    assert!(screen(&app).contains("glocks shown, Esc clears (type letters are OCFS2's)"), "{}", screen(&app));
    assert!((0..app.order.len()).all(|rank| app.glock(rank).unwrap().name.inode() == Some(inode)));
    press(&mut app, "<Esc>/waiting<Enter>");
    assert!(screen(&app).contains("passes the filter"), "{}", screen(&app));
    press(&mut app, "<Esc>f2/183f3<Enter>");
    assert!(screen(&app).contains("inode glock of inode 99315 (0x183f3)"), "{}", screen(&app));
    assert!(screen(&app).contains("No node tells of this glock"), "{}", screen(&app));
    press(&mut app, "<Esc><Right>");
    assert!(screen(&app).contains("< TYPE"), "{}", screen(&app));
}

/// Numbers of the types that are shown.
fn kinds(app: &App) -> Vec<u8> {
    let mut kinds: Vec<u8> = (0..app.order.len()).filter_map(|rank| app.glock(rank)).map(|row| row.name.kind.0).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn glocks_are_filtered_by_type() {
    let mut app = gfs2(&WORK, 120, 24);
    let all = kinds(&app);
    assert!(all.contains(&2) && all.contains(&3) && all.len() > 2, "{all:?}");
    for (words, wanted) in [("rgrp", vec![3]), ("inode,rgrp", vec![2, 3]), ("type:2", vec![2]), ("type:23,M", vec![2, 3]), ("M", all)] {
        press(&mut app, &format!("/{words}<Enter>"));
        assert_eq!(kinds(&app), wanted, "{words}");
        let told = screen(&app).contains("(type letters are OCFS2's)");
        assert_eq!(told, words == "M", "{words}: {}", screen(&app));
        press(&mut app, "<Esc>");
    }
    let types = crate::types::Types::parse("3").unwrap();
    let filter = crate::settings::Filter { types, ..crate::settings::Filter::default() };
    let app = app_of(&WORK, crate::views::View::Hot, Settings { filter, ..settings() }, 80, 24);
    assert_eq!(kinds(&app), [3]);
}

#[test]
fn columns_of_glocks_are_chosen_and_so_is_the_order() {
    let mut app = gfs2(&WORK, 80, 24);
    press(&mut app, "c<Down><Down><Down>");
    let menu = screen(&app);
    // INO goes, REPLIES comes.
    press(&mut app, "<Enter>GG<Up> <Esc>");
    let heading = |app: &App| screen(app).lines().find(|line| line.contains("GLOCK")).unwrap_or_default().to_owned();
    let chosen = heading(&app);
    assert!(!chosen.contains(" INO") && chosen.contains("REPLIES"), "{chosen}");
    press(&mut app, "s<Down>");
    let order = screen(&app);
    press(&mut app, "<Esc>>>");
    assert!(screen(&app).contains("order count: local lock calls"), "{}", screen(&app));
    let sorted = heading(&app);
    assert!(sorted.contains("CALLS▼"), "{sorted}");
    assert_snapshot!([menu, chosen, order].join("================\n"));
    press(&mut app, "cg<Enter><Esc>");
    assert!(heading(&app).contains(" INO"), "{}", heading(&app));
}

#[test]
fn time_orders_glocks_by_what_the_dlm_took() {
    let settings = Settings { sort: model::SortKey::Time, ..settings() };
    let app = app_of(&WORK, crate::views::View::Hot, settings, 120, 24);
    let spent: Vec<u64> = (0..app.order.len())
        .filter_map(|rank| app.glock(rank))
        .filter(|row| !row.stuck)
        .map(|row| row.dlm_requests.unwrap_or(0) * row.blocking_rtt_ns.unwrap_or(0))
        .collect();
    assert!(spent.len() > 3 && spent.is_sorted_by(|a, b| a >= b), "{spent:?}");
}

#[test]
fn no_glock_used_says_what_is_known() {
    let app = gfs2(&["gfs2-61-idle", "gfs2-61-idle"], 80, 24);
    let screen = screen(&app);
    assert!(screen.contains("No glock was used in this interval") && screen.contains("knows 99 glocks"), "{screen}");
}

#[test]
fn without_colour_and_in_ascii() {
    let plain = Settings { color: false, ascii: true, ..settings() };
    for keys in ["", "d", "<Enter>", "3", "4", "5", "6", "i"] {
        let mut app = app_of(&BLOCKED, crate::views::View::Hot, plain.clone(), 80, 24);
        press(&mut app, keys);
        assert!(screen(&app).is_ascii(), "{keys}: {}", screen(&app));
        let buffer = drawn(&app);
        assert!(buffer.content.iter().all(|cell| cell.fg == Tint::Reset && cell.bg == Tint::Reset), "{keys}");
    }
    let mut app = app_of(&BLOCKED, crate::views::View::Hot, plain, 80, 24);
    press(&mut app, "d");
    let buffer = drawn(&app);
    let stuck = buffer.area.rows().find(|row| buffer[(0, row.y)].symbol() == "!" && buffer[(1, row.y)].symbol() == " ").unwrap();
    assert!(buffer[(2, stuck.y)].modifier.contains(Modifier::BOLD));
    assert_snapshot!(screen(&app));
}

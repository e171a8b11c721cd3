//! The views that are pages of text: waits, masters, one inode.

use super::super::app::View;
use super::gfs2::{BLOCKED, WORK, app_of};
use super::*;
use crate::views;
use insta::assert_snapshot;
use sample::message::Look;

/// What the effects ask the nodes to tell.
fn looked(effects: &[Effect]) -> Option<Look> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Tell(Command::Look(look)) => Some(look.clone()),
        _ => None,
    })
}

/// Narrow and wide.
fn both(moments: &[&str], view: views::View) -> String {
    let mut app = app_of(moments, view, settings(), 80, 24);
    let narrow = screen(&app);
    app.resize(200, 50);
    format!("{narrow}================\n{}", screen(&app))
}

#[test]
fn waits_of_gfs2() {
    assert_snapshot!(both(&BLOCKED, views::View::Waits));
}

#[test]
fn masters_of_gfs2() {
    assert_snapshot!(both(&WORK, views::View::Masters));
}

#[test]
fn an_inode_of_gfs2() {
    assert_snapshot!(both(&BLOCKED, views::View::Inode(6971)));
}

#[test]
fn waits_of_ocfs2_in_plain_ascii() {
    let mut app = app_with(Settings { color: false, ascii: true, ..settings() }, 80, 24, STUCK);
    press(&mut app, "5");
    assert!(screen(&app).is_ascii());
    assert_snapshot!(screen(&app));
}

#[test]
fn keys_enter_and_leave_views_and_the_nodes_are_asked_for_them() {
    let mut app = app(80, 24, STUCK);
    assert_eq!(looked(&press(&mut app, "w")), Some(views::View::Waits.look()));
    assert_eq!(looked(&press(&mut app, "m")), Some(views::View::Masters.look()));
    assert_eq!(looked(&press(&mut app, "6")), None, "there already");
    assert_eq!(looked(&press(&mut app, "<Esc>")), Some(views::View::Hot.look()));
    assert_eq!(app.view, View::Locks);
    // The selected lock's inode, and that of an open lock.
    assert_eq!(looked(&press(&mut app, "i")), Some(views::View::Inode(32770).look()));
    assert_eq!(looked(&press(&mut app, "1")), Some(views::View::Hot.look()));
    let effects = press(&mut app, "<Enter>i");
    assert_eq!(looked(&effects), Some(views::View::Inode(32770).look()));
    assert_eq!(asked_for(&effects), Some(Vec::new()));
    // Another one by its number.
    let effects = press(&mut app, "i0x10<Enter>");
    assert_eq!(looked(&effects), Some(views::View::Inode(16).look()));
    press(&mut app, "ix<Enter>");
    assert!(screen(&app).contains("no inode number"), "{}", screen(&app));
    press(&mut app, "<Esc>5i");
    assert!(screen(&app).contains("inode to look at: 32770"), "what is waited for is offered: {}", screen(&app));
}

#[test]
fn pages_scroll_to_their_end_and_no_further() {
    let mut app = app_of(&BLOCKED, views::View::Waits, settings(), 60, 16);
    let top = screen(&app);
    press(&mut app, "<PgDn>");
    assert_ne!(screen(&app), top);
    press(&mut app, "G");
    let end = screen(&app);
    press(&mut app, "<PgDn>jjj");
    assert_eq!(screen(&app), end);
    assert_eq!(app.cursor().at + usize::from(app.body().height), app.page.len(), "the last line is the lowest");
    press(&mut app, "g");
    assert_eq!(screen(&app), top);
}

#[test]
fn tables_scroll_sideways_beside_the_nodes_names() {
    let mut app = app_of(&WORK, views::View::Masters, settings(), 60, 16);
    assert!(!screen(&app).contains("DIRECTORY BY MASTER"));
    for _ in 0..9 {
        press(&mut app, "<Right>");
    }
    let scrolled = screen(&app);
    assert!(scrolled.contains("DIRECTORY BY MASTER") && scrolled.contains("  node1"), "{scrolled}");
}

#[test]
fn a_page_says_why_there_is_nothing_on_it() {
    let mut app = app(80, 24, 66);
    press(&mut app, "5");
    assert!(screen(&app).contains("As soon as somebody waits"), "{}", screen(&app));
    press(&mut app, "6");
    assert!(screen(&app).contains("just been asked to read"), "{}", screen(&app));
    press(&mut app, " ");
    assert!(screen(&app).contains("before the nodes were asked"), "{}", screen(&app));
    press(&mut app, " ");
    app.end();
    assert!(screen(&app).contains("recording ended before"), "{}", screen(&app));
    // Before the first picture.
    let mut app = App::new(settings(), Title("west east".to_owned()), Playback::Live).start_at(views::View::Masters);
    app.resize(80, 24);
    assert!(screen(&app).contains("Connecting: west east"), "{}", screen(&app));
}

#[test]
fn no_size_makes_a_page_fail() {
    for view in [views::View::Hot, views::View::Waits, views::View::Masters, views::View::Inode(6971)] {
        let mut app = app_of(&BLOCKED, view, settings(), 80, 24);
        for width in (0..90).step_by(9) {
            for height in (0..20).step_by(2) {
                app.resize(width, height);
                app.text();
                press(&mut app, "G<Right>");
                app.text();
                press(&mut app, "<Enter>");
                app.text();
                press(&mut app, "<Esc>");
            }
        }
    }
}

//! What is drawn, in the sizes and situations that matter.

use super::*;
use insta::assert_snapshot;
use ratatui::style::{Color as Tint, Modifier};

#[test]
fn a_hot_moment_in_80x24() {
    assert_snapshot!(screen(&app(80, 24, HOT)));
}

#[test]
fn a_hot_moment_in_200x50() {
    let mut app = app(200, 50, HOT);
    press(&mut app, "d");
    assert_snapshot!(screen(&app));
}

#[test]
fn the_stuck_lock_is_on_top_with_its_waiters_and_holder() {
    let mut app = app(80, 24, STUCK);
    press(&mut app, "d");
    assert_snapshot!(screen(&app));
}

#[test]
fn the_stuck_flock_opened() {
    let mut app = app(80, 24, STUCK);
    let effects = press(&mut app, "<Enter>");
    assert_eq!(asked_for(&effects), Some(vec!["F00000000000000000080024c5902e2".to_owned()]));
    let top = screen(&app);
    press(&mut app, "G");
    assert_snapshot!(top + "\n================ scrolled down\n" + &screen(&app));
}

#[test]
fn a_hot_directory_opened_in_200x50() {
    let mut app = app(200, 50, HOT);
    press(&mut app, "<Enter>");
    assert_snapshot!(screen(&app));
}

#[test]
fn the_first_picture_is_marked_as_figures_of_each_locks_life() {
    let screen = screen(&app(80, 24, 0));
    assert!(screen.contains("since each lock was made"), "{screen}");
}

#[test]
fn help() {
    let mut app = app(160, 50, HOT);
    press(&mut app, "?");
    assert_snapshot!(screen(&app));
}

#[test]
fn the_other_views() {
    let mut app = app(100, 24, 66);
    press(&mut app, "2");
    let nodes = screen(&app);
    press(&mut app, "4");
    let history = screen(&app);
    app = super::app(100, 24, STUCK);
    press(&mut app, "3");
    assert_snapshot!([nodes, history, screen(&app)].join("\n================\n"));
}

#[test]
fn menus() {
    let mut app = app(80, 24, HOT);
    press(&mut app, "s");
    let order = screen(&app);
    press(&mut app, "<Esc>c<Down><Down>");
    assert_snapshot!(order + "\n================\n" + &screen(&app));
}

#[test]
fn without_colour_marks_and_bold_carry_the_meaning() {
    for (last, keys) in [(STUCK, "d"), (STUCK, "<Enter>"), (STUCK, "2"), (STUCK, "3"), (66, "4"), (HOT, "?"), (HOT, "s"), (HOT, "[/")] {
        let mut app = app_with(Settings { color: false, ..settings() }, 80, 24, last);
        press(&mut app, keys);
        let buffer = drawn(&app);
        let tinted = buffer.content.iter().filter(|cell| cell.fg != Tint::Reset || cell.bg != Tint::Reset).count();
        assert_eq!(tinted, 0, "{keys}");
    }
    let app = app_with(Settings { color: false, ..settings() }, 80, 24, STUCK);
    let buffer = drawn(&app);
    let stuck = buffer.area.rows().find(|row| buffer[(0, row.y)].symbol() == "!" && buffer[(1, row.y)].symbol() == " ").unwrap();
    assert!(buffer[(4, stuck.y)].modifier.contains(Modifier::BOLD));
    // Only the 16 colours that every terminal has, so that the user's theme holds.
    let buffer = drawn(&super::app(200, 50, STUCK));
    assert!(buffer.content.iter().all(|cell| !matches!(cell.fg, Tint::Rgb(..) | Tint::Indexed(_)) && cell.bg == Tint::Reset));
}

#[test]
fn ascii_only_if_so_wanted() {
    let plain = Settings { ascii: true, ..settings() };
    for (last, keys) in
        [(HOT, "d"), (STUCK, "<Enter>"), (STUCK, "2"), (STUCK, "3"), (66, "4"), (HOT, "?"), (HOT, "s"), (HOT, "c"), (HOT, "/")]
    {
        let mut app = app_with(plain.clone(), 80, 24, last);
        press(&mut app, keys);
        assert!(screen(&app).is_ascii(), "{keys}: {}", screen(&app));
    }
    let mut app = app_with(plain, 130, 14, HOT);
    press(&mut app, "d");
    assert_snapshot!(screen(&app));
}

#[test]
fn small_and_tiny_terminals() {
    let screens = [(40, 8), (60, 12), (39, 20), (80, 7), (5, 2), (1, 1)].map(|(width, height)| screen(&app(width, height, STUCK)));
    assert_snapshot!(screens.join("\n================\n"));
    // No size makes it fail, whatever is open.
    for width in (0..60).step_by(7) {
        for height in 0..20 {
            for keys in ["", "d", "<Enter>", "2", "3", "4", "?", "s", "c", "/", "f", "[", "G", "<Right>"] {
                let mut app = App::new(settings(), Title::default(), Playback::Live);
                app.update(pictures()[STUCK].clone());
                press(&mut app, keys);
                app.resize(width, height);
                app.text();
            }
        }
    }
}

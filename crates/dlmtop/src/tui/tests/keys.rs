//! What keys do, over several pictures.

use super::super::app::Name;
use super::*;
use insta::assert_snapshot;
use std::time::Duration;

fn first_lines(app: &App, lines: usize) -> String {
    screen(app).lines().take(lines).collect::<Vec<_>>().join("\n")
}

fn line_with(app: &App, text: &str) -> String {
    screen(app).lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in\n{}", screen(app))).to_owned()
}

/// Type and inode of the selected lock.
fn selected(app: &App) -> String {
    let row = app.row(app.cursor().at).unwrap();
    format!("{} {}", row.kind(), row.name.inode().unwrap_or(0))
}

#[test]
fn the_filter_applies_while_it_is_typed_and_tells_mistakes() {
    let mut app = app(80, 24, HOT);
    press(&mut app, "/W,O inode:1");
    let typed = screen(&app).lines().last().unwrap().to_owned();
    press(&mut app, "<Esc>/W node:x");
    let wrong = screen(&app).lines().last().unwrap().to_owned();
    press(&mut app, "<Esc>/W<Enter>");
    assert_snapshot!([typed, wrong, first_lines(&app, 12)].join("\n"));
    press(&mut app, "<Esc>");
    assert!(!screen(&app).contains("filter:"));
    // One that nothing passes.
    press(&mut app, "/inode:1<Enter>");
    assert!(screen(&app).contains("passes the filter"), "{}", screen(&app));
}

#[test]
fn orders_and_their_reverse() {
    let mut app = app(120, 24, HOT);
    let average = selected(&app);
    press(&mut app, ">");
    assert!(screen(&app).contains("order time"));
    assert!(line_with(&app, "TYPE").contains("TIME▼"), "{}", line_with(&app, "TYPE"));
    press(&mut app, "<");
    assert_eq!(selected(&app), average);
    press(&mut app, "sG<Enter>");
    assert!(screen(&app).contains("by type"));
    press(&mut app, "r");
    assert!(line_with(&app, "TYPE").contains("TYPE▲"), "{}", line_with(&app, "TYPE"));
    assert!(screen(&app).contains("by type, reversed"));
}

#[test]
fn the_selection_follows_its_lock_unless_told_otherwise() {
    let mut app = app(80, 24, HOT);
    // Nothing is followed before a key moves the cursor: the worst lock stays in sight.
    press(&mut app, "jjj");
    let chosen = selected(&app);
    let rank = app.cursor().at;
    let later = pictures().iter().skip(HOT + 1).take(5).cloned().collect::<Vec<_>>();
    let mut moved = false;
    for picture in later {
        app.update(picture);
        if selected(&app) == chosen {
            moved |= app.cursor().at != rank;
        }
    }
    assert!(moved, "the recording moves the lock");
    press(&mut app, "F");
    let rank = app.cursor().at;
    // One with more locks than that.
    app.update(pictures()[HOT + 2].clone());
    assert_eq!(app.cursor().at, rank);
    press(&mut app, "g");
    assert_eq!(app.cursor().at, 0);
}

#[test]
fn paused_and_stepped_back_says_so() {
    let mut app = app(80, 24, STUCK);
    press(&mut app, " ");
    app.update(pictures()[STUCK + 1].clone());
    let paused = first_lines(&app, 3);
    press(&mut app, "[[");
    let stepped = first_lines(&app, 3);
    press(&mut app, "{");
    let jumped = first_lines(&app, 3);
    press(&mut app, "}}}");
    let end = first_lines(&app, 1);
    press(&mut app, " ");
    assert_snapshot!([paused, stepped, jumped, end, first_lines(&app, 3)].join("\n---\n"));
    assert_eq!(app.shown.as_ref().unwrap().number, STUCK as u64 + 2);
}

#[test]
fn jumping_to_an_inode_or_into_a_lock() {
    let mut app = app(80, 24, HOT);
    press(&mut app, "f12821<Enter>");
    assert_eq!(selected(&app), "N 12821");
    press(&mut app, "f99<Enter>");
    assert!(screen(&app).contains("no lock of inode 99 is active"));
    press(&mut app, "<Esc>");
    let effects = press(&mut app, "fM000000000000000007e0400000000<Enter>");
    assert!(asked_for(&effects).is_none(), "not a full name");
    press(&mut app, "<Esc>");
    let effects = press(&mut app, "fM0000000000000000007e04b4e4e09<Enter>");
    assert_eq!(asked_for(&effects), None);
    press(&mut app, "<Esc>");
    let effects = press(&mut app, "fM0000000000000000007e0400000000<Enter>");
    assert_eq!(asked_for(&effects), Some(vec!["M0000000000000000007e0400000000".to_owned()]));
    assert!(screen(&app).contains("metadata lock of inode 32260"), "{}", screen(&app));
    assert_eq!(asked_for(&press(&mut app, "<Esc>")), Some(Vec::new()));
}

#[test]
fn escape_goes_back_one_step_at_a_time() {
    let mut app = app(80, 24, STUCK);
    press(&mut app, " /F<Enter><Right>3<Enter>?");
    let mut steps = Vec::new();
    for _ in 0..7 {
        steps.push(format!(
            "{} {:?} {:?} right {} filtered {} paused {}",
            if matches!(app.overlay, super::super::app::Overlay::None) { "page" } else { "help" },
            app.open.as_ref().and_then(|open| match open.name {
                Name::Lock(name) => Some(name.kind()),
                Name::Glock(_) => None,
            }),
            app.view,
            app.columns_from,
            app.is_filtered(),
            app.paused
        ));
        press(&mut app, "<Esc>");
    }
    assert_snapshot!(steps.join("\n"));
}

#[test]
fn enter_in_the_other_views_opens_what_they_are_about() {
    let mut app = app(80, 24, STUCK);
    let flock = Some(vec!["F00000000000000000080024c5902e2".to_owned()]);
    assert_eq!(asked_for(&press(&mut app, "3<Enter>")), flock);
    assert_eq!(asked_for(&press(&mut app, "<Esc>4<Enter>")), flock);
    press(&mut app, "<Esc>2j<Enter>");
    assert!(screen(&app).contains("filter: node:node2"), "{}", screen(&app));
}

#[test]
fn interval_and_speed() {
    let mut app = app(80, 24, HOT);
    let told = |effects: Vec<Effect>| effects.iter().map(|effect| format!("{effect:?}")).collect::<Vec<_>>().concat();
    assert_eq!(told(press(&mut app, "+")), "Tell(Speed(Some(5.0)))");
    assert_eq!(told(press(&mut app, "-")), "Tell(Speed(Some(3.0)))");
    app.playback = Playback::Live;
    assert_eq!(told(press(&mut app, "+")), "Tell(Interval(3000))");
    assert!(screen(&app).contains("every 3 s"));
    assert_eq!(told(press(&mut app, "-")), "Tell(Interval(2000))");
    assert!(matches!(press(&mut app, "Q")[..], [Effect::Quit(true)]));
    assert!(matches!(press(&mut app, "<^c>")[..], [Effect::Quit(false)]));
    assert!(matches!(press(&mut app, "<^z><^l>")[..], [Effect::Suspend, Effect::Redraw]));
}

#[test]
fn silence_is_told_and_ages_grow() {
    let mut app = app(80, 24, HOT);
    app.playback = Playback::Live;
    app.tick(Duration::from_secs(1));
    assert!(!screen(&app).contains("NO NEW PICTURE") && screen(&app).contains("1.0s ago"), "{}", screen(&app));
    app.tick(Duration::from_secs(12));
    assert!(screen(&app).contains("NO NEW PICTURE for 12 s (interval 2 s)") && screen(&app).contains("12.0s ago"), "{}", screen(&app));
    app.update(pictures()[HOT + 1].clone());
    assert!(!screen(&app).contains("NO NEW PICTURE"));
    app.end();
    assert!(screen(&app).contains("RECORDING ENDED"));
}

#[test]
fn columns_are_scrolled_and_chosen() {
    let mut app = app(80, 24, HOT);
    let usual = line_with(&app, "TYPE");
    press(&mut app, "<Right><Right><Right>");
    let right = line_with(&app, "TYPE");
    press(&mut app, "<Left><Left><Left>c<Down><Down><Down><Down><Enter><Down> <Esc>");
    assert_snapshot!([usual, right, line_with(&app, "TYPE")].join("\n"));
    press(&mut app, "cg<Enter><Esc>");
    assert!(line_with(&app, "TYPE").contains("EX NUM"));
}

#[test]
fn escape_and_a_key_in_one_read_are_not_lost() {
    let mut app = app(80, 24, STUCK);
    press(&mut app, "<Enter>");
    app.key(KeyEvent::new(KeyCode::Char('2'), KeyModifiers::ALT));
    assert!(app.open.is_none() && screen(&app).contains("MISSED"));
}

#[test]
fn tab_goes_through_the_file_systems() {
    let mut app = app(80, 24, STUCK - 1);
    let mut two = (*pictures()[STUCK]).clone();
    let mut other = two.file_systems[0].clone();
    other.uuid = "0".repeat(32);
    other.mount_points = vec!["/mnt/other".to_owned()];
    other.rows.clear();
    two.file_systems.insert(0, other);
    app.update(Arc::new(two));
    let first = first_lines(&app, 3);
    press(&mut app, "<Tab>");
    let second = first_lines(&app, 3);
    press(&mut app, "<S-Tab>");
    assert_eq!(first_lines(&app, 3), first);
    assert_snapshot!([first, second].join("\n---\n"));
}

#[test]
fn eight_looks_at_the_stack_and_leaving_it_looks_no_more() {
    let mut app = app(100, 24, HOT);
    let looks = |effects: &[Effect]| {
        effects.iter().rev().find_map(|effect| match effect {
            Effect::Tell(Command::Look(look)) => Some(look.o2cb),
            _ => None,
        })
    };
    assert_eq!(looks(&press(&mut app, "8")), Some(true));
    assert!(screen(&app).contains("no node has told of an O2CB stack yet"), "{}", screen(&app));
    assert_eq!(looks(&press(&mut app, "1")), Some(false));
}

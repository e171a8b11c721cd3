//! The screen over real recordings: scripted keys and pictures, drawn into a buffer.

mod faults;
mod gfs2;
mod keys;
mod looks;
mod measured;
mod views;

use super::app::{App, Effect};
use super::{Playback, Title};
use crate::args::{Color, Show};
use crate::engine::Command;
use crate::settings::Settings;
use collect::Event;
use collect::recording::Player;
use model::{Cluster, Rules, Snapshot, ViewTime};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sample::message::Look;
use sample::{FromNode, ToNode};
use std::sync::{Arc, OnceLock};

/// The picture of the built-in recording in which three nodes work in one directory.
const HOT: usize = 8;
/// … in which two nodes have waited for a flock for half a minute.
const STUCK: usize = 47;

/// Plays the built-in recording; `heard`: whether a node's words of a frame get through.
fn play(heard: impl Fn(usize, usize) -> bool) -> Vec<Arc<Snapshot>> {
    play_with(crate::demo::player().unwrap(), &crate::views::View::Hot.look(), heard)
}

/// Plays a recording whose nodes are asked for this, as the engine does.
fn play_with(mut player: Player, look: &Look, heard: impl Fn(usize, usize) -> bool) -> Vec<Arc<Snapshot>> {
    let mut cluster = Cluster::new(player.nodes().to_vec(), Rules::default());
    let mut pictures = Vec::new();
    player.look(look.clone());
    while let Some(frame) = player.next_frame() {
        let now = ViewTime { monotonic_us: frame.after_us, realtime_us: frame.realtime_us };
        for event in frame.events.into_iter().filter(|event| heard(pictures.len(), event.node)) {
            match event.event {
                Event::Link(link) => cluster.link(event.node, link),
                Event::Message(mut message) => {
                    // What reading the recording costs here and now must not be in what is compared.
                    match &mut message {
                        FromNode::Sample(sample) => (sample.pace.cpu_us, sample.pace.wall_us) = (85_000, 90_000),
                        FromNode::Gfs2(sample) => (sample.pace.cpu_us, sample.pace.wall_us) = (85_000, 90_000),
                        _ => {}
                    }
                    let read = ViewTime { monotonic_us: event.after_us, realtime_us: event.realtime_us };
                    cluster.message(event.node, message, read);
                }
            }
        }
        pictures.push(Arc::new(cluster.tick(now)));
        for node in 0..player.nodes().len() {
            player.tell(node, ToNode::Watch(cluster.watched().to_vec()));
        }
        let mut look = look.clone();
        look.tasks |= !cluster.suspects().is_empty();
        look.resources.extend(cluster.suspects().iter().cloned());
        player.look(look);
    }
    pictures
}

fn pictures() -> &'static [Arc<Snapshot>] {
    static PICTURES: OnceLock<Vec<Arc<Snapshot>>> = OnceLock::new();
    PICTURES.get_or_init(|| play(|_, _| true))
}

fn settings() -> Settings {
    let show = Show { utc: true, color: Some(Color::Always), config: Some("/dev/null".into()), ..Show::default() };
    Settings { ascii: false, ..Settings::new(&show, None, None, true).unwrap() }
}

/// A screen of this size that has taken in the recording up to this picture.
fn app_with(settings: Settings, width: u16, height: u16, last: usize) -> App {
    let mut app = App::new(settings, Title("built-in recording".to_owned()), Playback::Recording { speed: Some(3.0) });
    app.resize(width, height);
    pictures().iter().take(last + 1).for_each(|picture| app.update(picture.clone()));
    app
}

fn app(width: u16, height: u16, last: usize) -> App {
    app_with(settings(), width, height, last)
}

/// Presses keys: characters as they are, and names in angle brackets, as `<Enter>`, `<Esc>`, `<^u>`.
fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|named| named.split_once('>')).filter(|(name, _)| name.len() > 1);
        let (name, after) = named.unwrap_or_else(|| rest.split_at(first.len_utf8()));
        rest = after;
        let (code, modifiers) = match name {
            "Enter" => (KeyCode::Enter, KeyModifiers::NONE),
            "Esc" => (KeyCode::Esc, KeyModifiers::NONE),
            "Up" => (KeyCode::Up, KeyModifiers::NONE),
            "Down" => (KeyCode::Down, KeyModifiers::NONE),
            "Left" => (KeyCode::Left, KeyModifiers::NONE),
            "Right" => (KeyCode::Right, KeyModifiers::NONE),
            "PgDn" => (KeyCode::PageDown, KeyModifiers::NONE),
            "Tab" => (KeyCode::Tab, KeyModifiers::NONE),
            "S-Tab" => (KeyCode::BackTab, KeyModifiers::SHIFT),
            other => match other.strip_prefix('^').filter(|letter| !letter.is_empty()) {
                Some(letter) => (KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::CONTROL),
                None => (KeyCode::Char(other.chars().next().unwrap()), KeyModifiers::NONE),
            },
        };
        effects.extend(app.key(KeyEvent::new(code, modifiers)));
    }
    effects
}

fn drawn(app: &App) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.width, app.size.height)).unwrap();
    terminal.draw(|frame| app.draw(frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen's text, as a terminal would show it.
fn screen(app: &App) -> String {
    let text = super::draw::text_of(&drawn(app));
    assert_eq!(text, app.text());
    text
}

/// Locks that the effects ask the engine to tell; `None` if they ask for none.
fn asked_for(effects: &[Effect]) -> Option<Vec<String>> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Tell(Command::AskFor(locks)) => Some(locks.iter().map(|lock| lock.name.to_string()).collect()),
        _ => None,
    })
}

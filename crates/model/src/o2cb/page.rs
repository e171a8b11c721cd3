//! The picture as lines of a given width: what both programs print and draw. Only ASCII; colour adds nothing that the words do not say.

mod bar;
mod connections;
mod regions;
mod state;

use super::view::{ClusterView, O2cbView};
use super::words;
use crate::finding::Severity;

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// All is well.
    Good,
    /// Something is noted.
    Note,
    /// A warning.
    Warning,
    /// Critical.
    Critical,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// Its text: no control characters but those that names have.
    pub text: String,
}

impl Line {
    fn new(tone: Tone, text: impl Into<String>) -> Line {
        Line { tone, text: text.into().trim_end().to_owned() }
    }
}

/// Lines, before and while they are put together.
#[derive(Debug, Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.0.push(Line::new(tone, text));
    }

    /// Wraps at blanks; further lines are indented by so much.
    fn wrap(&mut self, tone: Tone, indent: usize, text: &str, width: usize) {
        let words = text.trim_start_matches(' ');
        let mut line = " ".repeat(text.len() - words.len());
        let mut empty = true;
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            if !empty && line.chars().count() + 1 + word.chars().count() > width {
                self.say(tone, std::mem::replace(&mut line, " ".repeat(indent)));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.say(tone, line);
    }
}

/// How a severity is drawn.
fn tone(severity: Option<Severity>) -> Tone {
    match severity {
        None => Tone::Good,
        Some(Severity::Note) => Tone::Note,
        Some(Severity::Warning) => Tone::Warning,
        Some(Severity::Critical) => Tone::Critical,
    }
}

/// Before a trouble of this severity.
fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "- ",
        Severity::Warning => "! ",
        Severity::Critical => "!!",
    }
}

/// The whole picture in `width` columns, at least 40. `warn_percent`: where the bars' first mark stands.
pub fn lines(view: &O2cbView, width: usize, warn_percent: u8) -> Vec<Line> {
    let width = width.max(40);
    let mut lines = Lines::default();
    let verdict_tone = match view.severity {
        None | Some(Severity::Note) if view.clusters.is_empty() => Tone::Note,
        None | Some(Severity::Note) => Tone::Good,
        severity => tone(severity),
    };
    let before = view.severity.filter(|severity| *severity > Severity::Note).map_or("", |severity| mark(severity).trim_end());
    lines.wrap(verdict_tone, 3, format!("{before} {}", view.verdict).trim(), width);
    for cluster in &view.clusters {
        head(&mut lines, cluster, width);
        regions::draw(&mut lines, cluster, width, warn_percent);
        connections::draw(&mut lines, cluster, width, warn_percent);
        state::domains(&mut lines, cluster, width);
    }
    state::nodes(&mut lines, view, width);
    state::troubles(&mut lines, view, width);
    lines.0
}

fn head(lines: &mut Lines, cluster: &ClusterView, width: usize) {
    let mut words = vec![format!("cluster {}", cluster.name)];
    words.extend(cluster.heartbeat_mode.map(|mode| format!("{mode} heartbeat")));
    if let (Some(threshold), Some(fence), Some(dead)) = (cluster.threshold, cluster.fence_ms, cluster.dead_ms) {
        words.push(format!("threshold {threshold}: fence {}, dead {}", words::left(fence), words::left(dead)));
    }
    words.extend(cluster.idle_timeout_ms.map(|ms| format!("idle timeout {}", words::left(u64::from(ms)))));
    words.extend(cluster.fence_method.as_ref().map(|method| format!("fence by {method}")));
    lines.wrap(Tone::Plain, 3, &words.join(", "), width);
}

//! Nodes: a line each in the header, and a page that tells everything known of the selected one.

use super::Playback;
use super::app::App;
use super::paint;
use super::theme::Theme;
use crate::units::span;
use formats::ocfs2::LockType;
use model::node::SampleHead;
use model::{NodeState, NodeView};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use sample::{StatsKept, Way};

/// Nodes of the file system that is shown; before there is one, all.
pub fn of(app: &App) -> Vec<&NodeView> {
    match (app.file_system(), &app.shown) {
        (Some(view), _) => view.nodes.iter().collect(),
        (None, Some(shown)) => shown.elsewhere.iter().collect(),
        (None, None) => Vec::new(),
    }
}

/// One word for a node's state, loud if it is not well.
pub fn state(node: &NodeView, theme: Theme) -> (&'static str, Style) {
    match &node.state {
        NodeState::Live => ("live", theme.good()),
        NodeState::Late(_) => ("LATE", theme.critical()),
        NodeState::Down(_) => ("DOWN", theme.critical()),
        NodeState::Connecting(_) => ("connecting", theme.warning()),
        NodeState::Waiting => ("connected", theme.warning()),
    }
}

/// What there is to say of its state.
fn cause(node: &NodeView) -> String {
    match &node.state {
        NodeState::Live => String::new(),
        NodeState::Late(age_us) => format!("no sample for {}; its numbers do not count", span(age_us * 1000)),
        NodeState::Down(fault) => fault.to_string(),
        NodeState::Connecting(attempt) => format!("attempt {attempt}"),
        NodeState::Waiting => "first sample awaited".to_owned(),
    }
}

/// The header's line: state, way, locks known, missed, age.
pub fn line(app: &App, node: &NodeView, name_width: usize) -> Line<'static> {
    let theme = app.theme;
    let (word, style) = state(node, theme);
    let mut spans = vec![
        Span::styled(paint::fit(&node.name, name_width, false, theme), theme.name()),
        Span::raw("  "),
        Span::styled(format!("{word:4}  "), style),
    ];
    if !node.state.counts() {
        spans.push(Span::styled(cause(node), style));
        return Line::from(spans);
    }
    if let Some(way) = &node.way {
        spans.push(Span::raw(format!("{:9}  ", way_word(way))));
    }
    if let Some(head) = &node.last {
        let what = if app.has_glocks() { "glocks" } else { "locks" };
        spans.push(Span::raw(format!("{:>7} {what}", head.known)));
        spans.push(Span::raw(match head.dump.missed {
            Some(0) => "   none missed".to_owned(),
            Some(missed) => format!("{:>7} missed", format!("~{missed}")),
            None => "      ? missed".to_owned(),
        }));
        if let Some(age) = age(app, node).filter(|age| app.playback == Playback::Live || *age >= NEWS_US) {
            spans.push(Span::raw(format!("  {} ago", age_words(age))));
        }
        if head.pace.kept_ms > head.pace.asked_ms {
            let words = format!("  every {} (asked {})", span(head.pace.kept_ms * 1_000_000), span(head.pace.asked_ms * 1_000_000));
            spans.push(Span::styled(words, theme.warning()));
        }
    }
    Line::from(spans)
}

/// A recorded sample younger than this is of its picture's own frame, µs.
const NEWS_US: u64 = 500_000;

/// Age of a node's sample: as of the picture, and on from there while no newer picture comes.
fn age(app: &App, node: &NodeView) -> Option<u64> {
    let since = if app.playback == Playback::Live && !app.paused { app.silent.as_micros() as u64 } else { 0 };
    Some(node.age_us? + since)
}

fn age_words(age_us: u64) -> String {
    if age_us < 100_000_000 { format!("{:.1}s", age_us as f64 / 1e6) } else { span(age_us * 1000) }
}

/// Lines of the page that the list has; the rest tells of the selected node.
pub fn list_page(page: usize) -> usize {
    page.saturating_sub(1).div_ceil(2).max(1)
}

/// The page.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = app.theme;
    let all = of(app);
    let mut rows = area.rows();
    let heading = "NODE              STATE       WAY          LOCKS  MISSED    AGE  EVERY  CPU/SAMPLE    CLOCK";
    if let Some(row) = rows.next() {
        paint::line(buffer, row, &Line::raw(heading), theme);
        buffer.set_style(row, theme.heading());
    }
    let cursor = app.cursor();
    let page = list_page(usize::from(area.height));
    for (at, node) in all.iter().enumerate().skip(cursor.top).take(page) {
        let Some(row) = rows.next() else { return };
        paint::line(buffer, row, &list_line(app, node), theme);
        if at == cursor.at {
            buffer.set_style(row, theme.selected());
        }
    }
    let rest = rows.next().map_or(Rect::ZERO, |row| Rect { y: row.y, height: area.bottom() - row.y, ..area });
    if let Some(node) = all.get(cursor.at) {
        let mut lines = vec![Line::default()];
        lines.extend(everything(node, usize::from(area.width), theme));
        paint::lines(buffer, rest, &lines, 0, theme);
    }
}

fn list_line(app: &App, node: &NodeView) -> Line<'static> {
    let theme = app.theme;
    let (word, style) = state(node, theme);
    let mut spans = vec![
        Span::styled(paint::fit(&node.name, 17, false, theme), theme.name()),
        Span::raw(" "),
        Span::styled(format!("{word:11} "), style),
    ];
    if !node.state.counts() {
        spans.push(Span::styled(cause(node), style));
        return Line::from(spans);
    }
    let way = node.way.as_ref().map_or("?", way_word);
    let head = node.last.as_ref();
    let locks = head.map_or_else(|| "?".to_owned(), |head| head.known.to_string());
    let missed = head.and_then(|head| head.dump.missed).map_or_else(|| "?".to_owned(), |missed| format!("~{missed}"));
    let age = age(app, node).map_or_else(|| "?".to_owned(), age_words);
    let every = head.map_or_else(|| "?".to_owned(), |head| span(head.pace.kept_ms * 1_000_000));
    let cpu = head.filter(|head| head.pace.cpu_us > 0).map_or_else(|| "?".to_owned(), |head| span(head.pace.cpu_us * 1000));
    let clock = node.ahead_us.map_or_else(|| "?".to_owned(), |ahead| format!("{:+.2}s", ahead as f64 / 1e6));
    spans.push(Span::raw(format!("{way:9} {locks:>8} {missed:>7} {age:>6} {every:>6} {cpu:>11} {clock:>8}")));
    Line::from(spans)
}

fn way_word(way: &Way) -> &'static str {
    match way {
        Way::Local => "local",
        Way::Installed => "ssh",
        Way::Uploaded => "uploaded",
        Way::Shell(_) => "shell",
        Way::Recording => "recording",
    }
}

/// A name and what is to be said of it, wrapped.
pub fn fact(name: &str, words: &str, style: Style, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let wrapped = paint::wrap(words, columns.saturating_sub(15), theme);
    let line = |(number, text): (usize, String)| {
        let name = if number == 0 { name } else { "" };
        Line::from(vec![Span::styled(format!(" {name:12}  "), theme.strong()), Span::styled(text, style)])
    };
    wrapped.into_iter().enumerate().map(line).collect()
}

/// Why a node gives no samples, and what to do.
pub fn trouble(node: &NodeView, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let (word, style) = state(node, theme);
    let mut lines = fact("state", format!("{word}  {}", cause(node)).trim_end(), style, columns, theme);
    let remedy = match &node.state {
        NodeState::Down(fault) => Some(fault.kind.remedy()),
        NodeState::Late(_) => Some(sample::FaultKind::Silent.remedy()),
        _ => None,
    };
    lines.extend(remedy.into_iter().flat_map(|remedy| fact("what to do", remedy, Style::new(), columns, theme)));
    lines
}

fn everything(node: &NodeView, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = trouble(node, columns, theme);
    let mut add = |name: &str, words: String| lines.extend(fact(name, &words, Style::new(), columns, theme));
    if let Some(Way::Shell(why)) = &node.way {
        add("way", format!("ssh, raw text from a shell, because: {why}"));
    } else if let Some(way) = &node.way {
        add("way", way.to_string());
    }
    if let Some(hello) = &node.hello {
        add("host", format!("{}  Linux {}  dlmtop {} (protocol {})", hello.host, hello.kernel, hello.version, hello.protocol));
    }
    if let Some(file_system) = &node.file_system {
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let device = file_system.device.map(|(major, minor)| format!(" ({major}:{minor})")).unwrap_or_default();
        let slot = file_system.slot.map_or_else(|| "?".to_owned(), |slot| slot.to_string());
        add("mounted at", file_system.mount_points.join("  "));
        add("device", format!("{}{device}  slot {slot}  stack {}", known(&file_system.device_path), known(&file_system.stack)));
    }
    if let Some(head) = &node.last {
        for (name, words) in sample_facts(head) {
            add(name, words);
        }
    }
    if let Some(ahead) = node.ahead_us {
        add("clock", format!("{:+.3} s to this machine's; waits are measured by the node's own", ahead as f64 / 1e6));
    }
    lines
}

fn sample_facts(head: &SampleHead) -> Vec<(&'static str, String)> {
    let census: Vec<String> = head
        .census
        .iter()
        .map(|(letter, count)| {
            let word = u8::try_from(*letter).ok().and_then(LockType::from_letter).map_or("?", LockType::word);
            format!("{letter} {count} {word}")
        })
        .collect();
    let dump = &head.dump;
    let missed = dump.missed.map_or_else(|| "? missed".to_owned(), |missed| format!("about {missed} missed"));
    let version = dump.version.map_or_else(|| "?".to_owned(), |version| version.to_string());
    let reads = dump.reads.map_or_else(|| "?".to_owned(), |reads| reads.to_string());
    let mut facts = vec![
        ("locks", format!("{} known: {}", head.known, census.join(", "))),
        ("changes", format!("{} made, {} made again, {} gone since the sample before", head.made, head.made_again, head.gone)),
        (
            "last dump",
            format!(
                "{} records in {} pass(es), {} reads, {} bytes, {}; format version {version}; {} wall, {} CPU",
                dump.records,
                dump.passes,
                reads,
                dump.bytes,
                missed,
                span(head.pace.wall_us * 1000),
                span(head.pace.cpu_us * 1000)
            ),
        ),
        ("interval", format!("{} kept, {} asked", span(head.pace.kept_ms * 1_000_000), span(head.pace.asked_ms * 1_000_000))),
    ];
    match head.stats {
        StatsKept::Yes => {}
        StatsKept::No => facts.push(("statistics", "the kernel keeps none: all counters are unknown".to_owned())),
        StatsKept::Unknown => facts.push(("statistics", "not told yet: no lock was used".to_owned())),
    }
    if head.omitted.locks > 0 {
        facts.push(("left out", format!("{} active locks: the sample was full; they are in the sums", head.omitted.locks)));
    }
    if let Some(first) = &dump.problems.first {
        facts.push(("not read", format!("{} lines were not understood; the first: {first}", dump.problems.lines)));
    }
    facts
}
